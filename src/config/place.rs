//! Where a setting stands, for faults that name it: the flag, the variable, or file and line.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{ConfigFault, PREFIX};
use crate::domain::calendar::line_of;

/// Where the setting stands that a fault begins with; nothing where it is nobody's but the default's.
#[must_use]
pub fn place(fault: &ConfigFault, file: Option<&Path>, flags: &[(String, String)]) -> Option<String> {
    let sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "._-".contains(sign);
    let key: String = fault.0.chars().take_while(|one| sign(*one)).collect();
    let within = |set: &str| set == key || set.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if let Some((set, _)) = flags.iter().rev().find(|(set, _)| within(set)) {
        return Some(format!("--set {set}"));
    }
    let variable = format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"));
    if std::env::var_os(&variable).is_some() {
        return Some(variable);
    }
    let path = file?;
    let text = std::fs::read_to_string(path).ok()?;
    Some(format!("{}:{}", path.display(), line(&text, &key)?))
}

/// The line of a key, or of the innermost section of it that is there.
fn line(text: &str, key: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut here = Some(table.get_ref());
    for part in key.split('.') {
        let Some((name, value)) = here?.iter().find(|(name, _)| name.get_ref().as_ref() == part) else { break };
        found = Some(name.span().start);
        here = match value.get_ref() {
            DeValue::Table(inner) => Some(inner),
            _ => None,
        };
        if here.is_none() {
            break;
        }
    }
    found.map(|offset| line_of(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[agency]\ncode = \"MINSTROY\"\n\n[jobs.upkeep]\nzone = \"Europe/Moscow\"\ncron = \"soon\"\n\n[jobs]\nexpiry = { cron = \"\" }\n";

    #[test]
    fn a_key_has_the_line_on_which_it_stands() {
        for (key, at) in [
            ("jobs.upkeep.cron", Some(6)),
            ("jobs.upkeep.missed", Some(4)),
            ("jobs.expiry.cron", Some(9)),
            ("agency.code.more", Some(2)),
            ("agency", Some(1)),
            ("store.path", None),
        ] {
            assert_eq!(line(FILE, key), at, "{key}");
        }
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let path = std::env::temp_dir().join(format!("mezhved-place-{}.toml", uuid::Uuid::now_v7()));
        std::fs::write(&path, FILE).unwrap();
        let flags = [("jobs.upkeep.cron".to_owned(), "never".to_owned())];
        let of = |fault: &str, flags: &[(String, String)]| place(&ConfigFault(fault.into()), Some(&path), flags);
        assert_eq!(of("jobs.upkeep.cron: cron.unreadable", &flags).unwrap(), "--set jobs.upkeep.cron");
        let told = of("jobs.upkeep.cron: cron.unreadable", &[]).unwrap();
        assert!(told.ends_with(".toml:6"), "{told}");
        assert_eq!(of("http.address: nowhere", &[]), None);
        std::fs::remove_file(&path).unwrap();
    }
}
