//! `validate`: messages or any documents against their rules, without applying anything.

mod batch;
mod documents;
mod excerpt;
mod finding;
mod messages;
mod piped;
mod report;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Done, Failed, Layers, assemble, schemas, show};
use crate::admit::Desk;
use crate::clock;
use crate::intake::folder;
use crate::rules::Strictness;
use crate::xml::{Doctype, Language};
use documents::Documents;
use excerpt::Excerpt;
use finding::{Judged, Wording};
use messages::Messages;
use report::{Form, Report};

const AFTER: &str =
    "Without --schema, files are messages: the envelope and the configured schema families judge them, as \
the daemon would. With --schema, files are any XML documents of any size, in any encoding.

Exit codes: 0 all files are valid; 1 some file is not; 2 wrong use, a wrong schema, an unreadable file.

--batch reads lines `SCHEMA1[;SCHEMA2...]<TAB>INSTANCE` and answers each with one line: `valid`, `invalid`, \
`schema-invalid`, or `error TEXT`. Without an instance only the schemas are judged. Without schemas the instance's \
xsi:schemaLocation and xsi:noNamespaceSchemaLocation are followed to local files, relative to the instance; without \
them its root is assessed laxly. Relative paths start from the working folder.

Examples:
  mezhved validate inbox/
  mezhved validate --schema order.xsd --schema types.xsd big.xml
  printf 'order.xsd\\torder.xml\\n' | mezhved validate --batch";

/// Validate messages or documents.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Validate {
    /// Files, or folders of them (`*.xml`, at any depth); with --schema also `-` for standard input.
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    files: Vec<PathBuf>,
    /// Schema document; may be given several times. Without it, files are messages.
    #[arg(long = "schema", short, value_name = "FILE", conflicts_with = "batch")]
    schemas: Vec<PathBuf>,
    /// Answer lines of standard input, see below.
    #[arg(long)]
    batch: bool,
    /// Print one JSON object a file.
    #[arg(long, conflicts_with = "batch")]
    json: bool,
    /// Language of the texts.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Lang,
    /// Show neither values nor lines of the documents, only places and rules.
    #[arg(long)]
    hide_values: bool,
    /// At most N violations per file.
    #[arg(long, value_name = "N", default_value = "100", value_parser = from_one_up)]
    violations_max: NonZeroUsize,
    /// Read patterns of the schemas as libxml2 takes them, such as `[a-z-.]`.
    #[arg(long)]
    lenient_patterns: bool,
    /// Accept a DOCTYPE with an internal subset, as old archives and test suites have: entities and attribute defaults in
    /// bounds, nothing external. Messages never may have one.
    #[arg(long)]
    allow_dtd: bool,
    /// Show the places in the document where the output is no terminal, too.
    #[arg(long, conflicts_with_all = ["json", "batch"])]
    places: bool,
    /// Colours.
    #[arg(long, value_name = "WHEN", default_value = "auto", conflicts_with = "json")]
    color: When,
}

/// A number of things of which there must be at least one.
fn from_one_up(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "write a whole number, 1 or more")
}

/// The name under which standard input is a file.
const STANDARD_INPUT: &str = "-";

/// The verdict on a file with an excerpt for each finding, where they are wanted.
type Found = (Judged, Vec<Option<Excerpt>>);

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Wherever it is printed to, and the places with them.
    Always,
    /// Nowhere.
    Never,
}

/// A language of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// English.
    En,
    /// Russian.
    Ru,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::Ru => Self::Russian,
        }
    }
}

impl Validate {
    pub(super) fn run(self, layers: &Layers) -> Done {
        if self.batch {
            return batch::run(self.doctype());
        }
        if self.allow_dtd && self.schemas.is_empty() {
            return Err(Failed::wrong("--allow-dtd needs --schema, for messages never have a DOCTYPE"));
        }
        let mut report = Report::new(self.form(), self.lang.into());
        if self.schemas.is_empty() {
            self.messages(layers, &mut report)?;
        } else {
            self.documents(&mut report)?;
        }
        Ok(report.finish())
    }

    fn form(&self) -> Form {
        let colour = match self.color {
            When::Auto => show::in_colour(),
            When::Always => true,
            When::Never => false,
        };
        match (self.json, self.places || show::to_terminal() || self.color == When::Always) {
            (true, _) => Form::Json,
            (false, true) => Form::Places { colour },
            (false, false) => Form::Lines,
        }
    }

    fn doctype(&self) -> Doctype {
        if self.allow_dtd { Doctype::Internal } else { Doctype::Refused }
    }

    fn wording(&self) -> Wording {
        Wording { language: self.lang.into(), values: !self.hide_values }
    }

    fn excerpts(&self) -> bool {
        matches!(self.form(), Form::Places { .. }) && !self.hide_values
    }

    fn messages(&self, layers: &Layers, report: &mut Report) -> Result<(), Failed> {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        let desk = Desk {
            rulebook: &rules.rulebook,
            partners: &config.partners,
            agency: &config.agency,
            answers: &rules.answers,
            now: clock::now(),
        };
        let bytes_max = config.message_large_bytes_max;
        let messages = Messages { desk, bytes_max, wording: self.wording(), excerpts: self.excerpts() };
        self.each(report, |path| messages.judge(path))
    }

    fn documents(&self, report: &mut Report) -> Result<(), Failed> {
        let strictness = if self.lenient_patterns { Strictness::Lenient } else { Strictness::Strict };
        let rules = match schemas::judged(&self.schemas, strictness)? {
            Ok(rules) => rules,
            Err(faults) => {
                report.refused(&faults)?;
                return Err(schemas::told(&faults));
            }
        };
        let violations_max = self.violations_max.get();
        let (wording, excerpts, doctype) = (self.wording(), self.excerpts(), self.doctype());
        let documents = Documents { rules: &rules, violations_max, wording, excerpts, doctype };
        self.each(report, |path| documents.judge(path))
    }

    /// Judges every file; one that cannot be read does not hide the others.
    fn each(&self, report: &mut Report, judge: impl Fn(&Path) -> io::Result<Found>) -> Result<(), Failed> {
        for given in &self.files {
            let is_input = given.as_os_str() == STANDARD_INPUT && !self.schemas.is_empty();
            let below = if is_input { Ok(vec![given.clone()]) } else { folder::files(std::slice::from_ref(given)) };
            match below {
                Ok(paths) => paths.iter().try_for_each(|path| report.add(path, judge(path)))?,
                Err(fault) => report.unreadable(given, &fault.to_string())?,
            }
        }
        Ok(())
    }
}
