//! The report: violations as they are found, with positions and paths, up to a limit.

use super::violation::{Component, Detail, Violation};
use super::walk::Open;
use crate::xml::{Position, Reader, Span, Window};

/// Characters of a value that are kept at most.
const VALUE_CHARACTERS_MAX: usize = 120;

/// Violations of one pass.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) violations: Vec<Violation>,
    pub(super) truncated: bool,
    max: usize,
}

/// What a violation says beside what is wrong.
#[derive(Debug, Default)]
pub(super) struct Circumstances<'a> {
    pub(super) attribute: Option<&'a str>,
    pub(super) component: Option<Component>,
    pub(super) value: Option<&'a str>,
}

impl Report {
    pub(super) fn new(max: usize) -> Self {
        Self { violations: Vec::new(), truncated: false, max }
    }

    /// Adds a violation of the element at `level`.
    pub(super) fn add<W: Window>(
        &mut self,
        reader: &Reader<W>,
        open: &[Open],
        level: usize,
        span: Span,
        detail: Detail,
        circumstances: Circumstances<'_>,
    ) {
        if self.is_full() {
            return;
        }
        let path = self.path(reader, open, level, circumstances.attribute);
        let position = reader.position(span.offset);
        self.violations.push(Violation {
            position,
            length: span.length,
            path,
            component: circumstances.component,
            detail,
            value: circumstances.value.map(cut),
        });
    }

    /// Adds a violation whose place is known already.
    pub(super) fn add_at(&mut self, position: Position, span: Span, path: String, detail: Detail, value: Option<&str>) {
        if !self.is_full() {
            let (length, value) = (span.length, value.map(cut));
            self.violations.push(Violation { position, length, path, component: None, detail, value });
        }
    }

    /// Whether one more violation would be kept.
    pub(super) fn has_room(&self) -> bool {
        self.violations.len() < self.max
    }

    /// Whether nothing more is kept, so that there is no need to find out what would be told; notes that there was more.
    pub(super) fn is_full(&mut self) -> bool {
        self.truncated |= !self.has_room();
        self.truncated
    }

    /// The path of the element at `level`, and of one of its attributes.
    pub(super) fn path<W: Window>(
        &self,
        reader: &Reader<W>,
        open: &[Open],
        level: usize,
        attribute: Option<&str>,
    ) -> String {
        let mut path = String::new();
        for step in 0..=level {
            path.push('/');
            path.push_str(reader.open_name(step));
            let ordinal = open.get(step).map_or(0, |open| open.ordinal);
            if ordinal > 0 {
                path.push('[');
                path.push_str(&ordinal.to_string());
                path.push(']');
            }
        }
        if let Some(attribute) = attribute {
            path.push_str("/@");
            path.push_str(attribute);
        }
        path
    }
}

fn cut(value: &str) -> String {
    let mut characters = value.chars();
    let mut cut: String = characters.by_ref().take(VALUE_CHARACTERS_MAX).collect();
    if characters.next().is_some() {
        cut.push('…');
    }
    cut
}
