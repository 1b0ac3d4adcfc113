//! What a message means. A binding file maps a root element to a command, element paths to its fields, values to our
//! codes, repeating elements to items and lists. Bindings are compiled into the rules as capture slots, so the validating
//! pass hands the values out, and no message is parsed twice. Built-in messages use exactly what a foreign schema uses.

mod command;
mod compile;
mod file;
mod fill;
mod library;
mod rulebook;

pub use command::{
    Attachment, Command, DocumentCard, DocumentRequest, Envelope, ExchangeDocuments, Reason, SignatureMark,
    SubmitApplication, UpdateStatus, Verdict, Wanted,
};
pub use file::BindingFault;
pub use library::{Library, LibraryFault};
pub use rulebook::{Family, Faulted, Item, Reading, Rulebook, RulebookFault};
