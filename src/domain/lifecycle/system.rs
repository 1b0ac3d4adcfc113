//! A system's lifecycle file: its kinds of cases, each with a lifecycle of its own, and what they share. Kinds that several
//! systems have alike stand on a shelf, defined once.

use std::sync::OnceLock;

use super::load;
use super::rights::{Rights, Vocabulary};
use super::{Action, Extract, Fault, Happening, Lifecycle, Reaction, Status};

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
    pub(super) label_en: Option<String>,
    pub(super) rights: Rights,
    pub(super) vocabulary: Vocabulary,
    pub(super) extracts: Vec<Extract>,
    /// The main kind first, then the others in the order of the file, then those of the shelf.
    pub(super) kinds: Vec<Lifecycle>,
    pub(super) derived: OnceLock<Derived>,
}

/// What follows from all kinds together; it is asked for with every message.
#[derive(Debug, Clone)]
pub(super) struct Derived {
    opens: bool,
    openers: Vec<String>,
    routes: bool,
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

    /// What people call it, in Russian.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What people call it in English.
    #[must_use]
    pub fn label_en(&self) -> Option<&str> {
        self.label_en.as_deref()
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
        self.derived().opens
    }

    /// Whether a reaction or a timer of any kind brings a case into a status in which a responsible unit is chosen.
    #[must_use]
    pub fn routes_by_itself(&self) -> bool {
        self.derived().routes
    }

    fn derived(&self) -> &Derived {
        self.derived.get_or_init(|| {
            let opens =
                |status: &Status| !status.opens.is_empty() || status.on.iter().any(|reaction| reaction.opens.is_some());
            let child = |happening: &Happening| matches!(happening, Happening::Child { .. });
            let opener = |one: &&Lifecycle| self.answers_with_parties(one, child);
            Derived {
                opens: self.kinds.iter().flat_map(Lifecycle::statuses).any(opens),
                openers: self.kinds.iter().filter(opener).map(|one| one.kind().code.clone()).collect(),
                routes: self.kinds.iter().any(routes_by_itself),
            }
        })
    }

    /// The kinds that are organizations: what staff, powers, roles and certificates belong to.
    #[must_use]
    pub fn organizations(&self) -> Vec<&str> {
        let Rights { powers, staff, roles, certificates, .. } = &self.rights;
        let belonging =
            [powers, staff, roles, certificates].into_iter().flatten().filter(|one| one.system == self.code);
        let parents = belonging.filter_map(|one| self.kind(&one.kind)).flat_map(|one| &one.kind().parents);
        let mut kinds: Vec<&str> = Vec::new();
        for parent in parents.filter(|parent| self.kind(&parent.kind).is_some()) {
            if !kinds.contains(&parent.kind.as_str()) {
                kinds.push(&parent.kind);
            }
        }
        kinds
    }

    /// Whether entering a status opens a case that has parties of its own.
    #[must_use]
    pub fn opens_parties(&self, status: &Status) -> bool {
        status.opens.iter().any(|one| self.has_parties(&one.kind))
    }

    /// Whether a case of a kind may open one with parties in answer to something.
    pub fn answers_with_parties(&self, lifecycle: &Lifecycle, what: impl Fn(&Happening) -> bool) -> bool {
        let opens = |answer: &Reaction| {
            answer.opens.as_ref().is_some_and(|kind| self.has_parties(kind))
                || answer.to.as_deref().and_then(|to| lifecycle.status(to)).is_some_and(|to| self.opens_parties(to))
        };
        lifecycle.statuses().iter().flat_map(|status| &status.on).any(|answer| what(&answer.happening) && opens(answer))
    }

    /// Kinds whose cases open others with parties in answer to a step of their children.
    pub fn openers(&self) -> impl Iterator<Item = &str> {
        self.derived().openers.iter().map(String::as_str)
    }

    fn has_parties(&self, kind: &str) -> bool {
        self.kind(kind).is_some_and(|one| !one.kind().parties.is_empty())
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

/// Whether a reaction or a timer of the kind brings a case into a status in which a unit is chosen.
fn routes_by_itself(kind: &Lifecycle) -> bool {
    let reactions = kind.statuses().iter().flat_map(|status| &status.on).filter_map(|one| one.to.as_deref());
    let timers = kind.statuses().iter().flat_map(|status| &status.timers).filter_map(|timer| match &timer.action {
        Action::Move { to, .. } => Some(to.as_str()),
        _ => None,
    });
    reactions.chain(timers).filter_map(|code| kind.status(code)).any(|status| status.routes.is_some())
}
