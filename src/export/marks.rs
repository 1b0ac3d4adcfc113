//! Which kinds of cases a register shows: those that a lifecycle marks with it. No code knows a system or a kind.

use crate::apply::Lifecycles;
use crate::domain::lifecycle::{FieldType, Lifecycle};
use crate::domain::wording::Labelled;
use crate::store::Register;
use crate::store::registers::Over;

/// A field that the kinds of a register declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredField {
    /// Code.
    pub code: String,
    /// Russian heading.
    pub label: String,
    /// English heading; none: the Russian stands in.
    pub label_en: Option<String>,
    /// What it holds.
    pub kind: FieldType,
    /// Whether it leaves masked.
    pub masked: bool,
}

impl Labelled for DeclaredField {
    fn label(&self) -> &str {
        &self.label
    }

    fn label_en(&self) -> Option<&str> {
        self.label_en.as_deref()
    }
}

fn marked<'l>(lifecycles: &'l Lifecycles, register: &'l str) -> impl Iterator<Item = (&'l str, &'l Lifecycle)> {
    lifecycles.systems().flat_map(move |system| {
        let kinds = system.kinds().iter().filter(move |one| one.kind().register.as_deref() == Some(register));
        kinds.map(move |one| (system.code(), one))
    })
}

/// (system, kind) of the cases that a register shows; none for one that shows all of its table.
#[must_use]
pub fn kinds_of(register: &Register, lifecycles: &Lifecycles) -> Vec<(String, String)> {
    if register.over == Over::Everything {
        return Vec::new();
    }
    marked(lifecycles, register.code).map(|(system, one)| (system.to_owned(), one.kind().code.clone())).collect()
}

/// The fields that the kinds of a register declare, each once, in the order of the files.
pub(super) fn fields_of(register: &Register, lifecycles: &Lifecycles) -> Vec<DeclaredField> {
    let mut fields: Vec<DeclaredField> = Vec::new();
    if register.over == Over::Everything {
        return fields;
    }
    for (_, lifecycle) in marked(lifecycles, register.code) {
        for field in &lifecycle.kind().fields {
            let masked = field.leaves_masked();
            match fields.iter_mut().find(|known| known.code == field.code) {
                Some(known) => {
                    known.masked |= masked;
                    if known.kind != field.kind {
                        known.kind = FieldType::Text;
                    }
                }
                None => fields.push(DeclaredField {
                    code: field.code.clone(),
                    label: field.label.clone(),
                    label_en: field.label_en.clone(),
                    kind: field.kind,
                    masked,
                }),
            }
        }
    }
    fields
}

/// Marks of lifecycles that name no register over marked kinds, with the kinds that bear them.
#[must_use]
pub fn unknown_marks(lifecycles: &Lifecycles) -> Vec<String> {
    let known = |code: &str| Register::get(code).is_some_and(|register| register.over == Over::MarkedKinds);
    let all = lifecycles.systems().flat_map(|system| system.kinds().iter().map(move |one| (system.code(), one.kind())));
    all.filter_map(|(system, kind)| {
        let register = kind.register.as_deref().filter(|register| !known(register))?;
        Some(format!("{system}/{}: there is no register `{register}` that shows kinds", kind.code))
    })
    .collect()
}
