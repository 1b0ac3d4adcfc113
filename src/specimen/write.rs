//! Writing: a tree as an indented document, with the namespaces that it uses declared at its root.

use std::collections::BTreeSet;

use super::prefixes::Table;
use super::tree::Node;
use crate::rules::{Rules, XSI_NAMESPACE};
use crate::xml::{WriteFault, Writer, XML_NAMESPACE};

const INDENT: &str = "  ";

/// The document.
pub(super) fn document(rules: &Rules, root: &Node) -> Result<String, WriteFault> {
    let mut scribe = Scribe::new(rules, root);
    scribe.element(root, 0)?;
    let mut text = scribe.writer.finish()?;
    text.push('\n');
    Ok(text)
}

struct Scribe<'r> {
    rules: &'r Rules,
    table: Table,
    writer: Writer,
    /// The namespace of unprefixed elements: the root's, where all elements have one.
    default: Option<String>,
    /// Namespaces that the document uses with a prefix.
    used: BTreeSet<String>,
}

impl<'r> Scribe<'r> {
    fn new(rules: &'r Rules, root: &Node) -> Self {
        let ways = root.ways();
        let nodes = || ways.iter().map(|way| root.at(way));
        let root_namespace = root.name.expanded(rules).0.to_owned();
        let table = Table::of(rules);
        let values = nodes().flat_map(|node| node.attributes.iter().map(|given| &given.value).chain(&node.text));
        let texts: Vec<&str> = values.map(|value| value.text.as_str()).collect();
        // An unprefixed name in a value would fall into the default namespace.
        let plain = |node: &Node| node.name.expanded(rules).0.is_empty();
        let all_in_namespaces = !nodes().any(plain) && !nodes().any(|node| names_without_prefix(rules, node));
        let default = Some(root_namespace).filter(|uri| all_in_namespaces && !uri.is_empty());
        let mut used = BTreeSet::new();
        for node in nodes() {
            let (uri, _) = node.name.expanded(rules);
            if default.as_deref() != Some(uri) {
                used.insert(uri.to_owned());
            }
            used.extend(node.attributes.iter().map(|given| rules.expanded(given.name).0.to_owned()));
            if node.names_type {
                used.insert(XSI_NAMESPACE.to_owned());
                used.extend(node.type_id.map(|id| rules.expanded(rules.type_name_id(id)).0.to_owned()));
            }
        }
        for (prefix, uri) in table.pairs() {
            let mark = format!("{prefix}:");
            if texts.iter().any(|text| text.split_ascii_whitespace().any(|word| word.starts_with(&mark))) {
                used.insert(uri.to_owned());
            }
        }
        used.remove("");
        used.remove(XML_NAMESPACE);
        Self { rules, table, writer: Writer::new(), default, used }
    }

    fn qualified(&self, uri: &str, local: &str, element: bool) -> String {
        if uri.is_empty() || element && self.default.as_deref() == Some(uri) {
            return local.to_owned();
        }
        match self.table.prefix(uri) {
            Some(prefix) => format!("{prefix}:{local}"),
            None => format!("any:{local}"),
        }
    }

    fn declare(&mut self) -> Result<(), WriteFault> {
        if let Some(uri) = &self.default {
            self.writer.namespace("", uri)?;
        }
        for uri in &self.used {
            let prefix = self.table.prefix(uri).unwrap_or("any");
            self.writer.namespace(prefix, uri)?;
        }
        Ok(())
    }

    fn element(&mut self, node: &Node, depth: usize) -> Result<(), WriteFault> {
        let (uri, local) = node.name.expanded(self.rules);
        let name = self.qualified(uri, local, true);
        self.writer.start(&name)?;
        if depth == 0 {
            self.declare()?;
        }
        if let Some(id) = node.type_id.filter(|_| node.names_type) {
            let (uri, local) = self.rules.expanded(self.rules.type_name_id(id));
            // In a value the default namespace counts as well, so types of it need no prefix only without one.
            let name = self.qualified(uri, local, false);
            self.writer.attribute("xsi:type", &name)?;
        }
        for given in &node.attributes {
            let (uri, local) = self.rules.expanded(given.name);
            let name = self.qualified(uri, local, false);
            self.writer.attribute(&name, &given.value.text)?;
        }
        if let Some(value) = node.text.as_ref().filter(|value| !value.text.is_empty()) {
            self.writer.text(&value.text)?;
        }
        for child in &node.children {
            self.line(node, depth + 1)?;
            self.element(child, depth + 1)?;
        }
        if !node.children.is_empty() {
            self.line(node, depth)?;
        }
        self.writer.end()?;
        Ok(())
    }

    /// A new line where white space means nothing.
    fn line(&mut self, within: &Node, depth: usize) -> Result<(), WriteFault> {
        if !within.mixed {
            self.writer.text(&format!("\n{}", INDENT.repeat(depth)))?;
        }
        Ok(())
    }
}

/// Whether a node has a type or a value that is a name without a namespace.
fn names_without_prefix(rules: &Rules, node: &Node) -> bool {
    let names_type =
        node.names_type && node.type_id.is_some_and(|id| rules.expanded(rules.type_name_id(id)).0.is_empty());
    let mut values = node.attributes.iter().map(|given| &given.value).chain(&node.text);
    names_type
        || values.any(|value| {
            let is_name = |simple| matches!(rules.built_in_name(simple), "QName" | "NOTATION");
            value.simple.is_some_and(is_name) && !value.text.contains(':')
        })
}
