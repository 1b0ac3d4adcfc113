//! Captures: which values of a document are wanted, as a tree that the validator walks beside the document, and what it
//! then hands out. A tree is made of paths that are checked against the rules, so a binding cannot name what is not there.

use super::component::Content;
use super::ids::{ElementId, NameId, NamespaceId, TypeId};
use super::introspect::ElementView;
use super::nearest::nearest;
use super::tables::Rules;
use super::value::Value;
use crate::xml::Span;

/// A node of a capture tree: one element path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(u32);

/// A place for the values of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(u32);

/// A repeating element whose occurrences are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(u32);

impl NodeId {
    /// The root element.
    pub const ROOT: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl SlotId {
    /// Its number, counted from 0 in the order in which the slots were made.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl FrameId {
    /// The frame of the root element.
    pub const ROOT: Self = Self(0);

    /// Its number, counted from 0 in the order in which the frames were made; the root's is 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Default)]
struct Node {
    children: Vec<(NameId, NodeId)>,
    attributes: Vec<(NameId, SlotId)>,
    text: Option<SlotId>,
    frame: Option<FrameId>,
    body: bool,
}

/// Compiled captures for one root element.
#[derive(Debug, Clone)]
pub struct CaptureTree {
    nodes: Vec<Node>,
    slots: usize,
    frames: usize,
}

impl CaptureTree {
    /// A tree that wants nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self { nodes: vec![Node { frame: Some(FrameId::ROOT), ..Node::default() }], slots: 0, frames: 1 }
    }

    /// How many slots there are; a [`SlotId::index`] is below it.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.slots
    }

    /// How many frames there are; a [`FrameId::index`] is below it.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.frames
    }

    #[inline]
    pub(crate) fn child(&self, node: NodeId, name: NameId) -> Option<NodeId> {
        let children = &self.nodes[node.index()].children;
        children.iter().find(|(known, _)| *known == name).map(|(_, child)| *child)
    }

    #[inline]
    pub(crate) fn attribute(&self, node: NodeId, name: NameId) -> Option<SlotId> {
        let attributes = &self.nodes[node.index()].attributes;
        attributes.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot)
    }

    pub(crate) fn text(&self, node: NodeId) -> Option<SlotId> {
        self.nodes[node.index()].text
    }

    pub(crate) fn frame(&self, node: NodeId) -> Option<FrameId> {
        self.nodes[node.index()].frame
    }

    pub(crate) fn is_body(&self, node: NodeId) -> bool {
        self.nodes[node.index()].body
    }
}

/// A path that the rules do not have. The fault of whoever wrote the binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchPath {
    /// The element has no such child.
    #[error("<{parent}> has no child element {wanted}{}", did_you_mean(nearest))]
    Child {
        /// Local name of the element.
        parent: String,
        /// The name asked for, as `{namespace}local`.
        wanted: String,
        /// Similar names that it does have.
        nearest: Vec<String>,
    },
    /// The element has no such attribute.
    #[error("<{parent}> has no attribute {wanted}{}", did_you_mean(nearest))]
    Attribute {
        /// Local name of the element.
        parent: String,
        /// The name asked for, as `{namespace}local`.
        wanted: String,
        /// Similar names that it does have.
        nearest: Vec<String>,
    },
    /// The element has child elements, so it has no value of its own.
    #[error("<{element}> has no text value: its content is elements")]
    Text {
        /// Local name of the element.
        element: String,
    },
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) }
}

fn written(namespace: &str, local: &str) -> String {
    if namespace.is_empty() { local.to_owned() } else { format!("{{{namespace}}}{local}") }
}

/// Builds a [`CaptureTree`] path by path.
#[derive(Debug)]
pub struct CaptureTreeBuilder<'r> {
    rules: &'r Rules,
    tree: CaptureTree,
    /// The declaration that each node stands for.
    elements: Vec<ElementId>,
}

impl<'r> CaptureTreeBuilder<'r> {
    /// A tree whose root is `root`.
    #[must_use]
    pub fn new(rules: &'r Rules, root: ElementView<'r>) -> Self {
        Self { rules, tree: CaptureTree::empty(), elements: vec![root.id()] }
    }

    /// The node of a child element; the same node when asked for again.
    ///
    /// # Errors
    /// The schema allows no such child; children under a wildcard do not count.
    pub fn child(&mut self, node: NodeId, namespace: &str, local: &str) -> Result<NodeId, NoSuchPath> {
        let parent = self.rules.view(self.elements[node.index()]);
        let children = parent.children();
        let found =
            children.iter().find(|child| child.element.namespace() == namespace && child.element.local() == local);
        let Some(found) = found else {
            let locals = children.iter().map(|child| child.element.local());
            let nearest = nearest(local, locals, 3).into_iter().map(str::to_owned).collect();
            return Err(NoSuchPath::Child {
                parent: parent.local().to_owned(),
                wanted: written(namespace, local),
                nearest,
            });
        };
        let name = found.element.name_id();
        if let Some(known) = self.tree.child(node, name) {
            return Ok(known);
        }
        let child = NodeId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        self.tree.nodes.push(Node::default());
        self.elements.push(found.element.id());
        self.tree.nodes[node.index()].children.push((name, child));
        Ok(child)
    }

    /// The slot for the text value of an element; the same slot when asked for again.
    ///
    /// # Errors
    /// The element's content is elements only.
    pub fn text_slot(&mut self, node: NodeId) -> Result<SlotId, NoSuchPath> {
        let element = self.rules.view(self.elements[node.index()]);
        let has_text = match self.rules.element_type(element.id()) {
            TypeId::Simple(_) => true,
            TypeId::Complex(id) => matches!(self.rules.complex(id).content, Content::Simple(_) | Content::Mixed(_)),
        };
        if !has_text {
            return Err(NoSuchPath::Text { element: element.local().to_owned() });
        }
        if let Some(known) = self.tree.text(node) {
            return Ok(known);
        }
        let slot = self.next_slot();
        self.tree.nodes[node.index()].text = Some(slot);
        Ok(slot)
    }

    /// The slot for the value of an attribute; the same slot when asked for again.
    ///
    /// # Errors
    /// The schema declares no such attribute.
    pub fn attribute_slot(&mut self, node: NodeId, namespace: &str, local: &str) -> Result<SlotId, NoSuchPath> {
        let element = self.rules.view(self.elements[node.index()]);
        let attributes = element.attributes();
        let found = attributes.iter().find(|known| known.namespace() == namespace && known.local() == local);
        let Some(found) = found else {
            let nearest = nearest(local, attributes.iter().map(super::introspect::AttributeView::local), 3);
            return Err(NoSuchPath::Attribute {
                parent: element.local().to_owned(),
                wanted: written(namespace, local),
                nearest: nearest.into_iter().map(str::to_owned).collect(),
            });
        };
        let name = found.name_id();
        if let Some(known) = self.tree.attribute(node, name) {
            return Ok(known);
        }
        let slot = self.next_slot();
        self.tree.nodes[node.index()].attributes.push((name, slot));
        Ok(slot)
    }

    /// Keeps the occurrences of an element apart: each is a [`Frame`] of its own.
    pub fn frame(&mut self, node: NodeId) -> FrameId {
        if let Some(known) = self.tree.frame(node) {
            return known;
        }
        let frame = FrameId(u32::try_from(self.tree.frames).unwrap_or(u32::MAX));
        self.tree.frames += 1;
        self.tree.nodes[node.index()].frame = Some(frame);
        frame
    }

    /// Marks the element whose one child is foreign: rules for it are chosen while validating.
    pub fn body(&mut self, node: NodeId) {
        self.tree.nodes[node.index()].body = true;
    }

    /// The declaration that a node stands for.
    #[must_use]
    pub fn element(&self, node: NodeId) -> ElementView<'r> {
        self.rules.view(self.elements[node.index()])
    }

    /// The finished tree.
    #[must_use]
    pub fn build(self) -> CaptureTree {
        self.tree
    }

    fn next_slot(&mut self) -> SlotId {
        let slot = SlotId(u32::try_from(self.tree.slots).unwrap_or(u32::MAX));
        self.tree.slots += 1;
        slot
    }
}

impl Rules {
    /// The namespace of a name that may be unknown.
    pub(crate) fn namespace_of_name(&self, name: NameId) -> NamespaceId {
        self.names.namespace_of(name)
    }
}

/// What a pass over a document has captured. Frame 0 is the root element's and always there once the root is seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Captured {
    /// The occurrences of framed elements, in the order of the document.
    pub frames: Vec<Frame>,
}

impl Captured {
    /// The frames inside frame `parent`, of one kind.
    pub fn children(&self, parent: u32, spec: FrameId) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(move |frame| frame.parent == Some(parent) && frame.spec == spec)
    }
}

/// One occurrence of a framed element.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Which of the tree's frames it is.
    pub spec: FrameId,
    /// Index of the enclosing frame in [`Captured::frames`].
    pub parent: Option<u32>,
    /// The element's start tag.
    pub span: Span,
    /// The element's path with indexes, such as `/StatusUpdate/Update[2]`.
    pub path: String,
    /// The values of slots inside it that lie in no inner frame, in the order of the document.
    pub values: Vec<CapturedValue>,
}

impl Frame {
    /// The first value of a slot.
    #[must_use]
    pub fn value(&self, slot: SlotId) -> Option<&Value> {
        self.values.iter().find(|captured| captured.slot == slot).map(|captured| &captured.value)
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedValue {
    /// Its slot.
    pub slot: SlotId,
    /// The value; of a default, what the schema says.
    pub value: Value,
    /// Where the document has it; for a default, the start tag. Lines and columns come from
    /// [`crate::xml::Position::of`].
    pub span: Span,
}
