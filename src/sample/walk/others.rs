//! Messages of the kinds that whole lives have no need of: documents that go back and forth, acts, corrections, choices of notices,
//! openings and moves that another kind of message tells as well.

use super::telling::Told;
use super::{OPEN, UPDATE, Walk, carries, routes};
use crate::domain::frequency::Frequency;
use crate::domain::lifecycle::{Happening, Lifecycle, Status};
use crate::sample::compose::{Composer, Saying, Unsayable};
use crate::sample::life::moment;
use crate::sample::template::Record;

const ACT: &str = "act-on-case";
/// Before the code of an act, where commands are listed.
const ACT_OF: &str = "act:";
const CORRECT: &str = "correct-case";
pub(super) const EXCHANGE: &str = "exchange-documents";
const SUBSCRIBE: &str = "subscribe";
/// Numbers such as cases have; some kinds take digits alone.
const SOME_NUMBERS: [&str; 2] = ["2026-CASE-000001", "202600000001"];
/// How a subscriber may be named.
const SUBSCRIBERS: [&str; 4] = ["inn", "snils", "ogrn", "ogrnip"];

/// Something that can be done to a case which stands in a status.
struct Deed<'w> {
    command: &'static str,
    here: &'w Status,
    saying: Saying,
    attachments: Vec<Record>,
}

impl<'w> Walk<'w> {
    /// A message of each kind that has not been sent. What cannot be said is left out.
    pub(super) fn other_messages(&mut self) {
        let (system, composer) = (self.system, self.composer);
        for message in composer.messages(system.code()) {
            if !self.said.contains(message) {
                let only = composer.only(system.code(), message);
                let told = system.kinds().iter().any(|lifecycle| self.another(&only, lifecycle));
                let _left_out = told || self.chosen(&only);
            }
        }
    }

    /// Whether a message about a case of some kind could be made.
    fn another(&mut self, only: &Composer, lifecycle: &'w Lifecycle) -> bool {
        self.another_opening(only, lifecycle)
            || self.another_move(only, lifecycle)
            || self.deeds(lifecycle).into_iter().any(|deed| self.done(only, lifecycle, deed).is_ok())
    }

    fn another_opening(&mut self, only: &Composer, lifecycle: &'w Lifecycle) -> bool {
        if !only.says(self.system.code(), OPEN, &lifecycle.kind().code, self.is_main(lifecycle)) {
            return false;
        }
        let purposes = lifecycle.kind().purposes.iter().map(|purpose| Some(purpose.code.clone()));
        let purposes: Vec<_> = if lifecycle.kind().purposes.is_empty() { vec![None] } else { purposes.collect() };
        purposes.into_iter().any(|purpose| self.born_by(only, lifecycle, purpose, 0).is_ok())
    }

    fn another_move(&mut self, only: &Composer, lifecycle: &'w Lifecycle) -> bool {
        let ways = lifecycle.statuses().iter().flat_map(|from| from.next.iter().map(move |to| (from, to)));
        let ways = ways.filter_map(|(from, to)| Some((from, lifecycle.status(to)?)));
        ways.into_iter().any(|(from, to)| {
            let mut voice = self.voice();
            let (saying, _) = carries::update(lifecycle, to, "1", self.now, &mut voice);
            self.can_say(only, lifecycle, UPDATE, &saying) && self.moved(only, lifecycle, from, to).is_ok()
        })
    }

    fn moved(
        &mut self,
        only: &Composer,
        lifecycle: &'w Lifecycle,
        from: &'w Status,
        to: &'w Status,
    ) -> Result<(), Unsayable> {
        if let Some(life) = self.standing(lifecycle, from)? {
            let letter = self.update(only, &life, to, None)?;
            self.post(letter);
            self.entered(&life, to);
        }
        Ok(())
    }

    /// A new case that has come to a status.
    fn standing(&mut self, lifecycle: &'w Lifecycle, here: &Status) -> Result<Option<super::Life<'w>>, Unsayable> {
        let Some(route) = routes::to(lifecycle, std::slice::from_ref(&here.code)) else { return Ok(None) };
        let purpose = lifecycle.kind().purposes.first().map(|purpose| purpose.code.clone());
        let life = self.born(lifecycle, purpose, 0)?;
        for to in route {
            self.moves(&life, to)?;
        }
        Ok(Some(life))
    }

    /// What can be done to cases of a kind beside moving them.
    fn deeds(&self, lifecycle: &'w Lifecycle) -> Vec<Deed<'w>> {
        let mut deeds = Vec::new();
        for here in lifecycle.statuses() {
            let happenings = here.on.iter().filter(|reaction| reaction.guard.is_none()).map(|one| &one.happening);
            for act in happenings.filter_map(|one| if let Happening::Act(act) = one { Some(act) } else { None }) {
                let signed = lifecycle.kind().signed.iter().any(|command| *command == format!("{ACT_OF}{act}"));
                if !signed && here.code_sent.is_none() {
                    let saying = Saying::default().with("act", act.as_str());
                    deeds.push(Deed { command: ACT, here, saying, attachments: Vec::new() });
                }
            }
        }
        let unsigned = !lifecycle.kind().signed.iter().any(|command| command == "correct");
        let editable = lifecycle.kind().editable.first().and_then(|code| lifecycle.status(code));
        if let Some(here) = editable.filter(|_| unsigned) {
            let saying = Saying::default().if_possible("comment", "Сведения исправлены.");
            deeds.push(Deed { command: CORRECT, here, saying, attachments: Vec::new() });
        }
        let mut voice = self.voice_of(self.born);
        let types = lifecycle.documents().map(|rules| rules.types.as_slice()).unwrap_or_default();
        for one in types {
            let (mut saying, mut attachments) = (Saying::default(), Vec::new());
            let number = self.born.to_string();
            carries::document(lifecycle, &one.code, &number, &mut (&mut saying, &mut attachments), &mut voice);
            deeds.push(Deed { command: EXCHANGE, here: lifecycle.start(), saying, attachments });
        }
        deeds
    }

    fn done(&mut self, only: &Composer, lifecycle: &'w Lifecycle, deed: Deed<'w>) -> Result<(), Unsayable> {
        let Deed { command, here, saying, attachments } = deed;
        let nothing = Unsayable::NoMessage {
            system: self.system.code().to_owned(),
            command: command.to_owned(),
            kind: lifecycle.kind().code.clone(),
        };
        if !self.can_say(only, lifecycle, command, &saying) {
            return Err(nothing);
        }
        let life = self.standing(lifecycle, here)?.ok_or(nothing)?;
        let what = format!("{command} {} {}", lifecycle.kind().code, life.number);
        let saying = saying.with("case_number", life.number.as_str()).with("happened_at", moment(self.now));
        self.send(only, lifecycle, command, Told { saying, attachments, what })?;
        Ok(())
    }

    /// Somebody chooses to be told of everything once a day.
    fn chosen(&mut self, only: &Composer) -> bool {
        let system = self.system;
        let Some(channel) = system.channels().first().copied() else { return false };
        SUBSCRIBERS.into_iter().any(|subscriber| {
            let saying = Saying::default()
                .with("channel", channel)
                .with("frequency", Frequency::Daily.as_str())
                .with("happened_at", moment(self.now))
                .with_any(subscriber);
            let what = format!("{SUBSCRIBE} {channel}");
            self.send(only, system.main(), SUBSCRIBE, Told { saying, attachments: Vec::new(), what }).is_ok()
        })
    }

    /// Whether a message can say something of a case, whatever its number.
    fn can_say(&self, only: &Composer, lifecycle: &Lifecycle, command: &str, saying: &Saying) -> bool {
        let about = (self.system.code(), lifecycle.kind().code.as_str(), self.is_main(lifecycle));
        SOME_NUMBERS.into_iter().any(|number| {
            let saying = saying.clone().with("case_number", number).with("happened_at", moment(self.now));
            only.body(about, command, &[&saying], &mut self.voice_of(1)).is_ok()
        })
    }
}
