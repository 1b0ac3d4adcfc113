//! Exports by e-mail, over a real SMTP conversation: with TLS, to several readers, with servers that refuse or hang.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mezhved::sink::mail::{Moment, Reply, TakenLetter};

use super::*;
use crate::support::world::{MailServer, Speaks};

/// To a folder and to two readers.
const POST: &str = "code = 'post'\nlabel = 'Дела за день'\nregister = 'cases'\nprofile = 'excel-ru'\n\
                    [[destination]]\nkind = 'mail'\nto = ['a@example.org', 'b@example.org']\nname = 'дела {slot:%d.%m.%Y}.{ext}'\n\
                    [[destination]]\nkind = 'folder'\nname = '{slot:%Y-%m-%d}.{ext}'\n";
/// To one reader alone.
const ALONE: &str = "code = 'alone'\nregister = 'cases'\n[[destination]]\nkind = 'mail'\nto = ['a@example.org']\n";

/// The section of a mail server; `more` is of the section of exports.
fn mail(folder: &Folder, server: &MailServer, speaks: Speaks, more: &str) -> String {
    let file = folder.path().join("authority.pem");
    fs::write(&file, &server.authority).unwrap();
    let security = match speaks {
        Speaks::Clear => "none",
        Speaks::StartTls => "starttls",
        Speaks::Wrapped => "wrapped",
    };
    format!(
        "{more}\n[mail]\nhost = 'localhost'\nport = {}\nsecurity = '{security}'\nfrom = 'Межвед <noreply@example.org>'\n\
         authorities_file = '{}'\ntimeout_seconds = 2\n",
        server.port,
        file.display()
    )
}

/// A part of a letter that stands behind this line of its header.
fn part(letter: &TakenLetter, header: &str) -> Option<Vec<u8>> {
    let (before, rest) = letter.text.split_once(header)?;
    let (head, body) = rest.split_once("\n\n")?;
    let encoded = head.contains("Content-Transfer-Encoding: base64")
        || before.rsplit_once("\n\n").map_or(before, |(_, head)| head).contains("Content-Transfer-Encoding: base64");
    assert!(encoded, "{}", letter.text);
    let body = body.split_once("\n--").map_or(body, |(body, _)| body);
    Some(STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap())
}

fn attached(letter: &TakenLetter) -> Option<Vec<u8>> {
    part(letter, "Content-Disposition: attachment")
}

fn text(letter: &TakenLetter) -> String {
    String::from_utf8(part(letter, "Content-Type: text/plain; charset=utf-8").unwrap()).unwrap()
}

fn header<'l>(letter: &'l TakenLetter, name: &str) -> &'l str {
    let line = letter.text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name}: {}", letter.text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_brings_the_file_to_each_reader_over_tls() {
    for speaks in [Speaks::Clear, Speaks::StartTls, Speaks::Wrapped] {
        let folder = Folder::new();
        let server = MailServer::start(speaks, Box::new(|_| Reply::Take)).await;
        filled(&folder, some_traffic(27, 40)).await.store.close().await;
        let more = mail(&folder, &server, speaks, "");
        let office = Office::with(folder, &[("post", POST)], &more);
        tokio::task::block_in_place(|| office.run("post", "2026-03-04", 0));
        let letters = server.sink.letters();
        let readers: Vec<_> = letters.iter().map(|letter| letter.to.join(",")).collect();
        assert_eq!(readers, ["a@example.org", "b@example.org"], "{speaks:?}: nobody sees who else reads");
        let file = office.file("2026-03-04.csv");
        for letter in &letters {
            assert!(attached(letter).unwrap() == file, "the same bytes");
            let text = text(letter);
            for said in [
                "Выгрузка «Дела за день» готова.",
                "дела 04.03.2026.csv",
                &hex::encode(Sha256::digest(&file)),
                "вложен в письмо и лежит здесь",
                &office.out().join("2026-03-04.csv").display().to_string(),
            ] {
                assert!(text.contains(said), "{said}\n{text}");
            }
            assert_eq!(header(letter, "Auto-Submitted: "), "auto-generated");
        }
        assert_ne!(header(&letters[0], "Message-ID: "), header(&letters[1], "Message-ID: "));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_is_not_taken_hinders_no_other_and_nobody_gets_two_letters() {
    let folder = Folder::new();
    let answers = Arc::new(Mutex::new(vec![
        Reply::Take,
        Reply::Say(550, "no such mailbox b@example.org"),
        Reply::Say(450, "come again"),
    ]));
    let said = Arc::clone(&answers);
    let rule = move |moment: Moment<'_>| match moment {
        Moment::Reader("b@example.org") => said.lock().unwrap().pop().unwrap_or(Reply::Take),
        _ => Reply::Take,
    };
    let server = MailServer::start(Speaks::Clear, Box::new(rule)).await;
    filled(&folder, some_traffic(28, 40)).await.store.close().await;
    let more = mail(&folder, &server, Speaks::Clear, "");
    // The reader who is refused stands first.
    let post = POST.replace("'a@example.org', 'b@example.org'", "'b@example.org', 'a@example.org'");
    let office = Office::with(folder, &[("post", &post)], &more);
    let run = |code: i32| {
        tokio::task::block_in_place(|| {
            let output =
                office.home.command().args(["export", "run", "post", "--slot", "2026-03-04"]).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stderr).into_owned()
        })
    };
    let readers = || server.sink.letters().iter().map(|letter| letter.to.join(",")).collect::<Vec<_>>();
    let later = run(1);
    assert!(later.contains("export.undelivered: mail") && later.contains("come again"), "{later}");
    assert_eq!(readers(), ["a@example.org"]);
    let refused = run(1);
    assert!(refused.contains("export.refused: mail") && !refused.contains("b@example.org"), "masked: {refused}");
    assert_eq!(readers(), ["a@example.org"], "who has the letter does not get it again");
    run(0);
    assert_eq!(readers(), ["a@example.org", "b@example.org"]);
    run(0);
    assert_eq!(readers().len(), 4, "a slot that was done and is asked for again is sent again");
    let letters = server.sink.letters();
    let id = |letter: &TakenLetter| header(letter, "Message-ID: ").to_owned();
    assert_eq!(id(&letters[0]), id(&letters[3]), "under the same id");
    let history = office.home.verb(&["export", "history", "--job", "post", "--state", "failed", "--json"], 0);
    assert!(history.lines().count() == 2 && history.contains("come again"), "{history}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_too_long_for_a_letter_is_named_by_its_place() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    filled(&folder, some_traffic(29, 40)).await.store.close().await;
    let more = mail(&folder, &server, Speaks::Clear, "mail_bytes_max = 100");
    let office = Office::with(folder, &[("post", POST), ("alone", ALONE)], &more);
    tokio::task::block_in_place(|| {
        office.run("post", "2026-03-04", 0);
        let refused = office.refused(&["export", "run", "alone", "--slot", "2026-03-04"], 1);
        assert!(refused.contains("export.refused: mail") && refused.contains("give the job a folder too"), "{refused}");
    });
    let letters = server.sink.letters();
    assert_eq!(letters.len(), 2);
    let place = office.out().join("2026-03-04.csv").display().to_string();
    assert!(attached(&letters[0]).is_none());
    let text = text(&letters[0]);
    assert!(text.contains("в письмо не вложен") && text.contains(&place), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_hangs_fails_its_job_in_time_and_hinders_no_other() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Silence)).await;
    filled(&folder, some_traffic(30, 20)).await.store.close().await;
    let more = mail(&folder, &server, Speaks::Clear, "");
    let office = Office::with(folder, &[("alone", ALONE), ("cases", CASES)], &more);
    tokio::task::block_in_place(|| {
        let refused = office.refused(&["export", "run", "alone", "--slot", "2026-03-04"], 1);
        assert!(refused.contains("did not answer within 2 seconds"), "{refused}");
        office.run("cases", "2026-03-04", 0);
    });
    let history = office.home.verb(&["export", "history", "--job", "alone", "--state", "failed"], 0);
    assert!(history.contains("did not"), "{history}");
}
