//! What a mail server can answer instead of taking a letter, and what follows: the letter is wrong for good, or the server's
//! turn comes later.

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp;
use thiserror::Error;

/// Answers that are about the letter or its reader, and final: no such mailbox, too large, not wanted here. Other
/// refusals (a wrong password, a command that the server does not know) are for somebody to mend, and pass.
const ABOUT_THE_LETTER: [u16; 7] = [550, 551, 552, 553, 554, 555, 556];

/// Answers that are about the letter or its reader, and pass.
const ABOUT_THE_MAILBOX: [u16; 3] = [450, 451, 452];

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailFault {
    /// The letter or its address cannot be sent as it is, or a setting is wrong.
    #[error("{0}")]
    Unmailable(String),
    /// The server refuses this letter or this reader for good.
    #[error("the mail server refuses it: {0}")]
    Refused(String),
    /// The server does not take this letter now: the mailbox is busy, or strangers must come again.
    #[error("not now: {0}")]
    NotNow(String),
    /// The server is away, busy, silent, or does not know us: another time may be better.
    #[error("{0}")]
    Later(String),
}

impl MailFault {
    pub(super) fn of(fault: &smtp::Error) -> Self {
        let mut text = fault.to_string();
        let mut source = fault.source();
        while let Some(one) = source {
            let one_text = one.to_string();
            if !text.contains(&one_text) {
                text = format!("{text}: {one_text}");
            }
            source = one.source();
        }
        match fault.status().map(u16::from) {
            Some(code) if ABOUT_THE_LETTER.contains(&code) => Self::Refused(text),
            Some(code) if ABOUT_THE_MAILBOX.contains(&code) => Self::NotNow(text),
            // An address beyond ASCII that this server cannot be told: no other letter is hindered by it. The library has one kind for
            // all that it finds by itself, a missing TLS among it, which is the server's.
            None if fault.is_client() && text.contains("SMTPUTF8") => Self::Unmailable(text),
            _ => Self::Later(text),
        }
    }

    pub(super) fn silent(timeout: Duration) -> Self {
        Self::Later(format!("the mail server did not answer within {} seconds", timeout.as_secs()))
    }
}
