//! What a job owes: files that were made and could not be delivered, slots that have not come, names and codes that stand for two things.

use super::moment::STEPS;
use super::*;

/// The same steps, into a folder that somebody else makes.
fn steps(name: &str) -> String {
    let (job, _) = STEPS.split_once("[[destination]]").unwrap_or((STEPS, ""));
    format!("{job}\n[[destination]]\nkind = 'folder'\npath = 'OUT/theirs'\nname = '{name}'\n")
}

/// Rows in all CSV files below the readers' folder.
fn given(office: &Office) -> usize {
    let files = names(&office.out().join("theirs"));
    let own = files.iter().filter(|name| name.strip_suffix(".csv").is_some());
    own.map(|name| lines(&office.file(&format!("theirs/{name}"))).len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_could_not_be_delivered_come_with_the_next_run() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(21, 40)).await;
    let office = Office::over(folder, &[("steps", &steps("{job}-{slot}.{ext}"))]);
    let more = async |seed| {
        settle(&pipeline, some_traffic(seed, 20).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    };
    for hour in 1..=2 {
        let slot = format!("2026-03-04T0{hour}:00");
        let refused = office.refused(&["export", "run", "steps", "--slot", &slot], 1);
        assert!(refused.contains("make the folder, or name another"), "{refused}");
        more(200 + hour).await;
    }
    fs::create_dir_all(office.out().join("theirs")).unwrap();
    office.run("steps", "2026-03-04T03:00", 0);
    let there = lines(office.home.verb(&["export", "run", "status-history"], 0).as_bytes()).len();
    assert_eq!(given(&office), there, "every change once: {:?}", names(&office.out().join("theirs")));
    let done = office.home.verb(&["export", "history", "--state", "done", "--json"], 0);
    assert_eq!(
        done.lines().count(),
        2,
        "the first made everything, the second nothing before the first was delivered: {done}"
    );
    office.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_never_take_the_place_of_other_changes() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(22, 40)).await;
    let office = Office::over(folder, &[("steps", &steps("{job}.{ext}"))]);
    let theirs = office.out().join("theirs");
    fs::create_dir_all(&theirs).unwrap();
    office.run("steps", "2026-03-04T01:00", 0);
    let first = office.file("theirs/steps.csv");
    settle(&pipeline, some_traffic(223, 20).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    let refused = office.refused(&["export", "run", "steps", "--slot", "2026-03-04T02:00"], 1);
    assert!(refused.contains("is there with other rows") && refused.contains("{slot}"), "{refused}");
    assert_eq!(office.file("theirs/steps.csv"), first);
    fs::rename(theirs.join("steps.csv"), theirs.join("read.csv")).unwrap();
    office.run("steps", "2026-03-04T03:00", 1);
    fs::rename(theirs.join("steps.csv"), theirs.join("read-too.csv")).unwrap();
    let there = lines(office.home.verb(&["export", "run", "status-history"], 0).as_bytes()).len();
    assert_eq!(given(&office), there, "every change once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_has_not_come_is_refused_and_made_early_on_demand() {
    let folder = Folder::new();
    filled(&folder, some_traffic(23, 20)).await.store.close().await;
    let office = Office::over(folder, &[("cases", CASES)]);
    for verb in ["export run cases --slot 2126-03-04", "jobs run upkeep --slot 2126-03-04T00:00:00Z --json"] {
        let arguments: Vec<&str> = verb.split(' ').collect();
        let refused = office.refused(&arguments, 2);
        assert!(refused.contains("has not come yet") || refused.contains("is no slot of"), "{verb}: {refused}");
    }
    let next = office.home.verb(&["jobs", "next", "upkeep", "--count", "1", "--json"], 0);
    let next: serde_json::Value = serde_json::from_str(next.lines().next().unwrap()).unwrap();
    let slot = chrono::DateTime::from_timestamp_millis(next["slot"].as_i64().unwrap()).unwrap().to_rfc3339();
    assert!(office.refused(&["jobs", "run", "upkeep", "--slot", &slot], 2).contains("--early"));
    assert!(office.home.verb(&["jobs", "run", "upkeep", "--slot", &slot, "--early"], 0).contains("done"));
    assert!(office.home.verb(&["export", "run", "cases", "--slot", "2126-03-04", "--early"], 0).contains(", made"));
    office.file("2126/cases.csv");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_files_with_one_code_the_first_counts_everywhere() {
    let folder = Folder::new();
    filled(&folder, some_traffic(24, 5)).await.store.close().await;
    let job = |register: &str| {
        format!(
            "code = 'twice'\nregister = '{register}'\n[schedule]\ncron = '0 3 * * *'\n[[destination]]\nkind = 'folder'\n"
        )
    };
    let office = Office::over(folder, &[("a", &job("cases")), ("b", &job("messages"))]);
    let listed = office.home.verb(&["jobs", "list", "--json"], 0);
    let own: Vec<&str> = listed.lines().filter(|line| line.contains("\"export-twice\"")).collect();
    assert!(own.len() == 1 && own[0].contains("exports cases"), "{own:?}");
    let output = office.home.command().args(["export", "check"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("b.toml") && told.contains("a.toml too, which is the one that counts"), "{told}");
    office.run("twice", "2026-03-04", 0);
    assert!(office.files().iter().any(|name| name.strip_suffix(".csv").is_some()));
    let manifest = office.files().into_iter().find(|name| name.strip_suffix(".json").is_some()).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&office.file(&manifest)).unwrap();
    assert_eq!(manifest["of"], "cases");
}
