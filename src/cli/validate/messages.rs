//! `validate` without schemas: messages by their envelope and the families that are built in or configured, judged as the
//! daemon would judge them, but for what only the store knows.

use std::io;
use std::path::Path;

use super::Found;
use super::documents::excerpts;
use super::finding::{Finding, Judged, Wording};
use crate::admit::{Desk, prepare};
use crate::binding::Faulted;
use crate::clock;
use crate::decode;
use crate::intake::folder;

/// Validates messages one after the other.
pub(super) struct Messages<'d> {
    pub(super) desk: Desk<'d>,
    pub(super) bytes_max: usize,
    pub(super) wording: Wording,
    /// Whether places are to be shown.
    pub(super) excerpts: bool,
}

impl Messages<'_> {
    /// The verdict on a message, and an excerpt for each finding where they are wanted.
    pub(super) fn judge(&self, path: &Path) -> io::Result<Found> {
        let file = path.display().to_string();
        let delivery = folder::delivery(path, self.bytes_max, clock::now())?;
        let prepared = prepare(delivery, &self.desk);
        let Err(rejected) = &*prepared.verdict else { return Ok((Judged::valid(file), Vec::new())) };
        let Ok(text) = decode::decode(&prepared.body, self.bytes_max) else {
            return Ok((Judged::refused(file, rejected, None, self.wording), Vec::new()));
        };
        // A refusal tells what a receipt needs; the places are looked up once more for more than that.
        let found = match self.desk.rulebook.read(&text.text).verdict {
            Err(Faulted::Violations(violations, truncated)) => {
                let found: Vec<Finding> = violations.iter().map(|found| self.wording.violation(found)).collect();
                Some((found, truncated))
            }
            Err(Faulted::Xml(fault)) => Some((vec![self.wording.fault(&fault)], false)),
            _ => None,
        };
        let judged = Judged::refused(file, rejected, found, self.wording);
        let excerpts = if self.excerpts { excerpts(text.text.as_bytes(), &judged)? } else { Vec::new() };
        Ok((judged, excerpts))
    }
}
