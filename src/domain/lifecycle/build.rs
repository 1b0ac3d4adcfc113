//! Builds lifecycles out of what is written. What cannot be read is a fault; whether the parts fit each other is checked elsewhere.

use std::collections::HashMap;

use toml::Spanned;

use super::event::{Audience, Event};
use super::extract::{Extract, Sending};
use super::field::Field;
use super::kind::{Kind, Named, Parent, TermExtension};
use super::load::{Faults, Shared};
use super::reaction::{Happening, Opening, Reaction};
use super::rights::{Authority, Holder, KindName, Rights, Role, SignatureKind, Vocabulary};
use super::service::Service;
use super::status::{OneTime, Status};
use super::timer::{Action, Due, Timer};
use super::written::{
    Name, WrittenEvent, WrittenExtract, WrittenField, WrittenKind, WrittenNamed, WrittenParent, WrittenReaction,
    WrittenReason, WrittenRights, WrittenRole, WrittenService, WrittenSignature, WrittenStatus, WrittenTimer,
};
use super::{Class, Lifecycle, Reason};

/// Parts a document's alternatives in a status' list.
const OR: char = '|';

/// System, its labels, version of the file.
pub(super) type About<'f> = (&'f str, &'f str, Option<&'f str>, &'f str);

/// Builds the lifecycle of a kind; none where a part of it cannot be read.
pub(super) fn lifecycle(
    mut written: WrittenKind,
    shared: &Shared,
    (system, label, label_en, version): About<'_>,
    faults: &mut Faults<'_>,
) -> Option<Lifecycle> {
    let own = |list: &mut Vec<_>| std::mem::take(list);
    let statuses = all(own(&mut written.status), |one| status(one, faults));
    let timers = all(std::mem::take(&mut written.timer), |one| timer(one, faults));
    let services = all(std::mem::take(&mut written.service), |one| service(one, faults));
    let events = all(shared.events.clone(), |one| event(one, faults));
    let words = std::mem::take(&mut written.words);
    let reasons = written.reason.drain(..).chain(shared.reasons.iter().cloned()).map(reason).collect();
    let documents = written.documents.take();
    let kind = kind(written, faults);
    let statuses: Vec<Status> = statuses?;
    let known =
        statuses.iter().flat_map(|one| [(one.label.clone(), one.code.clone()), (one.code.clone(), one.code.clone())]);
    let by_word = words
        .into_iter()
        .map(|(word, code)| (word, code.into_inner()))
        .chain(known)
        .filter_map(|(word, code)| Some((word, statuses.iter().position(|one| one.code == code)?)))
        .collect::<HashMap<_, _>>();
    Some(Lifecycle {
        system: system.to_owned(),
        label: label.to_owned(),
        label_en: label_en.map(str::to_owned),
        version: version.to_owned(),
        kind: kind?,
        start: statuses.iter().position(|one| one.class == Class::Start)?,
        statuses,
        by_word,
        timers: timers?,
        events: events?,
        reasons,
        services: services?,
        documents,
    })
}

/// Builds every part, so that every fault is found; none where one of them fails.
fn all<W, B>(written: Vec<W>, build: impl FnMut(W) -> Option<B>) -> Option<Vec<B>> {
    let built: Vec<Option<B>> = written.into_iter().map(build).collect();
    built.into_iter().collect()
}

/// Turns "not written" into nothing and "written but unreadable" into a failure of the whole.
fn optional<T>(written: Option<&Name>, read: impl FnOnce(&Name) -> Option<T>) -> Option<Option<T>> {
    match written {
        None => Some(None),
        Some(written) => read(written).map(Some),
    }
}

fn plain(names: Vec<Name>) -> Vec<String> {
    names.into_iter().map(Spanned::into_inner).collect()
}

fn english(label: Option<Name>) -> Option<String> {
    label.map(Spanned::into_inner)
}

fn named(written: WrittenNamed) -> Named {
    Named { code: written.code.into_inner(), label: written.label.into_inner(), label_en: english(written.label_en) }
}

fn reason(written: WrittenReason) -> Reason {
    Reason {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        statuses: plain(written.statuses),
    }
}

fn kind(written: WrittenKind, faults: &mut Faults<'_>) -> Option<Kind> {
    let numbering = optional(written.numbering.as_ref(), |form| faults.parsed(form, "lifecycle.numbering"));
    let parents = all(written.parent, |one| parent(one, faults));
    Some(Kind {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        journal: written.journal,
        consent: plain(written.consent),
        while_blocked: written.while_blocked,
        inherits: written.inherits.into_iter().map(|(role, from)| (role, from.into_inner())).collect(),
        term_from: written.term_from.map(Spanned::into_inner),
        extension: written.extension.map(|one| TermExtension {
            until: one.until.into_inner(),
            reason: one.reason.into_inner(),
            event: one.event.into_inner(),
        }),
        numbering: numbering?,
        parents: parents?,
        parties: plain(written.parties),
        unique: plain(written.unique),
        purposes: written.purpose.into_iter().map(named).collect(),
        acts: written.act.into_iter().map(named).collect(),
        editable: plain(written.editable),
        editable_until: written.editable_until.map(Spanned::into_inner),
        signed: plain(written.signed),
        signatures: plain(written.signatures),
        signed_or: written.signed_or.map(Spanned::into_inner),
        operations: written.operations.into_iter().map(|(name, code)| (name, code.into_inner())).collect(),
        letters: written.letters.map(Spanned::into_inner),
        register: written.register.map(Spanned::into_inner),
        open_label: written.open_label.map(Spanned::into_inner),
        open_label_en: english(written.open_label_en),
        titled_by: written.titled_by.map(Spanned::into_inner),
        listed: plain(written.listed),
        fields: written.field.into_iter().map(field).collect(),
    })
}

fn parent(written: WrittenParent, faults: &mut Faults<'_>) -> Option<Parent> {
    let within = optional(written.within.as_ref(), |term| faults.term(term))?;
    Some(Parent {
        kind: written.kind.into_inner(),
        purposes: plain(written.purposes),
        statuses: plain(written.statuses),
        within,
        overdue: written.overdue,
        required: written.required,
    })
}

fn field(written: WrittenField) -> Field {
    Field {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        kind: written.kind,
        required: written.required,
        masked: written.masked,
        identifies: written.identifies.map(Spanned::into_inner),
        group: written.group.map(Spanned::into_inner),
    }
}

fn status(written: WrittenStatus, faults: &mut Faults<'_>) -> Option<Status> {
    let term = optional(written.term.as_ref(), |term| faults.term(term));
    let timers = all(written.timers, |one| timer(one, faults));
    let on = all(written.on.into_iter().collect(), |(name, answer)| reaction(&name, &answer, faults));
    let code_sent = written.code_sent.map(|one| OneTime {
        event: one.event.into_inner(),
        attempts_max: one.attempts_max,
        exhausted: one.exhausted.into_inner(),
        reason: one.reason.map(Spanned::into_inner),
    });
    let sends = match written.sends {
        Some(one) => Some(Sending { what: one.what, to: faults.parsed(&one.to, "lifecycle.sends")? }),
        None => None,
    };
    Some(Status {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        class: written.class,
        waits_for: written.waits_for,
        next: plain(written.next),
        requires: written.requires,
        term: term?,
        event: written.event.map(Spanned::into_inner),
        timers: timers?,
        standing: written.standing,
        blocks: written.blocks,
        routes: written.routes.map(Spanned::into_inner),
        code_sent,
        asks: plain(written.asks),
        asked_by: plain(written.asked_by),
        documents: plain(written.documents)
            .into_iter()
            .map(|one| one.split(OR).map(|kind| kind.trim().to_owned()).collect())
            .collect(),
        guard: written.guard,
        sends,
        on: on?,
        opens: written
            .opens
            .into_iter()
            .map(|one| Opening {
                kind: one.kind.into_inner(),
                purpose: one.purpose.map(Spanned::into_inner),
                same_number: one.same_number,
            })
            .collect(),
    })
}

fn reaction(name: &str, answer: &Spanned<toml::Value>, faults: &mut Faults<'_>) -> Option<Reaction> {
    let happening: Happening = match name.parse() {
        Ok(happening) => happening,
        Err(fault) => {
            faults.on(answer, "lifecycle.happening", format!("{fault}"));
            return None;
        }
    };
    let written = match answer.get_ref() {
        toml::Value::String(to) => WrittenReaction { to: Some(to.clone()), ..WrittenReaction::default() },
        other => match other.clone().try_into() {
            Ok(written) => written,
            Err(fault) => {
                faults.on(answer, "lifecycle.reaction", format!("`{name}`: {}", fault.message()));
                return None;
            }
        },
    };
    Some(Reaction {
        happening,
        to: written.to,
        reason: written.reason,
        takes_details: written.take_details,
        opens: written.opens,
        guard: written.guard,
        rechecks: written.recheck,
    })
}

fn timer(written: WrittenTimer, faults: &mut Faults<'_>) -> Option<Timer> {
    let due = due(&written, faults);
    let from = optional(written.from.as_ref(), |name| faults.parsed(name, "lifecycle.happening"));
    let until = optional(written.until.as_ref(), |name| faults.parsed(name, "lifecycle.happening"));
    let only = optional(written.only.as_ref(), |only| match only.get_ref().split_once('=') {
        Some((field, value)) => Some((field.to_owned(), value.to_owned())),
        None => {
            faults.on(only, "lifecycle.timer-only", "write the field and its value: `level=simple`");
            None
        }
    });
    let action = match (written.to, written.remind, written.escalate, written.extract) {
        (Some(to), None, None, None) => Action::Move {
            to: to.into_inner(),
            choices: plain(written.choices),
            reason: written.reason.map(Spanned::into_inner),
        },
        (None, Some(event), None, None) => Action::Remind { event: event.into_inner() },
        (None, None, Some(event), None) => Action::Escalate { event: event.into_inner() },
        (Some(to), None, None, Some(report)) => Action::Extract { report: report.into_inner(), to: to.into_inner() },
        _ => {
            let text =
                "a timer does exactly one thing: write one of `move`, `remind`, `escalate`, or `extract` with `move`";
            faults.on(&written.code, "lifecycle.timer-action", text);
            return None;
        }
    };
    Some(Timer { code: written.code.into_inner(), due: due?, action, only: only?, from: from?, until: until? })
}

fn due(written: &WrittenTimer, faults: &mut Faults<'_>) -> Option<Due> {
    match (&written.after, &written.before, &written.term) {
        (Some(after), None, None) => Some(match after.get_ref().as_str() {
            "deadline" => Due::Deadline,
            "service term" => Due::ServiceTerm,
            "validity" => Due::Validity,
            "now" => Due::Now,
            _ => Due::After(faults.term(after)?),
        }),
        (None, Some(before), Some(term)) => {
            let term = faults.term(term)?;
            match before.get_ref().as_str() {
                "deadline" => Some(Due::BeforeDeadline(term)),
                "validity" => Some(Due::BeforeValidity(term)),
                _ => {
                    faults.on(before, "lifecycle.timer-due", "a timer goes off before `deadline` or before `validity`");
                    None
                }
            }
        }
        _ => {
            let text = "a timer is due `after` something, or a `term` `before` something";
            faults.on(&written.code, "lifecycle.timer-due", text);
            None
        }
    }
}

fn event(written: WrittenEvent, faults: &mut Faults<'_>) -> Option<Event> {
    let title = faults.template(&written.title);
    let short = faults.template(&written.short);
    let long = faults.template(&written.long);
    let to_do = optional(written.to_do.as_ref(), |text| faults.template(text));
    Some(Event {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        channels: plain(written.channels),
        title: title?,
        short: short?,
        long: long?,
        to_do: to_do?,
        required: written.required,
        to: if written.to.is_empty() { vec![Audience::Applicant] } else { written.to },
        attach: written.attach,
    })
}

fn service(written: WrittenService, faults: &mut Faults<'_>) -> Option<Service> {
    let term = faults.term(&written.term);
    let earliest = optional(written.earliest.as_ref(), |term| faults.term(term));
    let deadlines: Vec<_> =
        written.deadlines.into_iter().map(|(status, term)| Some((status, faults.term(&term)?))).collect();
    Some(Service {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        term: term?,
        earliest: earliest?,
        extension: written.extension,
        duplicates: written.duplicates,
        deadlines: deadlines.into_iter().collect::<Option<_>>()?,
        timers: written.timers.into_iter().map(|(timer, to)| (timer, to.into_inner())).collect(),
        category: written.category.map(Spanned::into_inner),
        category_en: english(written.category_en),
        access: written.access.map(Spanned::into_inner),
        access_en: english(written.access_en),
        signatures: plain(written.signatures),
        documents: plain(written.documents),
    })
}

/// What an extract is made of.
pub(super) fn extract(written: WrittenExtract) -> Extract {
    let mut period = written.period.into_iter().map(Spanned::into_inner);
    Extract {
        code: written.code.into_inner(),
        label: written.label.into_inner(),
        label_en: english(written.label_en),
        document: written.document.into_inner(),
        kinds: plain(written.kinds),
        role: written.role.into_inner(),
        fields: written.fields.into_iter().map(|(kind, fields)| (kind, plain(fields))).collect(),
        period: (period.next().unwrap_or_default(), period.next().unwrap_or_default()),
        declined: written.declined.into_inner(),
        no_rights: written.no_rights.into_inner(),
        nothing_found: written.nothing_found.into_inner(),
    }
}

/// Which kinds say who may do what.
pub(super) fn rights(written: &WrittenRights, faults: &mut Faults<'_>) -> Rights {
    let mut read = |written: &Name| {
        let parsed = KindName::parse(written.get_ref());
        if parsed.is_none() {
            faults.on(written, "lifecycle.rights", "write system and kind: `org/power`");
        }
        parsed
    };
    let holders = written.holders.iter().filter_map(|one| {
        Some(Holder {
            kind: read(&one.kind)?,
            principal: one.principal.get_ref().clone(),
            actor: one.actor.get_ref().clone(),
        })
    });
    let holders = holders.collect();
    let mut name = |written: &Option<Name>| written.as_ref().and_then(&mut read);
    Rights {
        holders,
        powers: name(&written.powers),
        staff: name(&written.staff),
        roles: name(&written.roles),
        certificates: name(&written.certificates),
        accounts: name(&written.accounts),
        consents: name(&written.consents),
    }
}

/// Operations, roles, authorities.
pub(super) fn vocabulary(
    operations: Vec<WrittenNamed>,
    roles: Vec<WrittenRole>,
    authorities: Vec<WrittenRole>,
    signatures: Vec<WrittenSignature>,
) -> Vocabulary {
    let parts = |one: WrittenRole| {
        (one.code.into_inner(), one.label.into_inner(), english(one.label_en), plain(one.operations))
    };
    Vocabulary {
        operations: operations.into_iter().map(named).collect(),
        roles: roles
            .into_iter()
            .map(|one| {
                let (code, label, label_en, operations) = parts(one);
                Role { code, label, label_en, operations }
            })
            .collect(),
        authorities: authorities
            .into_iter()
            .map(|one| {
                let (code, label, label_en, operations) = parts(one);
                Authority { code, label, label_en, operations }
            })
            .collect(),
        signatures: signatures
            .into_iter()
            .map(|one| SignatureKind {
                code: one.code.into_inner(),
                label: one.label.into_inner(),
                label_en: english(one.label_en),
                certified: one.certificate,
            })
            .collect(),
    }
}
