//! Making a file: pages come out of the snapshot on one side, rows go into the file on the other, a few pages apart. The file is hashed
//! as it is written, packed where asked for, synced, and a document is held against its schema before anybody sees it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::ExportFault;
use super::aside::aside;
use super::copies::Copies;
use super::csv::Csv;
use super::format::{Compression, Encoding, Format, Profile};
use super::html::{Html, Title};
use super::schemas::Schemas;
use super::table::{Row, Table};
#[cfg(feature = "xlsx")]
use super::xlsx::Xlsx;
use super::xml::{Head, Xml};
use crate::apply::Lifecycles;
use crate::failpoint;
use crate::store::{Page, Selection, Snapshot};

/// Rows of one page: enough that a statement costs little beside them, few enough that pages cost little memory.
const PAGE_ROWS: u32 = 4000;
/// Pages that may wait for being written.
const PAGES_WAITING: usize = 2;
/// Between the file and the packer.
const BUFFER_BYTES: usize = 128 * 1024;
/// Packing is paid once, the bytes often.
const ZSTD_LEVEL: i32 = 3;

/// Is told how far a making is.
pub trait Progress: Send + Sync {
    /// So many rows are read; the reading stands at this key of this last one.
    fn read(&self, rows: u64, key: i64, last_key: i64);
}

/// Everything that a file is made by.
#[derive(Debug, Clone)]
pub struct Making {
    pub(super) of: &'static str,
    pub(super) table: Table,
    pub(super) format: Format,
    pub(super) profile: Profile,
    pub(super) encoding: Encoding,
    pub(super) compression: Compression,
    pub(super) zone: Tz,
    pub(super) head: Head,
    pub(super) title: Title,
}

/// Where a file is made.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The folder of the file itself.
    pub(super) own: PathBuf,
    /// Folders in which it is to be too.
    pub(super) beside: Vec<PathBuf>,
}

/// A file that is written, and neither synced nor anywhere yet.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) copies: Copies,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Where the rows come from.
#[derive(Debug)]
pub(super) enum Rows {
    /// A register, read page by page; with changes, only of these.
    Register { selection: Box<Selection>, changes: Option<(i64, i64)> },
    /// Counted already: one section, or several of a page for people.
    Sections(Vec<(Section, Page)>),
}

/// What stands over the rows that follow.
#[derive(Debug)]
pub(super) struct Section {
    /// HTML above the heading; empty: none.
    pub(super) lead: String,
    /// Where there are several.
    pub(super) heading: Option<String>,
    /// A chart; empty: none.
    pub(super) figure: String,
    /// Its columns.
    pub(super) table: Table,
    /// What is said below its rows; empty: nothing.
    pub(super) note: String,
}

impl Section {
    /// The only one of a file.
    pub(super) fn only(figure: String, table: Table) -> Self {
        Self { lead: String::new(), heading: None, figure, table, note: String::new() }
    }
}

/// What goes from the reader to the writer.
#[derive(Debug)]
enum Piece {
    Section(Box<Section>),
    Page(Page),
}

/// How far the reading is; it waits until that was seen.
#[derive(Debug)]
struct Told {
    rows: u64,
    key: i64,
    last_key: i64,
    seen: oneshot::Sender<()>,
}

/// What the reader gives to.
struct Taking {
    pieces: mpsc::Sender<Piece>,
    told: mpsc::Sender<Told>,
}

impl Taking {
    /// Gives a piece; none where nobody takes it any more. A writer that has given up says why, the reader just ends.
    async fn give(&self, piece: Piece) -> Option<()> {
        self.pieces.send(piece).await.ok()
    }

    async fn tell(&self, rows: u64, key: i64, last_key: i64) -> Option<()> {
        let (seen, waiting) = oneshot::channel();
        self.told.send(Told { rows, key, last_key, seen }).await.ok()?;
        waiting.await.ok()
    }
}

/// Makes a file, and lets the snapshot go. Reading and writing both give way to whoever else wants the processor.
pub(super) async fn make(
    snapshot: Snapshot,
    rows: Rows,
    making: &Making,
    words: &Arc<Lifecycles>,
    places: Places,
    progress: &dyn Progress,
) -> Result<Written, ExportFault> {
    let started = Instant::now();
    let (pieces, receiver) = mpsc::channel(PAGES_WAITING);
    let (telling, told) = mpsc::channel(1);
    let (table, handle, taking) = (making.table.clone(), Handle::current(), Taking { pieces, told: telling });
    let reading = aside(move || handle.block_on(read(snapshot, rows, table, taking)));
    let (making, words, of) = (making.clone(), Arc::clone(words), making.of);
    let writing = aside(move || write(receiver, &making, &words, &places));
    let (read, written, ()) = tokio::join!(reading, writing, watch(told, progress));
    // A writer that gave up lets the reader end early and well; a reader that failed lets the writer end early.
    read??;
    let written = written??;
    failpoint::hit("export.written");
    let rows_a_second = rate(written.rows, started.elapsed());
    tracing::info!(of, rows = written.rows, bytes = written.bytes, rows_a_second, "file made");
    Ok(written)
}

/// How many a second.
pub(crate) fn rate(rows: u64, time: Duration) -> u64 {
    u64::try_from(u128::from(rows) * 1000 / time.as_millis().max(1)).unwrap_or(u64::MAX)
}

/// Holds a made document against its schema.
pub(super) fn check(written: &Written, making: &Making, schemas: &Schemas) -> Result<(), ExportFault> {
    if making.format != Format::Xml {
        return Ok(());
    }
    let path = written.copies.own().path();
    let unreadable = ExportFault::unwritable(path.display().to_string());
    let document = File::open(path).and_then(|file| unpacked(file, making.compression)).map_err(unreadable)?;
    schemas.check(making.of, document)
}

/// A packed file as it was before.
fn unpacked(file: File, compression: Compression) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(BUFFER_BYTES, file);
    Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(GzDecoder::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
    })
}

/// Shows how far the reading is.
async fn watch(mut told: mpsc::Receiver<Told>, progress: &dyn Progress) {
    while let Some(Told { rows, key, last_key, seen }) = told.recv().await {
        progress.read(rows, key, last_key);
        // A reader that does not wait any more has failed, and says why.
        let _reader_is_gone = seen.send(());
    }
}

/// Reads everything and lets the snapshot go.
async fn read(mut snapshot: Snapshot, rows: Rows, table: Table, taking: Taking) -> Result<(), ExportFault> {
    let read = match rows {
        Rows::Register { selection, changes } => {
            let section = Piece::Section(Box::new(Section::only(String::new(), table)));
            match taking.give(section).await {
                Some(()) => read_register(&mut snapshot, &selection, changes, &taking).await,
                None => Ok(()),
            }
        }
        Rows::Sections(sections) => {
            give_sections(sections, &taking).await;
            Ok(())
        }
    };
    let closed = snapshot.close().await;
    read?;
    Ok(closed?)
}

async fn give_sections(sections: Vec<(Section, Page)>, taking: &Taking) -> Option<()> {
    for (section, page) in sections {
        taking.tell(page.len() as u64, 1, 1).await?;
        taking.give(Piece::Section(Box::new(section))).await?;
        taking.give(Piece::Page(page)).await?;
    }
    Some(())
}

async fn read_register(
    snapshot: &mut Snapshot,
    selection: &Selection,
    changes: Option<(i64, i64)>,
    taking: &Taking,
) -> Result<(), ExportFault> {
    let last_key = snapshot.last_key(selection).await?;
    let (mut after, mut rows) = (i64::MIN, 0);
    loop {
        let page = snapshot.page(selection, after, PAGE_ROWS, changes).await?;
        failpoint::hit("export.read");
        let is_last = page.is_last;
        after = page.last_key;
        rows += page.len() as u64;
        let told = taking.tell(rows, if is_last { last_key } else { after }, last_key).await;
        if told.is_none() || taking.give(Piece::Page(page)).await.is_none() || is_last {
            return Ok(());
        }
    }
}

fn write(
    pieces: mpsc::Receiver<Piece>,
    making: &Making,
    words: &Lifecycles,
    places: &Places,
) -> Result<Written, ExportFault> {
    // Whatever cannot be written is a file of this folder.
    let named = |fault| match fault {
        ExportFault::Unwritable { fault, .. } => ExportFault::unwritable(places.own.display().to_string())(fault),
        other => other,
    };
    let copies = Copies::begin(&places.own, &places.beside).map_err(ExportFault::unwritable("the folder"));
    copies.and_then(|copies| fill(copies, pieces, making, words)).map_err(named)
}

fn fill(
    copies: Copies,
    mut pieces: mpsc::Receiver<Piece>,
    making: &Making,
    words: &Lifecycles,
) -> Result<Written, ExportFault> {
    let unwritable = || ExportFault::unwritable("the file");
    let packed = Packed::begin(Tally::of(BufWriter::with_capacity(BUFFER_BYTES, copies)), making.compression);
    let packed = packed.map_err(unwritable())?;
    let mut file = Open::begin(packed, making)?;
    let (mut table, mut rows) = (making.table.clone(), 0);
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Section(section) => {
                if let Open::Html(page) = &mut file {
                    page.section(&section)?;
                }
                table = section.table;
            }
            Piece::Page(page) => {
                rows += page.len() as u64;
                page.rows().try_for_each(|row| file.row(&table, &table.row(row, words)))?;
            }
        }
    }
    let tally = file.finish()?.finish().map_err(unwritable())?;
    let (bytes, sha256) = (tally.bytes, hex::encode(tally.hash.finalize()));
    let copies = tally.out.into_inner().map_err(|fault| unwritable()(fault.into_error()))?;
    Ok(Written { copies, rows, bytes, sha256 })
}

/// A file being written in its format.
enum Open<W: Write> {
    Csv(Box<Csv<W>>),
    Xml(Box<Xml<W>>),
    Html(Box<Html<W>>),
    #[cfg(feature = "xlsx")]
    Xlsx(Box<Xlsx<W>>),
}

impl<W: Write> Open<W> {
    fn begin(out: W, making: &Making) -> Result<Self, ExportFault> {
        Ok(match making.format {
            Format::Csv => {
                Self::Csv(Box::new(Csv::begin(out, &making.table, making.profile, making.encoding, making.zone)?))
            }
            Format::Xml => Self::Xml(Box::new(Xml::begin(out, &making.table, &making.head)?)),
            Format::Html => Self::Html(Box::new(Html::begin(out, &making.title)?)),
            #[cfg(feature = "xlsx")]
            Format::Xlsx => Self::Xlsx(Box::new(Xlsx::begin(out, &making.table, &making.title)?)),
            #[cfg(not(feature = "xlsx"))]
            Format::Xlsx => return Err(ExportFault::NotBuilt("xlsx")),
        })
    }

    fn row(&mut self, table: &Table, row: &Row<'_>) -> Result<(), ExportFault> {
        match self {
            Self::Csv(csv) => csv.row(table, row),
            Self::Xml(xml) => xml.row(table, row),
            Self::Html(html) => html.row(table, row),
            #[cfg(feature = "xlsx")]
            Self::Xlsx(xlsx) => xlsx.row(table, row),
        }
    }

    fn finish(self) -> Result<W, ExportFault> {
        match self {
            Self::Csv(csv) => csv.finish(),
            Self::Xml(xml) => xml.finish(),
            Self::Html(html) => html.finish(),
            #[cfg(feature = "xlsx")]
            Self::Xlsx(xlsx) => xlsx.finish(),
        }
    }
}

/// Counts and hashes what goes through.
struct Tally<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Tally<W> {
    fn of(out: W) -> Self {
        Self { out, hash: Sha256::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file being packed; the same bytes become the same packed bytes.
enum Packed<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Packed<W> {
    fn begin(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(out),
            // The header's moment stays zero.
            Compression::Gzip => Self::Gzip(Box::new(GzEncoder::new(out, flate2::Compression::default()))),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(Box::new(encoder))
            }
        })
    }

    fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
