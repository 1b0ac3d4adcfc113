//! What every page of HTML that we write has alike: one frame that needs nothing from elsewhere and runs no script, one style that is fit
//! for printing, one way of making text harmless. Pure.

use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}\
h1{margin-bottom:.2rem}h2{margin:2.2rem 0 .3rem;font-size:1.1rem;overflow-wrap:anywhere}\
code,.formula{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}\
.formula{background:#8881;padding:.5rem .7rem;border-radius:.3rem;margin:.5rem 0}\
.quiet{color:#777}\
table{border-collapse:collapse;width:100%;margin:.6rem 0}\
th,td{border:1px solid #8886;padding:.3rem .5rem;text-align:left;vertical-align:top}\
th{background:#8882}td:first-child{font-weight:600}td.number{white-space:nowrap}\
td.count,th.count{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
td ul{margin:0;padding-left:1.1rem}nav ol{columns:2;padding-left:1.4rem}\
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.3rem}svg{width:100%;height:auto;font:11px system-ui,sans-serif}\
.scroll{overflow-x:auto}.scroll.wide{overflow:auto;max-height:90vh;border:1px solid #8886}\
table.wide{font-size:.85em;width:max-content;min-width:100%;border-collapse:separate;border-spacing:0;margin:0}\
table.wide td{max-width:22rem;overflow-wrap:anywhere}table.wide th,table.wide td{border-width:0 1px 1px 0}\
table.wide th{position:sticky;top:0;z-index:1;background:Canvas;box-shadow:inset 0 0 0 9rem #8882}\
table.wide td:first-child{position:sticky;left:0;background:Canvas}table.wide th:first-child{left:0;z-index:2}\
.figures{display:flex;flex-wrap:wrap;gap:.6rem;margin:1.2rem 0}\
.figures div{flex:1 1 7rem;border:1px solid #8886;border-radius:.3rem;padding:.5rem .8rem}\
.figures dt{color:#777;font-size:.85em}.figures dd{margin:0;font-size:1.5rem;font-weight:600;white-space:nowrap}\
.figures small{font-size:.6em;font-weight:400;color:#777}\
@page{size:A4;margin:14mm}\
@media print{.scroll,.scroll.wide{overflow:visible;max-height:none;border:0}.scroll td{overflow-wrap:anywhere}\
table.wide{font-size:8pt;width:100%;border-collapse:collapse}table.wide th,table.wide td{position:static;border-width:1px;box-shadow:none;\
padding:1px 3px;max-width:none;overflow-wrap:anywhere;white-space:normal}\
table.cards,.cards tbody{display:block}.cards thead,.cards td:empty{display:none}\
.cards tr{display:grid;grid-template-columns:repeat(4,1fr);gap:1mm 4mm;border:1px solid #888;padding:2mm 3mm;margin:0 0 3mm}\
table.cards tr>td{display:block;border:0;padding:0;text-align:left;font-size:8.5pt;font-weight:400;line-height:1.25}\
table.cards tr>td.key{order:-1;grid-column:1/-1;font-size:11pt;font-weight:600}\
.cards td::before{display:block;font-weight:400;font-size:6.5pt;color:#555}\
.figures div{flex-basis:5rem}.figures dd{font-size:1.2rem}body{margin:0;max-width:none;font-size:11px}nav{display:none}h2{break-after:avoid}tr,figure{break-inside:avoid}\
thead{display:table-header-group}a{color:inherit;text-decoration:none}\
svg,svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

/// The beginning of a page: everything up to its content.
#[must_use]
pub fn begun(language: &str, title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n"
    )
}

/// The end of a page.
pub const ENDED: &str = "</body>\n</html>\n";

/// A page in a language (`ru`, `en`), with its title as the first heading and what is written below it.
#[must_use]
pub fn page(language: &str, title: &str, body: &str) -> String {
    format!("{}{body}{ENDED}", begun(language, title))
}

/// The line of headings of a table, and its beginning.
pub fn head<'h>(headings: impl IntoIterator<Item = &'h str>, out: &mut String) {
    out.push_str("<table>\n<thead><tr>");
    for heading in headings {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

/// Several lines in a cell.
#[must_use]
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => escaped(only),
        several => {
            let items: String = several.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
            format!("<ul>{items}</ul>")
        }
    }
}

/// A paragraph, unless there is nothing to say.
pub fn paragraph(text: &str, out: &mut String) {
    if !text.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", escaped(text));
    }
}

/// Text that is text wherever it stands in a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<a href=\"x\">&</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
        assert!(begun("ru", "<b>").contains("<title>&lt;b&gt;</title>"));
    }
}
