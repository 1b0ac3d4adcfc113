//! `dlq`: what failed, why, and the verbs to bring it to an end.

use chrono_tz::Tz;
use clap::{Args, Subcommand};

use super::listing::{Cell, Page};
use super::seek::known_code;
use super::{Done, Exit, Failed, Layers, assemble, known, show};
use crate::admit::Remark;
use crate::clock;
use crate::config::{Config, operator};
use crate::desk::{self, DeskFault};
use crate::relay;
use crate::store::{Contents, DeadLetterFilter, DeadLetterView, StoredBody};

/// Lines of the message shown before and after a violation's line.
const CONTEXT_LINES: usize = 2;

/// Dead letters.
#[derive(Debug, Subcommand)]
pub(super) enum Dlq {
    /// List dead letters, oldest first.
    List(List),
    /// Show one: why it failed, with the places in its XML.
    Show(Show),
    /// Try dead letters again through the pipeline.
    Replay(Replay),
    /// Close a dead letter without trying it again.
    Discard(Discard),
}

/// Which dead letters.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved dlq list --code unknown-case\n  mezhved dlq list --all --sender EPGU --json\n  mezhved dlq list --after 50"
)]
pub(super) struct List {
    /// Only this state.
    #[arg(long, value_parser = ["open", "replayed", "discarded"], default_value = "open")]
    state: String,
    /// Whatever the state.
    #[arg(long)]
    all: bool,
    /// Only this code, such as unknown-case.
    #[arg(long, value_parser = known_code)]
    code: Option<String>,
    /// Only this sender.
    #[arg(long)]
    sender: Option<String>,
    /// Only this system.
    #[arg(long)]
    system: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Which dead letter.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mezhved dlq show 17\n  mezhved dlq show 17 --raw > message.xml")]
pub(super) struct Show {
    /// Its number.
    id: i64,
    /// Print the message itself, byte for byte, and nothing else.
    #[arg(long)]
    raw: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "raw")]
    json: bool,
}

/// Which dead letters.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: some failed again.\n\nExamples:\n  mezhved dlq replay 17 18\n  mezhved dlq replay --code unknown-sender"
)]
pub(super) struct Replay {
    /// Their numbers.
    #[arg(required_unless_present = "code")]
    ids: Vec<i64>,
    /// All open ones of this code.
    #[arg(long, conflicts_with = "ids", value_parser = known_code)]
    code: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Which dead letter, and why.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mezhved dlq discard 17 --note 'sent again by the agency as 0b1d…'")]
pub(super) struct Discard {
    /// Its number.
    id: i64,
    /// Why it is discarded; kept with it and in the journal.
    #[arg(long, value_parser = reason)]
    note: String,
}

fn reason(text: &str) -> Result<String, String> {
    let reason = text.trim();
    if reason.is_empty() { Err("say why it is discarded".to_owned()) } else { Ok(reason.to_owned()) }
}

impl Dlq {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        assemble::runtime()?.block_on(async {
            match self {
                Self::List(list) => list.run(&config).await,
                Self::Show(show) => show.run(&config).await,
                Self::Replay(replay) => replay.run(config).await,
                Self::Discard(discard) => discard.run(config).await,
            }
        })
    }
}

impl List {
    async fn run(self, config: &Config) -> Done {
        if self.system.is_some() {
            known::system(self.system.as_ref(), &assemble::rules(config)?)?;
        }
        let store = assemble::store(config).await?;
        let filter = DeadLetterFilter {
            state: (!self.all).then(|| self.state.clone()),
            code: self.code.clone(),
            sender: self.sender.clone(),
            system: self.system.clone(),
            after: self.page.after,
            limit: self.page.limit,
        };
        let letters = store.dead_letters(&filter).await.map_err(Failed::away)?;
        if letters.is_empty() {
            known::agency("--sender", self.sender.as_ref(), config)?;
        }
        let headings = [
            ("no", "id"),
            ("when", "died_at"),
            ("sender", "sender"),
            ("kind", "kind"),
            ("item", "item"),
            ("case", "case"),
            ("code", "code"),
            ("reason", "reason"),
            ("state", "state"),
        ];
        self.page.print(&letters, &headings, config.zone, cells, |one| one.id)
    }
}

fn cells(one: &DeadLetterView) -> Vec<Cell> {
    vec![
        one.id.into(),
        Cell::Moment(one.died_at),
        (&one.sender).into(),
        one.kind.as_ref().into(),
        if one.item == 0 { "whole".into() } else { one.item.into() },
        one.case_number.as_ref().into(),
        (&one.code).into(),
        (&one.reason).into(),
        (&one.state).into(),
    ]
}

impl Show {
    async fn run(self, config: &Config) -> Done {
        let store = assemble::store(config).await?;
        let Some((view, body)) = store.dead_letter(self.id).await.map_err(Failed::away)? else {
            return Err(Failed { exit: Exit::Found, text: format!("there is no dead letter {}", self.id) });
        };
        if self.raw {
            let contents = Contents::at(config.contents.clone());
            show::bytes(&contents.resolve(body).map_err(Failed::away)?.unwrap_or_default());
            return Ok(Exit::Well);
        }
        if self.json {
            show::json(&view)?;
            return Ok(Exit::Well);
        }
        describe(&view, config.zone);
        // A body that lies outside the tables is long: its places are told, not shown.
        let text = match &body {
            StoredBody::Here(bytes) => {
                crate::decode::decode(bytes, bytes.len()).ok().map(|text| text.text.into_owned())
            }
            _ => None,
        };
        let remarks: Vec<Remark> = serde_json::from_str(&view.violations).unwrap_or_default();
        for remark in &remarks {
            place(remark, text.as_deref());
        }
        Ok(Exit::Well)
    }
}

fn describe(view: &DeadLetterView, zone: Tz) {
    let what = match view.item {
        0 => "the whole message".to_owned(),
        item => format!("item {item}"),
    };
    show::line(&format!("dead letter {}: {} — {}", view.id, view.code, view.reason));
    show::line(&format!(
        "  message   {} from {} ({what}, {} bytes, {})",
        view.message_id, view.sender, view.size, view.source
    ));
    let kind = format!("{}/{}", show::or_dash(view.system.as_deref()), show::or_dash(view.kind.as_deref()));
    show::line(&format!("  kind      {kind}, case {}", show::or_dash(view.case_number.as_deref())));
    show::line(&format!(
        "  failed    {}, tried {}",
        show::moment(view.died_at, zone),
        show::counted(view.attempts, "time")
    ));
    if let Some(closed_at) = view.closed_at {
        let by = show::or_dash(view.closed_by.as_deref());
        show::line(&format!(
            "  {:<9} {} by {by} {}",
            view.state,
            show::moment(closed_at, zone),
            view.note.clone().unwrap_or_default()
        ));
    }
}

/// A violation with the lines of the XML around it, its column pointed at.
fn place(remark: &Remark, text: Option<&str>) {
    show::line("");
    let constraint = remark.constraint.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    show::line(&format!("  {}{constraint}: {}", remark.code, remark.text));
    if let Some(path) = &remark.path {
        show::line(&format!("  at {path}"));
    }
    let (Some(line), Some(text)) = (remark.line, text) else { return };
    let at = usize::try_from(line).unwrap_or(usize::MAX);
    let first = at.saturating_sub(CONTEXT_LINES).max(1);
    for (number, words) in (1..).zip(text.lines()).skip(first - 1).take(at + CONTEXT_LINES + 1 - first) {
        show::line(&format!("  {number:>6} | {words}"));
        if number == at {
            let column = usize::try_from(remark.column.unwrap_or(1).max(1)).unwrap_or(1);
            show::line(&format!("         | {}^", " ".repeat(column - 1)));
        }
    }
}

impl Replay {
    async fn run(self, config: Config) -> Done {
        let pipeline = assemble::pipeline(config).await?;
        let ids = match &self.code {
            None => self.ids.clone(),
            Some(code) => {
                let filter = DeadLetterFilter {
                    state: Some("open".into()),
                    code: Some(code.clone()),
                    limit: u32::MAX,
                    ..DeadLetterFilter::default()
                };
                let letters = pipeline.store.dead_letters(&filter).await.map_err(Failed::away)?;
                letters.into_iter().map(|letter| letter.id).collect()
            }
        };
        let actor = operator();
        let (mut exit, mut away) = (Exit::Well, None);
        for id in ids {
            match desk::replay(&pipeline, id, &actor).await {
                Ok(view) => {
                    let again = view.state == "open";
                    if again {
                        exit = Exit::Found;
                    }
                    match (self.json, again) {
                        (true, _) => show::json(&view)?,
                        (false, true) => show::line(&format!("{id}: failed again: {} — {}", view.code, view.reason)),
                        (false, false) => show::line(&format!("{id}: replayed")),
                    }
                }
                Err(fault @ DeskFault::NotOpen(_)) => {
                    exit = Exit::Found;
                    show::error(&fault.to_string());
                }
                // Its bytes cannot be had; those of the others can.
                Err(fault @ DeskFault::Content(_)) => {
                    exit = Exit::Found;
                    show::error(&format!("{id}: {fault}"));
                }
                Err(fault) => {
                    away = Some(fault);
                    break;
                }
            }
        }
        // The receipt of a message that came as a file is written beside it.
        while !relay::to_files(&pipeline, clock::now()).await.map_err(Failed::away)?.is_idle() {}
        pipeline.store.close().await;
        away.map_or(Ok(exit), |fault| Err(Failed::away(fault)))
    }
}

impl Discard {
    async fn run(self, config: Config) -> Done {
        let store = assemble::store(&config).await?;
        match desk::discard(&store, self.id, &self.note, &operator()).await {
            Ok(()) => {
                show::line(&format!("{}: discarded", self.id));
                Ok(Exit::Well)
            }
            Err(fault @ DeskFault::NotOpen(_)) => Err(Failed { exit: Exit::Found, text: fault.to_string() }),
            Err(fault) => Err(Failed::away(fault)),
        }
    }
}
