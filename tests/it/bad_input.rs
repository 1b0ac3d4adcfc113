//! What cannot work is told before anything runs, with the place where it stands: what stops the start, and what hinders itself alone.

use std::fs;
use std::path::Path;

use crate::support::Folder;
use crate::support::daemon::{Home, Looks};

/// Nobody listens there.
const NO_BROKER: &str = "amqp://127.0.0.1:1/%2f";

fn home(folder: &Folder, more: &str) -> Home {
    Home::new(folder.path(), NO_BROKER, more)
}

/// The line of a file on which a text stands.
fn line(file: &Path, text: &str) -> usize {
    let whole = fs::read_to_string(file).unwrap();
    whole.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in\n{whole}")) + 1
}

#[test]
fn settings_that_no_job_or_channel_can_work_with_stop_the_start_with_their_line() {
    for (section, key, said) in [
        ("[jobs.upkeep]", "cron = \"0 0 30 2 *\"", "jobs.upkeep.cron: cron.never: `0 0 30 2 *` never fires"),
        ("[jobs.upkeep]", "cron = \"soon\"", "jobs.upkeep.cron: cron.unreadable: `soon`"),
        ("[jobs.upkeep]", "zone = \"Moscow\"", "jobs.upkeep.zone: cron.zone: there is no zone `Moscow`"),
        ("[jobs.upkeep]", "missed = \"some\"", "jobs.upkeep.missed: `some` is none of all, last, skip"),
        ("[schedule]", "zone = \"Nowhere\"", "schedule.zone: cron.zone: there is no zone `Nowhere`"),
        ("[time]", "zone = \"Nowhere\"", "time.zone: `Nowhere` is not a zone"),
        ("[notify]", "daily_at = \"noon\"", "notify.daily_at: `noon` is not a time of the day"),
        ("[notify.channel.push]", "way = \"pigeon\"", "notify.channel.push.way: `pigeon` is none of"),
        ("[notify.channel.email]", "way = \"smtp\"", "notify.channel.email.way: there is no mail server"),
    ] {
        let folder = Folder::new();
        let home = home(&folder, &format!("{section}\n{key}\n"));
        let place = format!("{}:{}: config.invalid: {said}", home.config().display(), line(&home.config(), key));
        for verb in ["check", "run"] {
            let output = home.command().arg(verb).output().unwrap();
            let told =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(2), "{verb}: {told}");
            assert!(told.contains(&place), "{verb}: {place}\n{told}");
        }
    }
    let folder = Folder::new();
    let output = home(&folder, "").command().args(["--set", "jobs.upkeep.cron='never'", "check"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("--set jobs.upkeep.cron: config.invalid: jobs.upkeep.cron: cron.unreadable"), "{told}");
}

#[test]
fn a_template_with_an_unknown_value_stops_the_start_with_its_line() {
    let folder = Folder::new();
    let texts = folder.path().join("texts/ru/epgu");
    fs::create_dir_all(&texts).unwrap();
    fs::write(texts.join("decision.short.txt"), "{{ number }}:\n{{ colour }}\n").unwrap();
    let home = home(&folder, &format!("[notify]\ntemplates_folder = '{}'\n", folder.path().join("texts").display()));
    for (verb, code) in [("check", 1), ("run", 2)] {
        let output = home.command().arg(verb).output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{verb}: {told}");
        assert!(told.contains("ru/epgu/decision.short.txt:2") && told.contains("colour"), "{verb}: {told}");
    }
}

/// Jobs of exports that cannot run, and the lines that say why.
const EXPORTS: [(&str, &str, &str); 5] = [
    (
        "column",
        "code = 'column'\nregister = 'cases'\ncolumns = ['colour']\n[schedule]\ncron = '0 1 * * *'\n",
        "column.toml:3: export.job: cases has no column `colour`",
    ),
    (
        "never",
        "code = 'never'\nregister = 'cases'\n\n[schedule]\ncron = '0 0 31 2 *'\n",
        "never.toml:4: export.job: cron.never: `0 0 31 2 *` never fires",
    ),
    ("zone", "code = 'zone'\nregister = 'cases'\nzone = 'Moscow'\n", "zone.toml:3: export.job: `Moscow` is no zone"),
    (
        "nowhere",
        "code = 'nowhere'\nregister = 'cases'\n\n[[destination]]\nkind = 'folder'\npath = '/no/such/folder'\n",
        "nowhere.toml:4: export.destination: folder /no/such/folder",
    ),
    ("broken", "code = 'broken'\nregister = \n", "broken.toml:2: export.job"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_that_cannot_run_are_told_by_check_and_at_the_start_and_hinder_nothing_else() {
    let folder = Folder::new();
    let jobs = folder.path().join("jobs");
    fs::create_dir_all(&jobs).unwrap();
    for (name, text, _) in EXPORTS {
        fs::write(jobs.join(format!("{name}.toml")), text).unwrap();
    }
    let good = "code = 'good'\nregister = 'cases'\n[schedule]\ncron = '0 1 * * *'\n";
    fs::write(jobs.join("good.toml"), good).unwrap();
    let more = format!("[exports]\nfolder = '{}'\n[schedule]\nenabled = true\n", jobs.display());
    let home = home(&folder, &more);
    let checked = home.verb(&["check"], 1);
    for (_, _, said) in EXPORTS {
        assert!(checked.contains(&format!("FAULT exports: {}", jobs.join(said).display())), "{said}\n{checked}");
    }
    // Only what takes messages in makes a store; everything else says that there is none.
    for verb in [&["timers", "run"][..], &["jobs", "run", "upkeep"], &["dlq", "replay", "1"], &["status"]] {
        home.verb(verb, 3);
    }
    home.verb(&["db", "migrate"], 0);
    let listed = home.verb(&["jobs", "list"], 0);
    assert!(listed.contains("export-good") && listed.contains("export-column"), "{listed}");
    let unknown = home.command().args(["jobs", "run", "export-broken"]).output().unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("`mezhved check` tells of those that cannot run"));

    let daemon = home.start();
    let mut looks = Looks::new("the exports that cannot run are told");
    let told = || {
        let log = daemon.log_text();
        EXPORTS.iter().all(|(_, _, said)| log.contains(said)) && log.contains("the schedule runs")
    };
    while !told() {
        looks.next().await;
    }
    daemon.stop().await;
    // What is asked for in a run that cannot be is told in its history.
    home.verb(&["jobs", "run", "export-column"], 1);
    let history = home.verb(&["jobs", "history", "export-column", "--json"], 0);
    assert!(history.contains("cases has no column `colour`"), "{history}");

    for (name, ..) in EXPORTS {
        fs::remove_file(jobs.join(format!("{name}.toml"))).unwrap();
    }
    let checked = home.verb(&["check"], 0);
    assert!(checked.contains("ok    exports: ") && checked.contains("jobs can run"), "{checked}");
}

#[test]
fn sample_traffic_is_never_mixed_with_what_else_is_in_its_folder() {
    let folder = Folder::new();
    let home = home(&folder, "");
    let into = folder.path().join("traffic");
    let path = into.display().to_string();
    let sample = |seed: &str, more: &[&str], code: i32| {
        let mut command = home.command();
        command.args(["sample", "--into", &path, "--messages", "6", "--seed", seed, "--base", "2026-03-02T09:00:00Z"]);
        let output = command.args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let files = || {
        let mut names: Vec<String> =
            fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    };
    sample("1", &[], 0);
    let first = files();
    assert_eq!(first.len(), 7, "{first:?}");
    // Its receipts go with it.
    fs::write(into.join(Path::new(&first[0]).with_extension("receipt.xml")), "<Receipt/>").unwrap();
    sample("2", &[], 0);
    let second = files();
    assert!(second.len() == 7 && second != first, "{second:?}");
    fs::write(into.join("mine.xml"), "<a/>").unwrap();
    let refused = sample("3", &[], 2);
    assert!(refused.contains("mine.xml is not of an earlier sample") && refused.contains("--force"), "{refused}");
    let mut kept = second;
    kept.push("mine.xml".to_owned());
    kept.sort_unstable();
    assert_eq!(files(), kept, "nothing was touched");
    sample("3", &["--force"], 0);
    assert!(files().contains(&"mine.xml".to_owned()) && files().len() == 8, "{:?}", files());
}
