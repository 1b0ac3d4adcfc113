//! The validator: streams a document through sealed rules, once. It hands out every violation with its place, and the
//! values that a capture tree asks for. It never sees a schema document.

mod content;
mod element;
mod identity;
mod ids;
mod keys;
mod matcher;
mod options;
mod pass;
mod realm;
mod report;
mod value;
mod violation;
mod walk;
mod words;

#[cfg(test)]
mod fine_print;
#[cfg(test)]
mod tests;

pub use options::{Options, UndeclaredRoot};
pub use pass::{Bodies, BodyPass, NoBodies, Pass, Pick, RefusedBody, Verdict};
pub use violation::{Component, Violation};

use std::collections::BTreeSet;
use std::io::Read;

use crate::rules::{CaptureTree, Rules};
use crate::xml::{self, Doctype, Expanded, Position, Reader, StreamReader, TextReader, Window};
use realm::Realm;
use violation::Detail;
use walk::{Finished, Walk};

/// Validates a text and captures values. Where a capture tree marks a body, `bodies` chooses the rules of the element
/// in it by what has been captured before, and that element is validated as a root of its own.
#[must_use]
pub fn run<'r>(
    text: &str,
    rules: &'r Rules,
    captures: &'r CaptureTree,
    bodies: &dyn Bodies<'r>,
    options: &Options,
) -> Pass {
    let mut reader = TextReader::new(text, options.limits.clone());
    let walk = Walk::new(Realm::new(rules, Some(captures), 0), options);
    let Finished { realm, body, refused_body, report, fault } = walk.run(&mut reader, bodies);
    Pass {
        captured: realm.captured,
        body,
        refused_body,
        violations: report.violations,
        violations_truncated: report.truncated,
        fault,
    }
}

/// Validates a text, which may have a DOCTYPE where [`Options::doctype`] says so.
#[must_use]
pub fn check(text: &str, rules: &Rules, options: &Options) -> Verdict {
    if options.doctype == Doctype::Refused {
        return verdict(&mut TextReader::new(text, options.limits.clone()), rules, options, BTreeSet::new());
    }
    let Expanded { text: expanded, origins, unparsed_entities } = match xml::expand_doctype(text, &options.limits) {
        Ok(expanded) => expanded,
        Err(fault) => return Verdict { fault: Some(fault), ..Verdict::default() },
    };
    let mut reader = TextReader::new(&expanded, options.limits.clone());
    let mut found = verdict(&mut reader, rules, options, unparsed_entities);
    let written = |position: &mut Position| *position = Position::of(text, origins.written(position.offset));
    for violation in &mut found.violations {
        let end = origins.written_end(violation.position.offset + violation.length);
        written(&mut violation.position);
        violation.length = end.saturating_sub(violation.position.offset);
        if let Detail::DuplicateKey { offset, line, .. } = &mut violation.detail {
            let first = Position::of(text, origins.written(*offset));
            (*offset, *line) = (first.offset, first.line);
        }
    }
    found.fault.iter_mut().for_each(|fault| written(&mut fault.position));
    found
}

/// Validates a source of UTF-8 bytes in constant memory, but for what identity constraints keep.
#[must_use]
pub fn check_read(source: impl Read, rules: &Rules, options: &Options) -> Verdict {
    verdict(&mut StreamReader::from_source(source, options.limits.clone()), rules, options, BTreeSet::new())
}

fn verdict<W: Window>(reader: &mut Reader<W>, rules: &Rules, options: &Options, entities: BTreeSet<String>) -> Verdict {
    let mut walk = Walk::new(Realm::new(rules, None, 0), options);
    walk.entities = entities;
    let Finished { report, fault, .. } = walk.run(reader, &NoBodies);
    Verdict { violations: report.violations, violations_truncated: report.truncated, fault }
}
