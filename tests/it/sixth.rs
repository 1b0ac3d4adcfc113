//! A sixth system joins by files alone: its own schema (without a target namespace, with Cyrillic names), binding and
//! lifecycle in a folder, nothing compiled anew.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mezhved::intake::{Delivery, Origin};
use mezhved::pipeline::Pipeline;
use mezhved::store::DeadLetterFilter;

use crate::support::{Folder, delivery, house, message, settle};

const SCHEMA: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Заявка">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Номер" type="xs:token"/>
        <xs:element name="Подана" type="xs:dateTime"/>
        <xs:element name="Услуга" type="xs:token"/>
        <xs:element name="Территория" type="xs:token" minOccurs="0"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="Решения">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Решение" maxOccurs="unbounded">
          <xs:complexType>
            <xs:sequence>
              <xs:element name="Заявка" type="xs:token"/>
              <xs:element name="Состояние" type="xs:token"/>
              <xs:element name="Когда" type="xs:string"/>
            </xs:sequence>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"#;

const APPLICATION: &str = r#"
schema = "reestr.xsd"
root = "Заявка"
system = "reestr"
version = "1.0"
kind = "Заявка"
command = "open-case"
label = "Заявка в реестр"

[fields]
number = "Номер"
happened_at = "Подана"
service = "Услуга"
territory = "Территория"
"#;

const DECISIONS: &str = r#"
schema = "reestr.xsd"
root = "Решения"
system = "reestr"
version = "1.0"
kind = "Решения"
command = "update-status"
label = "Решения по заявкам"

[[each]]
item = true
path = "Решение"

[each.fields]
case_number = "Заявка"
status = { path = "Состояние", values = { "внесена" = "applied", "ждёт" = "waiting", "в пути" = [] } }
happened_at = "Когда"
"#;

const LIFECYCLE: &str = r#"
system = "reestr"
label = "Реестр"
version = "1.0"

[main]
code = "application"
label = "Заявка"
field = [{ code = "territory", label = "Территория" }]

[[status]]
code = "submitted"
label = "Подана"
class = "start"
next = ["waiting", "applied"]

[[status]]
code = "waiting"
label = "Ждёт заявителя"
class = "waiting"
waits_for = "applicant"
next = ["applied"]
routes = "unrouted"
term = "10 working days"
timers = [{ code = "unanswered", after = "deadline", move = "applied", reason = "term-expired" }]

[[status]]
code = "applied"
label = "Внесена"
class = "terminal"
next = []

[[event]]
code = "unrouted"
label = "Не найден отдел"
channels = ["cabinet"]
to = ["agency"]
title = "Заявка {number}"
short = "{number}: назначьте отдел"
long = "Для заявки {number} не нашлось отдела."

[[reason]]
code = "term-expired"
label = "Истёк срок"

[[service]]
code = "record"
label = "Запись"
term = "5 working days"
"#;

const ROUTING: &str = r#"
version = "1.0"
territory = [{ code = "99", label = "Примерная область" }]
unit = [{ code = "REGISTRY", label = "Отдел реестра" }]
[[rule]]
system = "reestr"
services = ["*"]
territories = ["99"]
units = ["REGISTRY"]
"#;

const CONFIG: &str = r#"
[intake]
systems = ["agis2", "epgu", "fgis", "gge", "org", "reestr"]
[[agencies]]
code = "CABINET"
user = "cabinet"
receipts = "receipts.cabinet"
documents = "documents.cabinet"
systems = ["agis2", "epgu", "fgis", "gge", "org"]
kinds = ["*"]
[[agencies]]
code = "REESTR"
user = "reestr"
receipts = "receipts.reestr"
systems = ["reestr"]
kinds = ["*"]
"#;

/// Writes the sixth system's files and gives the configuration that knows them.
pub(crate) fn sixth(folder: &Path) -> String {
    let family = folder.join("schemas/reestr/1.0");
    fs::create_dir_all(&family).unwrap();
    fs::write(family.join("reestr.xsd"), SCHEMA).unwrap();
    fs::write(family.join("application.binding.toml"), APPLICATION).unwrap();
    fs::write(family.join("decisions.binding.toml"), DECISIONS).unwrap();
    fs::write(folder.join("schemas/reestr/lifecycle.toml"), LIFECYCLE).unwrap();
    let routing = folder.join("routing.toml");
    fs::write(&routing, ROUTING).unwrap();
    let schemas = folder.join("schemas");
    format!("{CONFIG}\n[schemas]\nfolder = \"{}\"\n[routing]\nfile = \"{}\"\n", schemas.display(), routing.display())
}

/// A message of the sixth system.
pub(crate) fn sixth_message(pipeline: &Pipeline, number: u8, body: &str) -> Delivery {
    let text = format!(
        r#"<Envelope xmlns="urn:mezhved:envelope:1.0"><Header><MessageId>00000000-0000-1000-8000-0000000006{number:02}</MessageId>
        <Sender><Agency>REESTR</Agency></Sender><Recipient><Agency>MINSTROY</Agency><System>reestr</System></Recipient>
        <SentAt>2026-03-02T10:00:00+03:00</SentAt></Header><Body>{}</Body></Envelope>"#,
        body.replacen('>', " xmlns=\"\">", 1)
    );
    let mut delivery = delivery(pipeline, text.into_bytes());
    delivery.origin = Origin::Queue { queue: "mezhved.in.reestr".into(), system: "reestr".into(), bytes_max: 1 << 18 };
    delivery
}

async fn end(pipeline: &Arc<Pipeline>, number: u8, body: &str) -> String {
    settle(pipeline, vec![sixth_message(pipeline, number, body)]).await;
    let view = message(pipeline, &format!("00000000-0000-1000-8000-0000000006{number:02}")).await;
    view.code.unwrap_or(view.outcome)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sixth_system_joins_by_files_alone() {
    let folder = Folder::new();
    let more = sixth(folder.path());
    let pipeline = house(folder.path(), &more).await;
    let application = "<Заявка><Номер>Р-1</Номер><Подана>2026-03-02T10:00:00</Подана><Услуга>record</Услуга>\
                       <Территория>99701000</Территория></Заявка>";
    assert_eq!(end(&pipeline, 1, application).await, "applied");
    let decision = |status: &str, when: &str| {
        format!(
            "<Решения><Решение><Заявка>Р-1</Заявка><Состояние>{status}</Состояние><Когда>{when}</Когда></Решение></Решения>"
        )
    };
    assert_eq!(end(&pipeline, 2, &decision("нечто", "2026-03-03T10:00:00Z")).await, "unknown-status");
    assert_eq!(end(&pipeline, 3, &decision("ждёт", "когда-нибудь")).await, "field-unusable");
    assert_eq!(end(&pipeline, 4, &decision("ждёт", "2031-03-03T10:00:00Z")).await, "calendar-missing");
    assert_eq!(end(&pipeline, 5, &decision("ждёт", "2026-03-03T10:00:00Z")).await, "applied");
    assert_eq!(end(&pipeline, 9, &decision("в пути", "2026-03-04T09:00:00Z")).await, "applied", "it is left out");
    assert!(
        pipeline.store.dead_letters(&DeadLetterFilter { limit: 9, ..Default::default() }).await.unwrap().len() == 3
    );
    assert_eq!(end(&pipeline, 6, &decision("внесена", "2026-03-04T10:00:00Z")).await, "applied");
    assert_eq!(end(&pipeline, 7, &decision("ждёт", "2026-03-05T10:00:00Z")).await, "forbidden-transition");
    assert_eq!(end(&pipeline, 8, "<Решения></Решения>").await, "schema-violation");
    let case = pipeline.store.cases_by_number(Some("reestr"), "Р-1").await.unwrap().remove(0);
    let path: Vec<&str> = case.history.iter().map(|row| row.to.as_str()).collect();
    assert_eq!((case.status.as_str(), path), ("applied", vec!["submitted", "waiting", "applied"]));
    assert_eq!(case.history[0].happened_at, 1_772_434_800_000, "a moment without a zone is in ours");
    assert_eq!(case.unit.as_deref(), Some("REGISTRY"), "its files say which unit is responsible");
}

/// Its timers fire as those of the others do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_moves_a_case_of_the_sixth_system() {
    let folder = Folder::new();
    let more = sixth(folder.path());
    let pipeline = house(folder.path(), &more).await;
    let application = "<Заявка><Номер>Р-2</Номер><Подана>2026-03-02T10:00:00</Подана><Услуга>record</Услуга></Заявка>";
    assert_eq!(end(&pipeline, 1, application).await, "applied");
    let waiting = "<Решения><Решение><Заявка>Р-2</Заявка><Состояние>ждёт</Состояние>\
                   <Когда>2026-03-03T10:00:00Z</Когда></Решение></Решения>";
    assert_eq!(end(&pipeline, 2, waiting).await, "applied");
    // Ten working days after 3 March 2026, of which the 9th is a holiday, end with the 18th.
    let due = "2026-03-18T21:00:00Z".parse().unwrap();
    assert!(pipeline.fire(due - chrono::Duration::seconds(1)).await.unwrap().is_empty());
    assert_eq!(pipeline.fire(due).await.unwrap().len(), 1);
    let case = pipeline.store.cases_by_number(Some("reestr"), "Р-2").await.unwrap().remove(0);
    assert_eq!((case.status.as_str(), case.unit), ("applied", None), "without a territory no rule fits");
    assert!(case.history.last().unwrap().details.as_ref().unwrap().contains("term-expired"));
}

/// What is wrong with the files stops the start, and is told with file and line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binding_that_its_schema_does_not_have_is_an_error_with_file_and_line() {
    let check = |find: &str, replace: &str, said: &[&str]| {
        let folder = Folder::new();
        let more = sixth(folder.path());
        let file = folder.path().join("schemas/reestr/1.0/decisions.binding.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(find), "{find}");
        fs::write(&file, text.replace(find, replace)).unwrap();
        let written = crate::support::written(folder.path(), &more);
        let config = mezhved::config::Config::check(&written).unwrap();
        let fault = mezhved::assemble::rules(&config).unwrap_err().to_string();
        for part in said {
            assert!(fault.contains(part), "{fault} does not say {part}");
        }
    };
    check("\"Когда\"", "\"Когдa\"", &["reestr/1.0/decisions.binding.toml:17", "did you mean Когда?"]);
    check(
        "happened_at =",
        "happend_at =",
        &["decisions.binding.toml:17", "no field `happend_at`", "requires happened_at"],
    );
    check("update-status", "update-statuses", &["decisions.binding.toml:7", "update-status"]);
    check("root = \"Решения\"", "root = \"Решено\"", &["decisions.binding.toml:3", "Заявка, Решения"]);
    check("item = true", "list = \"reason\"", &["no list `reason`; it has reasons, missing"]);
    check("label =", "lable =", &["decisions.binding.toml:8", "lable"]);
    check("path = \"Решение\"", "path = \"р:Решение\"", &["prefix `р`"]);
}
