//! Walks the chain of seals in its order and says what does not fit: which row was changed, removed or put in later.

use std::fmt;

use super::{Entry, GENESIS, SealHash};

/// A seal with the row that it stands over, where that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its place in the chain, from 1.
    pub seal: i64,
    /// The row's number.
    pub audit: i64,
    /// The hash that was kept.
    pub hash: SealHash,
    /// The row.
    pub entry: Option<Entry>,
}

/// Something that is not as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Seals of these numbers are gone, and what they stood over cannot be judged.
    SealsRemoved {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A sealed row is gone.
    RowRemoved {
        /// The row.
        row: i64,
        /// Its seal.
        seal: i64,
    },
    /// A row is not what was sealed.
    RowChanged {
        /// The row.
        row: i64,
        /// Its seal.
        seal: i64,
    },
    /// A seal is not what was written; its row is what the next seal says.
    SealChanged {
        /// The row.
        row: i64,
        /// The seal.
        seal: i64,
    },
    /// A row that has no seal and does not wait for one: nothing of this program wrote it.
    RowInserted {
        /// The row.
        row: i64,
    },
    /// A row that waits for a seal but has one, or is not there: it was replaced or removed.
    RowReplaced {
        /// The row.
        row: i64,
    },
    /// The chain ends otherwise than the sealer left it.
    EndChanged {
        /// Where the sealer left it.
        expected: i64,
        /// Where it ends.
        found: i64,
    },
    /// The chain does not go through the seal that was noted elsewhere.
    AnchorMissed {
        /// The seal's place.
        seal: i64,
    },
}

impl Finding {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SealsRemoved { .. } => "seals-removed",
            Self::RowRemoved { .. } => "row-removed",
            Self::RowChanged { .. } => "row-changed",
            Self::SealChanged { .. } => "seal-changed",
            Self::RowInserted { .. } => "row-inserted",
            Self::RowReplaced { .. } => "row-replaced",
            Self::EndChanged { .. } => "end-changed",
            Self::AnchorMissed { .. } => "anchor-missed",
        }
    }

    /// The row that it is about, where it is about one.
    #[must_use]
    pub fn row(self) -> Option<i64> {
        match self {
            Self::RowRemoved { row, .. }
            | Self::RowChanged { row, .. }
            | Self::SealChanged { row, .. }
            | Self::RowInserted { row }
            | Self::RowReplaced { row } => Some(row),
            Self::SealsRemoved { .. } | Self::EndChanged { .. } | Self::AnchorMissed { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SealsRemoved { from, to } if from == to => write!(out, "seal {from} was removed"),
            Self::SealsRemoved { from, to } => write!(out, "seals {from} to {to} were removed"),
            Self::RowRemoved { row, seal } => write!(out, "row {row} (seal {seal}) was removed"),
            Self::RowChanged { row, seal } => write!(out, "row {row} (seal {seal}) was changed"),
            Self::SealChanged { row, seal } => write!(out, "seal {seal} of row {row} was changed"),
            Self::RowInserted { row } => write!(out, "row {row} was inserted: it has no seal and waits for none"),
            Self::RowReplaced { row } => write!(out, "row {row} waits for a seal but is gone, or has one already"),
            Self::EndChanged { expected, found } => {
                write!(out, "the sealer left the chain at seal {expected}, it ends at seal {found}")
            }
            Self::AnchorMissed { seal } => write!(out, "the chain does not go through the noted seal {seal}"),
        }
    }
}

/// A seal that its row does not fit; the next one says which of the two was changed.
#[derive(Debug)]
struct Suspect {
    row: i64,
    seal: i64,
    /// What the seal had to be.
    should_be: SealHash,
}

/// A walk along the chain.
#[derive(Debug)]
pub struct Chain {
    last: i64,
    /// The hash of the last seal; none where seals before it are missing.
    previous: Option<SealHash>,
    suspect: Option<Suspect>,
    anchor: Option<(i64, SealHash)>,
    findings: Vec<Finding>,
    judged: i64,
}

impl Chain {
    /// A walk from the first seal. `anchor` is a seal that was noted outside the store, where there is one.
    #[must_use]
    pub fn new(anchor: Option<(i64, SealHash)>) -> Self {
        Self { last: 0, previous: Some(GENESIS), suspect: None, anchor, findings: Vec::new(), judged: 0 }
    }

    /// The place of the seal that was taken last; 0: none was.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Takes the next seal, in the order of the chain.
    pub fn take(&mut self, sealed: &Sealed) {
        let Sealed { seal, audit: row, hash, entry } = sealed;
        if *seal > self.last + 1 {
            self.settle(None);
            self.findings.push(Finding::SealsRemoved { from: self.last + 1, to: seal - 1 });
            self.previous = None;
        }
        self.judged += 1;
        match (entry, self.previous) {
            (None, _) => {
                self.settle(None);
                self.findings.push(Finding::RowRemoved { row: *row, seal: *seal });
            }
            (Some(_), None) => self.settle(None),
            (Some(entry), Some(previous)) => {
                let should_be = entry.hash(*seal, &previous);
                let fits_suspect =
                    self.suspect.as_ref().is_some_and(|suspect| entry.hash(*seal, &suspect.should_be) == *hash);
                self.settle(Some(fits_suspect));
                if should_be != *hash && !fits_suspect {
                    self.suspect = Some(Suspect { row: *row, seal: *seal, should_be });
                }
            }
        }
        if self.anchor.is_some_and(|anchor| anchor.0 == *seal && anchor.1 == *hash) {
            self.anchor = None;
        }
        self.last = *seal;
        self.previous = Some(*hash);
    }

    /// Ends the walk where the sealer says that the chain ends; gives what was found, in the order of the chain, and how
    /// many seals were looked at.
    #[must_use]
    pub fn end(mut self, end: (i64, SealHash)) -> (Vec<Finding>, i64) {
        let fits_suspect =
            self.suspect.as_ref().is_some_and(|suspect| end.0 == self.last && end.1 == suspect.should_be);
        self.settle(Some(fits_suspect));
        let hash = if self.last == 0 { Some(GENESIS) } else { self.previous };
        if end.0 != self.last || (hash != Some(end.1) && !fits_suspect) {
            self.findings.push(Finding::EndChanged { expected: end.0, found: self.last });
        }
        if let Some((seal, _)) = self.anchor {
            self.findings.push(Finding::AnchorMissed { seal });
        }
        (self.findings, self.judged)
    }

    /// Says which was changed, the row or its seal: what comes after the seal was made from the true one.
    fn settle(&mut self, next_fits: Option<bool>) {
        let Some(Suspect { row, seal, .. }) = self.suspect.take() else { return };
        self.findings.push(match next_fits {
            Some(true) => Finding::SealChanged { row, seal },
            _ => Finding::RowChanged { row, seal },
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(rows: i64) -> Vec<Sealed> {
        let mut previous = GENESIS;
        (1..=rows)
            .map(|seal| {
                let entry = Entry {
                    id: seal * 3,
                    at: 1_000 + seal,
                    actor: format!("кто-то {seal}"),
                    action: "case.moved".into(),
                    subject: format!("case:org/staff/{seal}"),
                    before: (seal % 2 == 0).then(|| "{}".to_owned()),
                    after: Some(format!("{{\"n\":{seal}}}")),
                };
                previous = entry.hash(seal, &previous);
                Sealed { seal, audit: entry.id, hash: previous, entry: Some(entry) }
            })
            .collect()
    }

    fn walk(seals: &[Sealed], end: (i64, SealHash), anchor: Option<(i64, SealHash)>) -> Vec<Finding> {
        let mut chain = Chain::new(anchor);
        seals.iter().for_each(|seal| chain.take(seal));
        chain.end(end).0
    }

    fn end(seals: &[Sealed]) -> (i64, SealHash) {
        seals.last().map_or((0, GENESIS), |last| (last.seal, last.hash))
    }

    #[test]
    fn a_chain_as_it_was_sealed_has_no_findings() {
        for rows in [0, 1, 2, 30] {
            let seals = chain(rows);
            let anchors = seals.iter().map(|one| (one.seal, one.hash));
            for anchor in anchors.map(Some).chain([None]) {
                assert_eq!(walk(&seals, end(&seals), anchor), []);
            }
        }
    }

    #[test]
    fn a_cut_off_end_is_told() {
        let seals = chain(9);
        let cut = &seals[..6];
        assert_eq!(walk(cut, end(&seals), None), [Finding::EndChanged { expected: 9, found: 6 }]);
        // Whoever moves the sealer back too is found by a seal noted elsewhere.
        assert_eq!(walk(cut, end(cut), Some(end(&seals))), [Finding::AnchorMissed { seal: 9 }]);
        assert_eq!(walk(cut, end(cut), None), []);
    }

    #[test]
    fn a_chain_made_anew_misses_its_anchor() {
        let noted = chain(9);
        let mut anew = chain(9);
        let mut previous = GENESIS;
        for sealed in &mut anew {
            let entry = sealed.entry.as_mut().unwrap();
            entry.actor = "никто".into();
            sealed.hash = entry.hash(sealed.seal, &previous);
            previous = sealed.hash;
        }
        assert_eq!(walk(&anew, end(&anew), None), []);
        assert_eq!(walk(&anew, end(&anew), Some(end(&noted))), [Finding::AnchorMissed { seal: 9 }]);
    }

    #[derive(Debug, Clone, Copy)]
    enum Harm {
        Actor,
        After,
        At,
        Removed,
        Seal,
        SealRemoved,
    }

    proptest! {
        #[test]
        fn one_harm_is_found_and_told_where_it_is(
            rows in 1_i64..25,
            place in 0_usize..1000,
            harm in prop::sample::select(vec![
                Harm::Actor, Harm::After, Harm::At, Harm::Removed, Harm::Seal, Harm::SealRemoved,
            ]),
        ) {
            let mut seals = chain(rows);
            let end = end(&seals);
            let place = place % seals.len();
            let (row, seal) = (seals[place].audit, seals[place].seal);
            let entry = seals[place].entry.as_mut().unwrap();
            let expected = match harm {
                Harm::Actor => {
                    entry.actor.push('!');
                    Finding::RowChanged { row, seal }
                }
                Harm::After => {
                    entry.after = None;
                    Finding::RowChanged { row, seal }
                }
                Harm::At => {
                    entry.at -= 1;
                    Finding::RowChanged { row, seal }
                }
                Harm::Removed => {
                    seals[place].entry = None;
                    Finding::RowRemoved { row, seal }
                }
                Harm::Seal => {
                    seals[place].hash[7] ^= 1;
                    Finding::SealChanged { row, seal }
                }
                Harm::SealRemoved => {
                    seals.remove(place);
                    if seal == rows {
                        Finding::EndChanged { expected: rows, found: rows - 1 }
                    } else {
                        Finding::SealsRemoved { from: seal, to: seal }
                    }
                }
            };
            prop_assert_eq!(walk(&seals, end, None), vec![expected]);
        }

        #[test]
        fn any_number_of_changed_rows_is_found(rows in 1_i64..25, changed in prop::collection::btree_set(0_usize..25, 0..9)) {
            let mut seals = chain(rows);
            let end = end(&seals);
            let mut expected = Vec::new();
            for place in changed.into_iter().filter(|place| *place < usize::try_from(rows).unwrap()) {
                let sealed = &mut seals[place];
                sealed.entry.as_mut().unwrap().subject.push('x');
                expected.push(Finding::RowChanged { row: sealed.audit, seal: sealed.seal });
            }
            prop_assert_eq!(walk(&seals, end, None), expected);
        }
    }
}
