//! Tests of the written extract: valid by its schema, and readable.

use std::collections::BTreeMap;

use super::{Case, Document, Extract, Group, page, xml};
use crate::schema::{self, SchemaSet};
use crate::validate::{self, Options};

fn extract() -> Extract {
    Extract {
        number: "ВП-2026-0000001".into(),
        system: "gge".into(),
        system_label: "Личный кабинет ГГЭ".into(),
        code: "cases".into(),
        title: "Выписка о делах".into(),
        agency: "MINSTROY".into(),
        made_at: "2026-03-02T10:00:00+03:00".into(),
        from: "2026-01-01".into(),
        to: "2026-02-28".into(),
        purpose: "Для <банка> & суда".into(),
        about: vec![("inn".into(), "9999••••••".into())],
        groups: vec![
            Group {
                kind: "application".into(),
                label: "Заявление".into(),
                cases: vec![Case {
                    number: "77-1".into(),
                    title: Some("Уведомление".into()),
                    status: ("accepted".into(), "Принято".into()),
                    since: "2026-01-10T10:00:00+03:00".into(),
                    opened_at: "2026-01-09T10:00:00+03:00".into(),
                    fields: vec![("subject".into(), "Цель обращения".into(), "Экспертиза".into())],
                    steps: vec![("2026-01-10T10:00:00+03:00".into(), "accepted".into(), "Принято".into())],
                    documents: vec![Document {
                        r#type: "conclusion".into(),
                        label: "Заключение".into(),
                        number: Some("1".into()),
                        state: "Одобрен".into(),
                    }],
                }],
            },
            Group { kind: "project".into(), label: "Проект".into(), cases: Vec::new() },
        ],
        cut: true,
    }
}

fn violations(text: &str) -> usize {
    let schema = include_bytes!("../../xsd/extract/1.0/extract.xsd").to_vec();
    let files = BTreeMap::from([("extract.xsd".to_owned(), schema)]);
    let rules = schema::compile(&SchemaSet::new(&files).with("extract.xsd")).unwrap();
    let verdict = validate::check(text, &rules, &Options::default());
    if verdict.is_valid() { 0 } else { verdict.violations.len().max(1) }
}

#[test]
fn is_valid_by_its_schema_and_what_is_not_is_found() {
    let text = xml(&extract()).unwrap();
    assert_eq!(violations(&text), 0, "{text}");
    for (find, replace) in
        [(" code=\"cases\"", ""), ("count=\"1\"", "count=\"one\""), ("<Purpose>", "<Purpose/><Purpose>")]
    {
        assert!(text.contains(find), "{find}");
        assert!(violations(&text.replacen(find, replace, 1)) > 0, "{find}");
    }
}

#[test]
fn is_a_page_that_people_read() {
    let text = page(&extract());
    for part in [
        "<h1>Выписка о делах</h1>",
        "Период: с 01.01.2026 по 28.02.2026. Составлена 02.03.2026 10:00.",
        "Для чего: Для &lt;банка&gt; &amp; суда",
        "О ком: ИНН 9999••••••",
        "Принято, с 10.01.2026 10:00",
        "Заключение № 1: Одобрен",
        "За период нет.",
        "показаны последние",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_xml_does_not_allow_is_refused() {
    assert!(xml(&Extract { purpose: "\u{1}".into(), ..extract() }).is_err());
}
