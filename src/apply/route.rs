//! Entering a status that asks for the responsible unit: the rules choose it by service, territory and load, and the history says why.
//! Where nobody is found, those who can choose by hand are told.

use serde_json::{Value, json};

use super::steps::{Steps, Told};
use super::world::{Case, CaseKey};
use super::{Event, Lifecycles};
use crate::binding::Command;
use crate::domain::lifecycle::{Status, System};
use crate::domain::routing::Asked;

/// The field of a case that says in which territory (ОКТМО) it is.
pub(super) const TERRITORY: &str = "territory";

/// Whether a command may bring a case into a status that asks for a unit: by itself, or by what it sets off.
pub(super) fn may_ask(command: &Command, key: &CaseKey, lifecycles: &Lifecycles) -> bool {
    let Some(system) = lifecycles.system(&key.system) else { return false };
    let asks = |status: &Status| status.routes.is_some();
    let named = match command {
        Command::UpdateStatus(command) => Some(command.status.as_str()),
        Command::OpenCase(command) => command.status.as_deref(),
        _ => None,
    };
    let lifecycle = system.kind(&key.kind);
    if named.and_then(|word| lifecycle?.recognize(word)).is_some_and(asks) {
        return true;
    }
    follows(&key.system, lifecycles)
}

/// Whether a reaction or a timer of any kind of the system brings a case into such a status.
pub(super) fn follows(system: &str, lifecycles: &Lifecycles) -> bool {
    lifecycles.system(system).is_some_and(System::routes_by_itself)
}

impl Steps<'_> {
    /// Chooses the unit of a case that enters a status; what is told with the step then says which, and why.
    pub(super) fn route(&mut self, case: &mut Case, to: &Status, told: &Told) -> Option<Told> {
        let nobody = to.routes.as_ref()?;
        let routing = self.setting().context.routing;
        if !routing.serves(&case.key.system) {
            return None;
        }
        let territory = case.details.get(TERRITORY).and_then(Value::as_str);
        let asked = Asked { system: &case.key.system, service: &case.service, territory };
        let choice = routing.choose(&asked, |unit| self.load(unit, &case.key));
        case.unit = choice.unit.map(|unit| unit.code.clone());
        if choice.unit.is_none() {
            let comment = Some(choice.reason.clone());
            self.event(Event { comment, ..Event::of(nobody, case, self.by().happened_at) });
        }
        let mut told = told.clone();
        let routing = json!({ "unit": case.unit, "reason": choice.reason.russian() });
        match &mut told.details {
            Value::Object(details) => {
                details.insert("routing".to_owned(), routing);
            }
            other => *other = json!({ "routing": routing }),
        }
        Some(told)
    }

    /// Open cases of a unit but for this one, the steps of this item counted.
    fn load(&self, unit: &str, but: &CaseKey) -> i64 {
        let counts = |case: Option<&Case>| i64::from(case.and_then(Case::burdens) == Some(unit));
        let before = self.world.loads.get(unit).copied().unwrap_or(0) - counts(self.world.case(but));
        let changed = self.cases.values().filter(|case| case.key != *but);
        changed.fold(before, |load, case| load + counts(Some(case)) - counts(self.world.case(&case.key)))
    }
}
