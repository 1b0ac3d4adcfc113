//! File systems that are really full, or really closed to writing: small ones in memory, mounted where an office makes and delivers its
//! files, in a name space of mounts that only the program sees.

use std::process::Command;

use super::*;

/// What a step gives: how it ended, what it said, what lay in the two folders then.
struct Step {
    code: String,
    said: String,
    files: BTreeSet<String>,
}

/// Mounts the two folders, fills each but for three pages or closes it, and runs the program meanwhile and afterwards. `$1` is the folder
/// of the office, the rest the program. What is told stands beside the two folders.
const STEPS: &str = r#"
root=$1; shift
mkdir "$root/work" "$root/out" "$root/told"
for disk in work out; do mount -t tmpfs -o size=16m tmpfs "$root/$disk"; done
told() {
    name=$1; shift; code=0
    "$@" >"$root/told/$name.said" 2>&1 || code=$?
    echo "$code" >"$root/told/$name.code"
    (cd "$root" && find work out -type f ! -name ballast) >"$root/told/$name.files"
}
slot=10
for disk in work out; do
    slot=$((slot + 1))
    head -c $((($(stat -f -c %a "$root/$disk") - 3) * $(stat -f -c %S "$root/$disk"))) /dev/zero >"$root/$disk/ballast"
    for job in $JOBS; do told "full-$disk-$job" "$@" export run "$job" --slot "2026-03-$slot"; done
    told "full-$disk-small" "$@" export run small --slot "2026-03-$slot"
    told "full-$disk-asked" "$@" export run status-history --output "$root/out/asked-$disk.csv"
    rm "$root/$disk/ballast"
    for job in $JOBS; do told "freed-$disk-$job" "$@" export run "$job" --slot "2026-03-$slot"; done
    told "freed-$disk-asked" "$@" export run status-history --output "$root/out/asked-$disk.csv"
    slot=$((slot + 1))
    mount -o remount,bind,ro "$root/$disk"
    for job in $JOBS; do told "closed-$disk-$job" "$@" export run "$job" --slot "2026-03-$slot"; done
    mount -o remount,bind,rw "$root/$disk"
    for job in $JOBS; do told "opened-$disk-$job" "$@" export run "$job" --slot "2026-03-$slot"; done
done
"#;

/// How the machine lets somebody mount for himself: as root of a name space of users, or as root.
#[expect(clippy::print_stdout, reason = "whoever reads the tests must see what was not run")]
fn mounter() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
    let allowed = |way: &&&[&str]| {
        let folder = Folder::new();
        let mut probe = Command::new("unshare");
        probe.args(**way).args(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path());
        probe.output().is_ok_and(|output| output.status.success())
    };
    let way = WAYS.iter().find(allowed).copied();
    if way.is_none() {
        println!("NOT RUN: this machine lets nobody mount a file system of his own (`unshare --mount`)");
    }
    way
}

/// A job of long steps in a format, delivered under the day of its slot.
fn job(code: &str, more: &str) -> String {
    format!(
        "code = '{code}'\nregister = 'status-history'\n{more}\n\
         [[destination]]\nkind = 'folder'\nname = '{{slot:%m-%d}}-{{job}}.{{ext}}'\n"
    )
}

fn step(root: &Path, name: &str) -> Step {
    let read = |ending: &str| fs::read_to_string(root.join(format!("told/{name}.{ending}"))).unwrap();
    let files = read("files").lines().map(str::to_owned).collect();
    Step { code: read("code").trim().to_owned(), said: read("said"), files }
}

/// What is delivered of a job.
fn delivered(step: &Step, job: &str) -> usize {
    step.files.iter().filter(|file| file.starts_with("out/") && file.contains(&format!("-{job}."))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_really_full_or_closed_is_told_and_the_next_run_succeeds() {
    let Some(way) = mounter() else { return };
    let jobs: &[&str] = if cfg!(feature = "xlsx") { &["csv", "xml", "html", "xlsx"] } else { &["csv", "xml", "html"] };
    let folder = Folder::new();
    filled(&folder, some_traffic(41, 300)).await.store.close().await;
    let mut written: Vec<(&str, String)> =
        jobs.iter().map(|code| (*code, job(code, &format!("format = '{code}'")))).collect();
    written.push((
        "small",
        job("small", "filter = { to_status = ['refused'] }\ncolumns = ['number']\nperiod = 'last 1 hours'"),
    ));
    let written: Vec<(&str, &str)> = written.iter().map(|(code, text)| (*code, text.as_str())).collect();
    let office = Office::over(folder, &written);
    office.home.verb(&["export", "check"], 0);
    let root = office.folder.path();
    let program = office.home.command();
    let mut told = Command::new("unshare");
    told.args(way).args(["sh", "-euc", STEPS, "sh"]).arg(root).arg(program.get_program()).args(program.get_args());
    let output = told.env("JOBS", jobs.join(" ")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut failed = 0;
    for disk in ["work", "out"] {
        for (state, after, why) in [("full", "freed", "No space left"), ("closed", "opened", "Read-only file system")] {
            for job in jobs {
                let broken = step(root, &format!("{state}-{disk}-{job}"));
                assert_eq!(broken.code, "3", "{state}, {disk}, {job}: {}", broken.said);
                let where_ = root.join(disk).display().to_string();
                for part in ["export.unwritable", why, &where_] {
                    assert!(broken.said.contains(part), "{state}, {disk}, {job}: no {part} in {}", broken.said);
                }
                assert!(!broken.said.contains("panicked"), "{}", broken.said);
                assert!(!broken.files.iter().any(|file| file.contains(".part")), "{state}: {:?}", broken.files);
                let mended = step(root, &format!("{after}-{disk}-{job}"));
                assert_eq!(mended.code, "0", "{after}, {disk}, {job}: {}", mended.said);
                // The file and its manifest, and of the run that failed nothing.
                assert_eq!(delivered(&mended, job), delivered(&broken, job) + 2, "{after}, {disk}, {job}");
                failed += 1;
            }
        }
        let asked = format!("out/asked-{disk}.csv");
        let broken = step(root, &format!("full-{disk}-asked"));
        // What somebody asks for is made beside its place: a full folder of work does not matter.
        let there = disk == "work";
        let ended = (if there { "0" } else { "3" }, there);
        assert_eq!((broken.code.as_str(), broken.files.contains(&asked)), ended, "{}", broken.said);
        let mended = step(root, &format!("freed-{disk}-asked"));
        assert_eq!((mended.code.as_str(), mended.files.contains(&asked)), ("0", true), "{}", mended.said);
        let small = step(root, &format!("full-{disk}-small"));
        assert_eq!((small.code.as_str(), delivered(&small, "small") % 2), ("0", 0), "others go on: {}", small.said);
    }
    let history = office.home.verb(&["export", "history", "--state", "failed", "--json"], 0);
    assert_eq!(history.lines().count(), failed, "{history}");
    for line in history.lines() {
        assert!(line.contains("No space left") || line.contains("Read-only"), "{line}");
    }
}
