//! What may be unusual about a sample message, and how often it is.

use std::fmt;
use std::str::FromStr;

/// Declares the oddities with their names, usual shares per mille and meanings, so that none can lack one.
macro_rules! oddities {
    ($($(#[$doc:meta])* $name:ident $code:literal $share:literal;)*) => {
        /// Something unusual about a message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Oddity { $($(#[$doc])* $name,)* }

        impl Oddity {
            /// All of them, in the order of [`Shares`].
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// In how many of a thousand messages it occurs in usual traffic.
            #[must_use]
            pub fn usual(self) -> u16 {
                match self { $(Self::$name => $share,)* }
            }
        }
    };
}

oddities! {
    /// The bytes of an earlier message again.
    Repeat "repeat" 30;
    /// The id of an earlier message on other content.
    Conflict "conflict" 5;
    /// An update before its application.
    Overtaking "overtaking" 10;
    /// An item before the one that its sender numbered lower.
    Gap "gap" 10;
    /// An update of a case that never comes.
    Stray "stray" 3;
    /// An update that happened before the present status.
    Late "late" 15;
    /// The present status again, with a comment.
    Comment "comment" 20;
    /// Many updates in one message, now and then one of them impossible.
    Many "many" 40;
    /// A message with the test mark.
    Test "test" 5;
    /// Another encoding than UTF-8 without a mark.
    Encoding "encoding" 15;
    /// A move that the lifecycle does not have.
    Forbidden "forbidden" 15;
    /// A status that nobody knows.
    UnknownStatus "unknown-status" 5;
    /// An update without what its status asks for.
    Incomplete "incomplete" 8;
    /// A reason that is not in the list.
    UnknownReason "unknown-reason" 4;
    /// A second open application for the same.
    Duplicate "duplicate" 8;
    /// Another application under a number that is taken.
    TakenNumber "taken-number" 3;
    /// A sequence number that was used.
    UsedSequence "used-sequence" 4;
    /// A message that breaks its schema.
    Schema "schema" 15;
    /// No well-formed XML.
    Malformed "malformed" 10;
    /// Meant to hurt.
    Hostile "hostile" 6;
    /// An attachment that is not what is declared.
    Attachment "attachment" 10;
    /// From nobody, or for somebody else.
    Stranger "stranger" 5;
    /// A kind that no schema has.
    UnknownKind "unknown-kind" 3;
    /// Past its end of life.
    Expired "expired" 4;
}

impl fmt::Display for Oddity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// No oddity of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sample.oddity: {0:?} is no oddity; they are {names}", names = Oddity::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "))]
pub struct UnknownOddity(String);

impl FromStr for Oddity {
    type Err = UnknownOddity;

    fn from_str(name: &str) -> Result<Self, UnknownOddity> {
        let known = Self::ALL.iter().copied().find(|one| one.as_str() == name);
        known.ok_or_else(|| UnknownOddity(name.to_owned()))
    }
}

/// In how many of a thousand messages each oddity occurs. Where the shares come to more than a thousand, those that stand last in
/// [`Oddity::ALL`] come short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares([u16; Oddity::ALL.len()]);

impl Shares {
    /// Nothing unusual at all.
    #[must_use]
    pub fn none() -> Self {
        Self([0; Oddity::ALL.len()])
    }

    /// Usual traffic.
    #[must_use]
    pub fn usual() -> Self {
        let mut shares = Self::none();
        for oddity in Oddity::ALL {
            shares = shares.with(*oddity, oddity.usual());
        }
        shares
    }

    /// The same with another share of one oddity, per mille.
    #[must_use]
    pub fn with(mut self, oddity: Oddity, per_mille: u16) -> Self {
        self.0[oddity as usize] = per_mille;
        self
    }

    /// The share of one oddity, per mille.
    #[must_use]
    pub fn of(&self, oddity: Oddity) -> u16 {
        self.0[oddity as usize]
    }

    /// The oddity of a message, by a number below a thousand; none for most.
    pub(super) fn at(&self, mut draw: usize) -> Option<Oddity> {
        for (oddity, share) in Oddity::ALL.iter().zip(self.0) {
            match draw.checked_sub(share.into()) {
                Some(rest) => draw = rest,
                None => return Some(*oddity),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for oddity in Oddity::ALL {
            assert_eq!(oddity.as_str().parse(), Ok(*oddity));
        }
        let fault = "lateness".parse::<Oddity>().unwrap_err().to_string();
        assert!(fault.contains("\"lateness\" is no oddity; they are repeat, conflict"), "{fault}");
    }

    #[test]
    fn shares_are_kept() {
        let shares = Shares::none().with(Oddity::Late, 200).with(Oddity::Schema, 300);
        let count = |oddity| (0..1000).filter(|draw| shares.at(*draw) == Some(oddity)).count();
        assert_eq!([Oddity::Late, Oddity::Schema, Oddity::Repeat].map(count), [200, 300, 0]);
        assert_eq!((0..1000).filter(|draw| shares.at(*draw).is_none()).count(), 500);
        let usual = (0..1000).filter(|draw| Shares::usual().at(*draw).is_none()).count();
        assert!(usual > 700, "most messages are ordinary: {usual}");
    }
}
