//! Wishes: what a document must hold where its rules leave a choice. A wish names children and attributes, with their values where
//! those matter; everything else is made up as always.

use crate::rules::Rules;
use crate::rules::sealed::NameId;

/// What an element must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    attributes: Vec<(Named, Option<String>)>,
    text: Option<String>,
    children: Vec<(Named, Wish)>,
}

/// A name as it is written: its namespace, which may be empty, and its local part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    namespace: String,
    local: String,
}

impl Named {
    fn of(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.to_owned(), local: local.to_owned() }
    }

    fn is(&self, rules: &Rules, name: NameId) -> bool {
        rules.expanded(name) == (self.namespace.as_str(), self.local.as_str())
    }
}

impl Wish {
    /// An attribute must be there, with this value or with any.
    pub fn attribute(&mut self, namespace: &str, local: &str, value: Option<&str>) {
        let named = Named::of(namespace, local);
        self.attributes.retain(|(known, _)| *known != named);
        self.attributes.push((named, value.map(str::to_owned)));
    }

    /// The text of the element.
    pub fn text(&mut self, value: &str) {
        self.text = Some(value.to_owned());
    }

    /// The last child of that name, which must be there.
    pub fn child(&mut self, namespace: &str, local: &str) -> &mut Self {
        let named = Named::of(namespace, local);
        match self.children.iter().rposition(|(known, _)| *known == named) {
            Some(at) => &mut self.children[at].1,
            None => self.another(namespace, local),
        }
    }

    /// One more child of that name.
    pub fn another(&mut self, namespace: &str, local: &str) -> &mut Self {
        let at = self.children.len();
        self.children.push((Named::of(namespace, local), Self::default()));
        &mut self.children[at].1
    }
}

/// The wish of an element that is open, and which of its children have come true.
#[derive(Debug)]
pub(super) struct Frame<'w> {
    wish: Option<&'w Wish>,
    taken: Vec<bool>,
}

impl<'w> Frame<'w> {
    pub(super) fn of(wish: Option<&'w Wish>) -> Self {
        Self { wish, taken: vec![false; wish.map_or(0, |wish| wish.children.len())] }
    }

    /// The wish for the next child of this name.
    pub(super) fn take(&mut self, rules: &Rules, name: NameId) -> Option<&'w Wish> {
        let children = self.wish.map_or(&[][..], |wish| &wish.children);
        let at = (0..children.len()).find(|at| !self.taken[*at] && children[*at].0.is(rules, name))?;
        self.taken[at] = true;
        Some(&children[at].1)
    }

    /// How many children of this name are still to come.
    pub(super) fn count(&self, rules: &Rules, name: NameId) -> usize {
        let Some(wish) = self.wish else { return 0 };
        wish.children.iter().zip(&self.taken).filter(|((named, _), taken)| !**taken && named.is(rules, name)).count()
    }

    /// Whether anything is still to come.
    pub(super) fn is_waiting(&self) -> bool {
        self.taken.contains(&false)
    }

    /// The first child for which there was no place.
    pub(super) fn left(&self) -> Option<&'w str> {
        let at = self.taken.iter().position(|taken| !taken)?;
        self.wish.map(|wish| wish.children[at].0.local.as_str())
    }

    /// The value that is wished for the element itself.
    pub(super) fn text(&self) -> Option<&'w str> {
        self.wish?.text.as_deref()
    }

    /// Whether an attribute must be there, and with which value.
    pub(super) fn attribute(&self, rules: &Rules, name: NameId) -> Option<Option<&'w str>> {
        let wish = self.wish?;
        wish.attributes.iter().find(|(named, _)| named.is(rules, name)).map(|(_, value)| value.as_deref())
    }

    /// Which children have come true, to go back to.
    pub(super) fn mark(&self) -> Vec<bool> {
        self.taken.clone()
    }

    pub(super) fn back_to(&mut self, mark: Vec<bool>) {
        self.taken = mark;
    }
}
