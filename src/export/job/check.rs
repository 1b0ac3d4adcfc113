//! A written job held against what there is: registers, columns, formats, zones, schedules, folders. All faults are collected.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono_tz::Tz;
use toml::{Spanned, Value};

use super::destinations::destinations;
use super::written::{Mode, Name, WrittenJob};
use super::{Bench, Job, JobFault, Subject};
use crate::apply::Lifecycles;
use crate::domain::calendar::line_of;
use crate::domain::lifecycle::{Lifecycle, System};
use crate::export::format::{Compression, Encoding, Format, Headings, Profile};
use crate::export::marks;
use crate::export::period::Relative;
use crate::export::table::{Asked, Table};
use crate::store::{Column, ColumnType, Labels, Value as Read};

/// Every format, as jobs write it.
const FORMATS: [Format; 4] = [Format::Csv, Format::Xml, Format::Html, Format::Xlsx];
/// A job of this code would share its queue with the messages about all jobs.
const TAKEN: &str = "ready";
/// The column that holds a system's code, wherever there is one.
const SYSTEM: &str = "system";
/// The longest code of a job.
const CODE_CHARACTERS_MAX: usize = 64;

/// What is found wrong.
pub(super) struct Faults<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<JobFault>,
}

impl Faults<'_> {
    pub(super) fn at<T>(&mut self, place: &Spanned<T>, text: impl Into<String>) {
        let line = line_of(self.text, place.span().start);
        self.found.push(JobFault { file: self.file.to_owned(), line, text: text.into() });
    }

    fn anywhere(&mut self, text: impl Into<String>) {
        self.found.push(JobFault { file: self.file.to_owned(), line: 1, text: text.into() });
    }

    fn in_schedule(&mut self, written: &WrittenJob, text: &str) {
        match &written.schedule {
            Some(place) => self.at(place, text),
            None => self.anywhere(text),
        }
    }

    pub(super) fn parsed<T: FromStr<Err = String>>(&mut self, name: &Name) -> Option<T> {
        name.get_ref().parse().map_err(|fault: String| self.at(name, fault)).ok()
    }
}

pub(super) fn check(file: &str, text: &str, written: WrittenJob, bench: &Bench<'_>) -> Result<Job, Vec<JobFault>> {
    let mut faults = Faults { file, text, found: Vec::new() };
    let job = build(written, bench, &mut faults);
    match job {
        Some(job) if faults.found.is_empty() => Ok(job),
        _ => {
            faults.found.sort_by_key(|fault| fault.line);
            Err(faults.found)
        }
    }
}

fn build(written: WrittenJob, bench: &Bench<'_>, faults: &mut Faults<'_>) -> Option<Job> {
    let code = code(written.code.as_ref(), faults);
    let zone = zone(written.zone.as_ref(), bench, faults);
    let period = match &written.period {
        None => Some(Relative::All),
        Some(name) => faults.parsed(name),
    };
    let format = format(&written, faults);
    let schedule =
        written.plan(bench.schedule).map(|plan| plan.map_err(|fault| faults.in_schedule(&written, &fault.text)).ok());
    let destinations = destinations(&written.destination, bench, faults);
    // Without a subject nothing can be said of columns.
    let subject = subject(&written, faults)?;
    let moment = moment(&written, subject, faults);
    fits(&written, subject, format, faults);
    let format = format.unwrap_or_default();
    let profile = written.profile.as_ref().map_or_else(Profile::default, |profile| *profile.get_ref());
    let table = table(&written, subject, (format, profile), bench, faults);
    let filter = filter(&written, subject, bench.lifecycles, faults);
    Some(Job {
        code: code?,
        label: if written.label.is_empty() { subject.label().to_owned() } else { written.label },
        subject,
        table: table?,
        filter,
        period: period?,
        moment,
        mode: written.mode,
        format,
        profile,
        encoding: written.encoding.map_or_else(Encoding::default, Spanned::into_inner),
        compression: written.compression,
        when_empty: written.when_empty,
        zone,
        schedule: match schedule {
            None => None,
            Some(schedule) => Some(schedule?),
        },
        destinations,
        announce: written.announce.unwrap_or(true),
    })
}

fn code(written: Option<&Name>, faults: &mut Faults<'_>) -> Option<String> {
    let Some(name) = written else {
        faults.anywhere("a job needs a `code`");
        return None;
    };
    let code = name.get_ref();
    let sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    if code.is_empty() || code.len() > CODE_CHARACTERS_MAX || !code.chars().all(sign) {
        faults.at(
            name,
            format!(
                "`{code}` is no code; write small Latin letters, digits and hyphens, at most {CODE_CHARACTERS_MAX}"
            ),
        );
        return None;
    }
    if code == TAKEN {
        faults.at(name, format!("`{TAKEN}` is taken: the queue export.{TAKEN} tells of all jobs"));
        return None;
    }
    Some(code.clone())
}

fn zone(written: Option<&Name>, bench: &Bench<'_>, faults: &mut Faults<'_>) -> Tz {
    let Some(name) = written else { return bench.zone };
    name.get_ref().parse().unwrap_or_else(|_| {
        faults.at(name, format!("`{}` is no zone; write such as `Europe/Moscow`", name.get_ref()));
        bench.zone
    })
}

fn subject(written: &WrittenJob, faults: &mut Faults<'_>) -> Option<Subject> {
    let (name, what) = match (&written.register, &written.report) {
        (Some(name), None) => (name, "register"),
        (None, Some(name)) => (name, "report"),
        (None, None) => {
            faults.anywhere("a job needs a `register` or a `report`");
            return None;
        }
        (Some(_), Some(name)) => {
            faults.at(name, "a job has a `register` or a `report`, not both");
            return None;
        }
    };
    let fits = |subject: &Subject| matches!(subject, Subject::Register(_)) == (what == "register");
    let found = Subject::get(name.get_ref()).filter(fits);
    if found.is_none() {
        let known: Vec<&str> = Subject::all().filter(fits).map(Subject::code).collect();
        faults.at(name, format!("there is no {what} `{}`; there are {}", name.get_ref(), known.join(", ")));
    }
    found
}

/// What goes together and what does not.
fn fits(written: &WrittenJob, subject: Subject, format: Option<Format>, faults: &mut Faults<'_>) {
    if written.mode == Mode::Incremental {
        if let Some(name) = &written.period {
            faults
                .at(name, "a job that gives changes has no period: it gives whatever was written since its last file");
        }
        if let Some(report) = &written.report {
            faults.at(report, "only a register has changes; a report counts");
        }
    }
    if let (Subject::Overview, Some(report), Some(Format::Csv | Format::Xml | Format::Xlsx)) =
        (subject, &written.report, format)
    {
        faults
            .at(report, "all reports stand on one page, which is HTML: write `format = \"html\"`, or `--format html`");
    }
}

fn moment(written: &WrittenJob, subject: Subject, faults: &mut Faults<'_>) -> Option<&'static Column> {
    let Subject::Register(register) = subject else {
        if let Some(name) = &written.moment {
            faults.at(name, "a report goes by its own moments; leave `moment` out");
        }
        return None;
    };
    let Some(name) = &written.moment else { return register.column(register.moment) };
    let found = register.column(name.get_ref()).filter(|column| column.kind == ColumnType::Moment);
    if found.is_none() {
        let moments = register.columns.iter().filter(|column| column.kind == ColumnType::Moment);
        let known: Vec<&str> = moments.map(|column| column.code).collect();
        faults.at(
            name,
            format!("`{}` is no moment of {}; there are {}", name.get_ref(), register.code, known.join(", ")),
        );
    }
    found
}

fn format(written: &WrittenJob, faults: &mut Faults<'_>) -> Option<Format> {
    let format = match &written.format {
        None => Format::default(),
        Some(name) => {
            let found = FORMATS.into_iter().find(|format| format.as_str() == name.get_ref());
            let Some(format) = found else {
                let known = FORMATS.map(Format::as_str).join(", ");
                faults.at(name, format!("there is no format `{}`; there are {known}", name.get_ref()));
                return None;
            };
            format
        }
    };
    if format == Format::Xlsx {
        if !cfg!(feature = "xlsx") {
            faults.anywhere(
                "this program was built without spreadsheets; build it with the feature `xlsx`, or export CSV",
            );
        }
        if written.compression != Compression::None {
            faults.anywhere("a spreadsheet is packed already; leave `compression` out");
        }
    }
    if format != Format::Csv {
        if let Some(profile) = &written.profile {
            faults.at(profile, "a `profile` is for CSV");
        }
        if let Some(encoding) = written.encoding.as_ref().filter(|encoding| *encoding.get_ref() != Encoding::Utf8) {
            faults.at(encoding, "only CSV can be written in another encoding than utf-8");
        }
    }
    Some(format)
}

fn table(
    written: &WrittenJob,
    subject: Subject,
    (format, profile): (Format, Profile),
    bench: &Bench<'_>,
    faults: &mut Faults<'_>,
) -> Option<Table> {
    let headings = written.headings.unwrap_or(match (format, profile) {
        (Format::Csv, Profile::Machine) => Headings::Codes,
        // A field of a document is labelled as people read it.
        (Format::Csv, Profile::ExcelRu) | (Format::Xml | Format::Html | Format::Xlsx, _) => Headings::Russian,
    });
    let declared = match subject {
        Subject::Register(register) => marks::fields_of(register, bench.lifecycles),
        Subject::Report(_) | Subject::Overview => Vec::new(),
    };
    let asked = match &written.columns {
        None if format == Format::Html => Some(Table::for_people(subject.columns(), &declared, headings)),
        None => None,
        Some(columns) => {
            let asked: Vec<Option<Asked>> = columns.iter().map(|column| asked(column, faults)).collect();
            let asked = asked.into_iter().collect::<Option<Vec<Asked>>>()?;
            if let (Format::Xml, Some(first)) = (format, columns.first()) {
                faults.at(first, "a document has all columns of its schema; leave `columns` out, or export CSV");
            }
            Some(asked)
        }
    };
    match Table::new(subject.columns(), declared.clone(), asked.as_deref(), headings) {
        Ok(table) => Some(table),
        Err(unknown) => {
            let fields = declared.iter().map(|field| format!("field.{}", field.code));
            let known: Vec<String> =
                subject.columns().iter().map(|column| column.code.to_owned()).chain(fields).collect();
            for code in unknown {
                let text = format!("{} has no column `{code}`; it has {}", subject.code(), known.join(", "));
                let is_it = |column: &&Spanned<Value>| written_code(column.get_ref()) == Some(code.as_str());
                match written.columns.iter().flatten().find(is_it) {
                    Some(place) => faults.at(place, text),
                    None => faults.anywhere(text),
                }
            }
            None
        }
    }
}

fn written_code(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("code")?.as_str())
}

fn asked(written: &Spanned<Value>, faults: &mut Faults<'_>) -> Option<Asked> {
    let value = written.get_ref();
    let heading = value.get("heading").and_then(Value::as_str).map(str::to_owned);
    let known = value.as_table().is_none_or(|table| table.keys().all(|key| key == "code" || key == "heading"));
    match written_code(value).filter(|_| known) {
        Some(code) => Some(Asked { code: code.to_owned(), heading }),
        None => {
            faults.at(written, "a column is a code, or `{ code = \"…\", heading = \"…\" }`");
            None
        }
    }
}

/// What a column of codes may hold, where the lifecycles know all of it: of systems, and of what has a label beside it.
fn closed<'l>(column: &Column, subject: Subject, lifecycles: &'l Lifecycles) -> Option<BTreeSet<&'l str>> {
    let labels = subject.columns().iter().find_map(|one| match one.value {
        Read::Label(labels, of) if of.last() == Some(&column.code) => Some(labels),
        _ => None,
    });
    let kinds = || lifecycles.systems().flat_map(System::kinds);
    Some(match labels {
        _ if column.code == SYSTEM => lifecycles.systems().map(System::code).collect(),
        Some(Labels::Kind) => kinds().map(|one| one.kind().code.as_str()).collect(),
        Some(Labels::Status) => kinds().flat_map(Lifecycle::statuses).map(|one| one.code.as_str()).collect(),
        Some(Labels::Service) => kinds().flat_map(Lifecycle::services).map(|one| one.code.as_str()).collect(),
        _ => return None,
    })
}

fn filter(
    written: &WrittenJob,
    subject: Subject,
    lifecycles: &Lifecycles,
    faults: &mut Faults<'_>,
) -> Vec<(&'static Column, Vec<String>)> {
    let mut filter = Vec::new();
    for (code, value) in &written.filter {
        let mut columns = subject.columns().iter().filter(|column| column.is_filter());
        let Some(column) = columns.clone().find(|column| column.code == code) else {
            let known: Vec<&str> = columns.by_ref().map(|column| column.code).collect();
            faults.at(
                value,
                format!("rows of {} cannot be chosen by `{code}`; they can by {}", subject.code(), known.join(", ")),
            );
            continue;
        };
        let texts = match value.get_ref() {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(list) => list.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
            faults.at(value, format!("`{code}` wants a text or a list of texts"));
            continue;
        };
        let known = match column.kind {
            ColumnType::State(known) => Some(known.iter().copied().collect()),
            _ => closed(column, subject, lifecycles),
        };
        if let Some(known) = known
            && let Some(unknown) = texts.iter().find(|text| !known.contains(text.as_str()))
        {
            let known: Vec<&str> = known.into_iter().collect();
            faults.at(value, format!("`{code}` is never `{unknown}`; it is one of {}", known.join(", ")));
        }
        filter.push((column, texts));
    }
    filter
}
