//! What kinds say of each other and of themselves: parents, purposes, fields, acts, and the operations, roles and authorities
//! of the file.

use super::super::field::{FieldType, identifier};
use super::super::load::Faults;
use super::super::reaction::Guard;
use super::super::written::{Name, Written, WrittenField, WrittenKind, WrittenNamed, WrittenRole, WrittenStatus};
use super::{Form, Known, form, known_status, labelled, unique};

/// What a command is called where a kind says what it asks for.
const COMMANDS: [&str; 5] = ["open", "correct", "update", "documents", "letter"];
/// A parent of any kind.
const ANY_KIND: &str = "*";

/// One kind: its own vocabulary, and what it says of other kinds.
pub(super) fn kind(written: &WrittenKind, known: &[Known<'_>], faults: &mut Faults<'_>) {
    vocabulary(&written.purpose, "purpose", faults);
    vocabulary(&written.act, "act", faults);
    unique("field", written.field.iter().map(|one| &one.code), faults);
    for field in &written.field {
        form(&field.code, Form::Dashed, faults);
        labelled(&field.label, field.label_en.as_ref(), faults);
        if let Some(role) = &field.identifies {
            if !written.parties.iter().any(|one| one.get_ref() == role.get_ref()) {
                faults.on(role, "lifecycle.unknown-party", format!("`{}` is none of the `parties`", role.get_ref()));
            }
            if identifier(field.code.get_ref()).is_none() {
                let text = "the code of a field that identifies ends with `snils`, `inn`, `ogrn`, `ogrnip` or `name`";
                faults.on(&field.code, "lifecycle.field", text);
            }
        }
        field.group.iter().for_each(|group| form(group, Form::Dashed, faults));
        if field.required && field.kind == FieldType::Flag {
            let text = "a flag that is not there is `no`: it cannot be required";
            faults.on(&field.code, "lifecycle.field", text);
        }
    }
    unique("party", written.parties.iter(), faults);
    written.parties.iter().for_each(|role| form(role, Form::Dashed, faults));
    for role in &written.unique {
        if !written.parties.iter().any(|one| one.get_ref() == role.get_ref()) {
            faults.on(role, "lifecycle.unknown-party", format!("`{}` is none of the `parties`", role.get_ref()));
        }
    }
    written.term_from.iter().chain(&written.editable).for_each(|status| known_status(written, status, faults));
    named_fields(written, faults);
    for (role, from) in &written.inherits {
        if !written.parties.iter().any(|one| one.get_ref() == role) {
            faults.on(from, "lifecycle.unknown-party", format!("`{role}` is none of the `parties`"));
        }
    }
    let commands = written.operations.iter().map(|(name, at)| (name.as_str(), at));
    let listed = written.signed.iter().chain(&written.consent).map(|at| (at.get_ref().as_str(), at));
    for (name, at) in commands.chain(listed) {
        let status = name.strip_prefix("update:");
        if let Some(status) = status.filter(|_| written.consent.iter().any(|one| one.get_ref() == name)) {
            if !written.status.iter().any(|one| one.code.get_ref() == status) {
                faults.on(at, "lifecycle.unknown-status", format!("there is no [[status]] `{status}`"));
            }
            continue;
        }
        let act = name.strip_prefix("act:").is_some_and(|act| has(&written.act, act));
        if !act && !COMMANDS.contains(&name) {
            let text = format!(
                "`{name}` is no command; write {} or `act:` with an act",
                COMMANDS.map(|one| format!("`{one}`")).join(", ")
            );
            faults.on(at, "lifecycle.unknown-command", text);
        }
    }
    parents(written, known, faults);
    if written.status.iter().any(|status| status.blocks && status.standing) {
        faults.on(&written.code, "lifecycle.standing", "what blocks does not stand in force; remove `standing`");
    }
    written.status.iter().for_each(|status| station(written, status, known, faults));
}

/// Fields that the kind names elsewhere: they are declared, and of a type that fits.
fn named_fields(written: &WrittenKind, faults: &mut Faults<'_>) {
    match (&written.open_label, &written.open_label_en) {
        (Some(label), english) => labelled(label, english.as_ref(), faults),
        (None, Some(english)) => faults.on(english, "lifecycle.label", "write the Russian label beside it"),
        (None, None) => {}
    }
    let masked = |name: &&Name| written.field.iter().any(|one| one.masked && one.code.get_ref() == name.get_ref());
    for field in written.listed.iter().filter(masked) {
        faults.on(field, "lifecycle.field", "a field that is masked is not shown in lists".to_owned());
    }
    let unknown = |name: &&Name| !written.field.iter().any(|one| one.code.get_ref() == name.get_ref());
    for field in written.signed_or.iter().chain(&written.titled_by).chain(&written.listed).filter(unknown) {
        faults.on(field, "lifecycle.unknown-field", format!("the kind has no field `{}`", field.get_ref()));
    }
    let extension = written.extension.iter();
    let days = extension.clone().map(|one| &one.until).chain(&written.editable_until);
    let of_a_type = days.map(|field| (field, Some(FieldType::Day))).chain(extension.map(|one| (&one.reason, None)));
    for (field, of) in of_a_type {
        let known = written.field.iter().find(|one| one.code.get_ref() == field.get_ref());
        if known.is_none_or(|known| of.is_some_and(|of| known.kind != of)) {
            let text =
                format!("the kind has no field `{}` for it; that of the day is of the type `day`", field.get_ref());
            faults.on(field, "lifecycle.unknown-field", text);
        }
    }
}

fn vocabulary(names: &[WrittenNamed], what: &str, faults: &mut Faults<'_>) {
    unique(what, names.iter().map(|one| &one.code), faults);
    for one in names {
        form(&one.code, Form::Dashed, faults);
        labelled(&one.label, one.label_en.as_ref(), faults);
    }
}

fn has(names: &[WrittenNamed], code: &str) -> bool {
    names.iter().any(|one| one.code.get_ref() == code)
}

fn parents(written: &WrittenKind, known: &[Known<'_>], faults: &mut Faults<'_>) {
    for parent in &written.parent {
        for purpose in parent.purposes.iter().filter(|purpose| !has(&written.purpose, purpose.get_ref())) {
            faults.on(purpose, "lifecycle.unknown-purpose", format!("the kind has no purpose `{}`", purpose.get_ref()));
        }
        if parent.kind.get_ref() == ANY_KIND {
            continue;
        }
        let Some(kind) = kind_of(&parent.kind, known, faults) else { continue };
        for status in parent.statuses.iter().filter(|status| !kind.statuses.contains(&status.get_ref().as_str())) {
            let text = format!("`{}` has no status `{}`", kind.code, status.get_ref());
            faults.on(status, "lifecycle.unknown-status", text);
        }
    }
}

/// The kind with this name, or a fault.
fn kind_of<'k>(name: &Name, known: &'k [Known<'k>], faults: &mut Faults<'_>) -> Option<&'k Known<'k>> {
    let kind = known.iter().find(|one| one.code == name.get_ref());
    if kind.is_none() {
        faults.on(name, "lifecycle.unknown-kind", format!("there is no kind `{}`", name.get_ref()));
    }
    kind
}

/// What a status says beyond the graph.
fn station(written: &WrittenKind, status: &WrittenStatus, known: &[Known<'_>], faults: &mut Faults<'_>) {
    for field in &status.asks {
        if !written.field.iter().any(|one| one.code.get_ref() == field.get_ref()) {
            faults.on(field, "lifecycle.unknown-field", format!("the kind has no field `{}`", field.get_ref()));
        }
    }
    for field in &status.asked_by {
        let day = |one: &&WrittenField| one.code.get_ref() == field.get_ref() && one.kind == FieldType::Day;
        if !written.field.iter().any(|one| day(&one)) {
            faults.on(
                field,
                "lifecycle.unknown-field",
                format!("the kind has no field `{}` of a day", field.get_ref()),
            );
        }
    }
    for opening in &status.opens {
        if let Some(purpose) = opening.purpose.as_ref().filter(|purpose| !has(&written.purpose, purpose.get_ref())) {
            faults.on(purpose, "lifecycle.unknown-purpose", format!("the kind has no purpose `{}`", purpose.get_ref()));
        }
        kind_of(&opening.kind, known, faults);
    }
    if status.guard.is_some_and(|guard| guard != Guard::NoOpenCases) {
        let text = "a status is guarded by `no-open-cases` alone; the others belong to reactions";
        faults.on(&status.code, "lifecycle.guard", text);
    }
    if let Some(sent) = &status.code_sent {
        if status.term.is_none() {
            let text = "a one-time code is good until the deadline of the status; write a `term`";
            faults.on(&sent.event, "lifecycle.no-deadline", text);
        }
        if !status.next.iter().any(|next| next.get_ref() == sent.exhausted.get_ref()) {
            let text = format!("`{}` is not a next status of `{}`", sent.exhausted.get_ref(), status.code.get_ref());
            faults.on(&sent.exhausted, "lifecycle.timer-target", text);
        }
    }
}

/// The file as a whole: its name, its kinds, and what they may allow.
pub(in super::super) fn file(written: &Written, kinds: &[WrittenKind], faults: &mut Faults<'_>) {
    signatures(written, kinds, faults);
    form(&written.system, Form::Dashed, faults);
    labelled(&written.label, written.label_en.as_ref(), faults);
    unique("kind", kinds.iter().map(|one| &one.code).chain(&written.uses), faults);
    vocabulary(&written.operation, "operation", faults);
    allowed(written, &written.role, "role", faults);
    allowed(written, &written.authority, "authority", faults);
    for (_, operation) in kinds.iter().flat_map(|kind| &kind.operations) {
        known_operation(written, operation, faults);
    }
}

/// Kinds of signature that are demanded are defined.
fn signatures(written: &Written, kinds: &[WrittenKind], faults: &mut Faults<'_>) {
    unique("signature", written.signature.iter().map(|one| &one.code), faults);
    for one in &written.signature {
        form(&one.code, Form::Dashed, faults);
        labelled(&one.label, one.label_en.as_ref(), faults);
    }
    let services = kinds.iter().flat_map(|kind| &kind.service).flat_map(|service| &service.signatures);
    for name in kinds.iter().flat_map(|kind| &kind.signatures).chain(services) {
        if !written.signature.iter().any(|one| one.code.get_ref() == name.get_ref()) {
            faults.on(name, "lifecycle.unknown-signature", format!("there is no [[signature]] `{}`", name.get_ref()));
        }
    }
}

fn allowed(written: &Written, roles: &[WrittenRole], what: &str, faults: &mut Faults<'_>) {
    unique(what, roles.iter().map(|one| &one.code), faults);
    for role in roles {
        form(&role.code, Form::Dashed, faults);
        labelled(&role.label, role.label_en.as_ref(), faults);
        role.operations.iter().for_each(|operation| known_operation(written, operation, faults));
    }
}

fn known_operation(written: &Written, name: &Name, faults: &mut Faults<'_>) {
    if !has(&written.operation, name.get_ref()) {
        faults.on(name, "lifecycle.unknown-operation", format!("there is no [[operation]] `{}`", name.get_ref()));
    }
}
