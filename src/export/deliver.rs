//! Bringing a made file to a destination. Delivering is repeated whole when it failed: every destination takes the same file twice as once.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::job::{Destination, Job};
use super::name::NameParts;
use super::part::Part;
use super::{ExportFault, Manifest};
use crate::store::{Contents, Period};

/// What a manifest's name adds to its file's.
const MANIFEST: &str = ".manifest.json";

/// A file with what is said of it.
#[derive(Debug)]
pub(super) struct Parcel<'a> {
    pub(super) job: &'a Job,
    pub(super) manifest: &'a Manifest,
    /// The manifest as it is written.
    pub(super) told: &'a str,
    pub(super) slot: chrono::DateTime<chrono::Utc>,
    pub(super) period: Option<Period>,
    pub(super) kept: &'a Contents,
    #[cfg(feature = "s3")]
    pub(super) s3: &'a crate::config::S3Settings,
}

impl Parcel<'_> {
    /// Its name at a destination.
    fn name(&self, template: &super::name::NameTemplate) -> Result<String, String> {
        template.fill(&NameParts {
            job: &self.job.code,
            of: self.job.subject.code(),
            slot: self.slot,
            period: self.period,
            ending: &self.job.ending(),
            zone: self.job.zone,
        })
    }
}

/// Looks whether a destination can be delivered to, changing nothing.
pub(super) fn look(destination: &Destination) -> Result<(), String> {
    match destination {
        Destination::Folder { path, made: false, .. } => folder(path),
        Destination::Folder { .. } | Destination::Queue { .. } | Destination::S3 { .. } => Ok(()),
    }
}

/// Delivers; gives where the file is then. What goes by message is owed when all is delivered, see `announce`.
pub(super) fn deliver(destination: &Destination, parcel: &Parcel<'_>) -> Result<Option<String>, ExportFault> {
    let undelivered = |why: String| ExportFault::Undelivered { destination: destination.to_string(), why };
    match destination {
        Destination::Folder { path, made, name } => {
            if !made {
                folder(path).map_err(undelivered)?;
            }
            let file = path.join(parcel.name(name).map_err(undelivered)?);
            let unwritable = || ExportFault::unwritable(file.display().to_string());
            let mut content = parcel.kept.open(&parcel.manifest.sha256)?;
            place(&file, |part| io::copy(&mut content, part).map(drop)).map_err(unwritable())?;
            let manifest = manifest_of(&file);
            place(&manifest, |part| part.write_all(parcel.told.as_bytes())).map_err(unwritable())?;
            Ok(Some(file.display().to_string()))
        }
        Destination::Queue { .. } => Ok(None),
        Destination::S3 { bucket, name } => {
            let key = parcel.name(name).map_err(undelivered)?;
            put(parcel, bucket, &key).map(Some).map_err(undelivered)
        }
    }
}

/// Puts the file and then its manifest into a bucket.
#[cfg(feature = "s3")]
fn put(parcel: &Parcel<'_>, bucket: &str, key: &str) -> Result<String, String> {
    let content = parcel.kept.open(&parcel.manifest.sha256).map_err(|fault| fault.to_string())?;
    let manifest = format!("{key}{MANIFEST}");
    let told = parcel.told.as_bytes();
    tokio::runtime::Handle::current().block_on(async {
        let place = super::s3::put(parcel.s3, bucket, key, content).await?;
        super::s3::put(parcel.s3, bucket, &manifest, told).await?;
        Ok(place)
    })
}

#[cfg(not(feature = "s3"))]
fn put(_parcel: &Parcel<'_>, _bucket: &str, _key: &str) -> Result<String, String> {
    Err(ExportFault::NotBuilt("s3").to_string())
}

/// The manifest lies beside its file.
fn manifest_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(MANIFEST);
    file.with_file_name(name)
}

fn folder(path: &Path) -> Result<(), String> {
    match fs::metadata(path) {
        Ok(about) if !about.is_dir() => Err(format!("{} is no folder", path.display())),
        Ok(_) => rustix::fs::access(path, rustix::fs::Access::WRITE_OK)
            .map_err(|fault| format!("{} cannot be written to: {fault}", path.display())),
        Err(fault) => Err(format!("{}: {fault}; make the folder, or name another", path.display())),
    }
}

/// A file that appears whole.
fn place(file: &Path, fill: impl FnOnce(&mut Part) -> io::Result<()>) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut part = Part::begin(folder)?;
    fill(&mut part)?;
    part.publish(file)
}
