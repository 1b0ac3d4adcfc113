//! What the flags of `export run` ask for: a moment, a period, a file of a register put together on the spot.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;

use crate::cli::Failed;
use crate::cli::moment::moment;
use crate::export::{Bench, Compression, Encoding, Format, Headings, Job, Profile, WrittenJob};
use crate::store::Period;

/// How a file that is put together on the spot is written.
#[derive(Debug, Args)]
pub(super) struct Form {
    /// csv, xml, html, or xlsx in a program built with it.
    #[arg(long, value_parser = parsed::<Format>)]
    format: Option<Format>,
    /// Of CSV: machine or excel-ru.
    #[arg(long, value_parser = parsed::<Profile>)]
    profile: Option<Profile>,
    /// Of CSV: utf-8 or windows-1251.
    #[arg(long, value_parser = parsed::<Encoding>)]
    encoding: Option<Encoding>,
    /// none, gzip or zstd.
    #[arg(long, value_parser = parsed::<Compression>)]
    compression: Option<Compression>,
    /// codes, russian or english.
    #[arg(long, value_parser = parsed::<Headings>)]
    headings: Option<Headings>,
    /// Only these columns, in this order.
    #[arg(long, value_delimiter = ',', value_name = "CODE,…")]
    columns: Vec<String>,
    /// Only rows in which a column holds this text; several of one column are alternatives.
    #[arg(long = "where", value_name = "COLUMN=TEXT")]
    filter: Vec<String>,
    /// The moment that the period goes by.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
}

/// A word of a job's file as a flag.
fn parsed<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, String> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|fault| fault.to_string())
}

impl Form {
    /// Whether anything is said that a job would say for itself.
    pub(super) fn is_asked(&self) -> bool {
        self.format.is_some()
            || self.profile.is_some()
            || self.encoding.is_some()
            || self.compression.is_some()
            || self.headings.is_some()
            || self.by.is_some()
            || !(self.columns.is_empty() && self.filter.is_empty())
    }

    /// The file of a register that the flags ask for.
    pub(super) fn job(&self, subject: &str, bench: &Bench<'_>) -> Result<Job, Failed> {
        let mut written = WrittenJob::of(subject)
            .with_form(self.format.unwrap_or_default(), self.profile, self.encoding)
            .with_dress(self.compression.unwrap_or_default(), self.headings)
            .with_columns(&self.columns)
            .by(self.by.as_deref());
        let mut filter: Vec<(&str, Vec<String>)> = Vec::new();
        for one in &self.filter {
            let Some((column, text)) = one.split_once('=') else {
                return Err(Failed::wrong(format!("--where {one}: write COLUMN=TEXT")));
            };
            match filter.iter_mut().find(|(known, _)| *known == column) {
                Some((_, texts)) => texts.push(text.to_owned()),
                None => filter.push((column, vec![text.to_owned()])),
            }
        }
        for (column, texts) in &filter {
            written = written.with_filter(column, texts);
        }
        made(written, bench)
    }
}

/// A register as it stands, with Russian headings.
pub(super) fn plain(subject: &str, bench: &Bench<'_>) -> Result<Job, Failed> {
    made(WrittenJob::of(subject).with_dress(Compression::None, Some(Headings::Russian)), bench)
}

fn made(written: WrittenJob, bench: &Bench<'_>) -> Result<Job, Failed> {
    Job::asked("command line", written, bench).map_err(|faults| {
        let told: Vec<String> = faults.into_iter().map(|fault| fault.text).collect();
        Failed::wrong(told.join("\n"))
    })
}

/// A period between two moments.
pub(super) fn period(from: &str, to: Option<&str>, now: DateTime<Utc>, zone: Tz) -> Result<Period, Failed> {
    let begin = moment(from, zone)?;
    let end = to.map_or(Ok(now), |to| moment(to, zone))?;
    if begin >= end {
        let to = to.map_or_else(|| "now".to_owned(), |to| format!("--to {to}"));
        return Err(Failed::wrong(format!("{to} is not after --from {from}")));
    }
    Ok(Period { from: begin.timestamp_millis(), to: end.timestamp_millis() })
}
