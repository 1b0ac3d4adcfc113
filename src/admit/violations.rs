//! What the rules found wrong, as a refusal with its places. The texts are Russian and hold no values of the message.

use super::{Rejected, Remark};
use crate::binding::Faulted;
use crate::outcome::Code;
use crate::xml::{FaultCode, Language};

/// A message that breaks the rules, refused.
pub(super) fn rejected(faulted: Faulted) -> Rejected {
    match faulted {
        Faulted::UnknownKind => Rejected::of(Code::UnknownKind, None),
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
            Rejected { code, detail: Some(text), remarks: vec![remark] }
        }
        Faulted::Violations(violations, truncated) => {
            let remarks: Vec<Remark> = violations
                .iter()
                .map(|violation| Remark {
                    code: violation.code().to_owned(),
                    constraint: Some(violation.constraint().to_owned()),
                    line: Some(violation.position.line),
                    column: Some(violation.position.column),
                    path: Some(violation.path.clone()),
                    text: violation.text(Language::Russian, false),
                })
                .collect();
            let more = if truncated { ", перечислены не все" } else { "" };
            let detail = format!("нарушений: {}{more}", remarks.len());
            Rejected { code: Code::SchemaViolation, detail: Some(detail), remarks }
        }
        Faulted::Field { field, line, column, path } => {
            let text = format!("{}: {field}", Code::FieldUnusable.label());
            let remark = Remark {
                line: Some(line),
                column: Some(column),
                path: Some(path),
                ..Remark::plain(Code::FieldUnusable, text)
            };
            Rejected { code: Code::FieldUnusable, detail: Some(field.to_owned()), remarks: vec![remark] }
        }
    }
}
