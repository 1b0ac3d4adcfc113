//! Days, moments and durations, in the year 2026 where the type does not say.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

use crate::random::Random;
use crate::rules::MomentKind;
use crate::rules::sealed::{FacetKind, SimpleType};

const BOUNDS: [FacetKind; 4] =
    [FacetKind::MinInclusive, FacetKind::MaxInclusive, FacetKind::MinExclusive, FacetKind::MaxExclusive];
/// Days over which moments are spread.
const DAYS: usize = 360;
const DURATIONS: &[&str] =
    &["P1D", "P30D", "PT1H", "P1M", "P1Y", "P2Y6M", "PT90S", "PT0S", "PT0.5S", "-P1D", "P10Y", "-P1Y"];

/// A day, a moment, or a part of one.
pub(super) fn moment(random: &mut Random, definition: &SimpleType, kind: MomentKind, draw: usize) -> String {
    let bounds: Vec<String> = BOUNDS.iter().filter_map(|bound| definition.facet(*bound)).collect();
    if let Some(bound) = bounds.get(draw / 3 % 4).filter(|_| draw % 3 == 2) {
        return bound.clone();
    }
    let zones: [&str; 3] = if kind == MomentKind::DateTime { ["+03:00", "Z", ""] } else { ["", "Z", "+03:00"] };
    let zone = zones[draw / 4 % 3];
    // What is usual comes first, then what is near a bound.
    let near = bounds.get(draw % bounds.len().max(1)).filter(|_| draw > 2);
    let from = near.and_then(|bound| read(kind, bound)).unwrap_or_else(usual);
    let days = i64::try_from(random.below(DAYS)).unwrap_or_default();
    let seconds = i64::try_from(random.below(86_400)).unwrap_or_default();
    let back = if draw % 4 == 3 { -1 } else { 1 };
    let step = if near.is_some() && draw % 8 > 3 {
        Duration::seconds(back)
    } else {
        Duration::days(back * days) + Duration::seconds(back * seconds)
    };
    let at = from.checked_add_signed(step).unwrap_or(from);
    // Where only few values may do, all of them come up.
    let all = draw > 40;
    let written = match kind {
        MomentKind::MonthDay if all => format!("--{:02}-{:02}", draw / 31 % 12 + 1, draw % 31 + 1),
        MomentKind::Day if all => format!("---{:02}", draw % 31 + 1),
        MomentKind::Month if all => format!("--{:02}", draw % 12 + 1),
        MomentKind::DateTime => {
            at.format(if draw / 12 % 2 == 1 { "%Y-%m-%dT%H:%M:%S%.3f" } else { "%Y-%m-%dT%H:%M:%S" }).to_string()
        }
        MomentKind::Date => at.format("%Y-%m-%d").to_string(),
        MomentKind::Time => at.format("%H:%M:%S").to_string(),
        MomentKind::YearMonth => at.format("%Y-%m").to_string(),
        MomentKind::Year => near_year(near, back, draw).unwrap_or_else(|| at.format("%Y").to_string()),
        MomentKind::MonthDay => at.format("--%m-%d").to_string(),
        MomentKind::Day => at.format("---%d").to_string(),
        MomentKind::Month => at.format("--%m").to_string(),
    };
    format!("{written}{zone}")
}

/// A length of time.
pub(super) fn duration(random: &mut Random, definition: &SimpleType, draw: usize) -> String {
    let bounds: Vec<String> = BOUNDS.iter().filter_map(|bound| definition.facet(*bound)).collect();
    match bounds.get(draw / 6 % 4).filter(|_| draw % 3 == 2) {
        Some(bound) if draw % 6 == 2 => bound.clone(),
        Some(bound) => beside(bound, draw / 24 + 1, draw.is_multiple_of(2)).unwrap_or_else(|| bound.clone()),
        None if draw < DURATIONS.len() => DURATIONS[(draw + random.below(3)) % DURATIONS.len()].to_owned(),
        None => format!("P{}DT{}S", random.below(draw * draw), random.below(86_400)),
    }
}

/// A bound with its last number a little greater or less.
fn beside(bound: &str, by: usize, less: bool) -> Option<String> {
    let end = bound.rfind(|character: char| character.is_ascii_digit())? + 1;
    let start = bound[..end].rfind(|character: char| !character.is_ascii_digit()).map_or(0, |before| before + 1);
    let number: usize = bound[start..end].parse().ok()?;
    let number = if less { number.saturating_sub(by) } else { number.saturating_add(by) };
    Some(format!("{}{number}{}", &bound[..start], &bound[end..]))
}

fn usual() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, 12)
        .unwrap_or_default()
        .and_time(NaiveTime::from_hms_opt(9, 30, 0).unwrap_or_default())
}

/// A bound as a moment, its zone left aside: what does not fit, the type refuses.
fn read(kind: MomentKind, bound: &str) -> Option<NaiveDateTime> {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::default());
    match kind {
        MomentKind::DateTime => NaiveDateTime::parse_from_str(bound.get(..19)?, "%Y-%m-%dT%H:%M:%S").ok(),
        MomentKind::Date => day(bound.get(..10)?).map(midnight),
        MomentKind::Time => {
            let time = NaiveTime::parse_from_str(bound.get(..8)?, "%H:%M:%S").ok()?;
            Some(usual().date().and_time(time))
        }
        MomentKind::YearMonth => day(&format!("{}-01", bound.get(..7)?)).map(midnight),
        MomentKind::Year => day(&format!("{}-01-01", bound.get(..4)?)).map(midnight),
        MomentKind::MonthDay => day(&format!("2026-{}", bound.get(2..7)?)).map(midnight),
        MomentKind::Day => day(&format!("2026-01-{}", bound.get(3..5)?)).map(midnight),
        MomentKind::Month => day(&format!("2026-{}-01", bound.get(2..4)?)).map(midnight),
    }
}

/// The year beside a bound, of any number of digits.
fn near_year(bound: Option<&String>, back: i64, draw: usize) -> Option<String> {
    let text = bound?.trim_end_matches('Z');
    let year: i64 = text.parse().ok()?;
    let near = year.checked_add(back * i64::try_from(draw / 4 + 1).ok()?)?;
    Some(if near < 0 { format!("-{:04}", near.unsigned_abs()) } else { format!("{near:04}") })
}
