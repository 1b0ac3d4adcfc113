//! What makes a text no XML document, with its place and words for people.

use super::Position;

/// Languages that faults and violations are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// For the people of the agencies.
    Russian,
    /// For logs and developers.
    English,
}

/// The reason why reading ended. It is always the sender's fault but for [`FaultCode::ReadFailed`].
///
/// The text never holds a value of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code} at {position}: {text}", code = .code.as_str(), text = .code.text(Language::English))]
pub struct Fault {
    /// What is wrong.
    pub code: FaultCode,
    /// Where reading ended.
    pub position: Position,
}

impl Fault {
    /// The stable code, such as `xml-truncated`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code.as_str()
    }

    /// The fault in words.
    #[must_use]
    pub fn text(&self, language: Language) -> &'static str {
        self.code.text(language)
    }
}

/// Declares the codes together with their names and texts, so that none can lack one.
macro_rules! fault_codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $english:literal $russian:literal;)*) => {
        /// Everything that can be wrong with a document before any schema is asked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaultCode { $($(#[$doc])* $name,)* }

        impl FaultCode {
            /// All codes, for listings and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The fault in words.
            #[must_use]
            pub fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::English) => $english,
                      (Self::$name, Language::Russian) => $russian,)*
                }
            }
        }
    };
}

impl FaultCode {
    /// Whether the text may be well-formed and only passes one of the reader's [`super::Limits`].
    #[must_use]
    pub fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooLarge
                | Self::TooDeep
                | Self::TooManyAttributes
                | Self::TooManyNamespaces
                | Self::NameTooLong
                | Self::TextTooLong
                | Self::AttributeTooLong
                | Self::MarkupTooLong
                | Self::ExpansionTooLarge
        )
    }
}

fault_codes! {
    /// There is no root element.
    Empty "xml-empty" "the document has no root element" "в документе нет корневого элемента";
    /// The text ends inside the document.
    Truncated "xml-truncated" "the document ends before it is complete" "документ обрывается";
    /// A second root element.
    TwoRoots "xml-two-roots" "there is a second root element" "в документе больше одного корневого элемента";
    /// Character data before or after the root element.
    TextOutsideRoot "xml-text-outside-root" "there is text outside the root element" "текст вне корневого элемента";
    /// A character that XML does not allow, such as U+0001.
    BadCharacter "xml-bad-character" "a character that XML does not allow" "символ, недопустимый в XML";
    /// Not a name where a name must stand.
    BadName "xml-bad-name" "a name is expected here" "здесь ожидается имя";
    /// `&` that begins no reference, or a reference to no character.
    BadReference "xml-bad-reference" "a malformed reference after &" "неверная ссылка после &";
    /// A reference to an entity that is not declared.
    UndefinedEntity "xml-undefined-entity" "a reference to an undefined entity" "ссылка на неопределённую сущность";
    /// `]]>` in character data.
    CdataEnd "xml-cdata-end-in-text" "]]> may not stand in text" "]]> не может стоять в тексте";
    /// `--` inside a comment.
    BadComment "xml-bad-comment" "-- may not stand inside a comment" "-- не может стоять внутри комментария";
    /// A malformed processing instruction.
    BadInstruction "xml-bad-instruction" "a malformed processing instruction" "неверная инструкция обработки";
    /// A malformed or misplaced XML declaration.
    BadDeclaration "xml-bad-declaration" "a malformed or misplaced XML declaration" "неверное объявление XML";
    /// An end tag that does not match its start tag.
    TagMismatch "xml-tag-mismatch" "the end tag does not match the start tag" "закрывающий тег не совпадает с открывающим";
    /// A malformed tag.
    BadTag "xml-bad-tag" "a malformed tag" "неверно записан тег";
    /// `<` in an attribute value.
    LessThanInAttribute "xml-less-than-in-attribute" "< may not stand in an attribute value" "< не может стоять в значении атрибута";
    /// Two attributes of one element with one expanded name.
    DuplicateAttribute "xml-duplicate-attribute" "the attribute is given twice" "атрибут указан дважды";
    /// A prefix without a declaration.
    UndeclaredPrefix "xml-undeclared-prefix" "the namespace prefix is not declared" "префикс пространства имён не объявлен";
    /// A namespace declaration that Namespaces in XML forbids.
    BadNamespace "xml-bad-namespace" "a forbidden namespace declaration" "недопустимое объявление пространства имён";
    /// A DOCTYPE, which messages may not have.
    DoctypeForbidden "doctype-forbidden" "a document type declaration is not allowed" "объявление DOCTYPE запрещено";
    /// A malformed DOCTYPE (only where it is allowed at all).
    BadDoctype "xml-bad-doctype" "a malformed document type declaration" "неверное объявление DOCTYPE";
    /// An entity that contains itself (only where a DOCTYPE is allowed, as the next two).
    RecursiveEntity "xml-recursive-entity" "an entity contains itself" "сущность содержит саму себя";
    /// An entity that lies elsewhere; nothing external is ever read.
    ExternalEntity "xml-external-entity" "the entity lies outside the document, and nothing external is read" "сущность находится вне документа, а внешнее не читается";
    /// [`super::Limits::expansion_bytes_max`] is passed.
    ExpansionTooLarge "xml-expansion-too-large" "entities expand to more than allowed" "сущности разворачиваются больше допустимого";
    /// The bytes are not UTF-8.
    BadEncoding "xml-bad-encoding" "the bytes are not UTF-8" "байты не являются текстом UTF-8";
    /// The source could not be read; nothing is said about the document.
    ReadFailed "xml-read-failed" "reading the source failed" "не удалось прочитать источник";
    /// [`super::Limits::document_bytes_max`] is passed.
    TooLarge "xml-too-large" "the document is larger than allowed" "документ больше допустимого";
    /// [`super::Limits::depth_max`] is passed.
    TooDeep "xml-too-deep" "elements are nested deeper than allowed" "вложенность элементов больше допустимой";
    /// [`super::Limits::attributes_max`] is passed.
    TooManyAttributes "xml-too-many-attributes" "an element has more attributes than allowed" "у элемента больше атрибутов, чем допустимо";
    /// [`super::Limits::namespaces_max`] is passed.
    TooManyNamespaces "xml-too-many-namespaces" "more namespaces are in scope than allowed" "объявлено больше пространств имён, чем допустимо";
    /// [`super::Limits::name_bytes_max`] is passed.
    NameTooLong "xml-name-too-long" "a name is longer than allowed" "имя длиннее допустимого";
    /// [`super::Limits::text_bytes_max`] is passed.
    TextTooLong "xml-text-too-long" "a text is longer than allowed" "текст длиннее допустимого";
    /// [`super::Limits::attribute_value_bytes_max`] is passed.
    AttributeTooLong "xml-attribute-too-long" "an attribute value is longer than allowed" "значение атрибута длиннее допустимого";
    /// [`super::Limits::markup_bytes_max`] is passed.
    MarkupTooLong "xml-markup-too-long" "a tag, comment or instruction is longer than allowed" "тег, комментарий или инструкция длиннее допустимого";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let codes: HashSet<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), FaultCode::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase())));
    }
}
