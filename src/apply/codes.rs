//! One-time codes: a status that waits for one sends it, keeps only its hash, counts what is wrong, and is left for good where there
//! were too many. The code itself stands in the notice and nowhere else.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::steps::{Steps, Told};
use super::world::{Case, CaseKey, Cause, Entry};
use super::{Change, Event, Refusal, Remark};
use crate::binding::ActOnCase;
use crate::domain::lifecycle::{Guard, Happening, Lifecycle, OneTime, Status};
use crate::outcome::Code;

/// The remark of a wrong code; it is applied all the same: it counts.
pub(super) const WRONG: &str = "code-wrong";
/// How many different codes there are: six digits.
const CODES: u64 = 1_000_000;

/// A code as people read it. Its form for logs hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The digits, for the notice that brings them.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(******)")
    }
}

/// The last code that was sent for a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The entry of the status that sent it.
    pub turn: u32,
    /// What the code is hashed with.
    pub salt: [u8; 16],
    /// SHA-256 of salt and code.
    pub hash: [u8; 32],
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// The first moment at which it is not good any more.
    pub expires_at: DateTime<Utc>,
    /// Wrong codes since the status was entered, also against codes sent before.
    pub failures: u32,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
}

impl CodeRow {
    fn fits(&self, told: &str) -> bool {
        self.hash == hash(&self.salt, told)
    }
}

fn hash(salt: &[u8; 16], code: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(code).finalize().into()
}

/// A code and its salt, from the batch's random seed and what makes the sending one of its kind.
fn make(seed: &[u8; 32], case: &CaseKey, (message, item, step): (i64, u32, usize)) -> (String, [u8; 16]) {
    let names = [&case.system, &case.kind, &case.number];
    let mut digest = Sha256::new().chain_update(seed);
    for name in names {
        digest.update(name.len().to_be_bytes());
        digest.update(name);
    }
    digest.update(message.to_be_bytes());
    digest.update(item.to_be_bytes());
    digest.update(step.to_be_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    let (number, rest) = bytes.split_at(16);
    let number = number.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut salt = [0; 16];
    salt.copy_from_slice(rest);
    // 2^64 is so much more than a million that no code is likelier than another by more than 10^-13.
    (format!("{:06}", number % CODES), salt)
}

/// What came of a code that was told.
pub(super) enum Tried<'l> {
    /// None is asked for here.
    NotAsked,
    /// It is the one that was sent.
    Fits,
    /// It is not.
    Wrong(&'l OneTime),
}

impl Steps<'_> {
    /// A status that waits for a code sends one.
    pub(super) fn send_code(&mut self, case: &Case, status: &Status) {
        let (Some(sent), Some(expires_at)) = (&status.code_sent, case.deadline) else { return };
        let setting = self.setting();
        let cause = match setting.cause {
            Cause::Message(seq) => seq,
            Cause::Timer(id) => -id,
        };
        let place = (cause, setting.item, self.changes().len());
        let (code, salt) = make(&setting.context.seed, &case.key, place);
        let failures = self.code(&case.key).filter(|one| one.turn == case.turn).map_or(0, |one| one.failures);
        let row = CodeRow {
            turn: case.turn,
            salt,
            hash: hash(&salt, &code),
            sent_at: self.by().happened_at,
            expires_at,
            failures,
            used_at: None,
        };
        self.change(Change::Code(case.key.clone(), Box::new(row)));
        let event = Event::of(&sent.event, case, self.by().happened_at);
        self.event(Event { secret: Some(Secret(code)), ..event });
    }

    /// The code is sent anew, with a term of its own.
    pub(super) fn resend(&mut self, case: &mut Case, lifecycle: &Lifecycle, status: &Status) -> Result<(), Refusal> {
        if status.code_sent.is_none() {
            return Ok(());
        }
        case.deadline = self.deadline(case, lifecycle, status, &Told::default())?;
        case.changed_at = self.setting().context.now;
        self.put(case.clone());
        self.retimed(case, lifecycle)?;
        self.send_code(case, status);
        Ok(())
    }

    /// Holds the code of an act against the one that was sent, where the answer of the status asks for one.
    pub(super) fn try_code<'l>(
        &mut self,
        command: &ActOnCase,
        case: &Case,
        status: &'l Status,
    ) -> Result<Tried<'l>, Refusal> {
        let act = Happening::Act(command.act.clone());
        let asks =
            |one: &&crate::domain::lifecycle::Reaction| one.happening == act && one.guard == Some(Guard::CodeFits);
        let (Some(sent), Some(_)) = (&status.code_sent, status.on.iter().find(asks)) else {
            return Ok(Tried::NotAsked);
        };
        if command.happened_at < case.since {
            return Ok(Tried::NotAsked);
        }
        let told = command.code.as_deref();
        let told = told.ok_or_else(|| Refusal::with(Code::FieldMissing, "одноразовый код".to_owned()))?;
        let expired = |why: &str| Refusal::with(Code::CodeExpired, format!("{why}; попросите новый код"));
        let row = self.code(&case.key).filter(|one| one.turn == case.turn).cloned();
        let row = row.ok_or_else(|| expired("кода для этого статуса не отправляли"))?;
        if row.used_at.is_some() {
            return Err(expired("код уже использован"));
        }
        if row.expires_at <= command.happened_at {
            let zone = self.setting().context.zone;
            let until = row.expires_at.with_timezone(&zone).format("%d.%m.%Y %H:%M");
            return Err(expired(&format!("код действовал до {until}")));
        }
        if self.setting().test {
            // Who only tries must not learn the code by trying.
            return Ok(Tried::Fits);
        }
        if row.fits(told) {
            let used = CodeRow { used_at: Some(command.happened_at), ..row };
            self.change(Change::Code(case.key.clone(), Box::new(used)));
            return Ok(Tried::Fits);
        }
        let failed = CodeRow { failures: row.failures + 1, ..row };
        self.change(Change::Code(case.key.clone(), Box::new(failed)));
        Ok(Tried::Wrong(sent))
    }

    /// A wrong code: it is counted, and the last one of those that there may be moves the case.
    pub(super) fn missed(
        &mut self,
        case: &Case,
        lifecycle: &Lifecycle,
        sent: &OneTime,
        act: &str,
    ) -> Result<Remark, Refusal> {
        let failures = self.code(&case.key).map_or(0, |one| one.failures);
        let told = Told { details: json!({ "act": act, "code": "wrong", "failures": failures }), ..Told::default() };
        self.record(case, Entry::Acted, Some(case.status.clone()), &case.status, &told);
        let left = sent.attempts_max.saturating_sub(failures);
        let exhausted = lifecycle.status(&sent.exhausted).filter(|_| left == 0);
        let text = match exhausted {
            None => format!("Код неверный. Осталось попыток: {left}"),
            Some(to) => {
                let reason = sent.reason.as_deref().and_then(|code| lifecycle.reason(to, code));
                self.enter(case.clone(), to, &Told::because(reason))?;
                format!("Код неверный. Попыток больше нет, дело переведено в статус «{}»", to.label)
            }
        };
        Ok(Remark { code: WRONG.to_owned(), constraint: None, line: None, column: None, path: None, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: &str) -> CaseKey {
        CaseKey { system: "org".to_owned(), kind: "contact-confirmation".to_owned(), number: number.to_owned() }
    }

    #[test]
    fn a_code_is_six_digits_and_fits_only_itself() {
        let (code, salt) = make(&[7; 32], &key("1"), (1, 1, 0));
        assert!(code.len() == 6 && code.chars().all(|sign| sign.is_ascii_digit()), "{code}");
        let row = CodeRow {
            turn: 0,
            salt,
            hash: hash(&salt, &code),
            sent_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            failures: 0,
            used_at: None,
        };
        assert!(row.fits(&code));
        let other = format!("{:06}", (code.parse::<u64>().unwrap() + 1) % CODES);
        assert!(!row.fits(&other));
    }

    #[test]
    fn codes_differ_by_seed_case_and_sending() {
        let mut made: Vec<_> = [([1; 32], "1", (1, 1, 0)), ([2; 32], "1", (1, 1, 0)), ([1; 32], "2", (1, 1, 0))]
            .into_iter()
            .chain([([1; 32], "1", (2, 1, 0)), ([1; 32], "1", (1, 2, 0)), ([1; 32], "1", (1, 1, 1))])
            .map(|(seed, number, place)| make(&seed, &key(number), place).1)
            .collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 6);
        assert_eq!(make(&[1; 32], &key("1"), (1, 1, 0)), make(&[1; 32], &key("1"), (1, 1, 0)));
    }

    #[test]
    fn logs_do_not_show_a_code() {
        assert_eq!(format!("{:?}", Secret("123456".to_owned())), "Secret(******)");
    }
}
