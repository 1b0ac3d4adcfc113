//! `sample`: realistic, seeded traffic as files, and a list of what must become of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use clap::Args;

use super::{Done, Exit, Failed, Layers, assemble, known, show};
use crate::assemble::Rules;
use crate::binding::Library;
use crate::clock;
use crate::config::Config;
use crate::domain::lifecycle::System;
use crate::sample::{
    self, Blend, Composer, Oddity, Plan, SampleMessage, Senders, Shares, StandIns, Templates, Traffic, Walk, WalkPlan,
};

/// The list of a folder's messages: file, sender, what must become of it, what it is, its system; tab-separated.
pub(super) const LIST: &str = "messages.tsv";
/// Its first line.
const LIST_HEAD: &str = "file\tsender\texpected\twhat\tsystem";

/// A walk ends so long before the end of the traffic that none of its terms has run out.
const WALK: Duration = Duration::minutes(10);

/// Make sample traffic: whole lives of cases of all systems, with repeats, reorderings and errors.
///
/// Each message comes from an agency that the configuration lets send its kind to its system; kinds that nobody may send, and systems
/// that nobody may write to, are left out. Where there are no agencies, and for systems that are named all the same, EPGU, MFC-77 and
/// ROSREESTR stand in for `epgu`, CABINET for the others. The traffic of a system without templates begins with a walk along every
/// transition; lives of further cases follow until there are as many messages as are wanted. Fewer than the walks have are the first of
/// each. Made from templates, `epgu` has no walk. The list beside the messages says what must become of each in an empty store.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mezhved sample --into messages --seed 7\n  mezhved sample --into late --systems epgu --messages 50 --plain --share late=200"
)]
pub(super) struct Sample {
    /// Folder to write into; made where it is not there. What an earlier `sample` left there, and the receipts of that, is removed. The same
    /// seed and base give the same bytes.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// Write even where the folder holds something else: `process` and `publish` will take all of it.
    #[arg(long)]
    force: bool,
    /// How many messages.
    #[arg(long, default_value_t = 1000)]
    messages: u64,
    /// Systems, such as `--systems epgu,org`. By default all that a configured agency may open cases in.
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    systems: Vec<String>,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Moment of the first message, such as 2026-03-02T09:00:00Z. By default so many hours ago as the traffic spreads over.
    #[arg(long)]
    base: Option<DateTime<Utc>>,
    /// Over how many hours the traffic spreads.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=24 * 366))]
    hours: u32,
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
        let words = sample::words(&library).map_err(Failed::wrong)?;
        let envelope = sample::envelope(&library).map_err(Failed::wrong)?;
        let mut templates: BTreeMap<&str, Templates> = BTreeMap::new();
        for system in rules.lifecycles.systems() {
            let own = Templates::of(&library, system.code(), &words).map_err(Failed::wrong)?;
            templates.extend(own.map(|own| (system.code(), own)));
        }
        let stand_ins = StandIns::of(&library).map_err(Failed::wrong)?;
        let senders = self.senders(&config, &rules, (&templates, &stand_ins));
        let composer = Composer::over(&rules.rulebook, words).permitted(&senders);
        let span = Duration::hours(self.hours.into());
        let base = self.base.unwrap_or_else(|| clock::now() - span);
        let shares = self.shares()?;
        let systems = self.systems(&rules, &senders)?;
        let mut walks: Vec<Traffic<'_>> = Vec::new();
        for system in systems.iter().filter(|system| !templates.contains_key(system.code())) {
            let plan = WalkPlan {
                seed: self.seed,
                base: base + span - WALK,
                zone: config.zone,
                recipient: config.agency.clone(),
                senders: senders.clone(),
            };
            let walk = Walk::new(plan, system, (&rules.rulebook, &composer, &envelope));
            walks.push(walk.traffic(shares.clone(), &rules.lifecycles.documents).map_err(Failed::wrong)?);
        }
        let written = systems.iter().filter_map(|system| Some((*system, templates.get(system.code())?)));
        let written: Vec<(&System, &Templates)> = written.collect();
        let lengths: Vec<u64> = walks.iter().map(Traffic::walk_len).collect();
        let (counts, further) = counts(self.messages, &lengths, written.len());
        walks = walks.into_iter().zip(&counts).map(|(walk, count)| walk.spread(*count, base + span)).collect();
        let mut blend = Blend::new(self.seed);
        for (walk, count) in walks.iter_mut().zip(&counts) {
            blend = blend.with(walk.by_ref(), *count);
        }
        for ((system, own), messages) in written.into_iter().zip(further) {
            let (portal, agencies) = parties(&senders, system.code(), own);
            let (seed, recipient, shares) = (self.seed, config.agency.clone(), shares.clone());
            let plan = Plan { seed, messages, base, span, recipient, portal, agencies, shares };
            let traffic = crate::sample::Sample::new(plan, system.main(), &rules.lifecycles.documents, own);
            blend = blend.with(traffic, messages);
        }
        cleared(&self.into, self.force)?;
        let count =
            write(&self.into, blend).map_err(|fault| Failed::wrong(format!("{}: {fault}", self.into.display())))?;
        if let Some(fault) = walks.iter().find_map(Traffic::fault) {
            return Err(Failed::wrong(fault));
        }
        show::line(&format!("{count} messages in {}, listed in {LIST}", self.into.display()));
        if count == 0 && self.messages > 0 {
            show::error(if systems.is_empty() {
                "note: no agency of the configuration may open cases in any system; to one that --systems names stand-ins send"
            } else {
                "note: no agency of the configuration may open cases in these systems"
            });
        }
        if config.partners.is_empty() {
            show::error(
                "note: the configuration has no agencies, so stand-ins send: `process` refuses them until [[agencies]] names them",
            );
        }
        Ok(Exit::Well)
    }

    /// The systems that are asked for.
    fn systems<'r>(&self, rules: &'r Rules, senders: &Senders) -> Result<Vec<&'r System>, Failed> {
        let all: Vec<&System> = rules.lifecycles.systems().collect();
        if self.systems.is_empty() {
            return Ok(all.into_iter().filter(|system| senders.reach(system.code())).collect());
        }
        let find = |code: &String| {
            let unknown = || known::unknown("--systems", code, all.iter().map(|system| system.code()));
            all.iter().find(|system| system.code() == code).copied().ok_or_else(unknown)
        };
        self.systems.iter().map(find).collect()
    }

    /// Who may send what by the configuration. Stand-ins send where it has no agencies at all, and to systems that are asked for and that
    /// nobody may write to.
    fn senders(
        &self,
        config: &Config,
        rules: &Rules,
        (templates, stand_ins): (&BTreeMap<&str, Templates>, &StandIns<'_>),
    ) -> Senders {
        let partners = &config.partners;
        let can = |system: &str, kind: &str| !partners.senders(system, kind).is_empty();
        let able = |system: &str| {
            let mut families = rules.rulebook.families().filter(|family| family.system == system);
            // Lives that are written by templates need somebody for applications and updates.
            let lives = templates.get(system).is_none_or(|own| {
                let [submit, update, _] = own.roots();
                can(system, submit) && can(system, update)
            });
            lives && families.any(|family| can(system, &family.kind))
        };
        Senders::among(&rules.rulebook, |system, kind| {
            if able(system) {
                return partners.senders(system, kind).into_iter().map(str::to_owned).collect();
            }
            let wanted = partners.is_empty() || self.systems.iter().any(|one| one == system);
            if wanted { stand_ins.senders(system, kind) } else { Vec::new() }
        })
    }

    fn shares(&self) -> Result<Shares, Failed> {
        let mut shares = if self.plain { Shares::none() } else { Shares::usual() };
        for pair in &self.shares {
            let parsed = pair.split_once('=').and_then(|(name, count)| {
                Some((name.parse::<Oddity>().ok()?, count.parse::<u16>().ok().filter(|count| *count <= 1000)?))
            });
            let Some((oddity, count)) = parsed else {
                let known: Vec<&str> = Oddity::ALL.iter().map(|oddity| oddity.as_str()).collect();
                let known = known.join(", ");
                return Err(Failed::wrong(format!(
                    "--share {pair}: write ODDITY=N, N of 0 to 1000; the oddities are {known}"
                )));
            };
            shares = shares.with(oddity, count);
        }
        Ok(shares)
    }
}

/// Who sends the applications to a system whose messages are written by templates, and who the updates. Both exchange documents.
fn parties(senders: &Senders, system: &str, templates: &Templates) -> (String, Vec<String>) {
    let [submit, update, documents] = templates.roots().map(|kind| senders.all(system, kind));
    let apart = submit.iter().find(|agency| !update.contains(agency));
    let portal = apart.or(submit.first()).cloned().unwrap_or_default();
    let others: Vec<String> = update.iter().filter(|one| **one != portal && documents.contains(one)).cloned().collect();
    let agencies = if others.is_empty() { update.to_vec() } else { others };
    (portal, agencies)
}

/// How many messages each walk has, and how many each system whose messages are written by templates. Every system has its walk first; of
/// what is left beyond the walks those with templates have a half, the others share the rest.
fn counts(messages: u64, walks: &[u64], written: usize) -> (Vec<u64>, Vec<u64>) {
    let mut left = messages;
    let sources = (walks.len() + written) as u64;
    let mut counts = Vec::new();
    for (walk, others) in walks.iter().zip((1..=sources).rev()) {
        counts.push((*walk).min(left / others));
        left -= counts[counts.len() - 1];
    }
    let rest = match (written, walks.is_empty()) {
        (0, _) => 0,
        (_, true) => left,
        (_, false) => left.div_ceil(2),
    };
    for (count, more) in counts.iter_mut().zip(shared(left - rest, walks.len())) {
        *count += more;
    }
    (counts, shared(rest, written))
}

/// So many in so many equal parts.
fn shared(mut whole: u64, parts: usize) -> Vec<u64> {
    let part = |others| {
        let part = whole.div_ceil(others);
        whole -= part;
        part
    };
    (1..=parts as u64).rev().map(part).collect()
}

/// Makes a folder ready: what an earlier sample left in it goes, and whatever else is in it is left alone, but for a good reason.
fn cleared(folder: &Path, force: bool) -> Result<(), Failed> {
    let unusable = |fault: std::io::Error| Failed::wrong(format!("{}: {fault}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unusable)?,
    };
    let list = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let mut listed = list.lines();
    let mut earlier = BTreeSet::new();
    if listed.next() == Some(LIST_HEAD) {
        earlier.insert(PathBuf::from(LIST));
        for name in listed.filter_map(|line| line.split('\t').next()).map(Path::new) {
            earlier.insert(name.to_path_buf());
            earlier.insert(name.with_extension("receipt.xml"));
        }
    }
    let mut leftover = Vec::new();
    for entry in entries {
        let name = PathBuf::from(entry.map_err(unusable)?.file_name());
        if earlier.contains(&name) {
            leftover.push(name);
        } else if !force {
            return Err(Failed::wrong(format!(
                "{} is in use: {} is not of an earlier sample. Name an empty folder, or add --force to write beside it",
                folder.display(),
                name.display()
            )));
        }
    }
    leftover.iter().try_for_each(|name| fs::remove_file(folder.join(name))).map_err(unusable)
}

fn write(folder: &Path, traffic: impl Iterator<Item = SampleMessage>) -> std::io::Result<u64> {
    fs::create_dir_all(folder)?;
    let mut list = BufWriter::new(File::create(folder.join(LIST))?);
    writeln!(list, "{LIST_HEAD}")?;
    let mut count = 0;
    for message in traffic {
        let name = message.file_name();
        fs::write(folder.join(&name), &*message.bytes)?;
        let SampleMessage { sender, expected, what, system, .. } = &message;
        writeln!(list, "{name}\t{sender}\t{expected}\t{what}\t{system}")?;
        count += 1;
    }
    list.flush()?;
    Ok(count)
}
