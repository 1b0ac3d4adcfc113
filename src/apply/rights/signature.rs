//! What must be signed carries the mark of a signature, of a kind that counts for it (`signature-required`): the kind of case says
//! which commands, the service which kinds for its applications.

use super::{Asked, key_of};
use crate::apply::Refusal;
use crate::binding::Command;
use crate::outcome::Code;

/// The field of a certificate that tells its kind of signature.
pub(super) const KIND: &str = "signature";

pub(super) fn check(asked: &Asked<'_>, command: &Command) -> Result<(), Refusal> {
    let Some(counting) = demanded(asked, command) else { return Ok(()) };
    let kinds: Vec<String> = counting.iter().map(|code| format!("«{}»", asked.vocabulary.signature(code))).collect();
    let wanted = if kinds.is_empty() { "любая".to_owned() } else { kinds.join(" или ") };
    let refuse = |why: &str| Err(Refusal::with(Code::SignatureRequired, format!("{why}; нужна подпись: {wanted}")));
    let Some(kind) = kind(asked) else { return refuse("подписи нет") };
    if !counting.is_empty() && !counting.contains(&kind) {
        return refuse(&format!("подпись «{}» здесь не подходит", asked.vocabulary.signature(&kind)));
    }
    let certified = asked.vocabulary.signatures.iter().any(|one| one.code == kind && one.certified);
    let names = asked.author.is_some_and(|author| author.certificate.is_some());
    if certified && !names && asked.rights.certificates.is_some() {
        return refuse("не указан сертификат подписи");
    }
    Ok(())
}

/// Kinds of signature that count, where one is demanded; an empty list: any.
fn demanded(asked: &Asked<'_>, command: &Command) -> Option<Vec<String>> {
    let lifecycle = asked.lifecycles.kind(&asked.key.system, &asked.key.kind)?;
    if let Command::OpenCase(command) = command {
        let service = command.service.as_deref().and_then(|code| lifecycle.service(code));
        if let Some(service) = service.filter(|service| !service.signatures.is_empty()) {
            return Some(service.signatures.clone());
        }
    }
    let stands_for = |field: &String| match command {
        Command::OpenCase(command) => command.details.0.contains_key(field),
        Command::CorrectCase(command) => command.details.0.contains_key(field),
        Command::ActOnCase(command) => command.details.0.contains_key(field),
        _ => false,
    };
    if asked.kind.signed_or.as_ref().is_some_and(stands_for) {
        return None;
    }
    asked.kind.signed.contains(&asked.command).then(|| asked.kind.signatures.clone())
}

/// The kind of the signature: what its certificate is for, where it is known, else what the author says.
fn kind(asked: &Asked<'_>) -> Option<String> {
    let author = asked.author?;
    let certified = asked.rights.certificates.as_ref().zip(author.certificate.as_deref()).and_then(|(kind, serial)| {
        let key = key_of(kind, serial);
        asked.told(&key, KIND).map(str::to_owned)
    });
    certified.or_else(|| author.signature.clone())
}
