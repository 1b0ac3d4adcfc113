//! Names of files, made of a template: `{job}-{slot:%Y-%m-%d}.{ext}`. A name may lead into folders below its destination, never out.

use std::fmt::Write as _;
use std::str::FromStr;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::store::Period;

/// How moments stand in names unless the template says otherwise: as exactly as it takes, so that two slots have two names.
const MINUTE: &str = "%Y%m%d-%H%M";
const SECOND: &str = "%Y%m%d-%H%M%S";
const MILLISECOND: &str = "%Y%m%d-%H%M%S-%3f";
/// The longest name of a file that file systems take, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// A name that is made for each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Job,
    Of,
    Ending,
    Slot(Form),
    From(Form),
    To(Form),
}

/// The form of a moment; none where the template says nothing.
type Form = Option<String>;

/// What a name is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameParts<'a> {
    pub(super) job: &'a str,
    /// Code of the register or report.
    pub(super) of: &'a str,
    pub(super) slot: DateTime<Utc>,
    pub(super) period: Option<Period>,
    pub(super) ending: &'a str,
    pub(super) zone: Tz,
}

impl FromStr for NameTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or("a brace `{` has no partner")?;
            pieces.push(Piece::Plain(plain.to_owned()));
            pieces.push(piece(place)?);
            rest = after;
        }
        pieces.push(Piece::Plain(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Plain(String::new()));
        let plain = |piece: &Piece| if let Piece::Plain(text) = piece { text.clone() } else { "x".to_owned() };
        let outline: String = pieces.iter().map(plain).collect();
        let leads_out = |part: &str| part.is_empty() || part == "." || part == "..";
        if outline.contains(['\0', '}']) || outline.split('/').any(leads_out) {
            return Err(format!("`{text}` is no name of a file below a folder"));
        }
        Ok(Self { pieces })
    }
}

fn piece(place: &str) -> Result<Piece, String> {
    let (name, format) = place.split_once(':').map_or((place, None), |(name, format)| (name, Some(format)));
    if let Some(format) = format
        && StrftimeItems::new(format).any(|item| item == Item::Error)
    {
        return Err(format!("`{format}` is no form of a moment; write such as `%Y-%m-%d`"));
    }
    Ok(match name {
        "job" => Piece::Job,
        "of" => Piece::Of,
        "ext" => Piece::Ending,
        "slot" => Piece::Slot(format.map(str::to_owned)),
        "from" => Piece::From(format.map(str::to_owned)),
        "to" => Piece::To(format.map(str::to_owned)),
        other => {
            return Err(format!(
                "there is no {{{other}}}; there are {{job}}, {{of}}, {{slot}}, {{from}}, {{to}}, {{ext}}"
            ));
        }
    })
}

impl NameTemplate {
    /// The name for a run. Without a period, `{from}` and `{to}` are the slot.
    ///
    /// # Errors
    /// It is longer than file systems take.
    pub(super) fn fill(&self, parts: &NameParts<'_>) -> Result<String, String> {
        let mut name = String::new();
        let slot = parts.slot;
        let moment = |milliseconds: Option<i64>| milliseconds.and_then(DateTime::from_timestamp_millis).unwrap_or(slot);
        for piece in &self.pieces {
            let (moment, format) = match piece {
                Piece::Plain(text) => {
                    name.push_str(text);
                    continue;
                }
                Piece::Job => {
                    name.push_str(parts.job);
                    continue;
                }
                Piece::Of => {
                    name.push_str(parts.of);
                    continue;
                }
                Piece::Ending => {
                    name.push_str(parts.ending);
                    continue;
                }
                Piece::Slot(format) => (slot, format),
                Piece::From(format) => (moment(parts.period.map(|period| period.from)), format),
                Piece::To(format) => (moment(parts.period.map(|period| period.to)), format),
            };
            let format = format.as_deref().unwrap_or_else(|| usual(moment));
            let _infallible = write!(name, "{}", moment.with_timezone(&parts.zone).format(format));
        }
        match name.split('/').find(|part| part.len() > NAME_BYTES_MAX) {
            Some(part) => Err(format!("the name of a file is longer than {NAME_BYTES_MAX} bytes: {part}")),
            None => Ok(name),
        }
    }
}

/// The form of a moment of which nothing is said.
fn usual(moment: DateTime<Utc>) -> &'static str {
    match moment.timestamp_millis() {
        milliseconds if milliseconds % 1000 != 0 => MILLISECOND,
        milliseconds if milliseconds % 60_000 != 0 => SECOND,
        _ => MINUTE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Result<String, String> {
        filled_at("2026-03-03T23:30:00Z", template)
    }

    fn filled_at(slot: &str, template: &str) -> Result<String, String> {
        let parts = NameParts {
            job: "cases-nightly",
            of: "cases",
            slot: slot.parse().unwrap(),
            period: Some(Period { from: 1_772_485_200_000, to: 1_772_571_600_000 }),
            ending: "csv.gz",
            zone: chrono_tz::Europe::Moscow,
        };
        template.parse::<NameTemplate>()?.fill(&parts)
    }

    #[test]
    fn names_are_made_in_the_zone_of_the_job() {
        for (template, expected) in [
            ("{job}-{slot}.{ext}", "cases-nightly-20260304-0230.csv.gz"),
            ("{from:%Y/%m}/{of}_{from:%d.%m.%Y}.{ext}", "2026/03/cases_03.03.2026.csv.gz"),
            ("дела {to:%Y-%m-%d}.csv", "дела 2026-03-04.csv"),
        ] {
            assert_eq!(filled(template).unwrap(), expected);
        }
    }

    #[test]
    fn a_moment_of_which_nothing_is_said_stands_as_exactly_as_it_takes() {
        for (slot, expected) in [
            ("2026-03-03T23:30:00Z", "20260304-0230"),
            ("2026-03-03T23:30:20Z", "20260304-023020"),
            ("2026-03-03T23:30:20.007Z", "20260304-023020-007"),
        ] {
            assert_eq!(filled_at(slot, "{slot}").unwrap(), expected);
            assert_eq!(filled_at(slot, "{slot:%H%M}").unwrap(), "0230", "what is said is meant");
        }
    }

    #[test]
    fn a_name_that_leads_out_or_says_what_there_is_not_is_refused() {
        for template in
            ["", "../x", "/etc/passwd", "a//b", "a/../b", "{job", "job}", "{rows}", "{slot:%Q}", "a/./b", "a\0"]
        {
            assert!(filled(template).is_err(), "{template}");
        }
        assert!(filled(&"x".repeat(300)).unwrap_err().contains("longer than"));
    }
}
