//! Where a written job wants its files to go, held against what there is.

use std::path::PathBuf;

use super::check::Faults;
use super::written::WrittenDestination;
use super::{Bench, Destination};
use crate::export::name::NameTemplate;
use crate::mail;

/// The names of files whose destination gives none.
const NAME: &str = "{job}-{slot}.{ext}";
/// Every kind of destination with its keys.
const DESTINATIONS: [(&str, &[&str]); 4] = [
    ("folder", &["path", "name"]),
    ("queue", &["content"]),
    ("mail", &["to", "content", "name"]),
    ("s3", &["bucket", "name"]),
];

pub(super) fn destinations(
    written: &[WrittenDestination],
    bench: &Bench<'_>,
    faults: &mut Faults<'_>,
) -> Vec<Destination> {
    if written.is_empty() {
        let name = NAME.parse();
        return name
            .map(|name| Destination::Folder { path: bench.output.clone(), made: true, name })
            .into_iter()
            .collect();
    }
    written.iter().filter_map(|one| destination(one, bench, faults)).collect()
}

fn destination(written: &WrittenDestination, bench: &Bench<'_>, faults: &mut Faults<'_>) -> Option<Destination> {
    let kind = written.kind.get_ref().as_str();
    let Some((_, keys)) = DESTINATIONS.iter().find(|(known, _)| *known == kind) else {
        let known = DESTINATIONS.map(|(known, _)| known).join(", ");
        faults.at(&written.kind, format!("there is no destination `{kind}`; there are {known}"));
        return None;
    };
    for (key, place) in written.given() {
        if !keys.contains(&key) {
            faults.at(&place, format!("a destination `{kind}` has no `{key}`"));
        }
    }
    let name: Option<NameTemplate> = match &written.name {
        Some(name) => faults.parsed(name),
        None => NAME.parse().ok(),
    };
    let content = written.content.as_ref().is_none_or(|content| *content.get_ref());
    match kind {
        "queue" => Some(Destination::Queue { content }),
        "mail" => {
            if !bench.has_mail {
                faults
                    .at(&written.kind, "there is no mail server: name one in the section [mail] of the configuration");
            }
            Some(Destination::Mail { to: readers(written, faults)?, content, name: name? })
        }
        "s3" => {
            if !cfg!(feature = "s3") {
                faults.at(&written.kind, "this program was built without S3; build it with the feature `s3`");
            }
            let Some(bucket) = &written.bucket else {
                faults.at(&written.kind, "a destination `s3` needs a `bucket`");
                return None;
            };
            Some(Destination::S3 { bucket: bucket.get_ref().clone(), name: name? })
        }
        _ => {
            let path = written.path.as_ref().map(|path| PathBuf::from(path.get_ref()));
            let made = path.is_none();
            Some(Destination::Folder { path: path.unwrap_or_else(|| bench.output.clone()), made, name: name? })
        }
    }
}

/// The readers of letters, each once.
fn readers(written: &WrittenDestination, faults: &mut Faults<'_>) -> Option<Vec<String>> {
    let Some(list) = written.to.as_ref().filter(|to| !to.get_ref().is_empty()) else {
        faults.at(&written.kind, "a destination `mail` needs `to`, a list of addresses");
        return None;
    };
    let mut readers: Vec<String> = Vec::new();
    for name in list.get_ref() {
        if !mail::is_address(name.get_ref()) {
            faults.at(name, format!("`{}` is no address; write such as `name@example.org`", name.get_ref()));
        } else if !readers.contains(name.get_ref()) {
            readers.push(name.get_ref().clone());
        }
    }
    Some(readers)
}
