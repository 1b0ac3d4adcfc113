//! What readers choose: channels, frequency, one case or all; a link that opts out; a consent that is withdrawn.

use mezhved::sink::gateway::Reply;
use serde_json::Value;

use super::*;
use crate::support::world::Gateway;

async fn gateway_house(folder: &Folder, gateway: &Gateway, more: &str) -> Arc<Pipeline> {
    let settings = format!(
        "[notify]\nretry_delay_milliseconds_min = 1\n{more}\n[notify.channel.push]\nway = \"http\"\nurl = \"{0}\"\n\
         secret_file = \"{1}\"\n[notify.channel.sms]\nway = \"http\"\nurl = \"{0}\"\nsecret_file = \"{1}\"\n",
        gateway.url,
        secret(folder)
    );
    told_house(folder, &settings).await
}

async fn take_all() -> Gateway {
    Gateway::start(Box::new(|_, _| Reply::TAKE)).await
}

/// Makes everything that waits for its hour due now.
async fn hours_pass(folder: &Folder) {
    let url = format!("sqlite://{}", folder.path().join("store.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("UPDATE notifications SET due_at = created_at").execute(&pool).await.unwrap();
    pool.close().await;
}

const REFUSAL: &str = "<Reasons><c:Reason code=\"missing-documents\">Нет документов</c:Reason></Reasons>";

#[tokio::test]
async fn a_channel_is_chosen_left_and_chosen_again_for_one_case() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    happen(
        &pipeline,
        vec![
            application(1),
            application(2),
            choice(1, None, None, "push", "never"),
            choice(2, Some(2), None, "push", "at-once"),
            choice(3, None, Some("status-changed"), "sms", "at-once"),
        ],
    )
    .await;
    tell(&pipeline).await;
    happen(&pipeline, vec![update(1, 1, "verified", ""), update(2, 1, "verified", "")]).await;
    tell(&pipeline).await;
    for channel in ["push", "sms"] {
        deliver(&pipeline, channel).await;
    }
    // The choices were made before the first run: they hold for all that is told after them.
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 2), ("suppressed opted-out", 2)]));
    assert_eq!(books(&pipeline.store, "sms").await, book([("confirmed", 4)]));
    let to: Vec<Value> = gateway.sink.posted().iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
    let phones: Vec<_> = to.iter().filter_map(|note| note["to"].as_str()).collect();
    assert_eq!(phones.len(), 4, "SMS needs the phone, push does not");
    assert!(phones.iter().all(|phone| phone.starts_with("+7000000000")), "{phones:?}");
}

/// A message of an organization's cabinet.
fn cabinet(id: u8, root: &str, body: &str) -> Vec<u8> {
    format!(
        "<Envelope xmlns=\"urn:mezhved:envelope:1.0\"><Header><MessageId>e00000{id:02}-15f2-11f1-8026-02005e100026</MessageId>\
         <Sender><Agency>CABINET</Agency></Sender><Recipient><Agency>MINSTROY</Agency><System>org</System></Recipient>\
         <SentAt>2026-03-02T10:00:00+03:00</SentAt></Header><Body><{root} xmlns=\"urn:mezhved:org:1.0\" \
         xmlns:c=\"urn:mezhved:common:1.0\">{body}</{root}></Body></Envelope>"
    )
    .into_bytes()
}

/// A rule of the organization: an event or all, of a case or of all, by a channel.
fn rule(case: Option<&str>, event: Option<&str>, channel: &str, frequency: &str) -> String {
    let kind = if case.is_some() { " kind=\"application\"" } else { "" };
    let case = case.map(|case| format!("<c:CaseNumber>{case}</c:CaseNumber>")).unwrap_or_default();
    let event = event.map(|event| format!("<c:Event>{event}</c:Event>")).unwrap_or_default();
    format!(
        "<Choice{kind}><c:Subscriber><c:Ogrn>1269900002008</c:Ogrn></c:Subscriber>{case}\
         <c:HappenedAt>2026-03-02T11:00:00+03:00</c:HappenedAt>{event}<c:Channel>{channel}</c:Channel>\
         <c:Frequency>{frequency}</c:Frequency></Choice>"
    )
}

/// A notice of the organization to its own agency.
fn notice(number: &str) -> String {
    format!(
        "<Application><Number>{number}</Number><SentAt>2026-03-02T10:00:00+03:00</SentAt><Service>internal-notice</Service>\
         <ReceivingBody>Ведомство</ReceivingBody><Subject>Уведомление</Subject><Organization><c:Name>ООО «Образец 2»</c:Name>\
         <c:Ogrn>1269900002008</c:Ogrn><c:Email>office@example.org</c:Email><c:Phone>+70000000001</c:Phone></Organization>\
         <Author><c:PrincipalOgrn>1269900002008</c:PrincipalOgrn><c:Signature>simple</c:Signature>\
         <c:SignedAt>2026-03-02T09:59:00+03:00</c:SignedAt></Author></Application>"
    )
}

fn moved(number: &str, status: &str, hour: u8) -> String {
    format!(
        "<Update kind=\"application\"><c:CaseNumber>{number}</c:CaseNumber><c:HappenedAt>2026-03-02T{hour}:00:00+03:00\
         </c:HappenedAt><c:Status>{status}</c:Status></Update>"
    )
}

#[tokio::test]
async fn an_organization_makes_its_own_rules_of_what_it_is_told_by_which_channel() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    let both = |status: &str, hour: u8| moved("З-1", status, hour) + &moved("З-2", status, hour);
    // Nothing by push but status changes, of one case everything; a registration also by SMS, which nobody is told of by default.
    let rules = rule(None, None, "push", "never")
        + &rule(None, Some("status-changed"), "push", "at-once")
        + &rule(None, Some("registered"), "sms", "at-once")
        + &rule(Some("З-2"), None, "push", "at-once");
    happen(&pipeline, vec![cabinet(1, "SubmitApplication", &(notice("З-1") + &notice("З-2")))]).await;
    happen(&pipeline, vec![cabinet(2, "StatusUpdate", &both("sent", 12))]).await;
    tell(&pipeline).await;
    assert_eq!(books(&pipeline.store, "sms").await, book([]), "by default no SMS tells of a registration");
    assert_eq!(books(&pipeline.store, "push").await, book([("pending", 2)]));
    happen(&pipeline, vec![cabinet(3, "SubmitApplication", &notice("З-3")), cabinet(4, "Subscription", &rules)]).await;
    happen(&pipeline, vec![cabinet(5, "StatusUpdate", &moved("З-3", "sent", 12))]).await;
    happen(
        &pipeline,
        vec![cabinet(6, "StatusUpdate", &(both("in_processing", 13) + &moved("З-3", "in_processing", 13)))],
    )
    .await;
    tell(&pipeline).await;
    for channel in ["push", "sms"] {
        deliver(&pipeline, channel).await;
    }
    // The rules hold for what waited too: of the first two registrations that of the case with a rule of its own goes out.
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 4), ("suppressed opted-out", 2)]));
    assert_eq!(books(&pipeline.store, "sms").await, book([("confirmed", 1)]));
    // What the law wants told goes out by all its channels, whatever the rules say.
    happen(&pipeline, vec![cabinet(7, "StatusUpdate", &moved("З-1", "approved", 14))]).await;
    tell(&pipeline).await;
    for channel in ["push", "sms"] {
        deliver(&pipeline, channel).await;
    }
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 5), ("suppressed opted-out", 2)]));
    assert_eq!(books(&pipeline.store, "sms").await, book([("confirmed", 2)]));
}

#[tokio::test]
async fn an_earlier_choice_that_comes_late_changes_nothing() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    happen(&pipeline, vec![choice(9, None, None, "push", "never"), choice(1, None, None, "push", "at-once")]).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    assert_eq!(books(&pipeline.store, "push").await, book([("suppressed opted-out", 1)]));
}

#[tokio::test]
async fn a_choice_for_a_case_waits_for_it_and_wrong_ones_are_refused() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    settle(&pipeline, vec![delivery(&pipeline, choice(1, Some(1), None, "push", "never"))]).await;
    assert_eq!(pipeline.store.waiting().await.unwrap().parked, 1);
    happen(&pipeline, vec![application(1)]).await;
    crate::support::wake(&pipeline).await;
    assert_eq!(pipeline.store.waiting().await.unwrap().parked, 0);
    for (id, event, channel) in [(2, Some("no-such-event"), "push"), (3, None, "pigeon")] {
        settle(&pipeline, vec![delivery(&pipeline, choice(id, None, event, channel, "never"))]).await;
    }
    // The schema knows the channels of the built-in systems.
    let letters = pipeline
        .store
        .dead_letters(&mezhved::store::DeadLetterFilter { limit: 10, ..Default::default() })
        .await
        .unwrap();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert!(reasons[0].contains("событие; известны: ") && reasons[1].contains("не соответствует схеме"), "{reasons:?}");
}

#[tokio::test]
async fn a_digest_leaves_as_one_and_what_the_law_wants_told_does_not_wait_for_it() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    happen(&pipeline, vec![choice(1, None, None, "push", "daily")]).await;
    happen(&pipeline, vec![application(1), application(2), update(1, 1, "verified", "")]).await;
    happen(&pipeline, vec![update(2, 1, "rejected", REFUSAL)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    let expected = book([("confirmed", 1), ("pending", 3)]);
    assert_eq!(books(&pipeline.store, "push").await, expected, "{:?}", rows(&pipeline.store, "push").await);
    hours_pass(&folder).await;
    deliver(&pipeline, "push").await;
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 4)]));
    let posted = gateway.sink.posted();
    assert_eq!(posted.len(), 2, "three events in one message");
    let note: Value = serde_json::from_str(&posted[1].body).unwrap();
    assert_eq!(note["title"], "Новости по вашим делам: 3");
    assert!(note.get("case").is_none() && note["text"].as_str().unwrap().contains(&case(1)), "{note}");
    let rows = rows(&pipeline.store, "push").await;
    let digest: Vec<_> = rows.iter().filter(|row| row.digest.is_some()).map(|row| &row.delivery).collect();
    assert_eq!((digest.len(), digest.iter().all(|delivery| **delivery == posted[1].key)), (3, true));
}

#[tokio::test]
async fn defaults_of_a_system_hold_for_those_who_chose_nothing() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let defaults = "default = [{ system = \"epgu\", event = \"status-changed\", channel = \"push\", frequency = \"never\" }, \
                    { channel = \"sms\", frequency = \"hourly\" }]";
    let pipeline = gateway_house(&folder, &gateway, defaults).await;
    happen(&pipeline, vec![application(1)]).await;
    tell(&pipeline).await;
    assert_eq!(books(&pipeline.store, "push").await, book([]));
    assert_eq!(books(&pipeline.store, "sms").await, book([("pending", 1)]));
    assert_eq!(rows(&pipeline.store, "sms").await[0].digest.as_deref(), Some("hourly"));
}

#[tokio::test]
async fn a_link_opts_out_and_what_waits_is_not_sent_any_more() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let more = format!(
        "opt_out_link = \"https://example.org/opt-out?token={{token}}\"\nopt_out_key_file = \"{}\"",
        secret(&folder)
    );
    let pipeline = gateway_house(&folder, &gateway, &more).await;
    happen(&pipeline, vec![application(1), update(1, 1, "rejected", REFUSAL)]).await;
    tell(&pipeline).await;
    let reader = pipeline.store.readers_by_id(&[1], &[]).await.unwrap().remove(0);
    let token =
        mezhved::notify::OptOut { subscriber: reader.identifiers[0], system: "epgu".into(), channel: "push".into() }
            .token(SECRET.as_bytes());
    assert!(mezhved::notify::opt_out_link("1.1", &pipeline.config.notify).is_none());
    let opt_out = mezhved::notify::opt_out_link(&token, &pipeline.config.notify).unwrap();
    mezhved::notify::opt_out(&pipeline.store, &opt_out, "a reader").await.unwrap();
    deliver(&pipeline, "push").await;
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 1), ("suppressed opted-out", 1)]));
}

fn consent(id: u32, body: &str) -> Vec<u8> {
    let text = fixture("messages/fgis/consent.xml");
    let (head, rest) = text.split_once("<Giving>").unwrap();
    let (_, tail) = rest.split_once("</Ending>").unwrap();
    format!("{head}{body}{tail}").replace(">EPGU<", ">CABINET<").replace("00040017", &format!("d{id:07x}")).into_bytes()
}

#[tokio::test]
async fn a_withdrawn_consent_stops_all_but_what_the_law_wants_told() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    let giving = |number: &str| {
        format!(
            "<Giving><Number>{number}</Number><GivenAt>2026-03-02T10:00:00+03:00</GivenAt><TextVersion>1.0</TextVersion>\
             <Purpose>Учёт</Purpose><Method>Хранение</Method><User><c:Name>Заявителев Макет</c:Name>\
             <c:Snils>999-038-000 61</c:Snils></User></Giving>"
        )
    };
    let withdrawal = "<Withdrawal><c:CaseNumber>СГ-9</c:CaseNumber>\
                      <c:HappenedAt>2026-03-02T11:00:00+03:00</c:HappenedAt></Withdrawal>";
    happen(&pipeline, vec![consent(1, &giving("СГ-9")), application(1)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    assert_eq!(books(&pipeline.store, "push").await, book([("confirmed", 1)]));
    // What was planned before the withdrawal is stopped too.
    happen(&pipeline, vec![update(1, 1, "verified", "")]).await;
    tell(&pipeline).await;
    happen(&pipeline, vec![consent(2, withdrawal), application(2), update(2, 1, "rejected", REFUSAL)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    let expected = book([("confirmed", 2), ("suppressed consent-withdrawn", 2)]);
    assert_eq!(books(&pipeline.store, "push").await, expected);
    // A new consent opens the way again.
    happen(&pipeline, vec![consent(3, &giving("СГ-10")), application(3)]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    assert_eq!(books(&pipeline.store, "push").await["confirmed"], 3);
}

#[tokio::test]
async fn a_consent_that_a_case_names_counts_whoever_is_named_in_it() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    let story = |file: &str| fixture(&format!("fgis/valid/{file}.xml"));
    let account = |file: &str| story(&format!("an-account-checked-again-and-locked/{file}")).into_bytes();
    // The consent is a person's, the account an organization's: no identifier joins them.
    happen(&pipeline, vec![account("01-consent"), account("02-registration")]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    let withdrawal = story("a-consent-given-and-withdrawn/02-withdrawal").replace("СГ-1<", "СГ-2026-000101<");
    happen(&pipeline, vec![withdrawal.into_bytes(), account("03-declined")]).await;
    tell(&pipeline).await;
    deliver(&pipeline, "push").await;
    let rows = rows(&pipeline.store, "push").await;
    let of_account = rows.iter().filter(|row| row.case == "УЗ-1");
    let states: Vec<_> =
        of_account.map(|row| (row.event.as_str(), row.reason.as_deref().unwrap_or(&row.state))).collect();
    assert_eq!(
        states,
        [("status-changed", "confirmed"), ("status-changed", "consent-withdrawn"), ("declined", "confirmed")],
        "what the law wants told goes out"
    );
}

#[tokio::test]
async fn everybody_is_told_once_by_a_channel_that_knows_its_readers() {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let pipeline = gateway_house(&folder, &gateway, "").await;
    let maintenance = fixture("messages/gge/maintenance.xml").replace(">ROSREESTR<", ">CABINET<");
    happen(&pipeline, vec![maintenance.into_bytes()]).await;
    tell(&pipeline).await;
    let rows = rows(&pipeline.store, "push").await;
    let told: Vec<_> = rows.iter().map(|row| (row.event.as_str(), row.audience.as_str())).collect();
    assert_eq!(told, [("maintenance", "all")]);
    deliver(&pipeline, "push").await;
    assert!(gateway.sink.posted()[0].body.contains("\"reader\":\"*\""), "{:?}", gateway.sink.posted());
}

#[tokio::test]
async fn the_page_of_a_link_asks_before_it_opts_out() {
    page_of_a_link("ru", ["Больше не присылать", "Госуслуги", "больше не придут", "Ссылка недействительна"]).await;
}

#[tokio::test]
async fn the_page_of_a_link_speaks_the_language_of_the_notices() {
    page_of_a_link("en", ["Send no more", "Gosuslugi", "will not come any more", "There is no such link"]).await;
}

/// What it says, in a language: when it asks, of which system, when it is done, of a strange link.
async fn page_of_a_link(language: &str, [asks, of, done, strange]: [&str; 4]) {
    let (folder, gateway) = (Folder::new(), take_all().await);
    let more = format!(
        "language = \"{language}\"\nopt_out_link = \"https://example.org/opt-out?token={{token}}\"\nopt_out_key_file = \"{}\"",
        secret(&folder)
    );
    let pipeline = gateway_house(&folder, &gateway, &more).await;
    happen(&pipeline, vec![application(1)]).await;
    let reader = pipeline.store.readers_by_id(&[1], &[]).await.unwrap().remove(0);
    let opt_out =
        mezhved::notify::OptOut { subscriber: reader.identifiers[0], system: "epgu".into(), channel: "push".into() };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = || tokio::sync::watch::channel(mezhved::broker::LinkState::Down).1;
    let links = [("receiving", link()), ("sending", link())];
    let health = mezhved::health::Health { pipeline: Arc::clone(&pipeline), links };
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(mezhved::health::serve(listener, health, tokio_util::sync::CancellationToken::new()));
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::new();
    let url = |token: &str| format!("http://{address}/opt-out?token={token}");
    let token = opt_out.token(SECRET.as_bytes());
    let asked = client.get(url(&token)).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    let asked = asked.text().await.unwrap();
    assert!(asked.contains("<form method=\"post\">") && asked.contains(&format!("lang=\"{language}\"")), "{asked}");
    assert!(asked.contains(asks) && asked.contains(of), "{asked}");
    let stranger = client.post(url("1.1")).send().await.unwrap();
    assert_eq!(stranger.status(), 404);
    let stranger = stranger.text().await.unwrap();
    assert!(stranger.contains(strange), "{stranger}");
    let reader = pipeline.store.readers_by_id(&[1], &[]).await.unwrap().remove(0);
    assert!(reader.choices.is_empty(), "looking at a link opts nobody out");
    let taken = client.post(url(&token)).send().await.unwrap();
    assert_eq!(taken.status(), 200);
    let taken = taken.text().await.unwrap();
    assert!(taken.contains(done), "{taken}");
    let is_russian = [&asked, &stranger, &taken].map(|page| page.contains(|sign: char| ('а'..='я').contains(&sign)));
    assert_eq!(is_russian, [language == "ru"; 3]);
    let reader = pipeline.store.readers_by_id(&[1], &[]).await.unwrap().remove(0);
    assert_eq!(reader.choices.iter().map(|one| one.frequency.as_str()).collect::<Vec<_>>(), ["never"]);
}
