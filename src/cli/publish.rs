//! `publish`: files to the broker with confirms, each as the sender that its envelope names. For trials and tests: the
//! broker lets only a user with the tag `impersonator` speak for others.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::sample::LIST;
use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::assemble::Rules;
use crate::broker::{Outgoing, Published, Publisher, Session, topology};
use crate::config::Config;
use crate::decode;
use crate::domain::properties::{Properties, TRACEPARENT, traceparent_of};
use crate::intake::folder;
use crate::relay::said;

/// Messages published before their confirms are waited for.
const BATCH: usize = 500;

/// Send files to the broker.
#[derive(Debug, Args)]
#[command(
    after_help = "Only a broker user with the tag `impersonator` may publish as others.\n\nExit code 1: the broker refused some.\n\n\
Examples:\n  mezhved publish messages/\n  mezhved publish --user epgu application.xml"
)]
pub(super) struct Publish {
    /// Message files, or folders of them, in the order of their paths.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Publish as this broker user, whatever the envelope says.
    #[arg(long)]
    user: Option<String>,
    /// The system to send to where the envelope does not name one.
    #[arg(long, default_value = "epgu")]
    system: String,
    /// Name this queue for answers; by default the sender's queue of the configuration.
    #[arg(long)]
    reply_to: Option<String>,
}

impl Publish {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let config = layers.checked()?;
        assemble::log(&config)?;
        let rules = assemble::rules(&config)?;
        let files = folder::files(&self.paths).map_err(Failed::wrong)?;
        assemble::runtime()?.block_on(async {
            let session = Session::open(&config.broker).await.map_err(Failed::away)?;
            let mut publisher = session.publisher().await.map_err(Failed::away)?;
            let listed = listed(&files);
            let mut refused = 0;
            for part in files.chunks(BATCH) {
                let mut batch = Vec::with_capacity(part.len());
                for path in part {
                    let body =
                        std::fs::read(path).map_err(|fault| Failed::wrong(format!("{}: {fault}", path.display())))?;
                    batch.push(self.outgoing(body, listed.get(path).map(String::as_str), &config, &rules));
                }
                refused += send(&mut publisher, part, &batch).await?;
            }
            session.close().await;
            show::line(&format!("{} messages: {} confirmed, {refused} refused", files.len(), files.len() - refused));
            Ok(if refused == 0 { Exit::Well } else { Exit::Found })
        })
    }

    fn outgoing(&self, body: Vec<u8>, listed: Option<&str>, config: &Config, rules: &Rules) -> Outgoing {
        let (envelope, kind) = match decode::decode(&body, config.message_large_bytes_max) {
            Ok(text) => {
                let reading = rules.rulebook.read(&text.text);
                (Some(reading.envelope), reading.family.map(|family| family.kind.clone()))
            }
            Err(_) => (None, None),
        };
        let sender = listed.or_else(|| envelope.as_ref().and_then(|envelope| envelope.sender.as_deref()));
        let partner = sender.and_then(|sender| config.partners.get(sender));
        let user = self.user.clone().or_else(|| partner.map(|partner| partner.user.clone()));
        let system = envelope.as_ref().and_then(|envelope| envelope.recipient_system.clone());
        let system = system.filter(|system| config.systems.contains(system)).unwrap_or_else(|| self.system.clone());
        let large = body.len() > config.message_bytes_max;
        let reply_to = self.reply_to.clone().or_else(|| partner.and_then(|partner| partner.receipts.clone()));
        // Confirms are matched by it; a body without an id goes under its hash.
        let message_id = envelope.as_ref().and_then(|envelope| envelope.message_id.clone());
        let message_id = message_id.unwrap_or_else(|| format!("sha256:{}", hex::encode(decode::hash(&body))));
        let correlation_id = envelope.as_ref().and_then(|envelope| envelope.correlation_id.clone());
        let sent_at = envelope.as_ref().and_then(|envelope| envelope.sent_at);
        let trace = traceparent_of(&message_id, None);
        Outgoing {
            exchange: topology::EXCHANGE_IN.to_owned(),
            routing_key: if large { topology::large_key(&system) } else { system },
            properties: Properties {
                correlation_id: correlation_id.or_else(|| Some(message_id.clone())),
                timestamp: sent_at.and_then(|sent_at| u64::try_from(sent_at.timestamp()).ok()),
                message_id: Some(message_id),
                kind,
                user_id: user,
                reply_to,
                content_type: Some("application/xml".to_owned()),
                app_id: sender.map(str::to_owned),
                delivery_mode: Some(2),
                headers: BTreeMap::from([(TRACEPARENT.to_owned(), Value::from(trace))]),
                ..Properties::default()
            },
            body,
        }
    }
}

/// Who sends the files of `sample`: their list says so, whatever their envelopes pretend.
fn listed(files: &[PathBuf]) -> HashMap<PathBuf, String> {
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    let mut senders = HashMap::new();
    for folder in folders {
        let list = std::fs::read_to_string(folder.join(LIST)).unwrap_or_default();
        for line in list.lines().skip(1) {
            if let [file, sender, ..] = line.split('\t').collect::<Vec<_>>().as_slice() {
                senders.insert(folder.join(file), (*sender).to_owned());
            }
        }
    }
    senders
}

/// Publishes a batch; what the broker does not take is told by file. Gives how many.
async fn send(publisher: &mut Publisher, paths: &[PathBuf], batch: &[Outgoing]) -> Result<usize, Failed> {
    let mut refused = 0;
    for (path, published) in paths.iter().zip(publisher.publish(batch).await) {
        match published {
            Published::Confirmed => {}
            Published::Lost(fault) => return Err(Failed::away(fault)),
            other => {
                refused += 1;
                show::error(&format!("{}: {}", path.display(), said(&other)));
            }
        }
    }
    Ok(refused)
}
