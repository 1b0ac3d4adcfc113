//! `document verify`: missing, changed and left-over content files.

use std::time::Duration;

use clap::Args;

use crate::cli::listing::{Form, csv, csv_row};
use crate::cli::{Done, Exit, Failed, Layers, assemble, show};
use crate::desk::contents::{self, FileFinding, Wrong};
use crate::store::Contents;

/// How to verify.
#[derive(Debug, Args)]
#[command(
    after_help = "With --json, the last object says what was looked at.\n\nExample:\n  mezhved document verify --csv > findings.csv"
)]
pub(in crate::cli) struct Verify {
    /// Files that no row names count from this age on: younger ones may belong to a message that is being settled.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    leftover_age: u64,
    #[command(flatten)]
    form: Form,
}

impl Verify {
    pub(in crate::cli) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        if self.form.csv() {
            csv(&["wrong", "content", "named_by"], [])?;
        }
        let looked = assemble::runtime()?.block_on(async {
            let store = assemble::store(&config).await?;
            let folder = Contents::at(config.contents.clone());
            let age = Duration::from_secs(self.leftover_age);
            contents::verify(&store, &folder, age, |finding| self.tell(finding)).await.map_err(Failed::away)
        })?;
        if self.form.json() {
            show::json(&looked)?;
        } else if self.form.for_people() {
            let contents::Looked { contents, bytes, findings } = looked;
            show::line(&format!("{contents} contents of {bytes} bytes looked at, {findings} findings"));
        }
        Ok(if looked.findings == 0 { Exit::Well } else { Exit::Found })
    }

    fn tell(&self, finding: &FileFinding) {
        // A finding is text and lists of texts: it is always JSON, and always CSV.
        if self.form.json() {
            return drop(show::json(finding));
        }
        let wrong = match finding.wrong {
            Wrong::Missing => "missing",
            Wrong::Changed => "changed",
            Wrong::Leftover => "leftover",
        };
        if self.form.csv() {
            return drop(csv_row(vec![wrong.into(), (&finding.content).into(), finding.named_by.join("; ").into()]));
        }
        let named_by =
            if finding.named_by.is_empty() { String::new() } else { format!(": {}", finding.named_by.join("; ")) };
        show::line(&format!("{wrong} {}{named_by}", finding.content));
    }
}
