//! A system's lifecycle file: its kinds of cases, each with a lifecycle of its own, and what they share. Kinds that several
//! systems have alike stand on a shelf, defined once.

use super::load;
use super::rights::{Rights, Vocabulary};
use super::{Extract, Fault, Lifecycle, Status};

/// Kinds defined once for all systems that take them by `use`.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    pub(super) kinds: Vec<Lifecycle>,
}

impl Shelf {
    /// Reads and checks a file of shared kinds. `file` is its name for faults.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines; the author's fault.
    pub fn load(file: &str, text: &str) -> Result<Self, Vec<Fault>> {
        load::shelf(file, text)
    }
}

/// A system: what its file says.
#[derive(Debug, Clone)]
pub struct System {
    pub(super) code: String,
    pub(super) label: String,
    pub(super) rights: Rights,
    pub(super) vocabulary: Vocabulary,
    pub(super) extracts: Vec<Extract>,
    /// The main kind first, then the others in the order of the file, then those of the shelf.
    pub(super) kinds: Vec<Lifecycle>,
}

impl System {
    /// Reads and checks a lifecycle file. `file` is its name for faults.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in the order of its lines; the author's fault.
    pub fn load(file: &str, text: &str, shelf: &Shelf) -> Result<Self, Vec<Fault>> {
        load::system(file, text, shelf)
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The kind that a message means which names none.
    #[must_use]
    pub fn main(&self) -> &Lifecycle {
        &self.kinds[0]
    }

    /// The main kind alone.
    #[must_use]
    pub fn into_main(mut self) -> Lifecycle {
        self.kinds.swap_remove(0)
    }

    /// All its kinds, the main one first.
    #[must_use]
    pub fn kinds(&self) -> &[Lifecycle] {
        &self.kinds
    }

    /// The kind with this code.
    #[must_use]
    pub fn kind(&self, code: &str) -> Option<&Lifecycle> {
        self.kinds.iter().find(|one| one.kind().code == code)
    }

    /// Whether a step of some case opens another one.
    #[must_use]
    pub fn opens(&self) -> bool {
        let opens =
            |status: &Status| !status.opens.is_empty() || status.on.iter().any(|reaction| reaction.opens.is_some());
        self.kinds.iter().flat_map(Lifecycle::statuses).any(opens)
    }

    /// Which kinds say who may do what.
    #[must_use]
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The extract with this code.
    #[must_use]
    pub fn extract(&self, code: &str) -> Option<&Extract> {
        self.extracts.iter().find(|one| one.code == code)
    }

    /// Operations, roles, authorities.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Every channel that an event of any kind goes out by, without repeats, in the order of the file.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        let mut channels: Vec<&str> = Vec::new();
        for channel in self.kinds.iter().flat_map(Lifecycle::channels) {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }
}
