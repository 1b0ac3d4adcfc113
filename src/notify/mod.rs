//! People are told. What a change caused stands in the store as events; `tell` plans who hears of each by which channel and when;
//! `deliver` puts it into words and hands it over, each channel on its own, and books what became of it: pending, sent,
//! confirmed, failed, suppressed. A channel that is out delays nobody else; what was handed over and not confirmed goes
//! out again under the same id. The sole user of minijinja.

mod breaker;
mod built_in;
mod choice;
mod deliver;
mod hours;
mod opt_out;
mod seal;
mod settings;
pub mod sms;
mod tell;
mod texts;
mod values;
mod ways;

pub use breaker::{Breaker, BreakerSettings, Gate, Pace};
pub use choice::{Choice, DefaultChoice, Question, Suppressed};
pub use deliver::{Courier, Delivered, deliver};
pub use hours::{QuietHours, digest};
pub use opt_out::{opt_out, opt_out_link};
pub use seal::{OptOut, sign};
pub use settings::{AddressKind, ChannelSettings, Gateway, NotifySettings, OptOutSettings, Way};
pub use tell::tell;
pub use texts::{Page, Part, TextFault, Texts, Words};
pub use values::{Telling, Values, names, sample, values};
pub use ways::{check_url, reach};

pub use crate::domain::frequency::Frequency;
pub use crate::domain::language::Language;
