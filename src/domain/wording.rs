//! What people read, in the languages in which they are told: what the lifecycle files say is there in each, what a message says is
//! there as its sender wrote it.

use serde::{Deserialize, Serialize};

use super::language::Language;

/// A text in each language, or one for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Wording {
    /// The same for every reader: a value of a message, or a label whose file has no English.
    Same(String),
    /// In each language.
    Each {
        /// In Russian.
        ru: String,
        /// In English.
        en: String,
    },
}

impl Wording {
    /// A text that is made for each language.
    pub fn each(make: impl Fn(Language) -> String) -> Self {
        Self::Each { ru: make(Language::Russian), en: make(Language::English) }
    }

    /// The text in a language.
    #[must_use]
    pub fn told(&self, language: Language) -> &str {
        match (self, language) {
            (Self::Same(text), _) | (Self::Each { ru: text, .. }, Language::Russian) => text,
            (Self::Each { en, .. }, Language::English) => en,
        }
    }

    /// The text in Russian: for receipts, documents, the history.
    #[must_use]
    pub fn russian(&self) -> &str {
        self.told(Language::Russian)
    }

    /// A reason, or what is missing: the words of a message, else the label of its code, else the code. Words that only repeat the Russian
    /// label are no value of the message.
    pub fn of(code: Option<&str>, text: Option<&str>, label: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        let label = code.and_then(label);
        match text {
            Some(text) => Some(label.filter(|label| label.russian() == text).unwrap_or_else(|| text.into())),
            None => label.or_else(|| code.map(Self::from)),
        }
    }

    /// The same with the field or the document that it is about before it, unless it begins with that.
    #[must_use]
    pub fn about(self, what: Option<&str>) -> Self {
        let Some(what) = what else { return self };
        let named = |text: String| if text.starts_with(what) { text } else { format!("{what}: {text}") };
        match self {
            Self::Same(text) => Self::Same(named(text)),
            Self::Each { ru, en } => Self::Each { ru: named(ru), en: named(en) },
        }
    }

    /// Any of these will do.
    #[must_use]
    pub fn any(all: &[Self]) -> Self {
        let joined = |language, or| all.iter().map(|one| one.told(language)).collect::<Vec<_>>().join(or);
        match all {
            [only] => only.clone(),
            _ => Self::Each { ru: joined(Language::Russian, " или "), en: joined(Language::English, " or ") },
        }
    }
}

impl From<&str> for Wording {
    fn from(text: &str) -> Self {
        Self::Same(text.to_owned())
    }
}

impl From<String> for Wording {
    fn from(text: String) -> Self {
        Self::Same(text)
    }
}

/// What has a label: one in Russian, and where its file has it one in English.
pub trait Labelled {
    /// What people read in Russian.
    fn label(&self) -> &str;

    /// What people read in English.
    fn label_en(&self) -> Option<&str>;

    /// What people read in a language; Russian stands in where there is no English.
    fn told(&self, language: Language) -> &str {
        match language {
            Language::Russian => self.label(),
            Language::English => self.label_en().unwrap_or_else(|| self.label()),
        }
    }

    /// What people read, in each language.
    fn wording(&self) -> Wording {
        match self.label_en() {
            Some(en) => Wording::Each { ru: self.label().to_owned(), en: en.to_owned() },
            None => self.label().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> Wording {
        Wording::Each { ru: "Паспорт".to_owned(), en: "Passport".to_owned() }
    }

    #[test]
    fn a_text_is_told_in_the_language_of_its_reader() {
        let same = Wording::from("план участка");
        for (wording, russian, english) in [
            (same.clone(), "план участка", "план участка"),
            (both(), "Паспорт", "Passport"),
            (Wording::any(&[both()]), "Паспорт", "Passport"),
            (Wording::any(&[both(), same]), "Паспорт или план участка", "Passport or план участка"),
        ] {
            assert_eq!((wording.told(Language::Russian), wording.told(Language::English)), (russian, english));
            let written = serde_json::to_string(&wording).unwrap();
            assert_eq!(serde_json::from_str::<Wording>(&written).unwrap(), wording, "{written}");
        }
    }

    #[test]
    fn a_message_has_the_first_word_unless_it_only_repeats_the_label() {
        let label = |code: &str| (code == "passport").then(both);
        for (code, text, told) in [
            (Some("passport"), None, Some(both())),
            (Some("passport"), Some("Паспорт"), Some(both())),
            (Some("passport"), Some("паспорт матери"), Some("паспорт матери".into())),
            (Some("visa"), None, Some("visa".into())),
            (None, Some("Паспорт"), Some("Паспорт".into())),
            (None, None, None),
        ] {
            assert_eq!(Wording::of(code, text, label), told, "{code:?} {text:?}");
        }
    }

    #[test]
    fn what_words_are_about_stands_before_them_once() {
        assert_eq!(Wording::from("нужна копия").about(Some("Паспорт")), "Паспорт: нужна копия".into());
        assert_eq!(Wording::from("Паспорт матери").about(Some("Паспорт")), "Паспорт матери".into());
        assert_eq!(Wording::from("нужна копия").about(None), "нужна копия".into());
        let each = both().about(Some("Родитель"));
        assert_eq!((each.russian(), each.told(Language::English)), ("Родитель: Паспорт", "Родитель: Passport"));
    }

    #[test]
    fn russian_stands_in_where_there_is_no_english() {
        struct Thing(Option<&'static str>);
        impl Labelled for Thing {
            fn label(&self) -> &'static str {
                "Акт"
            }
            fn label_en(&self) -> Option<&str> {
                self.0
            }
        }
        assert_eq!(Thing(None).told(Language::English), "Акт");
        assert_eq!(Thing(None).wording(), Wording::from("Акт"));
        assert_eq!(Thing(Some("Act")).told(Language::English), "Act");
        assert_eq!(Thing(Some("Act")).wording().russian(), "Акт");
    }
}
