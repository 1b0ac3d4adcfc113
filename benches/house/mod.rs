//! What the benchmarks of the whole job share: a private broker and a folder, a configuration of one agency, messages by
//! the thousand, and a queue filled with them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use mezhved::assemble;
use mezhved::binding::Library;
use mezhved::broker::topology::{self, EXCHANGE_IN};
use mezhved::broker::{Outgoing, Published, Session, Settings};
use mezhved::config::{self, Config};
use mezhved::daemon;
use mezhved::domain::properties::Properties;
use mezhved::sample::{Plan, Sample, Shares, Templates};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rabbitmq.sh");
const PUBLISHED_AT_ONCE: usize = 500;

/// A broker and a folder of one's own; both are gone when it is dropped.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    url: String,
}

impl Drop for House {
    fn drop(&mut self) {
        let _stopped = Command::new(SCRIPT).arg("kill").arg(self.folder.join("broker")).output();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("mezhved-bench-{}", std::process::id()));
        let pid = std::process::id().to_string();
        let output = Command::new(SCRIPT).arg("start").arg(folder.join("broker")).args(["--watch", &pid]).output();
        let output = output.expect("deploy/rabbitmq.sh");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = String::from_utf8(output.stdout).expect("an address").trim().to_owned();
        Self { folder, url }
    }

    /// Writes the configuration of a run with a store of its own; gives the file.
    pub(crate) fn config_file(&self, run: &str, relay: bool, http: &str) -> PathBuf {
        let file = self.folder.join(format!("{run}.toml"));
        let text = format!(
            "[agency]\ncode = 'MINSTROY'\n[broker]\nurl = '{}'\n[http]\naddress = '{http}'\n[relay]\nenabled = {relay}\n\
             [store]\npath = '{1}/{run}.sqlite'\n[contents]\nfolder = '{1}/contents'\n\
             [[agencies]]\ncode = 'EPGU'\nuser = 'mezhved'\nreceipts = 'receipts.epgu'\nsystems = ['epgu']\nkinds = ['*']\n",
            self.url,
            self.folder.display()
        );
        std::fs::write(&file, text).expect("a configuration");
        file
    }

    pub(crate) fn config(&self, run: &str, relay: bool) -> Config {
        let file = self.config_file(run, relay, "");
        Config::check(&config::load(Some(&file), &[]).expect("a configuration")).expect("a configuration")
    }

    pub(crate) async fn session(&self) -> Arc<Session> {
        Session::open(&Settings::new(self.url.as_str().into())).await.expect("a session")
    }

    pub(crate) async fn declare(&self) {
        let config = self.config("declare", false);
        let rules = assemble::rules(&config).expect("rules");
        let plan = daemon::topology(&config, &rules.lifecycles).expect("a plan");
        topology::declare(&self.session().await, &plan).await.expect("queues");
    }

    /// Puts messages into the queue of `epgu`; gives their number and their bytes.
    pub(crate) async fn prefill(&self, bodies: impl Iterator<Item = Vec<u8>>) -> (usize, usize) {
        let session = self.session().await;
        let mut publisher = session.publisher().await.expect("a channel");
        let mut bodies = bodies.peekable();
        let (mut count, mut bytes) = (0, 0);
        while bodies.peek().is_some() {
            let batch: Vec<Outgoing> = bodies.by_ref().take(PUBLISHED_AT_ONCE).map(outgoing).collect();
            count += batch.len();
            bytes += batch.iter().map(|one| one.body.len()).sum::<usize>();
            let verdicts = publisher.publish(&batch).await;
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Published::Confirmed)), "all are confirmed");
        }
        session.close().await;
        (count, bytes)
    }

    /// Applications without end, each opening a case of its own and bringing a document of its own.
    pub(crate) fn applications(&self, seed: u64) -> impl Iterator<Item = Vec<u8>> + 'static {
        // Borrowed for as long as the benchmark lasts.
        let rules: &'static assemble::Rules =
            Box::leak(Box::new(assemble::rules(&self.config("sample", false)).expect("rules")));
        let library = Library::load(None).expect("the built-in files");
        let text = |path: &'static str| (path, std::str::from_utf8(library.get(path).expect("a file")).expect("text"));
        let templates: &'static Templates = Box::leak(Box::new(
            Templates::parse(
                text("envelope/1.0/envelope.sample.xml"),
                text("epgu/1.0/submit-application.sample.xml"),
                text("epgu/1.0/status-update.sample.xml"),
                text("epgu/1.0/document-exchange.sample.xml"),
                mezhved::sample::words(&library).expect("words"),
            )
            .expect("templates"),
        ));
        let plan = Plan {
            seed,
            messages: u64::MAX,
            base: mezhved::clock::now() - chrono::Duration::days(30),
            span: chrono::Duration::days(30),
            recipient: "MINSTROY".into(),
            portal: "EPGU".into(),
            agencies: vec!["EPGU".into()],
            shares: Shares::none(),
        };
        let lifecycle = rules.lifecycles.get("epgu").expect("a lifecycle");
        Sample::new(plan, lifecycle, &rules.lifecycles.documents, templates)
            .filter(|message| message.what.starts_with("application"))
            .map(|message| message.bytes.to_vec())
    }
}

fn outgoing(body: Vec<u8>) -> Outgoing {
    Outgoing {
        exchange: EXCHANGE_IN.to_owned(),
        routing_key: "epgu".to_owned(),
        properties: Properties {
            message_id: Some("bench".to_owned()),
            kind: Some("SubmitApplication".to_owned()),
            content_type: Some("application/xml".to_owned()),
            ..Properties::default()
        },
        body,
    }
}
