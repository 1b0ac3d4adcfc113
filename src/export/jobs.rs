//! The jobs that there are: those built into the program, which run when somebody asks, and those of the configured folder, which run by
//! their schedules too. One of the folder takes the place of a built-in one of its code.

use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use serde::Serialize;

use super::ExportFault;
use super::job::{Bench, Job, JobFault};
use crate::schedule::plan::Plan;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/deploy/exports"]
struct BuiltIn;

/// The most bytes of a job's file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a job comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Built into the program.
    BuiltIn,
    /// A file of the folder.
    File(PathBuf),
}

/// A job that is there.
#[derive(Debug)]
pub struct Listed {
    /// Where it comes from.
    pub origin: Origin,
    /// Its text, as written.
    pub text: String,
    /// The job.
    pub job: Job,
}

impl Listed {
    /// By what schedule it runs; one that is built in runs only when somebody asks, whatever its text says for those who copy it.
    #[must_use]
    pub fn schedule(&self) -> Option<&Plan> {
        match self.origin {
            Origin::BuiltIn => None,
            Origin::File(_) => self.job.schedule.as_ref(),
        }
    }
}

/// The jobs that there are.
#[derive(Debug, Default)]
pub struct Jobs {
    /// By code.
    pub listed: Vec<Listed>,
    /// What is wrong with those that cannot run.
    pub faults: Vec<JobFault>,
}

impl Jobs {
    /// Reads and checks all of them; a faulty one hinders no other.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn load(folder: Option<&Path>, bench: &Bench<'_>) -> Result<Self, ExportFault> {
        let mut jobs = Self::default();
        for name in BuiltIn::iter() {
            let Some(file) = BuiltIn::get(&name) else { continue };
            let text = String::from_utf8_lossy(&file.data).into_owned();
            jobs.add(&format!("built-in {name}"), text, Origin::BuiltIn, bench);
        }
        for path in folder.map(files).transpose()?.unwrap_or_default() {
            match read(&path) {
                Ok(text) => jobs.add(&path.display().to_string(), text, Origin::File(path.clone()), bench),
                Err(text) => jobs.faults.push(JobFault { file: path.display().to_string(), line: 1, text }),
            }
        }
        jobs.listed.sort_by(|a, b| a.job.code.cmp(&b.job.code));
        Ok(jobs)
    }

    fn add(&mut self, file: &str, text: String, origin: Origin, bench: &Bench<'_>) {
        match Job::load(file, &text, bench) {
            Err(faults) => self.faults.extend(faults),
            Ok(job) => match self.listed.iter_mut().find(|known| known.job.code == job.code) {
                Some(known) if known.origin == Origin::BuiltIn => *known = Listed { origin, text, job },
                Some(known) => {
                    let other = match &known.origin {
                        Origin::File(path) => path.display().to_string(),
                        Origin::BuiltIn => "another one".to_owned(),
                    };
                    let text = format!("the code `{}` stands in {other} too, which is the one that counts", job.code);
                    self.faults.push(JobFault { file: file.to_owned(), line: 1, text });
                }
                None => self.listed.push(Listed { origin, text, job }),
            },
        }
    }

    /// The job of this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Listed> {
        self.listed.iter().find(|listed| listed.job.code == code)
    }
}

/// A job's file as text.
fn read(path: &Path) -> Result<String, String> {
    let told = |fault| format!("the file cannot be read: {fault}");
    if fs::metadata(path).map_err(told)?.len() > FILE_BYTES_MAX {
        return Err(format!("the file is longer than {FILE_BYTES_MAX} bytes"));
    }
    fs::read_to_string(path).map_err(told)
}

/// The files of a folder that hold jobs, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, ExportFault> {
    let unreadable = |fault| ExportFault::Folder { path: folder.display().to_string(), fault };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}
