//! The agencies that may send to us: who they are for the broker, what they may send, where their answers go.

use std::collections::{BTreeMap, HashMap};

use super::written;
use crate::outcome::Code;

/// An agency that may send to us.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Its code, as the envelope names it.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// The broker user that it publishes as.
    pub user: String,
    /// Where e-mail to it may go.
    pub email: Option<String>,
    /// The queue for our answers.
    pub receipts: Option<String>,
    /// The queue for decisions, results, extracts and requests; none: it gets none.
    pub documents: Option<String>,
    /// Permitted `reply_to` queues; a last `*` stands for any ending.
    reply_to: Vec<String>,
    systems: Vec<String>,
    kinds: Vec<String>,
    /// Its own codes for results, by ours.
    result_codes: BTreeMap<String, String>,
}

/// What has no code of its own: whatever was applied, whatever was refused.
const APPLIED: &str = "applied";
const REFUSED: &str = "refused";
/// A remark that is no refusal.
const LATE: &str = "late";

/// All agencies, by code.
#[derive(Debug, Clone, Default)]
pub struct Partners {
    by_code: HashMap<String, Partner>,
}

impl Partner {
    pub(super) fn check(written: &written::Partner) -> Result<Self, String> {
        for (key, value) in [("code", &written.code), ("user", &written.user)] {
            if value.is_empty() {
                return Err(format!("agencies: an agency without `{key}`"));
            }
        }
        for (key, queue) in [("receipts", &written.receipts), ("documents", &written.documents)] {
            if queue.len() > 255 {
                return Err(format!(
                    "agencies: {}: `{key}` is longer than a queue's name may be (255 bytes)",
                    written.code
                ));
            }
        }
        Ok(Self {
            code: written.code.clone(),
            name: if written.name.is_empty() { written.code.clone() } else { written.name.clone() },
            user: written.user.clone(),
            email: Some(written.email.clone()).filter(|email| !email.is_empty()),
            receipts: Some(written.receipts.clone()).filter(|queue| !queue.is_empty()),
            documents: Some(written.documents.clone()).filter(|queue| !queue.is_empty()),
            reply_to: written.reply_to.clone(),
            systems: written.systems.clone(),
            kinds: written.kinds.clone(),
            result_codes: result_codes(written)?,
        })
    }

    /// Whether it may send this kind to this system.
    pub fn may_send(&self, system: &str, kind: &str) -> Result<(), Code> {
        let permits = |list: &[String], value: &str| list.iter().any(|one| one == "*" || one == value);
        if permits(&self.systems, system) && permits(&self.kinds, kind) { Ok(()) } else { Err(Code::SenderNotAllowed) }
    }

    /// Its own code for a result; none where it has none.
    #[must_use]
    pub fn result_code(&self, accepted: bool, code: Option<&str>) -> Option<&str> {
        let whole = if accepted { APPLIED } else { REFUSED };
        let own = code.and_then(|code| self.result_codes.get(code)).or_else(|| self.result_codes.get(whole));
        own.map(String::as_str)
    }

    /// Where its receipt goes: its own queue, else a `reply_to` that it may use.
    #[must_use]
    pub fn receipt_queue(&self, reply_to: Option<&str>) -> Option<String> {
        let permitted = |queue: &&str| {
            self.reply_to.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => queue.starts_with(start),
                None => pattern == queue,
            })
        };
        self.receipts.clone().or_else(|| reply_to.filter(permitted).map(str::to_owned))
    }
}

/// The agency's codes for results: for `applied`, `refused`, `late` and the codes of docs/outcomes.md.
fn result_codes(written: &written::Partner) -> Result<BTreeMap<String, String>, String> {
    for (ours, own) in &written.result_codes {
        let known = [APPLIED, REFUSED, LATE].contains(&ours.as_str()) || Code::parse(ours).is_some();
        if !known {
            let text = "docs/outcomes.md lists the codes; there are `applied`, `refused` and `late` beside them";
            return Err(format!("agencies: {}: result_codes: there is no code `{ours}`; {text}", written.code));
        }
        if own.trim() != own || own.is_empty() || own.chars().count() > 100 {
            return Err(format!("agencies: {}: result_codes.{ours}: 1 to 100 characters", written.code));
        }
    }
    Ok(written.result_codes.clone())
}

impl Partners {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// Codes of those that may send a kind to a system, in order.
    #[must_use]
    pub fn senders(&self, system: &str, kind: &str) -> Vec<&str> {
        let able = self.all().into_iter().filter(|one| one.may_send(system, kind).is_ok());
        able.map(|one| one.code.as_str()).collect()
    }

    pub(super) fn check(written: &[written::Partner]) -> Result<Self, String> {
        let mut by_code = HashMap::new();
        for one in written {
            let partner = Partner::check(one)?;
            if by_code.values().any(|known: &Partner| known.user == partner.user) {
                return Err(format!("agencies: the user {} belongs to two agencies", one.user));
            }
            if by_code.insert(partner.code.clone(), partner).is_some() {
                return Err(format!("agencies: {} stands twice", one.code));
            }
        }
        Ok(Self { by_code })
    }

    /// The agency of this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Partner> {
        self.by_code.get(code)
    }

    /// The agency that publishes as this broker user.
    #[must_use]
    pub fn by_user(&self, user: Option<&str>) -> Option<&Partner> {
        let user = user?;
        self.by_code.values().find(|partner| partner.user == user)
    }

    /// All of them, by code.
    #[must_use]
    pub fn all(&self) -> Vec<&Partner> {
        let mut all: Vec<_> = self.by_code.values().collect();
        all.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner() -> Partner {
        Partner::check(&written::Partner {
            code: "MFC".into(),
            user: "mfc".into(),
            reply_to: vec!["mfc.answers".into(), "tmp.*".into()],
            systems: vec!["epgu".into()],
            kinds: vec!["*".into()],
            ..Default::default()
        })
        .unwrap()
    }

    #[test]
    fn only_permitted_queues_get_receipts() {
        for (asked, granted) in [
            (Some("mfc.answers"), Some("mfc.answers")),
            (Some("tmp.1"), Some("tmp.1")),
            (Some("mfc.answers2"), None),
            (Some("amq.other"), None),
            (None, None),
        ] {
            assert_eq!(partner().receipt_queue(asked).as_deref(), granted, "{asked:?}");
        }
        let own = Partner { receipts: Some("receipts.mfc".into()), ..partner() };
        assert_eq!(own.receipt_queue(Some("tmp.1")).as_deref(), Some("receipts.mfc"));
    }

    #[test]
    fn systems_and_kinds_are_granted_by_name() {
        assert_eq!(partner().may_send("epgu", "StatusUpdate"), Ok(()));
        assert_eq!(partner().may_send("gge", "StatusUpdate"), Err(Code::SenderNotAllowed));
        let none = Partner { kinds: Vec::new(), ..partner() };
        assert_eq!(none.may_send("epgu", "StatusUpdate"), Err(Code::SenderNotAllowed));
    }

    #[test]
    fn results_have_an_agencys_own_codes_where_it_has_them() {
        let codes = [("applied", "0"), ("unknown-case", "28"), ("refused", "5")];
        let with = |codes: &[(&str, &str)]| {
            let result_codes = codes.iter().map(|(ours, own)| ((*ours).to_owned(), (*own).to_owned())).collect();
            let base = written::Partner { code: "MFC".into(), user: "mfc".into(), ..Default::default() };
            Partner::check(&written::Partner { result_codes, ..base })
        };
        let partner = with(&codes).unwrap();
        for (accepted, code, own) in [
            (true, None, "0"),
            (true, Some("late"), "0"),
            (false, Some("unknown-case"), "28"),
            (false, Some("case-exists"), "5"),
        ] {
            assert_eq!(partner.result_code(accepted, code), Some(own), "{code:?}");
        }
        assert_eq!(with(&[]).unwrap().result_code(false, Some("unknown-case")), None);
        for (codes, said) in [(("unknown-thing", "1"), "no code `unknown-thing`"), (("applied", " "), "1 to 100")] {
            assert!(with(&[codes]).unwrap_err().contains(said), "{codes:?}");
        }
    }
}
