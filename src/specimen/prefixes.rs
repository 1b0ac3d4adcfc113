//! Which prefix stands for which namespace in a specimen: the same everywhere, so that values may use them before anything
//! is written.

use crate::rules::sealed::Prefixes;
use crate::rules::{Rules, XS_NAMESPACE, XSI_NAMESPACE};
use crate::xml::XML_NAMESPACE;

/// The table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pairs: Vec<(String, String)>,
}

impl Table {
    /// A prefix for every namespace that the rules name.
    pub(super) fn of(rules: &Rules) -> Self {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let names = rules.simple_ids().filter(|id| matches!(rules.built_in_name(*id), "QName" | "NOTATION"));
        // Enumerated names may lie in namespaces that nothing else names.
        let meant = names.flat_map(|id| rules.enumerated(id)).filter_map(|(_, meant)| meant);
        for uri in rules.uris().map(str::to_owned).chain(meant.map(|(uri, _)| uri)) {
            if uri.is_empty() || pairs.iter().any(|(_, known)| *known == uri) {
                continue;
            }
            let prefix = match uri.as_str() {
                XML_NAMESPACE => "xml".to_owned(),
                XS_NAMESPACE => "xs".to_owned(),
                XSI_NAMESPACE => "xsi".to_owned(),
                _ => format!("ns{}", pairs.len().saturating_sub(2)),
            };
            pairs.push((prefix, uri));
        }
        Self { pairs }
    }

    /// All prefixes with their namespaces.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str()))
    }

    /// The prefix of a namespace; the empty one for none.
    pub(super) fn prefix(&self, uri: &str) -> Option<&str> {
        if uri.is_empty() {
            return Some("");
        }
        self.pairs.iter().find(|(_, known)| known == uri).map(|(prefix, _)| prefix.as_str())
    }
}

impl Prefixes for Table {
    fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix.is_empty() {
            return Some("");
        }
        self.pairs.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }
}
