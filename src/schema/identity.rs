//! Identity constraints: `unique`, `key` and `keyref`, and the paths of their selectors and fields (Part 1, section 3.11).

use std::collections::HashMap;

use super::compiler::Compiler;
use super::tree::Item;
use crate::rules::draft::{Branch, Identity, IdentityId, IdentityKind, NameTest, NamespaceId, Path, Prefixes};
use crate::xml;

/// Steps of one path at most, so that a set of matched steps fits a machine word.
const STEPS_MAX: usize = 60;
/// Alternatives of one path at most: every element below is held against each.
const BRANCHES_MAX: usize = 1000;

impl<'d> Compiler<'d> {
    /// Compiles the identity constraints of an element. What keyrefs refer to is found when all are known.
    pub(super) fn identities(&mut self, element: Item<'d>) -> Vec<IdentityId> {
        let mut identities = Vec::new();
        for item in element.children().collect::<Vec<_>>() {
            let kind = match item.tag() {
                "unique" => IdentityKind::Unique,
                "key" => IdentityKind::Key,
                // The place is filled when all constraints are known.
                "keyref" => IdentityKind::Keyref(IdentityId(u32::MAX)),
                _ => continue,
            };
            identities.extend(self.identity(item, kind));
        }
        identities
    }

    fn identity(&mut self, item: Item<'d>, kind: IdentityKind) -> Option<IdentityId> {
        let Some(local) = item.attribute("name").filter(|name| xml::is_ncname(name)) else {
            self.fault(item, "s4s-att-must-appear", "an identity constraint needs a name");
            return None;
        };
        let name = self.target_name(item, local);
        if self.draft.identities.iter().any(|known| known.name == name) {
            self.fault(item, "sch-props-correct.2", format!("the identity constraint {local} is already defined"));
            return None;
        }
        let selector = item.child("selector").and_then(|selector| self.path(selector, false));
        let fields: Vec<Item<'d>> = item.children().filter(|child| child.tag() == "field").collect();
        let fields: Option<Vec<Path>> = fields.into_iter().map(|field| self.path(field, true)).collect();
        let (Some(selector), Some(fields)) = (selector, fields) else {
            if item.child("selector").is_none() {
                self.fault(item, "s4s-elt-must-match", "an identity constraint needs a selector");
            }
            return None;
        };
        if fields.is_empty() {
            self.fault(item, "s4s-elt-must-match", "an identity constraint needs a field");
            return None;
        }
        let id = IdentityId::at(self.draft.identities.len());
        let place = self.place(item);
        let identity = Identity { name, kind, selector, fields: fields.into(), place };
        self.draft.identities.push(identity);
        self.identity_items.push(item);
        Some(id)
    }

    /// Finds what the keyrefs refer to.
    pub(super) fn compile_keyrefs(&mut self) {
        let by_name: HashMap<_, _> =
            self.draft.identities.iter().enumerate().map(|(index, known)| (known.name, index)).collect();
        for index in 0..self.draft.identities.len() {
            if !matches!(self.draft.identities[index].kind, IdentityKind::Keyref(_)) {
                continue;
            }
            let item = self.identity_items[index];
            let Some(text) = item.attribute("refer") else {
                self.fault(item, "s4s-att-must-appear", "a keyref needs refer");
                continue;
            };
            let Some(name) = self.qname(item, text) else { continue };
            let referred = by_name
                .get(&name)
                .copied()
                .filter(|found| !matches!(self.draft.identities[*found].kind, IdentityKind::Keyref(_)));
            let Some(referred) = referred else {
                self.fault(item, "src-resolve", format!("there is no key or unique {text}"));
                continue;
            };
            if self.draft.identities[referred].fields.len() != self.draft.identities[index].fields.len() {
                let text = "a keyref needs as many fields as the key that it refers to";
                self.fault(item, "c-props-correct.2", text);
            }
            self.draft.identities[index].kind = IdentityKind::Keyref(IdentityId::at(referred));
        }
    }

    /// Compiles the `xpath` of a selector or field.
    fn path(&mut self, item: Item<'d>, field: bool) -> Option<Path> {
        let constraint = if field { "c-fields-xpaths" } else { "c-selector-xpath" };
        let Some(text) = item.attribute("xpath") else {
            self.fault(item, "s4s-att-must-appear", "an xpath is needed");
            return None;
        };
        let branches: Result<Vec<Branch>, String> =
            text.split('|').map(|branch| self.branch(item, branch.trim_matches(xml::is_space), field)).collect();
        match branches {
            Ok(branches) if branches.len() > BRANCHES_MAX => {
                self.fault(item, "schema-too-large", format!("a path has at most {BRANCHES_MAX} alternatives"));
                None
            }
            Ok(branches) => Some(Path::new(branches)),
            Err(text) => {
                self.fault(item, constraint, text);
                None
            }
        }
    }

    fn branch(&mut self, item: Item<'d>, text: &str, field: bool) -> Result<Branch, String> {
        let compact = tokens(text)?;
        let mut rest = compact.as_slice();
        let mut branch = Branch { anywhere: false, steps: Box::default(), attribute: None };
        if let [".", "//", tail @ ..] = rest {
            branch.anywhere = true;
            rest = tail;
        }
        let mut steps = Vec::new();
        loop {
            match rest {
                [".", tail @ ..] => rest = tail,
                ["@" | "attribute::", name, tail @ ..] if field => {
                    branch.attribute = Some(self.name_test(item, name)?);
                    rest = tail;
                    if !rest.is_empty() {
                        return Err("an attribute must be the last step".to_owned());
                    }
                }
                ["child::", name, tail @ ..] => {
                    steps.push(self.name_test(item, name)?);
                    rest = tail;
                }
                [name, tail @ ..] => {
                    steps.push(self.name_test(item, name)?);
                    rest = tail;
                }
                [] => return Err("a step is missing".to_owned()),
            }
            match rest {
                [] => break,
                ["/", tail @ ..] => rest = tail,
                _ => return Err("only / and | may stand between steps".to_owned()),
            }
        }
        if steps.len() > STEPS_MAX {
            return Err(format!("a path has at most {STEPS_MAX} steps"));
        }
        branch.steps = steps.into();
        Ok(branch)
    }

    fn name_test(&mut self, item: Item<'d>, text: &str) -> Result<NameTest, String> {
        if text == "*" {
            return Ok(NameTest::Any);
        }
        let prefixes = item.prefixes();
        let undeclared = || format!("the prefix of {text} is not declared");
        if let Some(prefix) = text.strip_suffix(":*") {
            let uri = prefixes.namespace(prefix).filter(|_| xml::is_ncname(prefix)).ok_or_else(undeclared)?;
            return Ok(NameTest::Namespace(self.draft.names.namespace(uri)));
        }
        let (prefix, local) = xml::split_qname(text).ok_or_else(|| format!("{text} is no name"))?;
        let namespace = match prefix {
            "" => NamespaceId::ABSENT,
            _ => {
                let uri = prefixes.namespace(prefix).ok_or_else(undeclared)?;
                self.draft.names.namespace(uri)
            }
        };
        Ok(NameTest::Name(self.draft.names.name(namespace, local)))
    }
}

/// The axis that a text begins with, and what stands behind it.
fn axis(text: &str) -> Option<(&'static str, &str)> {
    [("child", "child::"), ("attribute", "attribute::")].into_iter().find_map(|(name, axis)| {
        let behind = text.strip_prefix(name)?.trim_start_matches(xml::is_space).strip_prefix("::")?;
        Some((axis, behind.trim_start_matches(xml::is_space)))
    })
}

/// Cuts a path into names and signs.
fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(xml::is_space);
    while !rest.is_empty() {
        if let Some((axis, behind)) = axis(rest) {
            tokens.push(axis);
            rest = behind;
            continue;
        }
        let sign = ["//", "/", "@", "*"].into_iter().find(|sign| rest.starts_with(sign));
        let dot = rest.starts_with('.');
        let length = match sign {
            Some(sign) => sign.len(),
            None if dot => 1,
            None => {
                let name = |character: char| xml::is_name_char(character);
                let end = rest.find(|character: char| !name(character)).unwrap_or(rest.len());
                if rest[..end].ends_with(':') && rest[end..].starts_with('*') { end + 1 } else { end }
            }
        };
        if length == 0 {
            return Err(format!("\"{rest}\" is no step of a path"));
        }
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start_matches(xml::is_space);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_into_tokens() {
        assert_eq!(tokens(".//a:b / c/@d"), Ok(vec![".", "//", "a:b", "/", "c", "/", "@", "d"]));
        assert_eq!(tokens("a:* / * / ."), Ok(vec!["a:*", "/", "*", "/", "."]));
        assert_eq!(tokens("child :: a/attribute\n::b"), Ok(vec!["child::", "a", "/", "attribute::", "b"]));
        assert_eq!(tokens("child::a/@c"), tokens("child ::\ta / @ c"));
        assert_eq!(tokens("child/childs"), Ok(vec!["child", "/", "childs"]));
        assert!(tokens("a[1]").is_err());
    }
}
