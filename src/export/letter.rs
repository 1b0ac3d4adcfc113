//! Files by e-mail: a letter of its own to each reader, with the file in it, or with the place where it lies when it is too long for a
//! letter. A run that is tried again writes only to those whom no earlier try has reached; a letter that a server has taken just before
//! a kill goes out once more under the same `Message-ID`.

use super::deliver::Parcel;
use super::format::Compression;
use super::name::NameTemplate;
use super::value::{self, Clock, Moments};
use super::{ExportFault, Manifest};
use crate::clock;
use crate::domain::identifiers::mask;
use crate::mail::{File, Letter, MailFault, Mailer};
use crate::outbox;
use crate::store::Store;

/// What letters are sent by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) mailer: &'a Mailer,
    pub(super) store: &'a Store,
    /// Number of the run.
    pub(super) run: i64,
    /// Files longer than this do not come along, in bytes.
    pub(super) content_bytes_max: u64,
}

/// Who gets a letter, and what of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readers<'a> {
    pub(super) to: &'a [String],
    pub(super) content: bool,
    pub(super) name: &'a NameTemplate,
}

/// Writes to everybody who has no letter about this file yet. A reader whom the server does not take hinders no other.
///
/// # Errors
/// [`ExportFault::Undelivered`] where another try may reach the rest, [`ExportFault::Refused`] where it will not.
pub(super) async fn send(
    post: &Post<'_>,
    readers: &Readers<'_>,
    parcel: &Parcel<'_>,
    places: &[String],
) -> Result<(), ExportFault> {
    let told = letter(post, readers, parcel, places)?;
    let (mut refused, mut later) = (Vec::new(), Vec::new());
    for address in readers.to {
        let key =
            outbox::id(&["letter", &parcel.manifest.job, &parcel.manifest.slot, &parcel.manifest.sha256, address]);
        if post.store.export_letter_taken(&key).await? {
            continue;
        }
        let letter = Letter { to: vec![address.clone()], key: key.clone(), ..told.clone() };
        // What a server says may quote the address.
        let said = |fault: &MailFault| {
            let masked = mask(address);
            format!("{masked}: {}", fault.to_string().replace(address.as_str(), &masked))
        };
        match post.mailer.send(&letter).await {
            Ok(()) => post.store.export_letter(post.run, &key, clock::now()).await?,
            Err(fault @ (MailFault::Unmailable(_) | MailFault::Refused(_))) => refused.push(said(&fault)),
            Err(fault @ MailFault::NotNow(_)) => later.push(said(&fault)),
            Err(fault @ MailFault::Later(_)) => {
                // The server itself is away: the others need not be tried.
                later.push(said(&fault));
                break;
            }
        }
    }
    let is_final = later.is_empty();
    let why = [later, refused].concat().join("; ");
    match (why.is_empty(), is_final) {
        (true, _) => Ok(()),
        (false, true) => Err(ExportFault::Refused(why)),
        (false, false) => Err(ExportFault::Undelivered { destination: "mail".to_owned(), why }),
    }
}

/// The letter, without its reader.
fn letter(
    post: &Post<'_>,
    readers: &Readers<'_>,
    parcel: &Parcel<'_>,
    places: &[String],
) -> Result<Letter, ExportFault> {
    let Manifest { bytes, sha256, .. } = parcel.manifest;
    let comes_along = readers.content && *bytes <= post.content_bytes_max;
    if !comes_along && places.is_empty() {
        let why = format!(
            "the file has {bytes} bytes, a letter takes {} (exports.mail_bytes_max, `content`), and it lies nowhere that a letter could \
             name: give the job a folder too",
            post.content_bytes_max
        );
        return Err(ExportFault::Refused(why));
    }
    let undelivered = |why: String| ExportFault::Undelivered { destination: "mail".to_owned(), why };
    let name = parcel.name(readers.name).map_err(undelivered)?;
    // Folders of a name mean nothing in a letter.
    let name = name.rsplit('/').next().unwrap_or_default().to_owned();
    let text = text(parcel, &name, comes_along, places);
    let files = if comes_along {
        vec![File { name, media_type: media_type(parcel.manifest).to_owned(), bytes: parcel.kept.read(sha256)? }]
    } else {
        Vec::new()
    };
    let headers = vec![("Auto-Submitted", "auto-generated".to_owned())];
    Ok(Letter { subject: subject(parcel), text, headers, files, ..Letter::default() })
}

fn media_type(manifest: &Manifest) -> &'static str {
    match manifest.compression {
        Compression::None => manifest.format.media_type(manifest.encoding),
        Compression::Gzip => "application/gzip",
        Compression::Zstd => "application/zstd",
    }
}

/// `Дела за день: 03.03.2026`: the label and the day that the file is about.
fn subject(parcel: &Parcel<'_>) -> String {
    let about = parcel.period.map_or(parcel.slot.timestamp_millis(), |period| period.from);
    let day: String = local(parcel, about).chars().take("01.01.2026".len()).collect();
    format!("{}: {day}", parcel.job.label)
}

fn text(parcel: &Parcel<'_>, name: &str, comes_along: bool, places: &[String]) -> String {
    let Manifest { rows, bytes, sha256, .. } = parcel.manifest;
    let mut out = format!("Выгрузка «{}» готова.\n\n", parcel.job.label);
    if let Some(period) = parcel.period {
        out.push_str(&format!("Период: с {} до {}", local(parcel, period.from), local(parcel, period.to)));
    } else {
        out.push_str(&format!("Составлено {}", value::in_a_sentence(parcel.slot.timestamp_millis(), parcel.job.zone)));
    }
    out.push_str(&format!(" ({})\nСтрок: ", parcel.job.zone));
    value::grouped(*rows, &mut out);
    out.push_str(&format!("\nФайл: {name}\nРазмер, байт: "));
    value::grouped(*bytes, &mut out);
    out.push_str(&format!("\nSHA-256: {sha256}\n\n"));
    match (comes_along, places) {
        (true, []) => out.push_str("Файл вложен в письмо.\n"),
        (true, _) => out.push_str("Файл вложен в письмо и лежит здесь:\n"),
        (false, _) => out.push_str("Файл в письмо не вложен, он лежит здесь:\n"),
    }
    places.iter().for_each(|place| out.push_str(&format!("{place}\n")));
    out
}

fn local(parcel: &Parcel<'_>, moment: i64) -> String {
    let mut out = String::new();
    Moments::new(Clock::Local(parcel.job.zone)).write(moment, &mut out);
    out
}
