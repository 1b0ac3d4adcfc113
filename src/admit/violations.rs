//! What the rules found wrong, as a refusal with its places. The texts are Russian and hold no values of the message.

use super::{Rejected, Remark, Told};
use crate::binding::{Faulted, UnknownKind};
use crate::outcome::Code;
use crate::validate::Violation;
use crate::xml::{FaultCode, Language};

/// A message that breaks the rules, refused.
pub(super) fn rejected(faulted: Faulted) -> Rejected {
    match faulted {
        Faulted::UnknownKind(kind) => unknown(&kind),
        Faulted::Xml(fault) => {
            let code = match fault.code {
                FaultCode::DoctypeForbidden => Code::DoctypeForbidden,
                limit if limit.is_limit() => Code::XmlLimit,
                _ => Code::MalformedXml,
            };
            let text = fault.text(Language::Russian).to_owned();
            let position = fault.position;
            let remark = Remark {
                code: fault.code().to_owned(),
                line: Some(position.line),
                column: Some(position.column),
                ..Remark::plain(code, text.clone())
            };
            Rejected { remarks: vec![remark.into()], ..Rejected::of(code, Some(text)) }
        }
        Faulted::Violations(violations, truncated) => {
            let remark = |violation: &Violation| Remark {
                code: violation.code().to_owned(),
                constraint: Some(violation.constraint().to_owned()),
                line: Some(violation.position.line),
                column: Some(violation.position.column),
                path: Some(violation.path.clone()),
                text: violation.text(Language::Russian, false),
            };
            // In English they are told by who asks for more than a receipt needs.
            let remarks: Vec<Told> = violations.iter().map(|violation| remark(violation).into()).collect();
            let all = if truncated { "перечислены первые" } else { "всего" };
            let detail = format!("нарушения, {all} {}", remarks.len());
            Rejected { remarks, truncated, ..Rejected::of(Code::SchemaViolation, Some(detail)) }
        }
        Faulted::Field { field, line, column, path } => {
            let text = format!("{}: {field}", Code::FieldUnusable.label());
            let remark = Remark {
                line: Some(line),
                column: Some(column),
                path: Some(path),
                ..Remark::plain(Code::FieldUnusable, text)
            };
            let rejected = Rejected::of(Code::FieldUnusable, Some(field.to_owned())).in_english(field.to_owned());
            Rejected { remarks: vec![remark.into()], ..rejected }
        }
    }
}

/// Of a body it is the name of its root element that is told, and the known one that it may be meant for.
fn unknown(kind: &UnknownKind) -> Rejected {
    let UnknownKind { root, system, nearest } = kind;
    let (mut detail, mut english) =
        (format!("{root} в системе {system} не принимается"), format!("<{root}> is no message of the system {system}"));
    if nearest.as_ref() == Some(root) {
        detail.push_str("; он известен в другом пространстве имён или в другой версии");
        english.push_str("; it is known in another namespace or version");
    } else if let Some(nearest) = nearest {
        detail.push_str(&format!("; похожий вид — {nearest}"));
        english.push_str(&format!("; did you mean <{nearest}>?"));
    }
    Rejected::of(Code::UnknownKind, Some(detail)).in_english(english)
}
