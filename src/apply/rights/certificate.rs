//! A certificate that an author names is known, was in force when it signed, and belongs to whom it signs for (`certificate-expired`).

use super::standing::lapse;
use super::who::{Fit, Who};
use super::{Asked, key_of};
use crate::apply::world::World;
use crate::apply::{Refusal, Setting};
use crate::binding::ExchangeDocuments;
use crate::outcome::Code;

/// The roles of a certificate's organization, and of the person whose key it is.
pub(super) const PRINCIPAL: &str = "principal";
pub(super) const OWNER: &str = "owner";

pub(super) fn check(asked: &Asked<'_>) -> Result<(), Refusal> {
    let Some(author) = asked.author else { return Ok(()) };
    let Some((kind, serial)) = asked.rights.certificates.as_ref().zip(author.certificate.as_deref()) else {
        return Ok(());
    };
    let key = key_of(kind, serial);
    let refuse = |why: &str| {
        let detail = format!("{}: {why}; подпишите действующим сертификатом", asked.label(&key));
        Err(Refusal::with(Code::CertificateExpired, detail))
    };
    if let Some(why) = asked.lapse(&key, author.signed_at.unwrap_or(asked.at)) {
        return refuse(&why);
    }
    let rows = asked.world.people.of(&key);
    let in_role = |role: &'static str| rows.iter().filter(move |row| row.role == role);
    let (actor, principal) = (Who::actor(author), Who::principal(author));
    let owns = actor.as_ref().map_or(Fit::Unknown, |actor| actor.among(in_role(OWNER)));
    if owns == Fit::Other {
        return refuse("выдан другому лицу");
    }
    // Whoever acts by a power signs with a certificate of his own.
    let own = owns == Fit::Same && author.power.is_some();
    let bound = match principal {
        Some(principal) => principal.among(in_role(PRINCIPAL)) == Fit::Same,
        // Nobody is named: it is for whom the case is.
        None => Who::owners(&asked.parties).among(in_role(PRINCIPAL)) != Fit::Other,
    };
    if own || bound { Ok(()) } else { refuse("не привязан к этой организации") }
}

/// The certificates that marks on documents name were in force when they signed: by what the mark says itself, and by what is known.
pub(in crate::apply) fn marks(
    command: &ExchangeDocuments,
    system: &str,
    world: &World,
    setting: &Setting<'_>,
) -> Result<(), Refusal> {
    let kind = setting.context.lifecycles.system(system).and_then(|system| system.rights().certificates.as_ref());
    for mark in &command.signatures {
        let at = mark.signed_at.unwrap_or(command.happened_at);
        let serial = mark.certificate.as_deref().unwrap_or_default();
        let refuse = |why: &str| {
            let detail = format!("документ {}, сертификат {serial}: {why}; подпишите действующим", mark.r#type);
            Refusal::with(Code::CertificateExpired, detail)
        };
        if mark.valid_from.is_some_and(|from| at < from) || mark.valid_until.is_some_and(|until| until <= at) {
            return Err(refuse("в момент подписи не действовал"));
        }
        let known = kind.map(|kind| key_of(kind, serial));
        let known = known.filter(|key| world.cases.contains_key(key));
        if let Some(why) = known.and_then(|key| lapse(&key, at, world, setting.context)) {
            return Err(refuse(&why));
        }
    }
    Ok(())
}
