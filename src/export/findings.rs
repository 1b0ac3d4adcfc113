//! What stands in the way of exports, before any of them runs: faulty files, destinations that are not there, marks of lifecycles that no
//! register shows. Nothing is changed.

use super::deliver::look;
use super::job::Bench;
use super::jobs::{Jobs, Listed, Origin};
use super::marks::unknown_marks;

/// How a file of a job names each of its destinations.
const DESTINATION: &str = "[[destination]]";

/// One thing in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, the job, or `lifecycles`.
    pub of: String,
    /// What it is, with its place.
    pub text: String,
}

/// Everything that stands in the way of these jobs.
#[must_use]
pub fn findings(jobs: &Jobs, bench: &Bench<'_>) -> Vec<Finding> {
    let faulty = jobs.faults.iter().map(|fault| Finding { of: fault.file.clone(), text: fault.to_string() });
    let marks = unknown_marks(bench.lifecycles).into_iter();
    let marks = marks.map(|mark| Finding { of: "lifecycles".to_owned(), text: format!("export.mark: {mark}") });
    faulty.chain(marks).chain(jobs.listed.iter().flat_map(unreachable)).collect()
}

/// The destinations of a job that are not there.
fn unreachable(listed: &Listed) -> Vec<Finding> {
    let lines = listed.text.lines().zip(1..).filter(|(line, _)| line.trim_start().starts_with(DESTINATION));
    let mut lines = lines.map(|(_, number)| number);
    let mut found = Vec::new();
    for destination in &listed.job.destinations {
        let line = lines.next().unwrap_or(1);
        let Err(why) = look(destination) else { continue };
        let place = match &listed.origin {
            Origin::BuiltIn => String::new(),
            Origin::File(path) => format!("{}:{line}: ", path.display()),
        };
        let text = format!("{place}export.destination: {destination}: {why}");
        found.push(Finding { of: listed.job.code.clone(), text });
    }
    found
}
