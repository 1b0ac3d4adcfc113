//! What breaks on the way: full disks, kills, files that changed where they were kept.

use mezhved::failpoint;
use mezhved::store::ExportFilter;

use super::moment::STEPS;
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_leaves_nothing_but_the_history() {
    let folder = Folder::new();
    filled(&folder, some_traffic(14, 200)).await.store.close().await;
    let office = Office::over(folder, &[("cases", CASES)]);
    let fill = |bytes: u64| {
        let mut command = office.home.command();
        command.env("MEZHVED_FAIL_POINT", format!("export.disk:{bytes}"));
        let output = command.args(["export", "run", "cases", "--slot", "2026-03-04"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("export.unwritable") && said.contains("storage space"), "{said}");
        office.is_clean();
        assert!(!office.out().join("2026/cases.csv").exists());
    };
    // While the file is made, and then while it is brought to its folder.
    fill(100);
    let whole = office.home.verb(&["export", "run", "cases", "--columns", "number,status,changed_at"], 0).len() as u64;
    fill(whole + 100);
    let history = office.home.verb(&["export", "history", "--json"], 0);
    assert_eq!(history.matches("\"state\":\"failed\"").count(), 2, "{history}");
    office.run("cases", "2026-03-04", 0);
    assert_eq!(office.file("2026/cases.csv").len() as u64, whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_an_export_leaves_nothing_half_and_the_next_run_succeeds() {
    let folder = Folder::new();
    let pipeline = filled(&folder, some_traffic(15, 40)).await;
    let office = Office::over(folder, &[("steps", STEPS)]);
    let mut seed = 100;
    for (hour, point) in failpoint::EXPORT_POINTS.iter().enumerate() {
        let slot = format!("2026-03-04T{hour:02}:00");
        let mut command = office.home.command();
        command.env("MEZHVED_FAIL_POINT", point);
        let output = command.args(["export", "run", "steps", "--slot", &slot]).output().unwrap();
        assert_eq!(output.status.code(), None, "{point}: killed by a signal of its own");
        let half = office.files().into_iter().filter(|name| name.strip_suffix(".part").is_none()).collect::<Vec<_>>();
        let whole = half.iter().filter(|name| name.strip_suffix(".csv").is_some()).count();
        assert!(whole <= hour + 1, "{point}: {half:?}");
        office.run("steps", &slot, 0);
        office.is_clean();
        seed += 1;
        settle(&pipeline, some_traffic(seed, 20).into_iter().map(|body| delivery(&pipeline, body)).collect()).await;
    }
    office.run("steps", "2026-03-04T23:00", 0);
    let files = office.files();
    let given: usize = files
        .iter()
        .filter(|name| name.strip_suffix(".csv").is_some())
        .map(|name| lines(&office.file(name)).len())
        .sum();
    let there = lines(office.home.verb(&["export", "run", "status-history"], 0).as_bytes()).len();
    assert_eq!(given, there, "every change once");
    let filter = ExportFilter { limit: 1000, ..ExportFilter::default() };
    let broken = pipeline.store.export_runs(&filter).await.unwrap();
    assert!(
        broken.iter().filter(|run| run.error.as_deref().is_some_and(|error| error.contains("broken-off"))).count() >= 6
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_file_that_changed_is_delivered_nowhere() {
    let folder = Folder::new();
    filled(&folder, some_traffic(19, 40)).await.store.close().await;
    let office = Office::over(folder, &[("cases", CASES)]);
    office.run("cases", "2026-03-04", 0);
    let manifest: serde_json::Value = serde_json::from_slice(&office.file("2026/cases.csv.manifest.json")).unwrap();
    let sha256 = manifest["sha256"].as_str().unwrap();
    let kept = office.folder.path().join("work/kept").join(&sha256[..2]).join(sha256);
    let mut bytes = fs::read(&kept).unwrap();
    bytes[0] ^= 1;
    fs::write(&kept, bytes).unwrap();
    fs::remove_dir_all(office.out()).unwrap();
    let refused = office.refused(&["export", "run", "cases", "--slot", "2026-03-04"], 3);
    assert!(refused.contains(sha256) && refused.contains("--anew"), "{refused}");
    assert!(!office.out().join("2026/cases.csv").exists());
    office.is_clean();
    assert!(office.home.verb(&["export", "run", "cases", "--slot", "2026-03-04", "--anew"], 0).contains(", made"));
    office.file("2026/cases.csv");
    // One that is gone is told in the same way.
    fs::remove_dir_all(office.folder.path().join("work/kept")).unwrap();
    let refused = office.refused(&["export", "run", "cases", "--slot", "2026-03-04"], 3);
    assert!(refused.contains("content.missing") && refused.contains("--anew"), "{refused}");
}
