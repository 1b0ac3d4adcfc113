//! The words of a library: those of all systems, and before them those that a system has of its own (`<system>/words.toml`).

use crate::binding::Library;
use crate::specimen::{Lexicon, LexiconFault};

const FILE: &str = "/words.toml";
const SHARED: &str = "common/words.toml";

/// Reads the words of a library.
///
/// # Errors
/// A file that is none.
pub fn words(library: &Library) -> Result<Lexicon, LexiconFault> {
    let own = library.ending(FILE).filter(|path| *path != SHARED);
    let shared = library.ending(SHARED).filter(|path| *path == SHARED);
    shared.chain(own).try_fold(Lexicon::default(), |lexicon, path| {
        let text = String::from_utf8_lossy(library.get(path).unwrap_or_default());
        lexicon.with(path, &text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_built_in_can_be_read() {
        words(&Library::load(None).unwrap()).unwrap();
    }
}
