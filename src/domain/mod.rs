//! Words and rules of the trade, pure. Identifiers with their check digits, lifecycles of cases
//! and documents, the working calendar and terms, file kinds, message properties. Nothing here knows
//! a clock, a file system, a broker or a store: moments, texts and facts come in as arguments, and
//! what differs between systems is data (`xsd/<system>/lifecycle.toml`), never code.

pub mod calendar;
pub mod content;
pub mod dialog;
pub mod document;
pub mod file_name;
pub mod frequency;
pub mod identifiers;
pub mod journal;
pub mod language;
pub mod lifecycle;
pub mod media;
pub mod money;
pub mod properties;
pub mod routing;
pub mod term;
pub mod wording;
