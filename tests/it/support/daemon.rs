//! The daemon as its own process, as it runs in an agency: with a configuration file, a store, a log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use mezhved::store::{Settings, Store};

use super::AGENCIES;

/// Longer than anything here may take on a slow machine: reaching it is a failure, not a wait.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);
/// Between two looks at something that another process changes.
const LOOK: Duration = Duration::from_millis(20);

/// A place where a daemon lives: its configuration outlives it.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
}

/// A running daemon. It is killed when the story ends.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    /// How much of the log is older than this start.
    log_from: u64,
}

impl Home {
    /// A home in a folder, for a broker; `more` is TOML beyond what all stories share. The schedule is off unless it
    /// says otherwise: the stories' messages lie in the past, and their terms with them.
    pub(crate) fn new(folder: &Path, broker_url: &str, more: &str) -> Self {
        let home = Self { folder: folder.to_path_buf() };
        home.configure(broker_url, more);
        home
    }

    /// Writes the configuration anew; a running daemon does not see it.
    pub(crate) fn configure(&self, broker_url: &str, more: &str) {
        let schedule = if more.contains("[schedule]") { "" } else { "[schedule]\nenabled = false\n" };
        let text = format!(
            "[broker]\nurl = \"{broker_url}\"\nreconnect_delay_milliseconds_min = 50\nreconnect_delay_milliseconds_max = 500\n\
             [http]\naddress = \"\"\n{schedule}{AGENCIES}\n{more}"
        );
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("daemon.toml")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("daemon.log")
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.join("store.sqlite")
    }

    /// The program with this home's configuration.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mezhved"));
        command
            .arg("--config")
            .arg(self.config())
            .arg("--set")
            .arg(format!("store.path={}", self.store_path().display()))
            .arg("--set")
            .arg(format!("contents.folder={}", self.folder.join("contents").display()))
            .stdin(Stdio::null());
        command
    }

    /// Starts a daemon; it may not be ready yet.
    pub(crate) fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// Starts a daemon with variables in its environment.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let log = File::options().append(true).create(true).open(self.log()).unwrap();
        let log_from = log.metadata().unwrap().len();
        let child = self
            .command()
            .arg("run")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { child, log: self.log(), log_from }
    }

    /// Runs a verb to its end and gives what it printed; its exit code must be this one.
    pub(crate) fn verb(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command().args(arguments).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{printed}\n{errors}");
        printed
    }

    /// The store, for looking at.
    pub(crate) async fn store(&self) -> Store {
        let settings =
            Settings { path: self.store_path(), bytes_max: None, busy_timeout: Duration::from_secs(10), readers: 2 };
        Store::open_existing(&settings).await.unwrap()
    }
}

impl Daemon {
    /// Waits for the line that says it is connected.
    pub(crate) async fn ready(&mut self) {
        let mut looks = Looks::new("the daemon is ready");
        while !self.log_text().contains(" ready") {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}:\n{}", self.log_text());
            }
            looks.next().await;
        }
    }

    /// What it has logged since this start.
    pub(crate) fn log_text(&self) -> String {
        let bytes = fs::read(&self.log).unwrap();
        String::from_utf8_lossy(&bytes[usize::try_from(self.log_from).unwrap()..]).into_owned()
    }

    /// Asks it to stop, once.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut looks = Looks::new("the daemon ends");
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            looks.next().await;
        }
    }

    /// Stops it in order; it must end well.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", self.log_text());
    }

    /// The most memory that it ever held, in bytes.
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Looks at something until it is so; out of patience it fails the story and says what it waited for.
pub(crate) struct Looks {
    what: &'static str,
    until: Instant,
    ticks: tokio::time::Interval,
}

impl Looks {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, until: Instant::now() + PATIENCE, ticks: tokio::time::interval(LOOK) }
    }

    pub(crate) async fn next(&mut self) {
        assert!(Instant::now() < self.until, "waited in vain: {}", self.what);
        self.ticks.tick().await;
    }
}
