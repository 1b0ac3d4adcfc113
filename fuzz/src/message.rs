//! Messages at the door: any body has a sender and an id under which it is booked, and a verdict, the same every time; what is
//! refused says why.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use mezhved::admit::{Answers, Desk, Prepared, prepare};
use mezhved::binding::{Library, Rulebook};
use mezhved::config::{Config, Written};
use mezhved::domain::properties::Properties;
use mezhved::intake::{Delivery, Origin};

/// What the default file leaves open, and an agency that may send everything.
const MORE: &str = r#"
[agency]
code = "MINSTROY"
[[agencies]]
code = "EPGU"
user = "epgu"
receipts = "receipts.epgu"
systems = ["epgu"]
kinds = ["*"]
"#;

/// Bytes of one body at most.
const BODY_BYTES_MAX: usize = 1 << 16;

/// The default configuration with one agency.
#[must_use]
pub fn configuration() -> Config {
    let default: toml::Table = include_str!("../../deploy/mezhved.toml").parse().unwrap();
    let mut merged = default;
    merged.extend(MORE.parse::<toml::Table>().unwrap());
    Config::check(&merged.try_into::<Written>().unwrap()).unwrap()
}

fn house() -> &'static (Config, Rulebook) {
    static HOUSE: OnceLock<(Config, Rulebook)> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let config = configuration();
        let rulebook = Rulebook::compile(&Library::load(None).unwrap(), &config).unwrap();
        (config, rulebook)
    })
}

/// One body, as its agency's user would send it.
pub fn run(data: &[u8]) {
    let first = judged(data);
    assert!(!first.head.sender.is_empty() && !first.head.message_id.is_empty(), "booked under nothing");
    let again = judged(data);
    assert_eq!(first.head.key(), again.head.key(), "booked under one id");
    match (&*first.verdict, &*again.verdict) {
        (Ok(one), Ok(other)) => {
            assert!(!one.items.is_empty(), "a message without items is applied");
            assert_eq!((one.items.len(), one.files.len()), (other.items.len(), other.files.len()));
        }
        (Err(one), Err(other)) => {
            assert_eq!((one.code, &one.remarks), (other.code, &other.remarks), "refused in two ways");
            assert!(!one.told().is_empty() && !one.text().is_empty(), "refused without a reason");
        }
        _ => panic!("two verdicts"),
    }
    assert_eq!(first.body.as_slice(), data, "the bytes are kept whole");
}

fn judged(data: &[u8]) -> Prepared {
    let (config, rulebook) = house();
    let answers = Answers::default();
    let desk = Desk {
        rulebook,
        partners: &config.partners,
        agency: &config.agency,
        answers: &answers,
        now: DateTime::<Utc>::UNIX_EPOCH,
    };
    let origin = Origin::Queue { queue: "mezhved.in.epgu".into(), system: "epgu".into(), bytes_max: BODY_BYTES_MAX };
    let properties = Properties { user_id: Some("epgu".into()), ..Properties::default() };
    prepare(Delivery { body: data.to_vec(), properties, origin, received_at: desk.now }, &desk)
}
