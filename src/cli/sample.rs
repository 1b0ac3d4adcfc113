//! `sample`: realistic, seeded traffic as files, and a list of what must become of each.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use clap::Args;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::binding::Library;
use crate::clock;
use crate::sample::{self as traffic, Oddity, Plan, Shares, Templates};

/// The list of a folder's messages: file, sender, what must become of it, what it is; tab-separated.
pub(super) const LIST: &str = "messages.tsv";

const ENVELOPE: &str = "envelope/1.0/envelope.sample.xml";
const SUBMIT: &str = "epgu/1.0/submit-application.sample.xml";
const UPDATE: &str = "epgu/1.0/status-update.sample.xml";
const EXCHANGE: &str = "epgu/1.0/document-exchange.sample.xml";

/// Make sample traffic.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved sample --into messages --seed 7\n  mezhved sample --into late --messages 50 --plain --share late=200"
)]
pub(super) struct Sample {
    /// Folder to write into; made where it is not there. The same seed and base give the same bytes.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// How many messages.
    #[arg(long, default_value_t = 400)]
    messages: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Moment of the first message, such as 2026-03-02T09:00:00Z; the traffic spreads over thirty days from it.
    /// By default thirty days ago.
    #[arg(long)]
    base: Option<DateTime<Utc>>,
    /// Nothing unusual but what --share names.
    #[arg(long)]
    plain: bool,
    /// How often something unusual occurs, in a thousand messages, such as `--share late=50`.
    #[arg(long = "share", value_name = "ODDITY=N")]
    shares: Vec<String>,
}

impl Sample {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        let rules = assemble::rules(&config)?;
        let library = Library::load(config.schemas.as_deref()).map_err(Failed::wrong)?;
        let templates = templates(&library)?;
        let Some(lifecycle) = rules.lifecycles.get("epgu") else {
            return Err(Failed::wrong("sample: there is no lifecycle for `epgu`"));
        };
        let plan = Plan {
            seed: self.seed,
            messages: self.messages,
            base: self.base.unwrap_or_else(|| clock::now() - Duration::days(30)),
            span: Duration::days(30),
            recipient: config.agency.clone(),
            portal: "EPGU".to_owned(),
            agencies: vec!["MFC-77".to_owned(), "ROSREESTR".to_owned()],
            shares: self.shares()?,
        };
        let made = traffic::Sample::new(plan, lifecycle, &rules.lifecycles.documents, &templates);
        let count =
            write(&self.into, made).map_err(|fault| Failed::wrong(format!("{}: {fault}", self.into.display())))?;
        show::line(&format!("{count} messages in {}, listed in {LIST}", self.into.display()));
        Ok(Exit::Well)
    }

    fn shares(&self) -> Result<Shares, Failed> {
        let mut shares = if self.plain { Shares::none() } else { Shares::usual() };
        for pair in &self.shares {
            let parsed = pair.split_once('=').and_then(|(name, count)| {
                Some((name.parse::<Oddity>().ok()?, count.parse::<u16>().ok().filter(|count| *count <= 1000)?))
            });
            let Some((oddity, count)) = parsed else {
                let known: Vec<&str> = Oddity::ALL.iter().map(|oddity| oddity.as_str()).collect();
                return Err(Failed::wrong(format!(
                    "--share {pair}: write ODDITY=0..1000; there are {}",
                    known.join(", ")
                )));
            };
            shares = shares.with(oddity, count);
        }
        Ok(shares)
    }
}

fn templates(library: &Library) -> Result<Templates, Failed> {
    let text = |path: &'static str| match library.get(path).map(std::str::from_utf8) {
        Some(Ok(text)) => Ok((path, text)),
        _ => Err(Failed::wrong(format!("sample: there is no template {path}"))),
    };
    Templates::parse(text(ENVELOPE)?, text(SUBMIT)?, text(UPDATE)?, text(EXCHANGE)?).map_err(Failed::wrong)
}

fn write(folder: &Path, traffic: traffic::Sample<'_>) -> std::io::Result<u64> {
    fs::create_dir_all(folder)?;
    let mut list = BufWriter::new(File::create(folder.join(LIST))?);
    writeln!(list, "file\tsender\texpected\twhat")?;
    let mut count = 0;
    for message in traffic {
        let name = message.file_name();
        fs::write(folder.join(&name), &*message.bytes)?;
        writeln!(list, "{name}\t{}\t{}\t{}", message.sender, message.expected, message.what)?;
        count += 1;
    }
    list.flush()?;
    Ok(count)
}
