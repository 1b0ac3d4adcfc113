//! The rival: a small C program over libxml2, compiled here where that can be done.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The compiled program with its messages in a folder of their own.
pub(crate) struct Rival {
    folder: PathBuf,
    messages: Vec<PathBuf>,
    invalid: usize,
}

impl Rival {
    /// Compiles the program; nothing where a compiler or the headers are missing.
    pub(crate) fn build(messages: &[String], invalid: usize) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("mezhved-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file is written");
            path
        };
        let source = write("libxml2.c", include_str!("libxml2.c"));
        write("order.xsd", include_str!("order.xsd"));
        let paths = messages.iter().enumerate().map(|(index, text)| write(&format!("{index}.xml"), text)).collect();
        let rival = Self { folder: folder.clone(), messages: paths, invalid };
        let flags = Command::new("xml2-config").args(["--cflags", "--libs"]).output().ok()?;
        let flags = String::from_utf8(flags.stdout).ok()?;
        let mut compiler = Command::new("cc");
        compiler.arg("-O2").arg("-o").arg(folder.join("libxml2")).arg(source).args(flags.split_whitespace());
        compiler.output().ok()?.status.success().then_some(rival)
    }

    /// Nanoseconds per message over one turn.
    pub(crate) fn measure(&self, turn: Duration) -> f64 {
        let mut command = Command::new(self.folder.join("libxml2"));
        command.arg(self.folder.join("order.xsd")).arg(turn.as_secs_f64().to_string()).args(&self.messages);
        let told = String::from_utf8(command.output().expect("the program runs").stdout).expect("figures");
        let (nanoseconds, invalid) = told.trim().split_once(' ').expect("two figures");
        assert_eq!(invalid, self.invalid.to_string(), "libxml2 judges the messages as we do");
        nanoseconds.parse().expect("a figure")
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
