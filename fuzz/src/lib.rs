//! The bodies of the fuzz targets: each takes any bytes and panics where the library breaks what it promises. They are driven
//! by libFuzzer (`cargo fuzz run NAME`) and, over the corpus and seeded mutations of it, by every test run
//! (`tests/it/fuzzed.rs`), so that both look for the same.

pub mod decode;
pub mod doctype;
pub mod message;
pub mod pattern;
pub mod pieces;
pub mod reader;
pub mod reference;
pub mod schema;
pub mod settings;
pub mod tree;
pub mod validator;
pub mod windows;

/// A target: its name, as `cargo fuzz` and the corpus have it, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("reader", reader::run),
    ("windows", windows::run),
    ("doctype", doctype::run),
    ("decode", decode::run),
    ("pattern", pattern::run),
    ("schema", schema::run),
    ("validator", validator::run),
    ("settings", settings::run),
    ("message", message::run),
];

/// Stands between the documents of one input.
const BETWEEN: &str = "\n====\n";

/// The documents of an input: text, cut at the lines `====`. What is no UTF-8 is replaced, so that no input is lost.
fn documents(data: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(data).split(BETWEEN).map(str::to_owned).collect()
}
