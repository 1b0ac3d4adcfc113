//! What a message means. A binding file maps a root element to a command, element paths to its fields, values to our
//! codes, repeating elements to items and lists. Bindings are compiled into the rules as capture slots, so the validating
//! pass hands the values out, and no message is parsed twice. Built-in messages use exactly what a foreign schema uses.

mod command;
mod compile;
mod family;
mod file;
mod fill;
mod library;
pub mod outline;
mod parts;
mod rulebook;
mod shape;

pub use command::{ActOnCase, Command, CorrectCase, ExchangeDocuments, OpenCase, PostLetter, Subscribe, UpdateStatus};
pub use file::BindingFault;
pub use library::{Library, LibraryFault};
pub use parts::{
    Attachment, Author, DocumentCard, DocumentRequest, Envelope, ListedValue, Named, Party, Reader, Reason,
    SignatureMark, Verdict, Wanted,
};
pub use rulebook::{Family, Faulted, Item, Reading, Rulebook, RulebookFault, UnknownKind};
pub use shape::{Begin, Details, End};

#[cfg(test)]
mod tests;
