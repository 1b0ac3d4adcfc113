//! A queue of the broker, one a channel: notices and digests as XML messages with publisher confirms.

use crate::broker::topology::{EXCHANGE_OUT, notice_queue};
use crate::broker::{Next, Outgoing, Published};
use crate::config::Config;
use crate::relay::{Sheet, said};

use super::Answer;

/// A message for the queue of a channel.
pub(in crate::notify) fn outgoing(channel: &str, sheet: Sheet<'_>, config: &Config) -> Outgoing {
    sheet.outgoing((EXCHANGE_OUT.to_owned(), notice_queue(channel)), config)
}

/// What the broker's verdict means here.
pub(in crate::notify) fn answer(published: &Published) -> Answer {
    match published.next() {
        Next::Done => Answer::Confirmed,
        Next::Again => Answer::Out(said(published), None),
        Next::Stuck => Answer::Refused("broker-refused", said(published)),
    }
}
