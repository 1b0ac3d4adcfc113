//! By e-mail, over a real SMTP conversation, with TLS and without, with servers that misbehave.

use std::collections::BTreeSet;

use base64::Engine as _;
use mezhved::notify::Courier;
use mezhved::sink::mail::{Moment, Reply};

use super::*;
use crate::extracts;
use crate::support::world::{MailServer, Speaks};

fn settings(folder: &Folder, server: &MailServer, speaks: Speaks) -> String {
    let (security, authorities) = match speaks {
        Speaks::Clear => ("none", String::new()),
        Speaks::StartTls => ("starttls", server.authority.clone()),
        Speaks::Wrapped => ("wrapped", server.authority.clone()),
    };
    let file = folder.path().join("authority.pem");
    fs::write(&file, &authorities).unwrap();
    let file = if authorities.is_empty() { String::new() } else { file.display().to_string() };
    format!(
        "[mail]\nhost = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nfrom = \"Межвед <noreply@example.org>\"\n\
         authorities_file = \"{file}\"\ntimeout_seconds = 2\n[notify.channel.email]\nway = \"smtp\"\n\
         [notify]\nlink = \"https://example.org/{{system}}/{{number}}\"\nretry_delay_milliseconds_min = 1\n\
         retry_delay_milliseconds_max = 1\nbreaker_pause_seconds_min = 3600\nbreaker_pause_seconds_max = 3600\n\
         opt_out_link = \"https://example.org/opt-out?token={{token}}\"\nopt_out_key_file = \"{}\"\n",
        server.port,
        secret(folder)
    )
}

/// The contents of the attachments of a letter.
fn attached(text: &str) -> BTreeSet<Vec<u8>> {
    let text = text.replace("\r\n", "\n");
    let parts = text.split("Content-Disposition: attachment").skip(1);
    let content = |part: &str| -> Vec<u8> {
        let (_, body) = part.split_once("\n\n").unwrap();
        let packed: String = body.lines().take_while(|line| !line.starts_with("--")).collect();
        base64::engine::general_purpose::STANDARD.decode(packed).unwrap()
    };
    parts.map(content).collect()
}

#[tokio::test]
async fn a_letter_goes_out_over_tls_with_its_id_and_a_way_out() {
    for speaks in [Speaks::Clear, Speaks::StartTls, Speaks::Wrapped] {
        let folder = Folder::new();
        let server = MailServer::start(speaks, Box::new(|_| Reply::Take)).await;
        let pipeline = told_house(&folder, &settings(&folder, &server, speaks)).await;
        happen(&pipeline, vec![application(1), update(1, 1, "verified", "")]).await;
        tell(&pipeline).await;
        deliver(&pipeline, "email").await;
        assert_eq!(books(&pipeline.store, "email").await, book([("confirmed", 2)]), "{speaks:?}");
        let letters = server.sink.letters();
        assert_eq!(letters.len(), 2);
        let row = &rows(&pipeline.store, "email").await[0];
        let letter = &letters[0];
        assert_eq!(
            (letter.from.as_str(), letter.to.as_slice()),
            ("noreply@example.org", &["applicant-1@example.org".to_owned()][..])
        );
        for part in [
            format!("Message-ID: <{}@example.org>", row.delivery),
            "List-Unsubscribe: <https://example.org/opt-out?token=".to_owned(),
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned(),
            "Auto-Submitted: auto-generated".to_owned(),
            "multipart/alternative".to_owned(),
            "text/html".to_owned(),
        ] {
            assert!(letter.text.contains(&part), "{part}\n{}", letter.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extract_asked_for_by_mail_comes_with_its_letter() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    let pipeline = told_house(&folder, &settings(&folder, &server, Speaks::Clear)).await;
    let request = |id: u8, by: &str| {
        let text = String::from_utf8(extracts::request(id, &format!("ВП-П-{id}"), "2026-02-28", false)).unwrap();
        let (asked, mailbox) = (format!("<Delivery>{by}<"), format!("<Email>by-{by}-{id}@example.org<"));
        text.replace("<Delivery>cabinet<", &asked).replace("<Email>applicant-1@example.org<", &mailbox).into_bytes()
    };
    let review = extracts::application(11, "ГГЭ-П-1", "2026-01-15");
    happen(&pipeline, vec![review, request(12, "email"), request(13, "cabinet")]).await;
    assert_eq!(extracts::fire(&pipeline).await, 2);
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    let letters = server.sink.letters();
    let to = |mailbox: &str| letters.iter().filter(|letter| letter.to == [mailbox]).collect::<Vec<_>>();
    let files = |text: &str| text.matches("Content-Disposition: attachment").count();
    let with: Vec<_> = to("by-email-12@example.org").into_iter().filter(|letter| files(&letter.text) > 0).collect();
    assert_eq!(with.len(), 1, "the letter that tells of the result, and no other");
    assert_eq!(files(&with[0].text), 2, "{}", with[0].text);
    assert!(with[0].text.contains("application/xml") && with[0].text.contains("-12.xml"), "{}", with[0].text);
    let extract = pipeline.store.cases_by_number(Some("gge"), "ВП-П-12").await.unwrap().remove(0);
    let made = extract.documents.iter().flat_map(|document| &document.versions);
    let made: BTreeSet<Vec<u8>> = made.map(|version| pipeline.contents.read(&version.sha256).unwrap()).collect();
    assert_eq!(attached(&with[0].text), made, "they are the extract");
    let without = to("by-cabinet-13@example.org");
    assert!(!without.is_empty() && without.iter().all(|letter| files(&letter.text) == 0));

    // A letter does not tell of an extract that is lost.
    happen(&pipeline, vec![request(14, "email")]).await;
    assert_eq!(extracts::fire(&pipeline).await, 1);
    fs::remove_dir_all(&pipeline.config.contents).unwrap();
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    let failed: Vec<_> = rows(&pipeline.store, "email").await.into_iter().filter(|row| row.state == "failed").collect();
    let reasons: Vec<_> = failed.iter().filter_map(|row| row.reason.as_deref()).collect();
    assert_eq!(reasons, ["attachment-lost"]);
    let told = server.sink.letters();
    assert!(told.iter().filter(|letter| letter.to == ["by-email-14@example.org"]).all(|one| files(&one.text) == 0));
}

#[tokio::test]
async fn a_server_without_tls_or_with_a_strange_certificate_gets_nothing() {
    let folder = Folder::new();
    let clear = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    let stranger = MailServer::start(Speaks::StartTls, Box::new(|_| Reply::Take)).await;
    let strange = settings(&folder, &stranger, Speaks::StartTls);
    fs::write(folder.path().join("authority.pem"), &clear.authority).unwrap();
    let pipeline = told_house(&folder, &strange).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    assert_eq!(books(&pipeline.store, "email").await, book([("pending", 1)]));
    assert!(stranger.sink.letters().is_empty());

    let folder = Folder::new();
    let pipeline = told_house(&folder, &settings(&folder, &clear, Speaks::StartTls)).await;
    happen(&pipeline, vec![application(2)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    assert_eq!(books(&pipeline.store, "email").await, book([("pending", 1)]));
    assert!(clear.sink.letters().is_empty());
}

#[tokio::test]
async fn an_address_refused_for_good_fails_alone() {
    let folder = Folder::new();
    let rule = |moment: Moment<'_>| match moment {
        Moment::Reader(reader) if reader.starts_with("applicant-2@") => Reply::Say(550, "no such mailbox"),
        Moment::Reader(reader) if reader.starts_with("applicant-3@") => Reply::Say(450, "come again"),
        _ => Reply::Take,
    };
    let server = MailServer::start(Speaks::Clear, Box::new(rule)).await;
    let more = settings(&folder, &server, Speaks::Clear).replace("milliseconds_min = 1", "milliseconds_min = 3600000");
    let more = more.replace("milliseconds_max = 1", "milliseconds_max = 3600000");
    let pipeline = told_house(&folder, &more).await;
    happen(&pipeline, (1..=4).map(application).collect()).await;
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    let expected = book([("confirmed", 2), ("failed address-refused", 1), ("pending", 1)]);
    assert_eq!(books(&pipeline.store, "email").await, expected);
    let rows = rows(&pipeline.store, "email").await;
    let said = rows.iter().filter_map(|row| row.error.as_deref()).collect::<Vec<_>>().join("\n");
    assert!(said.contains("no such mailbox") && said.contains("come again"), "{said}");
    assert!(!pipeline.counters.text(None).contains("channel_out{channel=\"email\"} 1"));
}

#[tokio::test]
async fn a_server_that_hangs_is_left_alone_and_the_others_keep_going() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Silence)).await;
    let gateway = crate::support::world::Gateway::start(Box::new(|_, _| mezhved::sink::gateway::Reply::TAKE)).await;
    let more = format!(
        "{}\n[notify.channel.push]\nway = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n",
        settings(&folder, &server, Speaks::Clear).replace("timeout_seconds = 2", "timeout_seconds = 1"),
        gateway.url,
        secret(&folder)
    );
    let pipeline = told_house(&folder, &more).await;
    happen(&pipeline, (1..=8).map(application).collect()).await;
    tell(&pipeline).await;
    let mut courier = Courier::new("email", &pipeline).unwrap().unwrap();
    let done = deliver_by(&pipeline, &mut courier).await;
    assert!(done.rest_until.is_some() && done.later == 8, "{done:?}");
    let row = rows(&pipeline.store, "email").await.remove(0);
    assert_eq!(row.state, "pending");
    assert!(row.error.unwrap().contains("did not answer within 1 seconds"));
    assert!(pipeline.counters.text(None).contains("mezhved_channel_out{channel=\"email\"} 1"));
    deliver(&pipeline, "push").await;
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 8)]));
}

/// With which code a server refuses at a moment.
type Says = Box<dyn Fn(Moment<'_>) -> Option<u16> + Send + Sync>;

/// What becomes of letters whose reader, content or server is refused with each of these.
#[tokio::test]
async fn what_a_server_says_is_about_the_letter_the_mailbox_or_itself() {
    let readers = |code: u16| move |moment: Moment<'_>| matches!(moment, Moment::Reader(_)).then_some(code);
    let letters = |code: u16| move |moment: Moment<'_>| matches!(moment, Moment::Letter).then_some(code);
    let greets = |code: u16| move |moment: Moment<'_>| matches!(moment, Moment::Greeting).then_some(code);
    let cases: [(Says, &str, bool); 10] = [
        (Box::new(readers(550)), "failed address-refused", false),
        (Box::new(readers(553)), "failed address-refused", false),
        (Box::new(letters(552)), "failed address-refused", false),
        (Box::new(letters(554)), "failed address-refused", false),
        (Box::new(readers(450)), "pending", false),
        (Box::new(letters(451)), "pending", false),
        // It is busy, does not know us, or serves nobody: that is not about the letter.
        (Box::new(greets(421)), "pending", true),
        (Box::new(greets(554)), "pending", true),
        (Box::new(readers(530)), "pending", true),
        (Box::new(readers(502)), "pending", true),
    ];
    for (number, (says, expected, out)) in cases.into_iter().enumerate() {
        let folder = Folder::new();
        let rule = move |moment: Moment<'_>| says(moment).map_or(Reply::Take, |code| Reply::Say(code, "no"));
        let server = MailServer::start(Speaks::Clear, Box::new(rule)).await;
        let pipeline = told_house(&folder, &settings(&folder, &server, Speaks::Clear)).await;
        happen(&pipeline, (1..=5).map(application).collect()).await;
        tell(&pipeline).await;
        let mut courier = Courier::new("email", &pipeline).unwrap().unwrap();
        notify::deliver(&pipeline, &mut courier, None).await.unwrap();
        assert_eq!(books(&pipeline.store, "email").await, book([(expected, 5)]), "case {number}");
        let told = pipeline.counters.text(None).contains("mezhved_channel_out{channel=\"email\"} 1");
        assert_eq!(told, out, "case {number}: after five faults of its own the channel is left alone");
        assert!(server.sink.letters().is_empty());
        pipeline.store.close().await;
    }
}

#[tokio::test]
async fn an_address_that_a_server_cannot_be_told_fails_alone() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    let pipeline = told_house(&folder, &settings(&folder, &server, Speaks::Clear)).await;
    let text = String::from_utf8(application(2)).unwrap();
    let cyrillic = text.replace("applicant-2@example.org", "заявитель@example.org");
    assert_ne!(text, cyrillic);
    happen(&pipeline, vec![application(1), cyrillic.into_bytes(), application(3)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "email").await;
    let expected = book([("confirmed", 2), ("failed address-unusable", 1)]);
    assert_eq!(books(&pipeline.store, "email").await, expected);
    let rows = rows(&pipeline.store, "email").await;
    let failed = rows.iter().find(|row| row.state == "failed").unwrap();
    let why = failed.error.as_deref().unwrap();
    assert!(why.contains("SMTPUTF8") && !why.contains("заявитель"), "{why}");
    assert!(!pipeline.counters.text(None).contains("channel_out{channel=\"email\"} 1"));
}

/// Addresses of so many cases, each of two, every tenth case without one.
const CROWD: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2400) \
    INSERT INTO cases (system, kind, number, service, object, purpose, title, open, status, turn, since, origin, agency, email, \
    details, version, opened_at, changed_at) \
    SELECT c.system, c.kind, c.number || '-' || n, c.service, c.object || n, c.purpose, c.title, c.open, c.status, c.turn, c.since, \
    c.origin, c.agency, CASE WHEN n % 10 = 0 THEN NULL ELSE 'reader-' || (n / 2) || '@example.org' END, c.details, c.version, \
    c.opened_at, c.changed_at FROM n, cases c WHERE c.id = 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_one_letter_an_address_also_across_a_stop_but_for_those_who_want_none() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    let more = settings(&folder, &server, Speaks::Clear);
    let pipeline = told_house(&folder, &more).await;
    let own = |path: &str| {
        fixture(path)
            .replace("<env:Agency>ROSREESTR<", "<env:Agency>CABINET<")
            .replace("<env:Agency>EPGU<", "<env:Agency>CABINET<")
    };
    let choice = own("messages/gge/subscription.xml");
    let choice = choice
        .replace(" kind=\"application\"", "")
        .replace("<c:CaseNumber>77-2026-000101</c:CaseNumber>", "")
        .replace("<c:Snils>999-001-000 18</c:Snils>", "<c:Inn>9999000207</c:Inn>")
        .replace("<c:Event>status-changed</c:Event>", "<c:Event>maintenance</c:Event>")
        .replace(">cabinet<", ">email<")
        .replace(">at-once<", ">never<");
    happen(&pipeline, vec![own("messages/gge/submit-application.xml").into_bytes(), choice.into_bytes()]).await;
    tell(&pipeline).await;
    crate::support::damage(folder.path(), &[CROWD]).await.unwrap();
    happen(&pipeline, vec![own("messages/gge/maintenance.xml").into_bytes()]).await;
    // The first thousand are reached; then it is another process that goes on.
    assert_eq!(notify::tell(&pipeline).await.unwrap(), 1);
    let of_all = async |pipeline: &Pipeline| {
        let rows = rows(&pipeline.store, "email").await;
        rows.into_iter().filter(|row| row.event == "maintenance").collect::<Vec<_>>()
    };
    let first = of_all(&pipeline).await.len();
    pipeline.store.close().await;
    let pipeline = told_house(&folder, &more).await;
    tell(&pipeline).await;
    let rows = of_all(&pipeline).await;
    let addresses =
        1 + (1..=2400).filter(|n| n % 10 != 0).map(|n| n / 2).collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(rows.len(), addresses, "one a person");
    assert!(first > 0 && first < addresses, "{first} of {addresses} before the stop");
    assert!(rows.iter().all(|row| row.audience == "all"));
    deliver(&pipeline, "email").await;
    let states = of_all(&pipeline).await.into_iter().fold(BTreeMap::<_, usize>::new(), |mut states, row| {
        *states.entry((row.state, row.reason.unwrap_or_default())).or_default() += 1;
        states
    });
    let expected = [(("confirmed", ""), addresses - 1), (("suppressed", "opted-out"), 1)];
    let expected = expected.map(|((state, why), count)| ((state.to_owned(), why.to_owned()), count));
    assert_eq!(states, BTreeMap::from(expected));
    let told: Vec<_> = server.sink.letters().into_iter().flat_map(|letter| letter.to).collect();
    let mut once: Vec<_> = told.iter().filter(|to| to.starts_with("reader-")).collect();
    let letters = once.len();
    once.sort_unstable();
    once.dedup();
    assert_eq!((letters, once.len()), (addresses - 1, addresses - 1), "each address once");
}

#[tokio::test]
async fn a_missing_address_is_a_state_with_its_reason_and_mended_by_a_retry() {
    let folder = Folder::new();
    let server = MailServer::start(Speaks::Clear, Box::new(|_| Reply::Take)).await;
    let pipeline = told_house(&folder, &settings(&folder, &server, Speaks::Clear)).await;
    let text = String::from_utf8(application(1)).unwrap();
    let without = text.replace("<c:Email>applicant-1@example.org</c:Email>", "");
    assert_ne!(text, without);
    happen(&pipeline, vec![without.into_bytes()]).await;
    tell(&pipeline).await;
    assert_eq!(books(&pipeline.store, "email").await, book([("suppressed no-address", 1)]));
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("UPDATE cases SET email = 'found@example.org'").execute(&pool).await.unwrap();
    pool.close().await;
    let id = rows(&pipeline.store, "email").await[0].id;
    let patience = pipeline.config.notify.patience;
    assert_eq!(mezhved::desk::retry_notifications(&pipeline.store, Some(id), patience, "operator").await.unwrap(), 1);
    deliver(&pipeline, "email").await;
    assert_eq!(server.sink.letters()[0].to, ["found@example.org"]);
}
