//! What stories are told with: a house of their own, in a folder of their own.

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod proxy;
pub(crate) mod rabbitmq;
pub(crate) mod raw;
pub(crate) mod scenes;
pub(crate) mod traffic;
pub(crate) mod world;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mezhved::apply::results::{Results, Tried};
use mezhved::assemble::{self, Rules};
use mezhved::config::{Config, Written};
use mezhved::desk::{consistency, journal};
use mezhved::domain::journal::Finding;
use mezhved::domain::properties::Properties;
use mezhved::intake::{Delivery, Origin};
use mezhved::pipeline::Pipeline;
use mezhved::store::{MessageView, Sealing, Settings, Store};
use mezhved::{clock, config};

use crate::logs;

/// Agencies that all stories know.
pub(crate) const AGENCIES: &str = r#"
[agency]
code = "MINSTROY"

[[agencies]]
code = "EPGU"
user = "epgu"
receipts = "receipts.epgu"
systems = ["epgu"]
kinds = ["SubmitApplication", "DocumentExchange"]

[[agencies]]
code = "MFC-77"
user = "mfc77"
receipts = "receipts.mfc77"
systems = ["epgu"]
kinds = ["StatusUpdate", "DocumentExchange"]

[[agencies]]
code = "ROSREESTR"
user = "rosreestr"
receipts = "receipts.rosreestr"
systems = ["epgu"]
kinds = ["StatusUpdate", "DocumentExchange"]
"#;

/// What a story over all five systems adds to its configuration: the systems, and an agency that may send everything to them.
pub(crate) const FIVE: &str = r#"
[intake]
systems = ["agis2", "epgu", "fgis", "gge", "org"]

[[agencies]]
code = "CABINET"
user = "cabinet"
receipts = "receipts.cabinet"
documents = "documents.cabinet"
systems = ["agis2", "epgu", "fgis", "gge", "org"]
kinds = ["*"]
"#;

/// A folder that goes away with the story. Whatever the story did, the journal of its store must be as it was written: it is sealed and
/// verified then, unless the story tampered with the tables on purpose; and its daemon's log holds no value of a fixture.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// Marks a folder whose tables were tampered with.
const TAMPERED: &str = "tampered";

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("mezhved-story-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The story tampers with the tables: its journal is not verified at its end.
    pub(crate) fn tampered(&self) {
        std::fs::write(self.0.join(TAMPERED), "").unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let store = self.0.join("store.sqlite");
        let looked_at = !std::thread::panicking() && store.is_file() && !self.0.join(TAMPERED).exists();
        // On a thread of its own: a story ends within its own runtime.
        let log = std::fs::read(self.0.join("daemon.log")).unwrap_or_default();
        let findings = looked_at.then(|| std::thread::spawn(move || sealed(store)).join());
        drop(std::fs::remove_dir_all(&self.0));
        if let Some(findings) = findings {
            let findings = findings.expect("the journal of a story can be verified");
            assert!(findings.is_empty(), "the journal was tampered with: {findings:?}");
            logs::holds_none(&String::from_utf8_lossy(&log), logs::of_fixtures());
        }
    }
}

/// Seals what is not sealed yet, and gives what is wrong with the chain.
fn sealed(path: PathBuf) -> Vec<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = Settings { path, bytes_max: None, busy_timeout: Duration::from_secs(10), readers: 1 };
        let store = Store::open_existing(&settings).await.unwrap();
        let owner = journal::owner();
        while matches!(journal::seal_once(&store, &owner).await.unwrap(), Sealing::Done { rows, .. } if rows > 0) {}
        let findings = journal::verify(&store, None).await.unwrap().findings;
        store.close().await;
        findings
    })
}

/// The rules built into the program, compiled once for all stories.
pub(crate) fn rules(config: &Config) -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| assemble::rules(config).unwrap())
}

/// The configuration of a story: the stories' agencies, a folder of its own, and `more` over it.
pub(crate) fn written(folder: &Path, more: &str) -> Written {
    let file = folder.join("mezhved.toml");
    let text = format!("{AGENCIES}\n{more}");
    std::fs::write(&file, text).unwrap();
    let flag = |key: &str, value: PathBuf| (key.to_owned(), format!("'{}'", value.display()));
    let flags = [flag("store.path", folder.join("store.sqlite")), flag("contents.folder", folder.join("contents"))];
    config::load(Some(&file), &flags).unwrap()
}

/// A pipeline on a store of its own.
pub(crate) async fn house(folder: &Path, more: &str) -> Arc<Pipeline> {
    let config = Config::check(&written(folder, more)).unwrap();
    if config.schemas.is_some() || config.notify.templates.is_some() || config.routing.is_some() {
        return own_house(folder, more).await;
    }
    let rules = rules(&config);
    assemble::pipeline(config, rules).await.unwrap()
}

/// A pipeline whose rules are its own: the configuration names files beside the built-in ones.
pub(crate) async fn own_house(folder: &Path, more: &str) -> Arc<Pipeline> {
    let config = Config::check(&written(folder, more)).unwrap();
    let own = assemble::rules(&config).unwrap();
    assemble::pipeline(config, &own).await.unwrap()
}

/// A message as its agency would send it through the queue of its system, or else that of `epgu`.
pub(crate) fn delivery(pipeline: &Pipeline, body: Vec<u8>) -> Delivery {
    let text = mezhved::decode::decode(&body, body.len()).ok();
    let envelope = text.map(|text| pipeline.rulebook.read(&text.text).envelope);
    let sender = envelope.as_ref().and_then(|envelope| envelope.sender.as_deref());
    let user = sender.and_then(|sender| pipeline.config.partners.get(sender).map(|partner| partner.user.clone()));
    let system = envelope.and_then(|envelope| envelope.recipient_system);
    let system = system.filter(|system| pipeline.config.systems.contains(system)).unwrap_or_else(|| "epgu".to_owned());
    Delivery {
        body,
        properties: Properties { user_id: user, ..Properties::default() },
        origin: Origin::Queue {
            queue: format!("mezhved.in.{system}"),
            system,
            bytes_max: pipeline.config.message_bytes_max,
        },
        received_at: clock::now(),
    }
}

/// One batch through the whole pipeline.
pub(crate) async fn settle(pipeline: &Arc<Pipeline>, batch: Vec<Delivery>) {
    let prepared = pipeline.prepare(batch).await;
    pipeline.settle(prepared, ()).await.unwrap().into_run();
}

/// Waits until the next parked item is due.
pub(crate) async fn until_due(pipeline: &Pipeline) {
    let mut looks = daemon::Looks::new("a parked item is due");
    while pipeline.store.next_parked().await.unwrap().is_some_and(|due| due > mezhved::clock::now()) {
        looks.next().await;
    }
}

/// Everything that parked items can do now.
pub(crate) async fn wake(pipeline: &Arc<Pipeline>) {
    while mezhved::daemon::parked_once(pipeline).await.unwrap() > 0 {}
}

/// What must hold of every store, whatever was done through it: its rows fit together, its journal is as it was sealed.
pub(crate) async fn sound(pipeline: &Pipeline) {
    let misfits = consistency::check(&pipeline.store, &pipeline.lifecycles).await.unwrap();
    assert!(misfits.is_empty(), "the store does not hold together: {misfits:#?}");
    let findings = journal::verify(&pipeline.store, None).await.unwrap().findings;
    assert!(findings.is_empty(), "the journal was tampered with: {findings:?}");
}

/// Tells stories of `fixtures/` to a pipeline, message by message, whatever becomes of them.
pub(crate) async fn tell(pipeline: &Arc<Pipeline>, stories: &[&str]) {
    for story in stories {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(story);
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "xml"));
        files.sort_unstable();
        for file in files {
            settle(pipeline, vec![delivery(pipeline, std::fs::read(file).unwrap())]).await;
            wake(pipeline).await;
        }
    }
}

/// Runs statements on the data base of a story's folder, as somebody with a tool of his own would.
pub(crate) async fn damage(folder: &Path, statements: &[&'static str]) -> Result<(), sqlx::Error> {
    std::fs::write(folder.join(TAMPERED), "").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("store.sqlite"));
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut done = Ok(());
    for statement in statements {
        done = done.and(sqlx::query(*statement).execute(&pool).await.map(drop));
    }
    pool.close().await;
    done
}

/// The one message of this id.
pub(crate) async fn message(pipeline: &Pipeline, id: &str) -> MessageView {
    let mut found = pipeline.store.messages_by_id(id).await.unwrap();
    assert_eq!(found.len(), 1, "one message {id}");
    found.remove(0)
}

/// What became of each item of a message: the case, `applied`, `refused`, `parked` or `test`, the code.
pub(crate) fn item_results(items: &str) -> Vec<(String, &'static str, Option<String>)> {
    let word = |tried: Tried| match tried {
        Tried::Applied => "applied",
        Tried::Refused => "refused",
        Tried::Parked => "parked",
        Tried::Test => "test",
    };
    let told = Results::from_json(items).0.into_iter();
    told.map(|item| (item.case, word(item.result), item.remark.map(|remark| remark.code))).collect()
}
