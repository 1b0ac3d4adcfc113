//! `rules show`: the rules of an element as a person reads them.

use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::sets::{self, Chosen};
use crate::cli::listing::Form;
use crate::cli::{Done, Exit, Failed, Layers, show};
use crate::handbook::{self, Handbook};
use crate::xml::Language;

/// Columns where there is no terminal.
const COLUMNS: u16 = 160;
/// Stack of the thread that writes the handbook: schemas of others may nest as deep as they like.
const STACK_BYTES: usize = 256 << 20;

const AFTER: &str = "Without an element, the elements that documents may begin with are listed.

Examples:
  mezhved rules show Envelope
  mezhved rules show '{urn:mezhved:epgu:1.0}StatusUpdate' --format html > status-update.html
  mezhved rules show Order --schema order.xsd --lang en";

/// Show rules.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(in crate::cli) struct Show {
    /// The element that documents begin with; `{namespace}name` where several are called so.
    element: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Form of the output.
    #[arg(long, value_name = "FORM", default_value = "text", requires = "element")]
    format: Format,
    /// Language of headings and words, and of the annotations where there are several.
    #[arg(long, value_name = "LANGUAGE", default_value = "ru")]
    lang: Lang,
    #[command(flatten)]
    form: Form,
}

/// An element that documents may begin with.
#[derive(Debug, Serialize)]
struct Root<'r> {
    element: &'r str,
    namespace: &'r str,
    documentation: String,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables as wide as the terminal.
    Text,
    /// Markdown.
    Markdown,
    /// One page that needs nothing else, fit for printing.
    Html,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// Russian.
    Ru,
    /// English.
    En,
}

impl Show {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let sets = self.chosen.sets(layers)?;
        let language = match self.lang {
            Lang::Ru => Language::Russian,
            Lang::En => Language::English,
        };
        let Some(name) = &self.element else {
            self.list(&sets, language)?;
            return Ok(Exit::Well);
        };
        if !self.form.for_people() {
            return Err(Failed::wrong("--json and --csv are for the list; the rules of an element have --format"));
        }
        let (set, element) = sets::find(&sets, name)?;
        let columns = show::width().unwrap_or(COLUMNS);
        let text = show::with_stack(STACK_BYTES, || {
            let book = Handbook::of(&set.rules, element, language);
            match self.format {
                Format::Text => book.text(columns),
                Format::Markdown => book.markdown(),
                Format::Html => book.html(),
            }
        })?;
        show::bytes(text.as_bytes());
        Ok(Exit::Well)
    }

    /// The elements that documents may begin with.
    fn list(&self, sets: &[sets::Set], language: Language) -> Result<(), Failed> {
        let shown = match language {
            Language::Russian => ["Элемент", "Пространство имён", "Описание"],
            Language::English => ["Element", "Namespace", "Description"],
        };
        let headings = [(shown[0], "element"), (shown[1], "namespace"), (shown[2], "documentation")];
        let roots = sets.iter().flat_map(sets::Set::elements).map(|element| Root {
            element: element.local(),
            namespace: element.namespace(),
            documentation: handbook::documentation(element, language),
        });
        let cells = |root: &Root<'_>| vec![root.element.into(), root.namespace.into(), (&root.documentation).into()];
        self.form.print(&roots.collect::<Vec<_>>(), &headings, Tz::UTC, cells)
    }
}
