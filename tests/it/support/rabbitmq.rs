//! Real RabbitMQ nodes for tests, each private and in a folder of its own. A node ends when this process ends, however
//! it ends: `deploy/rabbitmq.sh` watches our pid.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A RabbitMQ node.
#[derive(Debug)]
pub(crate) struct RabbitMq {
    folder: PathBuf,
}

/// A virtual host of a node: tests that share a node do not see each other's queues.
#[derive(Debug)]
pub(crate) struct Vhost {
    node: &'static RabbitMq,
    name: String,
}

static SHARED: OnceLock<RabbitMq> = OnceLock::new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Who may do what in a new virtual host: user, configure, write, read.
const PERMISSIONS: [(&str, &str, &str, &str); 6] = [
    ("mezhved", ".*", ".*", ".*"),
    ("publisher", "^$", "^mezhved\\\\.in$", "^$"),
    ("epgu", "^$", "^mezhved\\\\.in$", "^receipts\\\\.epgu$"),
    ("mfc77", "^$", "^mezhved\\\\.in$", "^receipts\\\\.mfc77$"),
    ("rosreestr", "^$", "^mezhved\\\\.in$", "^receipts\\\\.rosreestr$"),
    ("cabinet", "^$", "^mezhved\\\\.in$", "^(receipts|documents)\\\\.cabinet$"),
];

/// Virtual hosts made at a time: asking rabbitmqctl costs more than what it does.
const VHOSTS_AT_ONCE: u32 = 8;

/// A virtual host of its own on the node that all tests of this process share.
pub(crate) fn vhost() -> Vhost {
    static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let node = SHARED.get_or_init(RabbitMq::start);
    if made.is_empty() {
        made.extend((0..VHOSTS_AT_ONCE).map(|_| format!("it{}", COUNTER.fetch_add(1, Ordering::Relaxed))));
        let scripts: Vec<_> = made.iter().map(|name| making(name)).collect();
        node.ctl(["eval", &format!("{}.", scripts.join(", "))]);
    }
    Vhost { node, name: made.pop().expect("some were made") }
}

/// What makes a virtual host and lets the users in.
fn making(name: &str) -> String {
    let mut script = format!("ok = rabbit_vhost:add(<<\"{name}\">>, <<\"it\">>)");
    for (user, configure, write, read) in PERMISSIONS {
        let grant = format!(
            ", ok = rabbit_auth_backend_internal:set_permissions(<<\"{user}\">>, <<\"{name}\">>, \
             <<\"{configure}\">>, <<\"{write}\">>, <<\"{read}\">>, <<\"it\">>)"
        );
        script.push_str(&grant);
    }
    script
}

impl RabbitMq {
    /// Starts a node of one's own: for tests that stop it or starve it.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| String::new())
    }

    /// Starts a node of one's own with more lines of configuration, told for its folder.
    pub(crate) fn start_with(more: impl FnOnce(&Path) -> String) -> Self {
        let node = Self::placed(more);
        node.start_again();
        node
    }

    /// Starts a node of one's own with its management.
    pub(crate) fn start_managed() -> Self {
        let node = Self::placed(|_| String::new());
        node.boot(&["--management"]);
        node
    }

    fn placed(more: impl FnOnce(&Path) -> String) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mezhved-it-{}-{number}", std::process::id()));
        let files = folder.join("conf/conf.d");
        std::fs::create_dir_all(&files).expect("a folder");
        std::fs::write(files.join("more.conf"), more(&folder)).expect("a file");
        Self { folder }
    }

    fn boot(&self, more: &[&str]) {
        let pid = std::process::id().to_string();
        self.run("start", ["--watch", &pid, "--remove"].into_iter().chain(more.iter().copied()));
    }

    /// Where its management answers.
    pub(crate) fn management_url(&self) -> String {
        let ports = std::fs::read_to_string(self.folder.join("run/ports")).expect("it was started");
        format!("http://127.0.0.1:{}", ports.split_whitespace().nth(3).expect("it has a management"))
    }

    /// Starts the node after a stop; port, users and what its queues hold are the same.
    pub(crate) fn start_again(&self) {
        self.boot(&[]);
    }

    /// Stops the node in order.
    pub(crate) fn stop(&self) {
        self.run::<&str>("stop", []);
    }

    /// Stops the node as a power cut would, though not one in the first second of a queue's life: until RabbitMQ 3.10
    /// has written its register of quorum queues, a kill leaves the last new one empty and without a leader.
    pub(crate) fn kill(&self) {
        self.ctl(["eval", "[dets:sync(Table) || Table <- dets:all()]."]);
        self.run::<&str>("kill", []);
    }

    /// The address for a user: `mezhved`, `publisher`, `epgu`, `mfc77`, `rosreestr`, `cabinet`.
    pub(crate) fn url(&self, user: &str) -> String {
        self.run("url", [user]).trim().to_owned()
    }

    /// Runs rabbitmqctl; returns what it prints.
    pub(crate) fn ctl<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        self.run("ctl", arguments)
    }

    fn run<S: AsRef<OsStr>>(&self, verb: &str, arguments: impl IntoIterator<Item = S>) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rabbitmq.sh");
        let output =
            Command::new(script).arg(verb).arg(&self.folder).args(arguments).output().expect("the script runs");
        assert!(output.status.success(), "rabbitmq.sh {verb}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the script prints UTF-8")
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.run::<&str>("kill", []);
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

impl Vhost {
    /// The address for a user: `mezhved`, `publisher`, `epgu`, `mfc77`, `rosreestr`, `cabinet`.
    pub(crate) fn url(&self, user: &str) -> String {
        self.node.url(user).replace("%2f", &self.name)
    }

    /// Its name, for rabbitmqctl's `-p`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The node that it lives on.
    pub(crate) fn node(&self) -> &RabbitMq {
        self.node
    }
}
