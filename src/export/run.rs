//! The conductor of an export: begin, read at one moment, make, check, keep, record, deliver, record. What a slot's file is, is decided
//! once, in the transaction that also moves the job's watermark: whoever runs the slot again delivers that file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::announce::{self, Finished};
use super::aside::aside;
use super::deliver::{self, Parcel};
use super::digest::{self, Short};
use super::html::Title;
use super::job::{Destination, Job, Mode, Subject};
use super::letter::{self, Post, Readers};
use super::make::{self, Making, Places, Progress, Rows, Section, Written};
use super::manifest::{Manifest, ManifestWatermark};
use super::part::{self, Part};
use super::table::Table;
use super::xml::{Head, namespace};
use super::{Empty, ExportFault, Format, Headings, Outlet, Schemas, chart, marks, report};
use crate::apply::Lifecycles;
use crate::apply::rows::AuditRow;
use crate::assemble::Rules;
use crate::clock;
use crate::config::{Config, Partners, StateServices};
use crate::failpoint;
use crate::mail::Mailer;
use crate::outbox::Sending;
use crate::store::{Contents, MadeExport, Page, Period, Report, Selection, Snapshot, Store, Watermark, reports};

/// Changes that are removed in one transaction.
const CHANGES_AT_ONCE: u32 = 5000;
/// Runs whose files are forgotten in one transaction, and files that the store is asked about at once.
const FILES_AT_ONCE: u32 = 500;

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The moment that it stands for.
    pub slot: DateTime<Utc>,
    /// Who or what asked.
    pub actor: String,
    /// Whether the slot's file is to be made anew although there is one.
    pub anew: bool,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// Number of the run.
    pub run: i64,
    /// What is said of the file.
    pub manifest: Manifest,
    /// Whether the file was there from an earlier run of the slot.
    pub again: bool,
    /// Where the file is.
    pub places: Vec<String>,
}

/// Makes and delivers.
#[derive(Debug)]
pub struct Exporter {
    store: Store,
    words: Arc<Lifecycles>,
    partners: Partners,
    services: StateServices,
    schemas: Arc<Schemas>,
    /// Where files are made.
    making: PathBuf,
    /// The files of slots.
    kept: Contents,
    agency: String,
    rules: String,
    /// Files longer than this do not come along with a message, or with a letter.
    content_bytes_max: u64,
    letter_bytes_max: u64,
    mailer: Option<Mailer>,
    #[cfg(feature = "s3")]
    s3: crate::config::S3Settings,
}

impl Exporter {
    /// An exporter over a store.
    ///
    /// # Errors
    /// The folder of schemas cannot be read.
    pub fn new(store: Store, config: &Config, rules: &Rules) -> Result<Self, ExportFault> {
        let folder = &config.exports.work_folder;
        let mailer = config.mail.as_ref().map(Mailer::new).transpose();
        Ok(Self {
            store,
            words: Arc::clone(&rules.lifecycles),
            partners: config.partners.clone(),
            services: config.services.clone(),
            schemas: Arc::new(Schemas::load(config.schemas.as_deref())?),
            making: making(folder),
            kept: kept(folder),
            agency: config.agency.clone(),
            rules: version(rules),
            content_bytes_max: config.exports.message_bytes_max,
            letter_bytes_max: config.exports.mail_bytes_max,
            mailer: mailer.map_err(|fault| ExportFault::Refused(fault.to_string()))?,
            #[cfg(feature = "s3")]
            s3: config.exports.s3.clone(),
        })
    }

    /// Runs a job for a slot, and records how it ended. A job that gives changes first delivers what it has made and could not deliver: no
    /// later file has those rows.
    ///
    /// # Errors
    /// Why there is no file; the run's row says the same.
    pub async fn run(&self, job: &Job, asked: &Asked, progress: &dyn Progress) -> Result<Outcome, ExportFault> {
        if job.mode == Mode::Incremental {
            for slot in self.store.export_owed(&job.code, asked.slot).await? {
                tracing::info!(job = job.code, %slot, "a file that could not be delivered goes first");
                self.slot(job, &Asked { slot, actor: asked.actor.clone(), anew: false }, progress).await?;
            }
        }
        self.slot(job, asked, progress).await
    }

    async fn slot(&self, job: &Job, asked: &Asked, progress: &dyn Progress) -> Result<Outcome, ExportFault> {
        let begun = self.store.export_begin(&job.code, asked.slot, &asked.actor, asked.anew, clock::now()).await?;
        failpoint::hit("export.begun");
        tracing::info!(job = job.code, run = begun.run, attempt = begun.attempt, slot = %asked.slot, "export begins");
        let ended = self.attempt(job, asked, begun.run, begun.made, progress).await;
        match &ended {
            Ok(outcome) => {
                let Manifest { rows, bytes, .. } = outcome.manifest;
                tracing::info!(job = job.code, run = begun.run, rows, bytes, again = outcome.again, "export done");
            }
            Err(fault) => {
                tracing::error!(job = job.code, run = begun.run, %fault, "export failed");
                self.store.export_failed(begun.run, &fault.to_string(), clock::now()).await?;
            }
        }
        ended
    }

    async fn attempt(
        &self,
        job: &Job,
        asked: &Asked,
        run: i64,
        made: Option<String>,
        progress: &dyn Progress,
    ) -> Result<Outcome, ExportFault> {
        let period = job.period.at(asked.slot, job.zone)?;
        let earlier = made.and_then(|told| serde_json::from_str::<Manifest>(&told).ok());
        let again = earlier.is_some();
        let (manifest, copies) = match earlier {
            Some(earlier) => (earlier, Vec::new()),
            None => self.made(job, asked, run, period, progress).await?,
        };
        failpoint::hit("export.made");
        let places = match manifest.sha256.is_empty() {
            true => Vec::new(),
            false => self.deliver(job, asked.slot, run, &manifest, period, copies).await?,
        };
        failpoint::hit("export.delivered");
        let now = clock::now();
        let sending = Sending {
            agency: &self.agency,
            lifecycles: &self.words,
            partners: &self.partners,
            services: &self.services,
            zone: job.zone,
            now,
        };
        let (slot, content_bytes_max) = (asked.slot, self.content_bytes_max);
        let finished = Finished { job, manifest: &manifest, slot, period, places: &places, content_bytes_max };
        let owed = announce::owed(&finished, &self.kept, &sending)?;
        if !self.store.export_done(run, &owed, now).await? {
            return Err(ExportFault::Overtaken);
        }
        while self.store.export_forget_changes(CHANGES_AT_ONCE).await? > 0 {}
        Ok(Outcome { run, manifest, again, places })
    }

    /// Brings a file to its destinations, letters last: they say where it lies. A copy that lies beside a destination already becomes the file
    /// there. Gives its places.
    async fn deliver(
        &self,
        job: &Job,
        slot: DateTime<Utc>,
        run: i64,
        manifest: &Manifest,
        period: Option<Period>,
        mut copies: Vec<(PathBuf, Part)>,
    ) -> Result<Vec<String>, ExportFault> {
        let parcel = Parcel {
            job,
            manifest,
            slot,
            period,
            kept: &self.kept,
            #[cfg(feature = "s3")]
            s3: &self.s3,
        };
        let mut places = Vec::new();
        for destination in &job.destinations {
            let at = copies.iter().position(|(folder, _)| destination.folder() == Some(folder));
            let copy = at.map(|at| copies.swap_remove(at).1);
            places.extend(deliver::deliver(destination, &parcel, copy).await?);
        }
        for destination in &job.destinations {
            let (Destination::Mail { to, content, name }, Some(mailer)) = (destination, &self.mailer) else { continue };
            let post = Post { mailer, store: &self.store, run, content_bytes_max: self.letter_bytes_max };
            letter::send(&post, &Readers { to, content: *content, name }, &parcel, &places).await?;
        }
        Ok(places)
    }

    /// Makes the slot's file, keeps it, and records it together with how far the job comes by it. Gives the copies too that lie beside
    /// destinations by now.
    async fn made(
        &self,
        job: &Job,
        asked: &Asked,
        run: i64,
        period: Option<Period>,
        progress: &dyn Progress,
    ) -> Result<(Manifest, Vec<(PathBuf, Part)>), ExportFault> {
        // The watermark must be there before the snapshot: from then on changes are noted.
        let position = match (job.mode, job.subject) {
            (Mode::Incremental, Subject::Register(register)) => {
                Some(self.store.export_watch(&job.code, register.source).await?)
            }
            _ => None,
        };
        let mut snapshot = self.snapshot().await?;
        let watermark = position.map(|from| Watermark { job: job.code.clone(), from, to: snapshot.last_change() });
        let changes = watermark.as_ref().and_then(|mark| Some((mark.from?, mark.to)));
        let rows = self.rows(&mut snapshot, job, period, changes).await?;
        let making = self.making(job, asked, period);
        let beside = job.destinations.iter().filter_map(deliver::beside).collect();
        let places = Places { own: self.making.clone(), beside };
        let mut written = self.written(snapshot, rows, making, places, progress).await?;
        let delivered = match (written.rows, job.when_empty) {
            (0, Empty::Fail) => return Err(ExportFault::Empty),
            (0, Empty::Skip) => false,
            _ => true,
        };
        let mut manifest = self.manifest(job, asked, &written, period, watermark.as_ref())?;
        let copies = match delivered {
            true => written.copies.beside(),
            false => Vec::new(),
        };
        if delivered {
            self.keep(written).await?;
        } else {
            (manifest.file, manifest.sha256, manifest.bytes) = (String::new(), String::new(), 0);
        }
        failpoint::hit("export.kept");
        let made = MadeExport {
            rows: manifest.rows,
            bytes: manifest.bytes,
            sha256: delivered.then(|| manifest.sha256.clone()),
            manifest: manifest.told()?,
            watermark,
        };
        if !self.store.export_made(run, &made).await? {
            return Err(ExportFault::Overtaken);
        }
        Ok((manifest, copies))
    }

    /// Makes a file lasting, and keeps it under its hash.
    async fn keep(&self, written: Written) -> Result<(), ExportFault> {
        let kept = self.kept.clone();
        aside(move || {
            let Written { copies, sha256, .. } = written;
            let (part, unwritable) = (copies.own(), ExportFault::unwritable(copies.own().path().display().to_string()));
            part.sync().map_err(unwritable)?;
            Ok(kept.adopt(part.path(), &sha256)?)
        })
        .await?
    }

    /// Makes a file that nobody keeps, for somebody who asks: of any period, without a run and a watermark. The journal tells of it.
    ///
    /// # Errors
    /// Why there is no file.
    pub async fn show(
        &self,
        job: &Job,
        asked: &Asked,
        period: Option<Period>,
        outlet: Outlet<'_>,
        progress: &dyn Progress,
    ) -> Result<Manifest, ExportFault> {
        outlet.look()?;
        // What becomes a file is made beside its place; what is only passed on is made where files are made.
        let places = Places { own: outlet.folder().unwrap_or_else(|| self.making.clone()), beside: Vec::new() };
        let mut snapshot = self.snapshot().await?;
        let rows = self.rows(&mut snapshot, job, period, None).await?;
        let making = self.making(job, asked, period);
        let written = self.written(snapshot, rows, making, places, progress).await?;
        let manifest = self.manifest(job, asked, &written, period, None)?;
        let audit = AuditRow {
            at: clock::now(),
            actor: asked.actor.clone(),
            action: "export.show",
            subject: format!("export:{}", job.subject.code()),
            before: None,
            after: Some(
                serde_json::json!({"from": manifest.from, "to": manifest.to, "rows": written.rows}).to_string(),
            ),
        };
        self.store.note(&[audit]).await?;
        tokio::task::block_in_place(|| outlet.take(written.copies.into_own()))?;
        Ok(manifest)
    }

    /// The tables at one moment. The thread that reads them is started by one that gives way.
    async fn snapshot(&self) -> Result<Snapshot, ExportFault> {
        let (store, handle) = (self.store.clone(), Handle::current());
        Ok(aside(move || handle.block_on(store.snapshot())).await??)
    }

    /// A file that is made and is what its schema says, but is nowhere yet.
    async fn written(
        &self,
        snapshot: Snapshot,
        rows: Rows,
        making: Making,
        places: Places,
        progress: &dyn Progress,
    ) -> Result<Written, ExportFault> {
        let written = make::make(snapshot, rows, &making, &self.words, places, progress).await?;
        // While the snapshot was there the store's log only grew; better folded here than by somebody's commit.
        if let Err(fault) = self.store.fold_log().await {
            tracing::debug!(%fault, "the store's log could not be folded into its file");
        }
        let schemas = Arc::clone(&self.schemas);
        aside(move || make::check(&written, &making, &schemas).map(|()| written)).await?
    }

    async fn rows(
        &self,
        snapshot: &mut Snapshot,
        job: &Job,
        period: Option<Period>,
        changes: Option<(i64, i64)>,
    ) -> Result<Rows, ExportFault> {
        Ok(match job.subject {
            Subject::Register(register) => {
                let selection = Selection {
                    register,
                    columns: job.table.reads.clone(),
                    fields: job.table.fields,
                    filter: job.filter.clone(),
                    period: job.moment.zip(period),
                    kinds: marks::kinds_of(register, &self.words),
                };
                Rows::Register { selection: Box::new(selection), changes }
            }
            Subject::Report(report) => {
                let (figure, _, page) = self.counted(snapshot, report, job, period).await?;
                let page = report::chosen(report, &page, &job.table, &job.filter);
                Rows::Sections(vec![(Section::only(figure, job.table.clone()), page)])
            }
            Subject::Overview => self.overview(snapshot, job, period).await?,
        })
    }

    /// All reports in short, and the figures above them.
    async fn overview(&self, snapshot: &mut Snapshot, job: &Job, period: Option<Period>) -> Result<Rows, ExportFault> {
        let (mut sections, mut pages) = (Vec::new(), Vec::new());
        for report in reports::ALL.iter().copied() {
            let (figure, _, page) = self.counted(snapshot, report, job, period).await?;
            let Short { table, page: rows, note } = digest::short(report, &page)?;
            let heading = Some(report.label.to_owned());
            sections.push((Section { lead: String::new(), heading, figure, table, note }, rows));
            pages.push((report, page));
        }
        if let Some((first, _)) = sections.first_mut() {
            first.lead = digest::figures(&pages);
        }
        Ok(Rows::Sections(sections))
    }

    /// A report counted: its chart, the table of all its columns, its rows as they are read.
    async fn counted(
        &self,
        snapshot: &mut Snapshot,
        report: &'static Report,
        job: &Job,
        period: Option<Period>,
    ) -> Result<(String, Table, Page), ExportFault> {
        let page = snapshot.report(report, &report::ask(&self.words, period)).await?;
        let page = if report.by_day { report::by_days(report, &page, job.zone) } else { page };
        let whole = Table::new(report.columns, Vec::new(), None, Headings::Russian);
        let whole = whole.map_err(|unknown| ExportFault::Schema(unknown.join(", ")))?;
        let figure = match job.format {
            Format::Html => chart::figure(report, &whole, &report::chosen(report, &page, &whole, &[]), &self.words),
            Format::Csv | Format::Xml | Format::Xlsx => String::new(),
        };
        Ok((figure, whole, page))
    }

    fn making(&self, job: &Job, asked: &Asked, period: Option<Period>) -> Making {
        let mut attributes =
            vec![("agency", self.agency.clone()), ("job", job.code.clone()), ("slot", moment(asked.slot))];
        if let Some(period) = period {
            attributes.extend([("from", milliseconds(period.from)), ("to", milliseconds(period.to))]);
        }
        Making {
            of: job.subject.code(),
            table: job.table.clone(),
            format: job.format,
            profile: job.profile,
            encoding: job.encoding,
            compression: job.compression,
            zone: job.zone,
            head: Head { namespace: namespace(job.subject.code()), names: job.subject.names(), attributes },
            title: Title {
                text: job.label.clone(),
                agency: self.agency.clone(),
                slot: asked.slot,
                period,
                zone: job.zone,
            },
        }
    }

    fn manifest(
        &self,
        job: &Job,
        asked: &Asked,
        written: &Written,
        period: Option<Period>,
        watermark: Option<&Watermark>,
    ) -> Result<Manifest, ExportFault> {
        let schema = (job.format == Format::Xml).then(|| self.schemas.told(job.subject.code())).transpose()?;
        Ok(Manifest {
            job: job.code.clone(),
            of: job.subject.code().to_owned(),
            slot: moment(asked.slot),
            from: period.map(|period| milliseconds(period.from)),
            to: period.map(|period| milliseconds(period.to)),
            watermark: watermark.map(|mark| ManifestWatermark { from: mark.from, to: mark.to }),
            file: format!("{}.{}", job.code, job.ending()),
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256.clone(),
            format: job.format,
            profile: (job.format == Format::Csv).then_some(job.profile),
            encoding: job.encoding,
            compression: job.compression,
            columns: job.table.columns.iter().map(|column| column.code.clone()).collect(),
            schema,
            program: concat!("mezhved ", env!("CARGO_PKG_VERSION")).to_owned(),
            rules: self.rules.clone(),
        })
    }
}

/// Forgets the files of runs that ended before a moment, and what killed runs left where files are made; the rows of the runs stay.
/// Gives how many files went.
///
/// A run that makes the same bytes meanwhile keeps its file: what is made is younger than the moment, and only files that were kept before it
/// and that no run names then are removed; [`Contents::remove`] looks at the age once more, alone with the file. So files that a killed run
/// kept and never named go too.
///
/// # Errors
/// The store or the folder is away.
pub async fn forget(store: &Store, work_folder: &Path, before: DateTime<Utc>) -> Result<usize, ExportFault> {
    let making = making(work_folder);
    let mut gone = part::sweep(&making).map_err(ExportFault::unwritable(making.display().to_string()))?;
    while store.export_forget_files(before, FILES_AT_ONCE).await? > 0 {}
    let kept = kept(work_folder);
    for names in kept.kept_before(before)?.chunks(FILES_AT_ONCE as usize) {
        let free = store.export_files_unnamed(names).await?;
        gone += usize::try_from(kept.remove(&free, before)?).unwrap_or_default();
    }
    Ok(gone)
}

/// Where files are made.
fn making(work_folder: &Path) -> PathBuf {
    work_folder.join("making")
}

/// The files of slots.
fn kept(work_folder: &Path) -> Contents {
    Contents::at(work_folder.join("kept"))
}

fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn milliseconds(of: i64) -> String {
    moment(DateTime::from_timestamp_millis(of).unwrap_or_default())
}

/// One version for all rules: a hash of those of every family.
fn version(rules: &Rules) -> String {
    let mut hash = Sha256::new();
    for family in rules.rulebook.families() {
        for part in [&family.system, &family.version, &family.kind, &family.rules] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(&hash.finalize()[..8])
}
