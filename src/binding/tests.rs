//! Bindings by small files: what they may say, what is told of wrong ones, and what comes out of a message.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::config::{self, Config};
use crate::domain::lifecycle::{Shelf, System};

const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Load"><xs:complexType><xs:choice maxOccurs="unbounded">
    <xs:element name="Bill" type="Bill"/>
    <xs:element name="Note" type="Note"/>
  </xs:choice><xs:attribute name="at" type="xs:dateTime"/></xs:complexType></xs:element>
  <xs:complexType name="Bill"><xs:sequence>
    <xs:element name="Number" type="xs:token"/>
    <xs:element name="Last" type="xs:token"/>
    <xs:element name="First" type="xs:token" minOccurs="0"/>
    <xs:element name="Until" type="xs:date" minOccurs="0"/>
    <xs:element name="Signed" type="xs:dateTime" minOccurs="0"/>
    <xs:element name="Urgent" type="xs:boolean" minOccurs="0"/>
    <xs:element name="Good" type="xs:token" minOccurs="0" maxOccurs="9"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Note"><xs:sequence>
    <xs:element name="Number" type="xs:token"/>
    <xs:element name="Code" type="xs:token"/>
  </xs:sequence></xs:complexType>
</xs:schema>"#;

const BINDING: &str = r#"schema = "small.xsd"
root = "Load"
system = "small"
version = "1.0"
kind = "Load"
command = "open-case"
label = "Загрузка"
[fields]
happened_at = "@at"
[[each]]
item = true
path = "Bill"
[each.fields]
case_kind = { value = "bill" }
number = "Number"
title = { join = ["Last", "First"], with = ", " }
valid_until = "Until"
[each.details]
signed = "Signed"
urgent = "Urgent"
payer = { join = ["First", "Last"] }
[[each.each]]
list = "values"
path = "Good"
[each.each.fields]
field = { value = "goods" }
value = "."
[[each]]
item = true
command = "update-status"
path = "Note"
[each.fields]
case_number = "Number"
status = { path = "Code", values = { "7" = [], "8" = ["sent", "paid"], "9" = "paid" } }
"#;

const LIFECYCLE: &str = r#"system = "small"
label = "Малая"
version = "1.0"
[[status]]
code = "begun"
label = "Начато"
class = "start"
standing = true
[[kind]]
code = "bill"
label = "Счёт"
field = [
    { code = "signed", label = "Подписан", type = "moment" },
    { code = "urgent", label = "Срочный", type = "flag" },
    { code = "payer", label = "Плательщик" },
    { code = "goods", label = "Товары", type = "list" },
]
[[kind.status]]
code = "due"
label = "К оплате"
class = "start"
standing = true
"#;

const ENVELOPE: &str = r#"<env:Envelope xmlns:env="urn:mezhved:envelope:1.0"><env:Header>
<env:MessageId>00020001-15f2-11f1-8002-02005e100002</env:MessageId>
<env:Sender><env:Agency>EPGU</env:Agency></env:Sender>
<env:Recipient><env:Agency>MINSTROY</env:Agency><env:System>small</env:System></env:Recipient>
<env:SentAt>2026-03-02T10:00:00+03:00</env:SentAt></env:Header><env:Body>"#;

fn rulebook(binding: &str) -> Result<Rulebook, String> {
    let config = Config::check(&config::load(None, &[("agency.code".into(), "MINSTROY".into())]).unwrap()).unwrap();
    let files = [("small/small.xsd", SCHEMA), ("small/small.binding.toml", binding)];
    let library = Library::load(None).unwrap().with(&BTreeMap::from(files));
    let told = |faults: Vec<String>| faults.join("\n");
    let rulebook = Rulebook::compile(&library, &config)
        .map_err(|faults| told(faults.iter().map(ToString::to_string).collect()))?;
    let system = System::load("lifecycle.toml", LIFECYCLE, &Shelf::default()).unwrap();
    let unfit = rulebook.held_against(|code| (code == "small").then_some(&system));
    let unfit: Vec<_> = unfit.iter().map(ToString::to_string).filter(|fault| fault.contains("small/")).collect();
    if unfit.is_empty() { Ok(rulebook) } else { Err(told(unfit)) }
}

fn commands(body: &str) -> Vec<Command> {
    let reading = rulebook(BINDING).unwrap().read(&format!("{ENVELOPE}{body}</env:Body></env:Envelope>"));
    reading.verdict.unwrap().into_iter().map(|item| item.command).collect()
}

/// How a test spoils [`BINDING`] (what, into what), and what is then said.
const SPOILT: &[(&str, &str, &str)] = &[
    ("value = \"bill\"", "value = \"bell\"", ":14: `small` has no kind `bell`; it has application, bill"),
    ("payer = {", "payed = {", ":21: `bill` declares no field `payed`; it declares signed, urgent, payer, goods"),
    (
        "urgent = \"Urgent\"",
        "urgent = { path = \"Urgent\", values = { \"1.0\" = \"true\" } }",
        ":20: the schema does not allow the value `1.0` at Urgent",
    ),
    ("value = \"goods\"", "value = \"wares\"", "`bill` declares no field `wares`"),
    ("command = \"update-status\"", "command = \"upset\"", "there is no command `upset`"),
    ("command = \"update-status\"", "command = \"post-letter\"", "`post-letter` has no field `status`"),
    ("case_number = \"Number\"\n", "", "`update-status` requires case_number"),
    (
        "case_number = \"Number\"\n",
        "case_number = \"Number\"\nsequence = \"Number\"\n",
        "leaves the item out or counts for several, but the item has a `sequence`",
    ),
    (
        "case_number = \"Number\"\n",
        "case_number = { path = \"Number\", values = { \"0\" = [] } }\n",
        ":34: a value of `status` leaves the item out or counts for several, and so does one of `case_number`",
    ),
    (
        "urgent = \"Urgent\"",
        "urgent = { path = \"Urgent\", values = { \"1\" = [] } }",
        ":20: a value of `urgent` leaves the item out or counts for several, but only a field of an item itself can",
    ),
    (
        "value = \".\"",
        "value = { path = \".\", values = { \"x\" = [\"a\", \"b\"] } }",
        "but only a field of an item itself can",
    ),
    (
        "happened_at = \"@at\"",
        "happened_at = { path = \"@at\", values = { \"2026-01-01T00:00:00Z\" = \"2026\" } }",
        ":9: `2026` is no value for `happened_at`",
    ),
    ("happened_at = \"@at\"\n", "", "`open-case` requires happened_at"),
    ("field = { value = \"goods\" }\n", "", "`value` requires field"),
    ("valid_until = \"Until\"", "valid_until = { value = \"soon\" }", "`soon` is no value for `valid_until`"),
    ("valid_until = \"Until\"", "valid_until = { join = [\"Until\"] }", "`valid_until` is no text"),
    ("valid_until = \"Until\"", "comment = \"Good\"", "Good leads into a part that repeats"),
    ("list = \"values\"\n", "list = \"values\"\ncommand = \"open-case\"\n", "only an item has a `command`"),
    ("[each.details]\nsigned", "[each.detail]\nsigned", "unknown field `detail`"),
    (
        "number = \"Number\"\ntitle",
        "number = \"Number\"\ndetails = \"Last\"\ntitle",
        "`open-case` has no field `details`",
    ),
];

#[test]
fn faults_name_the_file_and_what_to_do() {
    rulebook(BINDING).unwrap();
    let mut wrong = String::new();
    for (right, spoilt, said) in SPOILT {
        let binding = BINDING.replacen(right, spoilt, 1);
        assert_ne!(binding, BINDING, "{right}");
        match rulebook(&binding) {
            Ok(_) => writeln!(wrong, "{right} → {spoilt}: nothing is said").unwrap(),
            Err(faults) if !faults.contains(said) => writeln!(wrong, "{right} → {spoilt}: {faults}").unwrap(),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_item_takes_constants_details_lists_and_what_the_message_says() {
    let commands = commands(
        "<Load at='2026-03-02T10:00:00+03:00'><Bill><Number>B-1</Number><Last>Образцов</Last><First>Макет</First>\
         <Until>2026-03-05</Until><Signed>2026-03-02T10:00:00+03:00</Signed><Urgent>1</Urgent>\
         <Good>гвозди</Good><Good>доски</Good></Bill></Load>",
    );
    let [Command::OpenCase(bill)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((bill.case_kind.as_deref(), bill.number.as_deref()), (Some("bill"), Some("B-1")));
    assert_eq!(bill.title.as_deref(), Some("Образцов, Макет"));
    assert_eq!(bill.happened_at.to_rfc3339(), "2026-03-02T07:00:00+00:00");
    assert_eq!(bill.valid_until.unwrap().0.to_rfc3339(), "2026-03-05T21:00:00+00:00");
    let details: Vec<_> = bill.details.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(details, [("payer", "Макет Образцов"), ("signed", "2026-03-02T07:00:00Z"), ("urgent", "true")]);
    let goods: Vec<_> = bill.values.iter().map(|one| (one.field.as_str(), one.value.as_deref())).collect();
    assert_eq!(goods, [("goods", Some("гвозди")), ("goods", Some("доски"))]);
}

#[test]
fn a_value_may_leave_an_item_out_or_count_it_twice() {
    let note = |code: &str| format!("<Note><Number>N</Number><Code>{code}</Code></Note>");
    for (codes, statuses) in [
        (vec!["9"], vec!["paid"]),
        (vec!["7"], vec![]),
        (vec!["8"], vec!["sent", "paid"]),
        (vec!["9", "7", "8", "x"], vec!["paid", "sent", "paid", "x"]),
    ] {
        let notes: String = codes.iter().map(|code| note(code)).collect();
        let commands = commands(&format!("<Load at='2026-03-02T10:00:00+03:00'>{notes}</Load>"));
        let found: Vec<_> = commands
            .iter()
            .map(|command| match command {
                Command::UpdateStatus(update) => update.status.as_str(),
                _ => "another command",
            })
            .collect();
        assert_eq!(found, statuses, "{codes:?}");
    }
}
