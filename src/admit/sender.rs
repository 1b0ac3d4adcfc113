//! Who sent it, whether that is true, whether they may, and where the answer goes. The envelope names the sender; the
//! broker vouches for the user; where the two do not belong together nothing of the message is believed.

use super::{Desk, Head, Rejected};
use crate::intake::Origin;
use crate::outcome::Code;

/// Books the message under its sender and id, and judges the sender.
pub(super) fn identify(head: &mut Head, desk: &Desk<'_>, notes: &mut Vec<String>) -> Result<(), Rejected> {
    contradictions(head, notes);
    head.own_id = match &head.envelope.message_id {
        // What is no UUID is no id: a receipt could not refer to it.
        Some(id) if uuid::Uuid::try_parse(id).is_ok() && id.len() == 36 => id.to_lowercase(),
        _ => format!("sha256:{}", hex::encode(head.hash)),
    };
    if let Origin::Store(again) = &head.origin {
        head.sender.clone_from(&again.sender);
        head.message_id.clone_from(&again.message_id);
    } else {
        head.message_id.clone_from(&head.own_id);
        head.sender = unverified(head);
    }
    if let Origin::File { path, .. } = &head.origin {
        head.reply = Some(format!("file:{}", path.with_extension("receipt.xml").display()));
    }
    let judged = judge(head, desk);
    if head.reply.is_none() {
        notes.push("receipt: there is no address for it".into());
    }
    judged
}

fn judge(head: &mut Head, desk: &Desk<'_>) -> Result<(), Rejected> {
    let Some(named) = head.envelope.sender.clone() else {
        // The envelope breaks off before its sender: the broker's user still says whose queue to answer to.
        if let Some(partner) = desk.partners.by_user(head.properties.user_id.as_deref()) {
            head.sender.clone_from(&partner.code);
            address(head, desk);
        }
        return Ok(());
    };
    let Some(partner) = desk.partners.get(&named) else {
        let named = shown(&named);
        return Err(Rejected::of(Code::UnknownSender, Some(named.clone())).in_english(named));
    };
    if !vouched(head, &partner.user) {
        let (detail, english) = match head.properties.user_id.as_deref().map(shown) {
            Some(user) => (
                format!("пользователь брокера {user} не принадлежит ведомству {named}"),
                format!("the broker's user {user} is not the agency {named}'s"),
            ),
            None => (
                format!("свойство user_id не заполнено, а ведомство {named} не подтверждено"),
                format!("the property user_id is empty, so nothing vouches for the agency {named}"),
            ),
        };
        return Err(Rejected::of(Code::SenderNotAllowed, Some(detail)).in_english(english));
    }
    head.sender.clone_from(&named);
    address(head, desk);
    recipient(head, desk)?;
    if let Some(family) = &head.family
        && partner.may_send(&family.system, &family.kind).is_err()
    {
        let (kind, system) = (&family.kind, &family.system);
        let detail = format!("ведомству {named} не разрешено отправлять {kind} в систему {system}");
        let english = format!("the agency {named} may not send {kind} to the system {system}");
        return Err(Rejected::of(Code::SenderNotAllowed, Some(detail)).in_english(english));
    }
    Ok(())
}

/// A sender that nobody vouches for must not take ids of the one it names.
fn unverified(head: &Head) -> String {
    format!("?{}", head.properties.user_id.as_deref().map(shown).unwrap_or_default())
}

/// A file is vouched for by the operator who gave it; a stored message by what it was at first.
fn vouched(head: &Head, user: &str) -> bool {
    match &head.origin {
        Origin::File { .. } => true,
        Origin::Store(again) if again.source_is_file => true,
        _ => head.properties.user_id.as_deref() == Some(user),
    }
}

fn recipient(head: &Head, desk: &Desk<'_>) -> Result<(), Rejected> {
    let agency = head.envelope.recipient_agency.as_deref();
    if agency.is_some_and(|agency| agency != desk.agency) {
        let (detail, english) =
            ("в конверте указано другое ведомство-получатель", "the envelope names another agency as its recipient");
        return Err(Rejected::of(Code::WrongRecipient, Some(detail.into())).in_english(english.into()));
    }
    match (head.queue_system(), head.envelope.recipient_system.as_deref()) {
        (Some(queue), Some(named)) if queue != named => {
            let detail = format!("очередь системы {queue}, а в конверте указана другая");
            let english = format!("this is the queue of the system {queue}, and the envelope names another one");
            Err(Rejected::of(Code::WrongRecipient, Some(detail)).in_english(english))
        }
        _ => Ok(()),
    }
}

fn address(head: &mut Head, desk: &Desk<'_>) {
    if head.reply.is_some() {
        return;
    }
    let named = head.envelope.sender.as_deref();
    let partner = named
        .and_then(|code| desk.partners.get(code))
        .or_else(|| desk.partners.by_user(head.properties.user_id.as_deref()));
    let reply_to = head.properties.reply_to.as_deref();
    head.reply = partner.and_then(|partner| partner.receipt_queue(reply_to)).map(|queue| format!("queue:{queue}"));
}

/// Where a property contradicts the envelope, the envelope wins, and it is noted.
fn contradictions(head: &Head, notes: &mut Vec<String>) {
    let (envelope, properties) = (&head.envelope, &head.properties);
    let kind = head.family.as_ref().map(|family| family.kind.clone());
    let pairs = [
        ("message_id", &properties.message_id, &envelope.message_id),
        ("correlation_id", &properties.correlation_id, &envelope.correlation_id),
        ("type", &properties.kind, &kind),
    ];
    for (name, property, element) in pairs {
        if let (Some(property), Some(element)) = (property, element)
            && !property.eq_ignore_ascii_case(element)
        {
            notes.push(format!("property {name}: contradicts the envelope, which wins"));
        }
    }
    let sent_at = envelope.sent_at.and_then(|moment| u64::try_from(moment.timestamp()).ok());
    if let (Some(property), Some(sent_at)) = (properties.timestamp, sent_at)
        && property.abs_diff(sent_at) > 1
    {
        notes.push("property timestamp: contradicts the envelope, which wins".into());
    }
}

/// A code or user name that came from outside, short and without anything that could disturb a log or a page.
fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(64).collect()
}
