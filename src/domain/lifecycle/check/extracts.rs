//! Extracts name kinds, fields, roles, statuses and reasons that exist, and requests that a timer answers can be declined; what goes
//! out goes to somebody who can be named.

use super::super::extract::Addressee;
use super::super::load::{Faults, Shared};
use super::super::written::{Name, WrittenExtract, WrittenKind};
use super::{Form, applies, form, labelled, unique};

/// All extracts of a file, and the timers that ask for them.
pub(in super::super) fn extracts(
    extracts: &[WrittenExtract],
    kinds: &[WrittenKind],
    shared: &Shared,
    faults: &mut Faults<'_>,
) {
    unique("extract", extracts.iter().map(|one| &one.code), faults);
    for extract in extracts {
        form(&extract.code, Form::Dashed, faults);
        labelled(&extract.label, extract.label_en.as_ref(), faults);
        told(extract, kinds, faults);
    }
    for kind in kinds {
        for status in &kind.status {
            for report in status.timers.iter().filter_map(|timer| timer.extract.as_ref()) {
                match extracts.iter().find(|one| one.code.get_ref() == report.get_ref()) {
                    Some(extract) => answered(extract, report, kind, status.code.get_ref(), shared, faults),
                    None => {
                        let text = format!("there is no [[extract]] `{}`", report.get_ref());
                        faults.on(report, "lifecycle.unknown-extract", text);
                    }
                }
            }
            if let Some(sends) = &status.sends
                && let Ok(Addressee::Service(field)) = sends.to.get_ref().parse()
                && !kind.field.iter().any(|one| *one.code.get_ref() == field)
            {
                faults.on(&sends.to, "lifecycle.unknown-field", format!("the kind has no field `{field}`"));
            }
        }
    }
}

/// What it tells of must exist.
fn told(extract: &WrittenExtract, kinds: &[WrittenKind], faults: &mut Faults<'_>) {
    if extract.kinds.is_empty() {
        faults.on(&extract.code, "lifecycle.extract", "an extract tells of at least one kind");
    }
    if extract.period.len() != 2 {
        let text = "`period` names two fields of the request: the first day and the last";
        faults.on(&extract.code, "lifecycle.extract", text);
    }
    for name in &extract.kinds {
        let Some(kind) = kinds.iter().find(|one| one.code.get_ref() == name.get_ref()) else {
            faults.on(name, "lifecycle.unknown-kind", format!("there is no kind `{}`", name.get_ref()));
            continue;
        };
        if !kind.parties.iter().any(|one| one.get_ref() == extract.role.get_ref()) {
            let text = format!("`{}` knows no party `{}`", name.get_ref(), extract.role.get_ref());
            faults.on(&extract.role, "lifecycle.unknown-party", text);
        }
        for field in extract.fields.get(name.get_ref()).into_iter().flatten() {
            known_field(kind, field, faults);
        }
    }
    for (kind, fields) in &extract.fields {
        if !extract.kinds.iter().any(|one| one.get_ref() == kind)
            && let Some(field) = fields.first()
        {
            faults.on(field, "lifecycle.extract", format!("`{kind}` is none of its `kinds`"));
        }
    }
}

fn known_field(kind: &WrittenKind, field: &Name, faults: &mut Faults<'_>) {
    if !kind.field.iter().any(|one| one.code.get_ref() == field.get_ref()) {
        let text = format!("`{}` has no field `{}`", kind.code.get_ref(), field.get_ref());
        faults.on(field, "lifecycle.unknown-field", text);
    }
}

/// A kind of request that it answers: it has the period, and can be declined for the reasons.
fn answered(
    extract: &WrittenExtract,
    report: &Name,
    kind: &WrittenKind,
    from: &str,
    shared: &Shared,
    faults: &mut Faults<'_>,
) {
    extract.period.iter().for_each(|field| known_field(kind, field, faults));
    let declined = kind.status.iter().find(|one| one.code.get_ref() == extract.declined.get_ref());
    let way = kind.status.iter().find(|one| one.code.get_ref() == from);
    let leads = way.is_some_and(|way| way.next.iter().any(|next| next.get_ref() == extract.declined.get_ref()));
    let (Some(declined), true) = (declined, leads) else {
        let text = format!("`{from}` of `{}` does not lead to `{}`", kind.code.get_ref(), extract.declined.get_ref());
        faults.on(report, "lifecycle.timer-target", text);
        return;
    };
    for reason in [&extract.no_rights, &extract.nothing_found] {
        let known = kind
            .reason
            .iter()
            .chain(&shared.reasons)
            .any(|one| one.code.get_ref() == reason.get_ref() && applies(one, declined));
        if !known {
            let text = format!("`{}` has no reason `{}` for it", kind.code.get_ref(), reason.get_ref());
            faults.on(reason, "lifecycle.no-reason", text);
        }
    }
}
