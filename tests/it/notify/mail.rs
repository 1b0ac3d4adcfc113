//! By e-mail, over a real SMTP conversation, with TLS and without, with servers that misbehave.

use mezhved::notify::Courier;
use mezhved::sink::mail::{Moment, Reply};

use super::*;
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
