//! A job as written. Names keep their place in the text so that faults can name a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Subject;
use crate::config::{JobWritten, PlanFault, ScheduleSettings};
use crate::export::format::{Compression, Encoding, Format, Headings, Profile};
use crate::schedule::plan::Plan;

/// A name with its place.
pub(super) type Name = Spanned<String>;

/// Everything, or what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All that the period and the filter let through.
    #[default]
    Full,
    /// What was written since the last file; the first one holds everything.
    Incremental,
}

/// What becomes of a file without rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Empty {
    /// It is delivered, with its headings.
    #[default]
    Write,
    /// None is delivered; the run says so.
    Skip,
    /// The run fails.
    Fail,
}

/// A job as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WrittenJob {
    /// Code.
    pub(super) code: Option<Name>,
    /// What people call it.
    pub(super) label: String,
    pub(super) register: Option<Name>,
    pub(super) report: Option<Name>,
    pub(super) period: Option<Name>,
    pub(super) moment: Option<Name>,
    pub(super) mode: Mode,
    pub(super) columns: Option<Vec<Spanned<toml::Value>>>,
    pub(super) headings: Option<Headings>,
    pub(super) filter: BTreeMap<String, Spanned<toml::Value>>,
    pub(super) format: Option<Name>,
    pub(super) profile: Option<Spanned<Profile>>,
    pub(super) encoding: Option<Spanned<Encoding>>,
    pub(super) compression: Compression,
    pub(super) when_empty: Empty,
    pub(super) zone: Option<Name>,
    pub(super) schedule: Option<Spanned<JobWritten>>,
    pub(super) destination: Vec<WrittenDestination>,
    pub(super) announce: Option<bool>,
}

/// Where its files go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDestination {
    pub(super) kind: Name,
    pub(super) path: Option<Name>,
    pub(super) name: Option<Name>,
    pub(super) content: Option<Spanned<bool>>,
    pub(super) bucket: Option<Name>,
    pub(super) to: Option<Spanned<Vec<Name>>>,
}

impl WrittenDestination {
    /// The keys that are given beside its kind, with their places.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, Spanned<()>)> {
        let place = |of: &std::ops::Range<usize>| Spanned::new(of.clone(), ());
        let texts = [("path", &self.path), ("name", &self.name), ("bucket", &self.bucket)];
        let texts = texts.into_iter().filter_map(move |(key, name)| Some((key, place(&name.as_ref()?.span()))));
        let content = self.content.as_ref().map(|content| ("content", place(&content.span())));
        let to = self.to.as_ref().map(|to| ("to", place(&to.span())));
        texts.chain(content).chain(to)
    }
}

impl WrittenJob {
    /// Its code.
    pub(in crate::export) fn code(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.get_ref().as_str())
    }

    /// Code of what it exports.
    pub(in crate::export) fn subject(&self) -> Option<&str> {
        self.register.as_ref().or(self.report.as_ref()).map(|subject| subject.get_ref().as_str())
    }

    /// When it runs by itself, in the job's own zone unless the schedule names another.
    pub(in crate::export) fn plan(&self, schedule: &ScheduleSettings) -> Option<Result<Plan, PlanFault>> {
        let mut written = self.schedule.as_ref()?.get_ref().clone();
        if written.zone.is_none() {
            written.zone = self.zone.as_ref().map(|zone| zone.get_ref().clone());
        }
        Some(schedule.plan(&written))
    }

    /// A job over a register or report that nothing more is said of.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        let (register, report) = match Subject::get(subject) {
            Some(Subject::Report(_) | Subject::Overview) => (None, Some(name(subject))),
            Some(Subject::Register(_)) | None => (Some(name(subject)), None),
        };
        Self { code: Some(name(subject)), register, report, ..Self::default() }
    }

    /// Asks for columns by their codes.
    #[must_use]
    pub fn with_columns(mut self, columns: &[String]) -> Self {
        let value = |code: &String| Spanned::new(0..0, toml::Value::String(code.clone()));
        self.columns = (!columns.is_empty()).then(|| columns.iter().map(value).collect());
        self
    }

    /// Asks for rows of which a column holds one of these texts.
    #[must_use]
    pub fn with_filter(mut self, column: &str, texts: &[String]) -> Self {
        let texts = texts.iter().map(|text| toml::Value::String(text.clone())).collect();
        self.filter.insert(column.to_owned(), Spanned::new(0..0, toml::Value::Array(texts)));
        self
    }

    /// Asks for a form of the file.
    #[must_use]
    pub fn with_form(mut self, format: Format, profile: Option<Profile>, encoding: Option<Encoding>) -> Self {
        self.format = Some(name(format.as_str()));
        self.profile = profile.map(|profile| Spanned::new(0..0, profile));
        self.encoding = encoding.map(|encoding| Spanned::new(0..0, encoding));
        self
    }

    /// Asks for packing and headings.
    #[must_use]
    pub fn with_dress(mut self, compression: Compression, headings: Option<Headings>) -> Self {
        self.compression = compression;
        self.headings = headings;
        self
    }

    /// Asks for the moment that the period goes by.
    #[must_use]
    pub fn by(mut self, moment: Option<&str>) -> Self {
        self.moment = moment.map(name);
        self
    }
}

fn name(text: &str) -> Name {
    Spanned::new(0..0, text.to_owned())
}
