//! Cases brought about by messages that are made from the bindings, as a story wants them.

use chrono::{DateTime, Utc};
use mezhved::assemble::Rules;
use mezhved::binding::Library;
use mezhved::config::Config;
use mezhved::domain::lifecycle::{Lifecycle, System};
use mezhved::sample::{Composer, Scene, Template, Walk, WalkPlan, WantedUpdate};

use super::{FIVE, Folder, rules, traffic, written};

/// Makes scenes of the five systems.
pub(crate) struct Scenes {
    config: Config,
    composer: Composer,
    envelope: Template,
    /// When the first message of a scene is sent.
    pub(crate) base: DateTime<Utc>,
}

impl Scenes {
    pub(crate) fn from(base: DateTime<Utc>) -> Self {
        let folder = Folder::new();
        let config = Config::check(&written(folder.path(), FIVE)).unwrap();
        let composer = Composer::over(&rules(&config).rulebook, traffic::words());
        let envelope = mezhved::sample::envelope(&Library::load(None).unwrap()).unwrap();
        Self { config, composer, envelope, base }
    }

    pub(crate) fn rules(&self) -> &'static Rules {
        rules(&self.config)
    }

    /// A case of a kind with these updates.
    pub(crate) fn scene(&self, system: &System, lifecycle: &Lifecycle, wanted: &[WantedUpdate]) -> Scene {
        let plan = WalkPlan {
            seed: 11,
            base: self.base,
            zone: self.config.zone,
            recipient: "MINSTROY".into(),
            senders: traffic::cabinet(&self.rules().rulebook),
        };
        let walk = Walk::new(plan, system, (&self.rules().rulebook, &self.composer, &self.envelope));
        walk.scene(lifecycle, wanted).unwrap_or_else(|fault| panic!("{fault}"))
    }
}
