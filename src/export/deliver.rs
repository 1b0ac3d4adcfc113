//! Bringing a made file to a destination. Delivering is repeated whole when it failed: every destination takes the same file twice as once;
//! letters are the exception, see [`super::letter`].

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::aside::aside;
use super::job::{Destination, Job, Mode};
use super::name::{NameParts, NameTemplate};
use super::part::Part;
use super::{ExportFault, Manifest};
use crate::store::{ContentFault, Contents, Period};

/// What a manifest's name adds to its file's.
const MANIFEST: &str = ".manifest.json";
/// Bytes that are copied at once.
const COPY_BYTES: usize = 128 * 1024;

/// A file with what is said of it.
#[derive(Debug)]
pub(super) struct Parcel<'a> {
    pub(super) job: &'a Job,
    pub(super) manifest: &'a Manifest,
    pub(super) slot: chrono::DateTime<chrono::Utc>,
    pub(super) period: Option<Period>,
    pub(super) kept: &'a Contents,
    #[cfg(feature = "s3")]
    pub(super) s3: &'a crate::config::S3Settings,
}

impl Parcel<'_> {
    /// Its name at a destination.
    pub(super) fn name(&self, template: &NameTemplate) -> Result<String, String> {
        template.fill(&NameParts {
            job: &self.job.code,
            of: self.job.subject.code(),
            slot: self.slot,
            period: self.period,
            ending: &self.job.ending(),
            zone: self.job.zone,
        })
    }

    /// Its content, read piece by piece.
    fn open(&self) -> Result<Kept, ExportFault> {
        let sha256 = &self.manifest.sha256;
        Ok(Kept::of(self.kept.open(sha256)?, sha256))
    }
}

/// A kept content being read. Its end is an error where the bytes were not those of its name: what changed on the disk is not delivered.
struct Kept {
    file: File,
    hash: Sha256,
    sha256: String,
}

impl Kept {
    fn of(file: File, sha256: &str) -> Self {
        Self { file, hash: Sha256::new(), sha256: sha256.to_owned() }
    }
}

impl Read for Kept {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.hash.update(&into[..read]);
        if read == 0 && !into.is_empty() && hex::encode(self.hash.clone().finalize()) != self.sha256 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, ContentFault::Changed(self.sha256.clone())));
        }
        Ok(read)
    }
}

/// Looks whether a destination can be delivered to, changing nothing.
pub(super) fn look(destination: &Destination) -> Result<(), String> {
    match destination {
        Destination::Folder { path, made: false, .. } => folder(path),
        Destination::Folder { .. } | Destination::Queue { .. } | Destination::Mail { .. } | Destination::S3 { .. } => {
            Ok(())
        }
    }
}

/// The folder in which a copy may be begun that only needs its name when it is delivered. One that is not ours to make must be there.
pub(super) fn beside(destination: &Destination) -> Option<PathBuf> {
    match destination {
        Destination::Folder { path, made, .. } if *made || folder(path).is_ok() => Some(path.clone()),
        _ => None,
    }
}

/// Delivers, where there is a copy beside the destination that one; gives where the file is then. Letters go when the file is where it is to be, see `letter`; what goes by message is owed when
/// all is delivered, see `announce`.
pub(super) async fn deliver(
    destination: &Destination,
    parcel: &Parcel<'_>,
    copy: Option<Part>,
) -> Result<Option<String>, ExportFault> {
    let undelivered = |why: String| ExportFault::Undelivered { destination: destination.to_string(), why };
    match destination {
        Destination::Folder { path, made, name } => {
            if !made {
                folder(path).map_err(undelivered)?;
            }
            let name = parcel.name(name).map_err(undelivered)?;
            let (file, told) = (path.join(&name), parcel.manifest.beside(&name)?);
            if parcel.job.mode == Mode::Incremental && there_is_another(&file, &parcel.manifest.sha256) {
                let file = file.display();
                return Err(undelivered(format!(
                    "{file} is there with other rows, which no later file will have; move it away, or let {{slot}} in the name tell the runs apart"
                )));
            }
            let (place, mut content) = (file.display().to_string(), parcel.open()?);
            let placed = aside(move || {
                match copy {
                    Some(copy) => {
                        file.parent().map_or(Ok(()), fs::create_dir_all)?;
                        copy.publish(&file)?;
                    }
                    None => placed(&file, |part| copied(&mut content, part))?,
                }
                placed(&manifest_of(&file), |part| part.write_all(told.as_bytes()))
            });
            placed.await?.map_err(ExportFault::unwritable(place.clone()))?;
            Ok(Some(place))
        }
        Destination::Queue { .. } | Destination::Mail { .. } => Ok(None),
        Destination::S3 { bucket, name } => {
            let key = parcel.name(name).map_err(undelivered)?;
            put(parcel, bucket, &key).await.map(Some).map_err(undelivered)
        }
    }
}

/// Puts the file and then its manifest into a bucket.
#[cfg(feature = "s3")]
async fn put(parcel: &Parcel<'_>, bucket: &str, key: &str) -> Result<String, String> {
    let content = parcel.open().map_err(|fault| fault.to_string())?;
    let told = parcel.manifest.beside(key).map_err(|fault| fault.to_string())?;
    let place = super::s3::put(parcel.s3, bucket, key, content).await?;
    super::s3::put(parcel.s3, bucket, &format!("{key}{MANIFEST}"), told.as_bytes()).await?;
    Ok(place)
}

#[cfg(not(feature = "s3"))]
fn put(_parcel: &Parcel<'_>, _bucket: &str, _key: &str) -> std::future::Ready<Result<String, String>> {
    std::future::ready(Err(ExportFault::NotBuilt("s3").to_string()))
}

/// The manifest lies beside its file.
fn manifest_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(MANIFEST);
    file.with_file_name(name)
}

/// Whether files can be made in a folder; what is wrong with it otherwise.
pub(super) fn folder(path: &Path) -> Result<(), String> {
    match fs::metadata(path) {
        Ok(about) if !about.is_dir() => Err(format!("{} is no folder", path.display())),
        Ok(_) => rustix::fs::access(path, rustix::fs::Access::WRITE_OK)
            .map_err(|fault| format!("{} cannot be written to: {fault}", path.display())),
        Err(fault) => Err(format!("{}: {fault}; make the folder, or name another", path.display())),
    }
}

/// Whether there is a file with other bytes than these already.
fn there_is_another(file: &Path, sha256: &str) -> bool {
    File::open(file).is_ok_and(|file| io::copy(&mut Kept::of(file, sha256), &mut io::sink()).is_err())
}

/// Everything that there is to read, written in long pieces.
pub(super) fn copied(from: &mut dyn Read, into: &mut dyn Write) -> io::Result<()> {
    let mut into = BufWriter::with_capacity(COPY_BYTES, into);
    io::copy(from, &mut into)?;
    into.flush()
}

/// A file that appears whole.
pub(super) fn placed(file: &Path, fill: impl FnOnce(&mut Part) -> io::Result<()>) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = Part::begin(folder)?;
    fill(&mut part)?;
    part.publish(file)
}
