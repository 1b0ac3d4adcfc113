//! XML as this project reads and writes it: a strict, namespace-aware streaming reader with positions and limits over a
//! whole text or an incremental source, and a small strict writer. It knows nothing of schemas, messages or transports.

mod bindings;
mod characters;
mod chars;
mod doctype;
mod elements;
mod event;
mod fault;
mod layout;
mod limits;
mod position;
mod prolog;
mod reader;
mod reference;
mod stop;
mod tag;
mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use chars::{is_char, is_name, is_ncname, is_nmtoken, is_space, is_treacherous};
pub(crate) use chars::{is_name_char, same_name, split_qname};
pub use doctype::{Doctype, Expanded, Origins, expand as expand_doctype};
pub use event::{Attribute, Attributes, End, Event, Name, Start, Text};
pub use fault::{Fault, FaultCode, Language};
pub use layout::laid_out;
pub use limits::Limits;
pub use position::{Position, Span};
pub(crate) use reader::Progress;
pub use reader::{Reader, StreamReader, TextReader};
pub use window::{Stream, Whole, Window};
pub use writer::{WriteFault, Writer};

/// The namespace that the prefix `xml` is bound to (Namespaces in XML 1.0, section 3).
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace that the prefix `xmlns` is bound to; nothing else may be.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
