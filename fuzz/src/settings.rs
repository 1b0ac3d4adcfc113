//! Files that people write: configuration, lifecycles, shared kinds, bindings. Any text is taken or refused with faults that
//! name a line of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mezhved::binding::{Library, Rulebook, RulebookFault};
use mezhved::config::{self, Config, Written};
use mezhved::domain::lifecycle::{Fault, Lifecycle, Shelf, System, mermaid};

/// The schema that the binding of an input is for.
const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="Load"><xs:complexType><xs:choice maxOccurs="unbounded">
<xs:element name="Bill"><xs:complexType><xs:sequence><xs:element name="Number" type="xs:token"/>
<xs:element name="Until" type="xs:date" minOccurs="0"/><xs:element name="Good" type="xs:token" minOccurs="0" maxOccurs="9"/>
</xs:sequence></xs:complexType></xs:element></xs:choice><xs:attribute name="at" type="xs:dateTime"/></xs:complexType>
</xs:element></xs:schema>"#;

/// The default configuration, and the files of the envelope, which every set of bindings needs.
fn ground() -> &'static (Config, BTreeMap<String, Vec<u8>>) {
    static GROUND: OnceLock<(Config, BTreeMap<String, Vec<u8>>)> = OnceLock::new();
    GROUND.get_or_init(|| {
        let built_in = Library::load(None).unwrap();
        let envelope = built_in.ending("").filter(|path| path.starts_with("envelope/"));
        let files = envelope.map(|path| (path.to_owned(), built_in.get(path).unwrap().to_vec())).collect();
        (super::message::configuration(), files)
    })
}

/// One text, as each of the files that it could be.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    lifecycles(text);
    let written = text.parse::<toml::Table>().ok().and_then(|table| table.try_into::<Written>().ok());
    if let Some(Err(config::ConfigFault(words))) = written.as_ref().map(Config::check) {
        assert!(!words.is_empty(), "refused without a reason");
    }
    binding(text);
}

fn lifecycles(text: &str) {
    match Lifecycle::load("f.toml", text) {
        Ok(lifecycle) => assert!(!mermaid(&lifecycle).is_empty()),
        Err(faults) => told(text, &faults),
    }
    if let Err(faults) = System::load("f.toml", text, &Shelf::default()) {
        told(text, &faults);
    }
    if let Err(faults) = Shelf::load("f.toml", text) {
        told(text, &faults);
    }
}

fn told(text: &str, faults: &[Fault]) {
    assert!(!faults.is_empty(), "refused without a reason");
    for fault in faults {
        assert!(fault.line >= 1 && fault.line <= lines(text), "{fault}");
        assert!(!fault.text.is_empty() && fault.file == "f.toml", "{fault}");
    }
}

fn lines(text: &str) -> usize {
    text.lines().count() + 1
}

fn binding(text: &str) {
    let (config, envelope) = ground();
    let mut files = envelope.clone();
    files.insert("small/1.0/small.xsd".to_owned(), SCHEMA.into());
    files.insert("small/1.0/small.binding.toml".to_owned(), text.into());
    let Err(faults) = Rulebook::compile(&Library::of(files), config) else { return };
    assert!(!faults.is_empty(), "refused without a reason");
    for fault in faults {
        if let RulebookFault::Binding(fault) = fault {
            assert!(fault.line >= 1 && fault.line <= lines(text), "{fault}");
        }
    }
}
