//! `check`: is everything in order before the start? Every part is looked at, whatever the others say.

use clap::Args;

use super::{Done, Exit, Failed, Layers, assemble, show};
use crate::assemble::Rules;
use crate::broker::{Session, topology};
use crate::clock;
use crate::config::{Config, redacted};
use crate::daemon;
use crate::desk::consistency;
use crate::domain::lifecycle::System;
use crate::export::{self, Bench, Jobs};
use crate::notify::{self, Way};
use crate::schedule;
use crate::store::{Contents, Store, StoreFault};

/// Check everything.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: something is not in order.\n\nExamples:\n  mezhved check\n  mezhved check --broker --config mezhved.toml"
)]
pub(super) struct Check {
    /// Look at the broker too: every queue and exchange against the plan, changing nothing.
    #[arg(long)]
    broker: bool,
    /// Reach for the mail server and the gateways of notifications too, sending nothing.
    #[arg(long)]
    channels: bool,
    /// Look through the store too: does everything in it fit together? It may take a while.
    #[arg(long)]
    store: bool,
}

struct Report {
    faults: usize,
}

impl Report {
    fn well(part: &str, text: &str) {
        show::line(&format!("ok    {part}: {text}"));
    }

    fn fault(&mut self, part: &str, text: &str) {
        self.faults += 1;
        for line in text.lines() {
            show::line(&format!("FAULT {part}: {line}"));
        }
    }

    fn note(part: &str, text: &str) {
        show::line(&format!("note  {part}: {text}"));
    }
}

impl Check {
    pub(super) fn run(self, layers: &Layers) -> Done {
        let mut report = Report { faults: 0 };
        let config = match layers.checked() {
            Ok(config) => config,
            Err(failed) => {
                report.fault("config", &failed.text);
                return Ok(Exit::Wrong);
            }
        };
        let agencies = config.partners.all().len();
        Report::well("config", &format!("agency {}, {agencies} agencies may send", config.agency));
        if agencies == 0 {
            Report::note("config", "there are no [[agencies]]: every message will be refused with unknown-sender");
        }
        match schedule::jobs(&config) {
            Ok(jobs) if config.schedule.enabled => Report::well("schedule", &format!("{} jobs", jobs.len())),
            Ok(_) => Report::note("schedule", "it is off: timers and jobs wait"),
            Err(faults) => report.fault("schedule", &faults.join("\n")),
        }
        let rules = rules(&config, &mut report);
        if let Some(rules) = &rules {
            channels(&config, rules);
            exports(&config, rules, &mut report);
            // Where there are none, it was told above why.
            let jobs = schedule::jobs(&config).unwrap_or_default();
            let idle = schedule::idle(&jobs, clock::now(), &rules.calendar);
            idle.iter().for_each(|job| report.fault("schedule", job));
        }
        assemble::runtime()?.block_on(async {
            store(&config, &mut report).await;
            if let (true, Some(rules)) = (self.store, &rules) {
                consistency(&config, rules, &mut report).await;
            }
            if let (true, Some(rules)) = (self.broker, &rules) {
                broker(&config, rules, &mut report).await;
            }
            if self.channels {
                reach(&config, &mut report).await;
            }
        });
        Ok(if report.faults == 0 { Exit::Well } else { Exit::Found })
    }
}

fn rules(config: &Config, report: &mut Report) -> Option<Rules> {
    match assemble::rules(config) {
        Ok(rules) => {
            for family in rules.rulebook.families() {
                Report::well(
                    "schemas",
                    &format!("{}/{} {} means «{}»", family.system, family.version, family.kind, family.label),
                );
            }
            for system in rules.lifecycles.systems() {
                let statuses: usize = system.kinds().iter().map(|one| one.statuses().len()).sum();
                let kinds = system.kinds().len();
                let text = format!(
                    "{} «{}»: {}, {}",
                    system.code(),
                    system.label(),
                    show::counted(kinds, "kind"),
                    show::many(statuses, "status", "statuses")
                );
                Report::well("lifecycles", &text);
            }
            rules.rulebook.warnings().iter().for_each(|warning| Report::note("schemas", warning));
            Some(rules)
        }
        Err(Failed { text, .. }) => {
            report.fault("rules", &text);
            None
        }
    }
}

/// The channels of notifications, and what should be looked at of the texts.
fn channels(config: &Config, rules: &Rules) {
    let named = rules.lifecycles.systems().flat_map(System::channels).chain(rules.lifecycles.documents.channels());
    for name in config.notify.names(named) {
        let text = match &config.notify.channel(name).way {
            Way::Off => "off: what it would carry is suppressed".to_owned(),
            Way::Broker => format!("queue {}", topology::notice_queue(name)),
            Way::Mail => {
                let server = config.mail.as_ref().map(|mail| format!("{}:{}", mail.host, mail.port));
                format!("mail server {}", server.unwrap_or_default())
            }
            Way::Http(gateway) => format!("gateway {}", redacted(&gateway.url)),
        };
        if config.notify.channels.contains_key(name) {
            Report::well("notify", &format!("{name}: {text}"));
        } else {
            Report::note("notify", &format!("{name}: {text}; [notify.channel.{name}] is not set"));
        }
    }
    rules.texts.warnings().iter().for_each(|warning| Report::note("notify", warning));
}

/// Jobs of exports: their files, and the places that they go to.
fn exports(config: &Config, rules: &Rules, report: &mut Report) {
    let bench = Bench::of(config, &rules.lifecycles);
    let jobs = match Jobs::load(config.exports.folder.as_deref(), &bench) {
        Ok(jobs) => jobs,
        Err(fault) => return report.fault("exports", &fault.to_string()),
    };
    let findings = export::findings(&jobs, &bench);
    if findings.is_empty() {
        Report::well("exports", &format!("{} jobs can run", jobs.listed.len()));
    }
    findings.iter().for_each(|finding| report.fault("exports", &finding.text));
}

async fn reach(config: &Config, report: &mut Report) {
    for name in config.notify.channels.keys() {
        match notify::reach(name, &config.notify, config.mail.as_ref()).await {
            Some(Ok(text)) => Report::well("notify", &format!("{name}: {text}")),
            Some(Err(fault)) => report.fault("notify", &format!("{name}: {fault}")),
            None => {}
        }
    }
}

async fn store(config: &Config, report: &mut Report) {
    let path = config.store.path.display();
    if config.store.path.exists() {
        match Store::open_existing(&config.store).await {
            Ok(store) => {
                match store.ready().await {
                    Ok(()) => Report::well("store", &path.to_string()),
                    Err(fault) => report.fault("store", &fault.to_string()),
                }
                store.close().await;
            }
            Err(fault) => report.fault("store", &fault.to_string()),
        }
    } else {
        Report::note("store", &format!("{path} is not there yet; the first start makes it"));
    }
    match Contents::at(config.contents.clone()).ready() {
        Ok(()) => Report::well("contents", &config.contents.display().to_string()),
        Err(fault) => report.fault("contents", &fault.to_string()),
    }
}

async fn consistency(config: &Config, rules: &Rules, report: &mut Report) {
    let looked = async {
        let store = Store::open_existing(&config.store).await?;
        let misfits = consistency::check(&store, &rules.lifecycles).await?;
        let waiting = store.waiting().await?;
        store.close().await;
        Ok::<_, StoreFault>((misfits, waiting))
    };
    match looked.await {
        Ok((misfits, waiting)) => {
            for misfit in &misfits {
                report.fault("store", &format!("{}: {}", misfit.rule, misfit.subject));
            }
            if misfits.is_empty() {
                Report::well("store", "everything in it fits together");
            }
            if waiting.dead_letters > 0 {
                Report::note("store", &format!("{} open dead letters", waiting.dead_letters));
            }
        }
        Err(fault) => report.fault("store", &fault.to_string()),
    }
}

async fn broker(config: &Config, rules: &Rules, report: &mut Report) {
    let plan = match daemon::topology(config, &rules.lifecycles) {
        Ok(plan) => plan,
        Err(fault) => return report.fault("broker", &fault.to_string()),
    };
    let session = match Session::open(&config.broker).await {
        Ok(session) => session,
        Err(fault) => return report.fault("broker", &fault.to_string()),
    };
    match topology::check(&session, &plan).await {
        Ok(findings) => {
            for finding in findings {
                match &finding.state {
                    topology::State::Right => Report::well("broker", &finding.to_string()),
                    _ if finding.stops_the_start() => report.fault("broker", &finding.to_string()),
                    _ => Report::note("broker", &finding.to_string()),
                }
            }
        }
        Err(fault) => report.fault("broker", &fault.to_string()),
    }
    session.close().await;
}
