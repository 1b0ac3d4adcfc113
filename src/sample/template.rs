//! Templates of messages: what a message of a schema looks like, as data beside the schema (`*.sample.xml`). The names in a
//! template are the names of the binding's fields, so a template is a binding read backwards: `{name}` a value, escaped; `{=name}` as it
//! is; `{?name}…{/name}` only where the value or the list is there; `{*name}…{/name}` once for every entry of the list. A tag alone
//! on its line takes the line with it. Within a list only the entry's own values are seen.

use std::fmt::Write as _;

/// Values and lists to fill a template with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    values: Vec<(&'static str, String)>,
    lists: Vec<(&'static str, Vec<Record>)>,
}

impl Record {
    /// Sets a value; a later one replaces an earlier.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.values.push((name, value.into())),
        }
    }

    /// Removes a value or a list.
    pub fn remove(&mut self, name: &str) {
        self.values.retain(|(known, _)| *known != name);
        self.lists.retain(|(known, _)| *known != name);
    }

    /// Sets a list. An empty one is no list.
    pub fn list(&mut self, name: &'static str, entries: Vec<Self>) {
        self.remove(name);
        if !entries.is_empty() {
            self.lists.push((name, entries));
        }
    }

    /// The value, where it is set.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn entries(&self, name: &str) -> &[Self] {
        self.lists.iter().find(|(known, _)| *known == name).map_or(&[], |(_, entries)| entries)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some() || !self.entries(name).is_empty()
    }
}

/// A template, read.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Value(String),
    Raw(String),
    Where(String, Vec<Node>),
    Each(String, Vec<Node>),
}

/// Why a text is no template. The author's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sample.template: {file}:{line}: {text}")]
pub struct TemplateFault {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl Template {
    /// Reads a template; `file` is its name for faults.
    ///
    /// # Errors
    /// A tag without its partner or without a name.
    pub fn parse(file: &str, text: &str) -> Result<Self, TemplateFault> {
        let mut reader = Reader { file, text, at: 0 };
        let nodes = reader.nodes(None)?;
        Ok(Self { nodes })
    }

    /// Local name of the first element; empty where there is none.
    #[must_use]
    pub fn root(&self) -> &str {
        let Some(Node::Text(text)) = self.nodes.first() else { return "" };
        let begins = text.char_indices().filter(|(_, sign)| *sign == '<').map(|(at, _)| &text[at + 1..]);
        let name = begins.map(|rest| rest.split([' ', '\n', '>', '/']).next().unwrap_or_default());
        let mut elements = name.filter(|name| !name.is_empty() && !name.starts_with(['?', '!']));
        let first = elements.next().unwrap_or_default();
        first.rsplit(':').next().unwrap_or_default()
    }

    /// The filled text. A value that is not there is empty.
    #[must_use]
    pub fn fill(&self, record: &Record) -> String {
        let mut out = String::with_capacity(4096);
        write_nodes(&self.nodes, record, &mut out);
        out
    }
}

fn write_nodes(nodes: &[Node], record: &Record, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Value(name) => escape(record.value(name).unwrap_or_default(), out),
            Node::Raw(name) => out.push_str(record.value(name).unwrap_or_default()),
            Node::Where(name, inner) if record.has(name) => write_nodes(inner, record, out),
            Node::Where(..) => {}
            Node::Each(name, inner) => {
                for entry in record.entries(name) {
                    write_nodes(inner, entry, out);
                }
            }
        }
    }
}

fn escape(value: &str, out: &mut String) {
    for sign in value.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(sign));
            }
            _ => out.push(sign),
        }
    }
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// Reads up to the closing tag of a block, or to the end.
    fn nodes(&mut self, block: Option<&str>) -> Result<Vec<Node>, TemplateFault> {
        let mut nodes = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(open) = rest.find('{') else {
                if let Some(block) = block {
                    return Err(self.fault(format!("the block `{block}` is not closed")));
                }
                nodes.push(Node::Text(rest.to_owned()));
                self.at = self.text.len();
                return Ok(nodes);
            };
            let tag_start = self.at + open;
            let Some(length) = self.text[tag_start..].find('}') else {
                self.at = tag_start;
                return Err(self.fault("a `{` has no `}`".to_owned()));
            };
            let tag = &self.text[tag_start + 1..tag_start + length];
            let (kind, name) = split(tag);
            let (text_end, next) = self.bounds(tag_start, tag_start + length + 1, kind);
            nodes.push(Node::Text(self.text[self.at..text_end].to_owned()));
            self.at = tag_start;
            if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                return Err(self.fault(format!("`{{{tag}}}` is no tag")));
            }
            if kind == '/' {
                if block == Some(name) {
                    self.at = next;
                    return Ok(nodes);
                }
                return Err(self.fault(format!("`{{/{name}}}` closes nothing")));
            }
            self.at = next;
            nodes.push(match kind {
                '?' => Node::Where(name.to_owned(), self.nodes(Some(name))?),
                '*' => Node::Each(name.to_owned(), self.nodes(Some(name))?),
                '=' => Node::Raw(name.to_owned()),
                _ => Node::Value(name.to_owned()),
            });
        }
    }

    /// Where the text before a tag ends and the text after it begins: a block's tag, or a raw value, alone on its line takes the line.
    fn bounds(&self, start: usize, end: usize, kind: char) -> (usize, usize) {
        let line_start = self.text[self.at..start].rfind('\n').map(|at| self.at + at + 1);
        let begins = line_start.or((self.at == 0 || self.text[..self.at].ends_with('\n')).then_some(self.at));
        let alone = begins.is_some_and(|begin| self.text[begin..start].trim().is_empty());
        let after = &self.text[end..];
        match (begins, after.find('\n')) {
            (Some(begin), Some(line_end)) if alone && kind != ' ' && after[..line_end].trim().is_empty() => {
                (begin, end + line_end + 1)
            }
            _ => (start, end),
        }
    }

    fn fault(&self, text: String) -> TemplateFault {
        let line = self.text[..self.at].matches('\n').count() + 1;
        TemplateFault { file: self.file.to_owned(), line, text }
    }
}

fn split(tag: &str) -> (char, &str) {
    match tag.chars().next() {
        Some(kind @ ('?' | '*' | '=' | '/')) => (kind, &tag[1..]),
        _ => (' ', tag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut entry = Record::default();
        entry.set("name", "<б>");
        let mut record = Record::default();
        record.set("name", "а & \"в\"\n");
        record.set("raw", "<r/>");
        record.list("rows", vec![entry, Record::default()]);
        record.list("none", Vec::new());
        record
    }

    #[test]
    fn fills() {
        for (written, filled) in [
            ("", ""),
            ("<a>{name}</a>", "<a>а &amp; &quot;в&quot;&#10;</a>"),
            ("{missing}|{=raw}", "|<r/>"),
            ("{?name}x{/name}{?missing}y{/missing}{?rows}z{/rows}{?none}n{/none}", "xz"),
            ("{*rows}({name}){/rows}", "(&lt;б&gt;)()"),
            ("{*rows}{?name}1{/name}{?raw}2{/raw}{/rows}", "1"),
            ("a\n  {?name}\nb\n  {/name}\nc\n", "a\nb\nc\n"),
            ("a\n{?missing}\nb\n{/missing}\nc\n", "a\nc\n"),
            ("{*rows}\n<i/>\n{/rows}\n", "<i/>\n<i/>\n"),
            ("<a{?name} n=\"1\"{/name}>", "<a n=\"1\">"),
            ("{?rows}\n{*rows}\nr\n{/rows}\n{/rows}\nend", "r\nr\nend"),
        ] {
            assert_eq!(Template::parse("t", written).unwrap().fill(&record()), filled, "{written}");
        }
    }

    #[test]
    fn knows_the_element_that_it_begins_with() {
        for (written, root) in [
            ("<?xml version=\"1.0\"?>\n<!-- a -->\n<e:Order xmlns:e=\"urn:e\">{a}", "Order"),
            ("<Order/>", "Order"),
            ("<Order\n a=\"1\">", "Order"),
            ("", ""),
            ("{a}", ""),
        ] {
            assert_eq!(Template::parse("t", written).unwrap().root(), root, "{written}");
        }
    }

    #[test]
    fn refuses_with_the_line() {
        for (written, said) in [
            ("a\n{name", "t:2: a `{` has no `}`"),
            ("{}", "`{}` is no tag"),
            ("{a b}", "`{a b}` is no tag"),
            ("a\nb{?x}\n", "t:2: the block `x` is not closed"),
            ("{/x}", "`{/x}` closes nothing"),
            ("{?x}{*y}{/x}", "`{/x}` closes nothing"),
        ] {
            let fault = Template::parse("t", written).unwrap_err().to_string();
            assert!(fault.contains(said), "{fault}");
        }
    }

    #[test]
    fn a_record_replaces_and_removes() {
        let mut record = record();
        record.set("name", "other");
        assert_eq!(record.value("name"), Some("other"));
        record.remove("name");
        record.remove("rows");
        assert_eq!((record.value("name"), record.has("rows")), (None, false));
    }
}
