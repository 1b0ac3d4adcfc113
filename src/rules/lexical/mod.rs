//! Lexical and value spaces of the primitive types (XML Schema Part 2, section 3.2): one file per family, each with its
//! parse, its order and its canonical form. Nothing here knows of types, facets or documents.

pub(crate) mod binary;
pub(crate) mod decimal;
pub(crate) mod duration;
pub(crate) mod float;
pub(crate) mod moment;
pub(crate) mod strings;
