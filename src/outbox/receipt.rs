//! The answer to a message: accepted or refused, with what was wrong and where, and the result of every item.

use std::borrow::Cow;

use super::envelope::{Header, id, is_uuid, message, moment};
use super::{OutboxRow, OutboxWhat, Sending};
use crate::admit::Remark;
use crate::apply::Receipt;
use crate::apply::results::{ItemResult, Tried};
use crate::apply::rows::Outcome;
use crate::config::Partner;
use crate::outcome::{Code, Remedy};
use crate::xml::{WriteFault, Writer};

const NAMESPACE: &str = "urn:mezhved:receipt:1.0";
/// Longest text of one error that the receipt's schema takes, in characters.
const TEXT_CHARACTERS_MAX: usize = 4000;
/// Stands for the system where the message did not name one that we know.
const NO_SYSTEM: &str = "exchange";
/// Stands for the sender where a file did not name one.
const NO_SENDER: &str = "UNKNOWN";

pub(super) fn row(receipt: &Receipt, sending: &Sending<'_>) -> Result<OutboxRow, WriteFault> {
    let (item, attempt) = (receipt.item.to_string(), receipt.attempt.to_string());
    let message_id = id(&["receipt", &receipt.sender, &receipt.message_id, &item, &attempt]);
    let correlation = receipt.correlation.as_ref().unwrap_or(&receipt.own_id);
    let header = Header {
        message_id: &message_id,
        in_reply_to: Some(receipt.own_id.as_str()).filter(|id| is_uuid(id)),
        correlation,
        recipient: Some(receipt.sender.as_str()).filter(|code| !code.starts_with('?')).unwrap_or(NO_SENDER),
        system: receipt.system.as_deref().unwrap_or(NO_SYSTEM),
        test: receipt.test,
    };
    let partner = sending.partners.get(&receipt.sender);
    let body = message(&header, sending, NAMESPACE, |writer| write(writer, receipt, partner))?;
    let (kind, address) = match receipt.address.split_once(':') {
        Some(("file", path)) => ("file", path),
        Some((_, queue)) => ("queue", queue),
        None => ("queue", receipt.address.as_str()),
    };
    Ok(OutboxRow {
        what: OutboxWhat::Receipt,
        message: Some(receipt.message),
        case_number: None,
        kind,
        address: address.to_owned(),
        order_key: None,
        correlation: correlation.clone(),
        system: receipt.queue_system.clone(),
        message_id,
        r#type: "Receipt",
        traceparent: receipt.traceparent.clone(),
        body,
        created_at: sending.now,
    })
}

fn write(w: &mut Writer, receipt: &Receipt, partner: Option<&Partner>) -> Result<(), WriteFault> {
    let accepted = receipt.outcome == Outcome::Applied;
    w.start("b:Receipt")?.attribute("result", if accepted { "accepted" } else { "refused" })?;
    let refusal = receipt.refusal.as_ref();
    in_its_words(w, accepted, refusal.map(|refusal| refusal.code.as_str()), partner)?;
    if let Some(refusal) = refusal {
        w.attribute("code", refusal.code.as_str())?;
    }
    w.element("b:MessageId", &receipt.own_id)?;
    if let Some(system) = &receipt.system {
        w.element("b:System", system)?;
    }
    if let Some(kind) = &receipt.kind {
        w.element("b:Kind", kind)?;
    }
    w.element("b:SettledAt", &moment(receipt.settled_at))?;
    if receipt.test {
        w.element("b:Test", "true")?;
    }
    if let Some(refusal) = refusal {
        errors(w, &refusal.remarks, Some(refusal.code), refusal.truncated)?;
    }
    if !receipt.items.0.is_empty() {
        w.start("b:Items")?;
        receipt.items.0.iter().try_for_each(|item| write_item(w, item, partner))?;
        w.end()?;
    }
    w.end()?;
    Ok(())
}

/// A result by the code that the agency itself has for it, where one is configured.
fn in_its_words(
    w: &mut Writer,
    accepted: bool,
    code: Option<&str>,
    partner: Option<&Partner>,
) -> Result<(), WriteFault> {
    let own = partner.and_then(|partner| partner.result_code(accepted, code));
    if let Some(own) = own {
        w.attribute("agencyCode", own)?;
    }
    Ok(())
}

fn write_item(w: &mut Writer, item: &ItemResult, partner: Option<&Partner>) -> Result<(), WriteFault> {
    let result = match item.result {
        Tried::Applied => "applied",
        Tried::Test => "test",
        Tried::Refused | Tried::Parked => "refused",
    };
    w.start("b:Item")?.attribute("number", &item.number.to_string())?;
    if let Some(sequence) = item.sequence {
        w.attribute("sequence", &sequence.to_string())?;
    }
    w.attribute("result", result)?;
    let code = item.remark.as_ref().map(|remark| remark.code.as_str());
    in_its_words(w, matches!(item.result, Tried::Applied | Tried::Test), code, partner)?;
    if !item.case.is_empty() {
        w.element("b:CaseNumber", &item.case)?;
    }
    errors(w, item.remark.as_slice(), None, false)?;
    w.end()?;
    Ok(())
}

/// Errors of a message that is refused whole with a code, or what there is to say of an item.
fn errors(w: &mut Writer, remarks: &[Remark], whole: Option<Code>, truncated: bool) -> Result<(), WriteFault> {
    if remarks.is_empty() {
        return Ok(());
    }
    w.start("b:Errors")?;
    if truncated {
        w.attribute("truncated", "true")?;
    }
    for remark in remarks {
        w.start("b:Error")?.attribute("code", &remark.code)?;
        if let Some(line) = remark.line {
            w.attribute("line", &line.to_string())?;
        }
        if let Some(column) = remark.column {
            w.attribute("column", &column.to_string())?;
        }
        if let Some(path) = &remark.path {
            w.attribute("path", &cut(path))?;
        }
        if let Some(code) = Code::parse(&remark.code).or(whole) {
            w.attribute("advice", advice(code))?;
        }
        w.text(&cut(&remark.text))?.end()?;
    }
    w.end()?;
    Ok(())
}

/// What the sender should do about a refusal.
fn advice(code: Code) -> &'static str {
    match (code, code.remedy()) {
        (Code::Expired | Code::MessageIdConflict, _) => "resend-with-new-id",
        (Code::DuplicateApplication | Code::CaseExists | Code::SequenceUsed, _) => "do-not-resend",
        (_, Remedy::Sender) => "correct-and-resend",
        (_, Remedy::Operator) => "wait",
        (_, Remedy::Daemon) => "resend-with-new-id",
    }
}

/// A text that the receipt's schema takes; what is cut off leaves an ellipsis.
fn cut(text: &str) -> Cow<'_, str> {
    if text.chars().nth(TEXT_CHARACTERS_MAX).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(TEXT_CHARACTERS_MAX - 1).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One error as a receipt carries it: its path and its text.
    fn carried(path: &str, text: &str) -> (String, String) {
        let (path, text) = (Some(path.to_owned()), text.to_owned());
        let remark = Remark { code: "pattern".to_owned(), constraint: None, line: None, column: None, path, text };
        let mut writer = Writer::new();
        writer.start("b:Receipt").unwrap().namespace("b", NAMESPACE).unwrap();
        errors(&mut writer, &[remark], Some(Code::SchemaViolation), false).unwrap();
        writer.end().unwrap();
        let xml = writer.finish().unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let error = document.descendants().find(|node| node.tag_name().name() == "Error").unwrap();
        (error.attribute("path").unwrap().to_owned(), error.text().unwrap().to_owned())
    }

    #[test]
    fn a_text_of_4000_characters_is_told_whole_and_one_more_is_cut_with_an_ellipsis() {
        let whole = "ё".repeat(TEXT_CHARACTERS_MAX);
        assert_eq!(carried("/a", &whole), ("/a".to_owned(), whole.clone()));
        let cut = "ё".repeat(TEXT_CHARACTERS_MAX - 1) + "…";
        assert_eq!(carried(&(whole.clone() + "/"), &(whole + "!")), (cut.clone(), cut));
    }
}
