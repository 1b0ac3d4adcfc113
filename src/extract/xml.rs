//! An extract as XML.

use super::{Case, Extract, Group};
use crate::xml::{WriteFault, Writer};

/// The namespace of extracts.
pub const NAMESPACE: &str = "urn:mezhved:extract:1.0";

/// The whole document.
///
/// # Errors
/// A value holds a character that XML does not allow; none that came by a message does.
pub fn xml(extract: &Extract) -> Result<String, WriteFault> {
    let mut writer = Writer::new();
    let w = &mut writer;
    w.start("Extract")?.namespace("", NAMESPACE)?;
    w.attribute("number", &extract.number)?.attribute("system", &extract.system)?.attribute("code", &extract.code)?;
    w.element("Title", &extract.title)?.element("Agency", &extract.agency)?.element("MadeAt", &extract.made_at)?;
    w.start("Period")?.attribute("from", &extract.from)?.attribute("to", &extract.to)?.end()?;
    w.element("Purpose", &extract.purpose)?;
    w.start("About")?;
    for (kind, shown) in &extract.about {
        w.start("Identifier")?.attribute("kind", kind)?.text(shown)?.end()?;
    }
    w.end()?;
    for group in &extract.groups {
        write_group(w, group)?;
    }
    if extract.cut {
        w.element("Cut", "true")?;
    }
    w.end()?;
    writer.finish()
}

fn write_group(w: &mut Writer, group: &Group) -> Result<(), WriteFault> {
    w.start("Cases")?.attribute("kind", &group.kind)?.attribute("label", &group.label)?;
    w.attribute("count", &group.cases.len().to_string())?;
    group.cases.iter().try_for_each(|case| write_case(w, case))?;
    w.end()?;
    Ok(())
}

fn write_case(w: &mut Writer, case: &Case) -> Result<(), WriteFault> {
    w.start("Case")?.attribute("number", &case.number)?;
    if let Some(title) = &case.title {
        w.element("Title", title)?;
    }
    w.start("Status")?.attribute("code", &case.status.0)?.attribute("since", &case.since)?;
    w.text(&case.status.1)?.end()?;
    w.element("OpenedAt", &case.opened_at)?;
    for (code, label, value) in &case.fields {
        w.start("Field")?.attribute("code", code)?.attribute("label", label)?.text(value)?.end()?;
    }
    for (at, code, label) in &case.steps {
        w.start("Step")?.attribute("at", at)?.attribute("status", code)?.text(label)?.end()?;
    }
    for document in &case.documents {
        w.start("Document")?.attribute("type", &document.r#type)?;
        if let Some(number) = &document.number {
            w.attribute("number", number)?;
        }
        w.attribute("state", &document.state)?.text(&document.label)?.end()?;
    }
    w.end()?;
    Ok(())
}
