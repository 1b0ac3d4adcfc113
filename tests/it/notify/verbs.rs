//! The operators' verbs: look, preview, try again; texts that are wrong are told with their file and line.

use mezhved::sink::gateway::Reply;
use serde_json::Value;

use super::*;
use crate::support::daemon::Home;
use crate::support::world::Gateway;

/// No broker is asked.
const NOWHERE: &str = "amqp://nobody@127.0.0.1:1/%2f";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_listed_shown_and_tried_again() {
    let folder = Folder::new();
    let gateway = Gateway::start(Box::new(|_, _| Reply::Say(400, None, "no such number"))).await;
    let more = format!(
        "[notify.channel.sms]\nway = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n[notify]\ndefault = [{{ channel = \"sms\", frequency = \"at-once\" }}]\n",
        gateway.url,
        secret(&folder)
    );
    let pipeline = told_house(&folder, &more).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "sms").await;
    let id = rows(&pipeline.store, "sms").await[0].id.to_string();
    pipeline.store.close().await;
    let home = Home::new(folder.path(), NOWHERE, &more);
    let listed = home.verb(&["notify", "list", "--state", "failed", "--json"], 0);
    let row: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(row["reason"], "gateway-refused", "{row}");
    assert_eq!(row["address"], "+********001", "{row}");
    let counted = home.verb(&["notify", "list", "--count"], 0);
    assert!(counted.contains("gateway-refused") && counted.contains("sms"), "{counted}");
    let shown = home.verb(&["notify", "show", &id], 0);
    for part in ["+70000000001", "gateway-refused", "400", &case(1), "title      Заявление"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(home.verb(&["notify", "retry", &id], 0).contains("1 notification is pending again"));
    home.verb(&["notify", "retry", "--all"], 1);
    home.verb(&["notify", "show", "999"], 1);
    home.verb(&["notify", "opt-out", "1.1"], 2);
    let preview = home.verb(&["notify", "preview", "refused", "--case", &case(1)], 0);
    assert!(
        preview.contains(&format!("Заявление {}: Получено", case(1))) && preview.contains("35 characters, 1 segment"),
        "{preview}"
    );
    home.verb(&["notify", "preview", "refused", "--case", "77-0"], 1);
    // Programs read system and number apart, under the keys of the JSON.
    let csv = home.verb(&["notify", "list", "--state", "pending", "--csv"], 0);
    assert!(csv.starts_with("id,event,system,case,address,channel,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().contains(&format!(",epgu,{},", case(1))), "{csv}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_an_applicant_are_not_told_as_words_of_the_agency() {
    let folder = Folder::new();
    let pipeline = told_house(&folder, "").await;
    let (own, answer) = ("Прошу рассмотреть заявление и приложенные документы.", "Проверка закончена.");
    let said = format!("<Comment>{answer}</Comment>");
    happen(&pipeline, vec![application(1), update(1, 1, "verified", &said)]).await;
    tell(&pipeline).await;
    let mut rows = rows(&pipeline.store, "cabinet").await;
    rows.retain(|row| row.event == "status-changed");
    rows.sort_by_key(|row| row.id);
    let mut comments = Vec::new();
    for row in &rows {
        let comment = pipeline.store.noticed(row.id).await.unwrap().unwrap().event.comment;
        comments.push(comment.map(|one| one.told(notify::Language::Russian).to_owned()));
    }
    assert_eq!(comments, [None, Some(answer.to_owned())], "{rows:?}");
    let case_of = pipeline.store.cases_by_number(Some("epgu"), &case(1)).await.unwrap().remove(0);
    assert_eq!(case_of.history[0].comment.as_deref(), Some(own), "the history has them");
    pipeline.store.close().await;
    let home = Home::new(folder.path(), NOWHERE, "");
    let preview = home.verb(&["notify", "preview", "status-changed", "--case", &case(1)], 0);
    assert!(preview.contains(answer) && !preview.contains(own), "{preview}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_the_way_out_of_those_notices_that_have_one() {
    let folder = Folder::new();
    let links = format!(
        "[notify]\nopt_out_link = \"https://example.org/opt-out?token={{token}}\"\nopt_out_key_file = \"{}\"\n",
        secret(&folder)
    );
    for (more, has_links) in [("", false), (links.as_str(), true)] {
        let home = Home::new(folder.path(), NOWHERE, more);
        for (event, is_free) in [
            ("epgu/status-changed", true),
            ("epgu/refused", false),
            ("org/unassigned", false),
            ("gge/maintenance", true),
        ] {
            for language in ["ru", "en"] {
                let preview = home.verb(&["notify", "preview", event, "--language", language, "--json"], 0);
                let preview: Value = serde_json::from_str(preview.trim()).unwrap();
                let expected = has_links && is_free;
                let link = "https://example.org/opt-out?token=TOKEN";
                let has = |part: &str| preview[part].as_str().is_some_and(|text| text.contains(link));
                let found = ["email_text", "opt_out"].map(has);
                assert_eq!(found, [expected; 2], "{event} {language} {preview}");
                let page = preview["email_html"].as_str().unwrap();
                assert_eq!(page.contains("opt-out"), expected, "{event} {language} {page}");
                assert!(!["short", "long", "sms"].into_iter().any(has), "{event} {language} {preview}");
            }
        }
        let told = home.verb(&["notify", "preview", "epgu/refused"], 0);
        assert!(told.contains("opt-out    none: it goes out whatever the reader chose"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_written_edited_and_checked() {
    let folder = Folder::new();
    let texts = folder.path().join("texts");
    let texts_path = texts.display().to_string();
    let home = Home::new(folder.path(), NOWHERE, &format!("[notify]\ntemplates_folder = \"{texts_path}\"\n"));
    assert!(home.verb(&["notify", "templates", "export", &texts_path], 0).contains("0 were there already"));
    let checked = home.verb(&["notify", "templates", "check"], 0);
    assert!(checked.contains("ok    ru") && checked.contains("ok    en"), "{checked}");
    let file = texts.join("ru/epgu/decision.short.txt");
    fs::write(&file, "Решение {{ number }}\nсрок {{ deadlin }}\n").unwrap();
    let checked = home.verb(&["notify", "templates", "check"], 1);
    assert!(
        checked.contains("FAULT template.unknown-value: ru/epgu/decision.short.txt:2: there is no `deadlin`"),
        "{checked}"
    );
    // Neither the check nor the start goes on with it.
    assert!(home.verb(&["check"], 1).contains("ru/epgu/decision.short.txt:2"));
    let started = home.command().arg("run").output().unwrap();
    assert_eq!(started.status.code(), Some(2), "{}", String::from_utf8_lossy(&started.stderr));
    fs::write(&file, "Решение по {{ number }}\n").unwrap();
    let preview = home.verb(&["notify", "preview", "epgu/decision", "--json"], 0);
    let preview: Value = serde_json::from_str(preview.trim()).unwrap();
    assert_eq!(preview["short"], "Решение по 77-2026-000101");
    let english = home.verb(&["notify", "preview", "epgu/decision", "--language", "en"], 0);
    assert!(english.contains("Decision on application 77-2026-000101: Under review"), "{english}");
    assert!(!english.contains(|sign: char| ('\u{400}'..='\u{4ff}').contains(&sign)), "{english}");
    home.verb(&["notify", "preview", "no-such-event"], 1);
    let events = home.verb(&["notify", "events", "--json", "--system", "epgu"], 0);
    assert!(
        events
            .lines()
            .any(|line| line.contains("\"event\":\"refused\",\"label\":\"Отказано\",\"label_en\":\"Refused\"")
                && line.contains("\"required\":true")),
        "{events}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_does_not_answer_is_found_when_it_is_asked_for() {
    let folder = Folder::new();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let more = format!(
        "[notify.channel.sms]\nway = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nsecret_file = \"{}\"\n\
         [mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"a@example.org\"\ntimeout_seconds = 2\n\
         [notify.channel.email]\nway = \"smtp\"\n",
        secret(&folder)
    );
    let home = Home::new(folder.path(), NOWHERE, &more);
    let checked = home.verb(&["check"], 0);
    assert!(checked.contains(&format!("ok    notify: sms: gateway http://127.0.0.1:{port}/")), "{checked}");
    let checked = home.verb(&["check", "--channels"], 1);
    for channel in ["email", "sms"] {
        assert!(checked.contains(&format!("FAULT notify: {channel}: ")), "{checked}");
    }
}
