//! How fast documents are validated: messages of 4 KB beside quick-xml's bare parse and, where a C compiler and libxml2's
//! headers are installed, beside libxml2's streaming validation in one run; one thread and two; how long a large set of
//! schemas takes to compile; and what a document of 1 GB needs in memory.
//!
//! `cargo bench --bench validator` prints the best of several rounds, in which all take turns: other work on the machine
//! slows single rounds, not the best one.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops where it cannot go on")]

mod giant;
mod libxml2;
mod orders;
mod sets;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mezhved::rules::Rules;
use mezhved::schema::{SchemaSet, compile};
use mezhved::validate::{Options, check};
use mezhved::xml::{Limits, TextReader};

/// Different messages.
const MESSAGES: usize = 100;
/// Turns that each contestant gets, and how long one is.
const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_millis(300);

fn main() {
    if std::env::args().any(|argument| argument == giant::ARGUMENT) {
        return giant::validate();
    }
    messages();
    sets::measure();
    giant::measure();
}

/// Compiles the schema of the messages.
fn order_rules() -> Rules {
    let source = BTreeMap::from([("order.xsd".to_owned(), include_bytes!("order.xsd").to_vec())]);
    compile(&SchemaSet::new(&source).with("order.xsd")).expect("the schema compiles")
}

fn messages() {
    let rules = order_rules();
    let messages: Vec<String> = (0..MESSAGES).map(orders::message).collect();
    let bytes: usize = messages.iter().map(String::len).sum();
    let invalid = messages.iter().filter(|text| !check(text, &rules, &Options::default()).is_valid()).count();
    println!("{MESSAGES} messages of {} bytes, {invalid} invalid", bytes / MESSAGES);
    assert_eq!(invalid, MESSAGES / orders::INVALID_EVERY, "the messages are as they are meant");
    let rival = libxml2::Rival::build(&messages, invalid);
    let mut best = [f64::INFINITY; 5];
    for _ in 0..ROUNDS {
        let round = [
            measure(&messages, bare_parse),
            measure(&messages, read),
            measure(&messages, |text| validate(text, &rules)),
            rival.as_ref().map_or(f64::INFINITY, |rival| rival.measure(TURN)),
            in_two_threads(&messages, &rules),
        ];
        best = std::array::from_fn(|index| best[index].min(round[index]));
    }
    let [bare, reader, ours, libxml2, both] = best;
    println!("quick-xml, bare parse      {bare:8.0} ns");
    println!("our reader                 {reader:8.0} ns  {:.2} of the bare parse", reader / bare);
    println!("our validator              {ours:8.0} ns  {:.2} of the bare parse", ours / bare);
    println!("our validator, two threads {both:8.0} ns  {:.2} times one thread", ours / both);
    match rival {
        Some(_) => println!("libxml2, streaming         {libxml2:8.0} ns  we are {:.2} times as fast", libxml2 / ours),
        None => println!("libxml2: not measured, for a C compiler or its headers are missing"),
    }
}

/// Nanoseconds per message over one turn.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(messages: &[String], mut work: impl FnMut(&str)) -> f64 {
    messages.iter().for_each(|text| work(text));
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < TURN {
        messages.iter().for_each(|text| work(text));
        count += messages.len();
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

fn bare_parse(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    while !matches!(reader.read_event().expect("well-formed"), quick_xml::events::Event::Eof) {}
}

fn read(text: &str) {
    let mut reader = TextReader::new(text, Limits::default());
    while reader.next_event().expect("well-formed").is_some() {}
}

fn validate(text: &str, rules: &Rules) {
    std::hint::black_box(check(text, rules, &Options::default()));
}

/// Nanoseconds per message where two threads share the rules.
fn in_two_threads(messages: &[String], rules: &Rules) -> f64 {
    let each = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| measure(messages, |text| validate(text, rules)))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread ends")).sum::<f64>()
    });
    each / 4.0
}
