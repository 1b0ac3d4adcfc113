//! The words nearest to a misspelt one, for messages that help.

/// Words longer than this are not compared.
const WORD_CHARACTERS_MAX: usize = 64;
/// Words compared at most.
const WORDS_MAX: usize = 10_000;

/// The allowed words nearest to `word`, the nearest first, at most `count`, none that is not similar.
pub(crate) fn nearest<'a>(word: &str, allowed: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let characters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if characters.len() > WORD_CHARACTERS_MAX {
        return Vec::new();
    }
    // A word that shares no character with another is never meant by it.
    let distance_max = characters.len().div_ceil(3).min(characters.len().saturating_sub(1));
    let mut found: Vec<(usize, &str)> = allowed
        .into_iter()
        .take(WORDS_MAX)
        .filter_map(|candidate| {
            let other: Vec<char> =
                candidate.chars().flat_map(char::to_lowercase).take(WORD_CHARACTERS_MAX + 1).collect();
            let similar = other.len().abs_diff(characters.len()) <= distance_max;
            let distance = if similar { distance(&characters, &other, distance_max) } else { None };
            Some((distance?, candidate))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.dedup_by_key(|(_, candidate)| *candidate);
    found.into_iter().take(count).map(|(_, candidate)| candidate).collect()
}

/// Levenshtein's distance, if it is at most `most`.
fn distance(left: &[char], right: &[char], most: usize) -> Option<usize> {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let above = row[column + 1];
            row[column + 1] = (diagonal + usize::from(character != other)).min(above + 1).min(row[column] + 1);
            diagonal = above;
        }
        // No row holds a number less than the least of the row before it.
        if row.iter().all(|distance| *distance > most) {
            return None;
        }
    }
    Some(row[right.len()]).filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_words_are_offered() {
        let allowed = ["Status", "Number", "Officer"];
        assert_eq!(nearest("Statsu", allowed, 3), ["Status"]);
        assert_eq!(nearest("status", allowed, 3), ["Status"]);
        assert!(nearest("Xyz", allowed, 3).is_empty());
        assert!(nearest(&"a".repeat(100_000), allowed, 3).is_empty());
        let many: Vec<String> = (0..9000).map(|number| format!("word-{number}")).collect();
        assert_eq!(nearest("wodr-8765", many.iter().map(String::as_str), 1), ["word-8765"]);
    }
}
