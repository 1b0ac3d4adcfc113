//! `rules example`: a sample document for an element.

use clap::Args;

use super::sets::{self, Chosen};
use crate::cli::{Done, Exit, Failed, Layers, show};
use crate::specimen::{self, Extent, Plan};

/// Stack of the thread that makes the document: schemas of others may nest as deep as they like.
const STACK_BYTES: usize = 256 << 20;

const AFTER: &str =
    "The same schemas, element and seed give the same document. It has been validated. Names, numbers and \
texts are made up; numbers with check digits begin in ranges that nobody is given.

Examples:
  mezhved rules example '{urn:mezhved:epgu:1.0}StatusUpdate' --minimal
  mezhved rules example Order --schema order.xsd --seed 7";

/// Print a sample document.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(in crate::cli) struct Example {
    /// The element that the document begins with; `{namespace}name` where several are called so.
    element: String,
    #[command(flatten)]
    chosen: Chosen,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Everything that may occur; so by default.
    #[arg(long)]
    full: bool,
    /// As little as is valid.
    #[arg(long, conflicts_with = "full")]
    minimal: bool,
}

impl Example {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let sets = self.chosen.sets(layers)?;
        let (set, element) = sets::find(&sets, &self.element)?;
        let extent = if self.minimal { Extent::Minimal } else { Extent::Full };
        let plan = Plan { seed: self.seed, extent };
        let made = show::with_stack(STACK_BYTES, || specimen::make(&set.rules, element, plan))?
            .map_err(|impossible| Failed { exit: Exit::Found, text: impossible.to_string() })?;
        for omitted in &made.omitted {
            show::error(&format!("left out: {omitted}"));
        }
        show::bytes(made.text.as_bytes());
        Ok(Exit::Well)
    }
}
