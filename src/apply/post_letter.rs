//! A letter comes to a dialog, or somebody has read what is there. Letters come only from those who take part and may write; that
//! its receiver has read a letter is told to the cases that the letter names, which may move by it.

use serde_json::json;

use super::letters::{Attached, CASE, Dialog, Letter, LetterFile, Reader, cases};
use super::steps::{By, Happened, Steps, Told};
use super::world::{Case, CaseKey, Entry, Needs, World};
use super::{Change, Done, Event, Lifecycles, Refusal, Setting};
use crate::binding::{self, PostLetter};
use crate::domain::dialog::{DialogRole, words};
use crate::domain::lifecycle::Lifecycle;
use crate::outcome::Code;

pub(super) fn needs(command: &PostLetter, system: &str, lifecycles: &Lifecycles, needs: &mut Needs) {
    needs.cases.extend(cases(system, &attached(command, system, lifecycles)));
}

/// A case that the letter names and that is not there: the letter may have overtaken it.
pub(super) fn awaited(command: &PostLetter, world: &World, setting: &Setting<'_>) -> Option<CaseKey> {
    let attached = attached(command, setting.system, setting.context.lifecycles);
    cases(setting.system, &attached).into_iter().find(|key| !world.cases.contains_key(key))
}

/// What the letter names; a case without a kind is one of the main kind.
fn attached(command: &PostLetter, system: &str, lifecycles: &Lifecycles) -> Vec<Attached> {
    let kind = |one: &binding::Named| match one.what.as_str() {
        CASE => Some(lifecycles.kind_code(system, one.kind.as_deref())),
        _ => one.kind.clone(),
    };
    let named = |one: &binding::Named| Attached { what: one.what.clone(), kind: kind(one), number: one.number.clone() };
    command.attached.iter().map(named).collect()
}

/// Who takes part in a case that is opened: none but in a dialog, and there somebody who may write.
pub(super) fn seated(readers: &[binding::Reader], lifecycle: &Lifecycle) -> Result<Vec<Reader>, Refusal> {
    let wrong = |detail: String| Refusal::with(Code::FieldWrong, detail);
    if lifecycle.kind().letters.is_none() {
        return match readers {
            [] => Ok(Vec::new()),
            _ => Err(wrong(format!("«{}»: участники бывают только у переписки", lifecycle.kind().label))),
        };
    }
    let mut seated: Vec<Reader> = Vec::with_capacity(readers.len());
    for reader in readers {
        let role = DialogRole::parse(&reader.role).ok_or_else(|| wrong(format!("роль участника {}", reader.role)))?;
        if seated.iter().any(|known| known.participant == reader.participant) {
            return Err(wrong(format!("участник {} назван дважды", reader.participant)));
        }
        seated.push(Reader { participant: reader.participant.clone(), role, read: 0, read_at: None });
    }
    if !seated.iter().any(|reader| reader.role.may_write()) {
        return Err(Refusal::with(Code::FieldMissing, "участник переписки, который может писать".to_owned()));
    }
    Ok(seated)
}

pub(super) fn apply(
    command: &PostLetter,
    key: &CaseKey,
    world: &World,
    setting: &Setting<'_>,
) -> Result<Done, Refusal> {
    let lifecycle = setting.lifecycle(&key.kind)?;
    let case = world.case(key).ok_or_else(|| Refusal::no_case(key))?;
    let (Some(event), Some(dialog)) = (&lifecycle.kind().letters, world.dialogs.get(key)) else {
        return Err(Refusal::with(Code::FieldWrong, format!("дело {} — не переписка", key.number)));
    };
    let reader = dialog.reader(&command.participant).ok_or_else(|| {
        let detail = format!("{} не участвует в переписке {}", command.participant, key.number);
        Refusal::with(Code::LetterNotAllowed, detail)
    })?;
    let by = By { happened_at: command.happened_at, agency: setting.sender.to_owned(), officer: None };
    let mut steps = Steps::new(world, setting, by);
    match &command.text {
        Some(text) => {
            may_write(reader, case, lifecycle)?;
            post(command, text, (case, dialog), event, &mut steps)?;
        }
        None => read(command, reader, (case, dialog), &mut steps)?,
    }
    Ok(steps.done())
}

fn may_write(reader: &Reader, case: &Case, lifecycle: &Lifecycle) -> Result<(), Refusal> {
    if !reader.role.may_write() {
        let detail = format!("роль «{}» не пишет", reader.role.label());
        return Err(Refusal::with(Code::LetterNotAllowed, detail));
    }
    let status = lifecycle.status(&case.status);
    match status.filter(|status| status.class.is_end()) {
        Some(status) => Err(Refusal::with(Code::ActForbidden, format!("письмо в статусе «{}»", status.label))),
        None => Ok(()),
    }
}

fn post(
    command: &PostLetter,
    text: &str,
    (case, dialog): (&Case, &Dialog),
    event: &str,
    steps: &mut Steps<'_>,
) -> Result<(), Refusal> {
    let setting = steps.setting();
    let before = steps.changes().len();
    steps.bring(&command.documents, &case.key, &command.participant, command.happened_at)?;
    let file = |change: &Change| match change {
        Change::Version(version) => Some(LetterFile {
            r#type: version.kind.clone(),
            number: version.document.clone(),
            version: version.version,
            file_name: version.file_name.clone(),
        }),
        _ => None,
    };
    let files = steps.changes()[before..].iter().filter_map(file).collect();
    let number = dialog.letters + 1;
    steps.change(Change::Letter(Box::new(Letter {
        case: case.key.clone(),
        number,
        author: command.participant.clone(),
        text: text.to_owned(),
        words: words(text),
        attached: attached(command, setting.system, setting.context.lifecycles),
        files,
        posted_at: command.happened_at,
        recorded_at: setting.context.now,
        message: setting.cause.message(),
        item: setting.item,
    })));
    acted(case, json!({ "letter": number, "from": command.participant }), steps);
    for reader in dialog.readers.iter().filter(|reader| reader.participant != command.participant) {
        let told = Event { reader: Some(reader.participant.clone()), ..Event::of(event, case, command.happened_at) };
        steps.event(told);
    }
    Ok(())
}

/// Everything that is there has been read. Where the reader is a receiver, the cases that the letters name learn it.
fn read(
    command: &PostLetter,
    reader: &Reader,
    (case, dialog): (&Case, &Dialog),
    steps: &mut Steps<'_>,
) -> Result<(), Refusal> {
    if reader.read == dialog.letters {
        return Ok(());
    }
    let now = Reader { read: dialog.letters, read_at: Some(command.happened_at), ..reader.clone() };
    steps.change(Change::Readers(case.key.clone(), vec![now]));
    acted(case, json!({ "read": dialog.letters, "by": reader.participant }), steps);
    if !reader.role.confirms() {
        return Ok(());
    }
    let mut told: Vec<&CaseKey> = Vec::new();
    let new = |letter: u32| letter > reader.read;
    for letter in dialog.referring.iter().filter(|one| new(one.number) && one.author != reader.participant) {
        for key in &letter.cases {
            let Some(named) = steps.case(key).cloned().filter(|_| !told.contains(&key)) else { continue };
            told.push(key);
            let because = json!({ "because": "letter:received", "dialog": case.key.number, "letter": letter.number });
            acted(&named, because, steps);
            steps.put(Case { changed_at: steps.setting().context.now, ..named });
            steps.happen(key, &Happened::Received)?;
        }
    }
    Ok(())
}

fn acted(case: &Case, details: serde_json::Value, steps: &mut Steps<'_>) {
    let told = Told { details, ..Told::default() };
    steps.record(case, Entry::Acted, Some(case.status.clone()), &case.status, &told);
}
