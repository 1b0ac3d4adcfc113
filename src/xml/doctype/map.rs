//! From places in an expanded document back to where they were written.

/// Where the pieces of an expanded document come from. Empty for a document that is as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    pieces: Vec<Piece>,
}

/// A piece of the expanded document, up to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    expanded: u64,
    written: u64,
    /// It is as it was written; else all of it stands for what begins at `written`.
    copied: bool,
}

impl Origins {
    /// The offset in the document as written of an offset in the expanded one.
    #[must_use]
    pub fn written(&self, offset: u64) -> u64 {
        let behind = self.pieces.partition_point(|piece| piece.expanded <= offset);
        match behind.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            None => offset,
            Some(piece) if piece.copied => piece.written + (offset - piece.expanded),
            Some(piece) => piece.written,
        }
    }

    /// The offset in the document as written behind what ends at `end` in the expanded one: of what an entity stands for,
    /// that is behind the reference.
    #[must_use]
    pub fn written_end(&self, end: u64) -> u64 {
        let behind = self.pieces.partition_point(|piece| piece.expanded < end);
        match behind.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            None => end,
            Some(piece) if piece.copied => piece.written + (end - piece.expanded),
            Some(piece) => self.pieces.get(behind).map_or(piece.written, |next| next.written.max(piece.written)),
        }
    }

    /// Notes that from `expanded` on the document is copied from `written`, or, if not, stands for what begins there.
    pub(super) fn note(&mut self, expanded: usize, written: usize, copied: bool) {
        let piece = Piece { expanded: expanded as u64, written: written as u64, copied };
        match self.pieces.last_mut() {
            Some(last) if last.expanded == piece.expanded => *last = piece,
            Some(last) if last.copied == copied && (!copied || last.goes_on(piece)) && last.means(piece) => {}
            _ => self.pieces.push(piece),
        }
    }
}

impl Piece {
    fn goes_on(self, next: Self) -> bool {
        next.expanded.checked_sub(self.expanded) == next.written.checked_sub(self.written)
    }

    fn means(self, next: Self) -> bool {
        self.copied || self.written == next.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back() {
        let mut origins = Origins::default();
        assert_eq!(origins.written(7), 7);
        origins.note(0, 0, true);
        origins.note(10, 10, false);
        origins.note(15, 10, false);
        origins.note(30, 13, true);
        origins.note(33, 16, true);
        for (expanded, written) in [(0, 0), (9, 9), (10, 10), (20, 10), (29, 10), (30, 13), (40, 23)] {
            assert_eq!(origins.written(expanded), written, "{expanded}");
        }
        for (expanded, written) in [(0, 0), (9, 9), (10, 10), (11, 13), (30, 13), (31, 14)] {
            assert_eq!(origins.written_end(expanded), written, "up to {expanded}");
        }
        assert_eq!(origins.pieces.len(), 3);
    }
}
