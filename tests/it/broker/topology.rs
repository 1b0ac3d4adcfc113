//! What must exist at the broker is made, and what is there but different stops the start with a clear message.

use mezhved::broker::topology::{self, Finding, State, Subject};

use super::*;
use crate::support::daemon::Looks;
use crate::support::rabbitmq;

fn queue(name: &str) -> Topology {
    Topology {
        queues: vec![Queue {
            name: name.to_owned(),
            owner: Owner::Us,
            delivery_limit: 1000,
            one_consumer: false,
            dead_letter_exchange: Some("mezhved.dead".to_owned()),
        }],
        ..Topology::default()
    }
}

fn state_of<'a>(findings: &'a [Finding], subject: Subject, name: &str) -> &'a State {
    let found = findings.iter().find(|finding| finding.subject == subject && finding.name == name);
    &found.unwrap_or_else(|| panic!("{name} in {findings:?}")).state
}

#[tokio::test]
async fn declaring_twice_changes_nothing_and_a_check_before_it_makes_nothing() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("mezhved"))).await.unwrap();
    let before = topology::check(&session, &house()).await.unwrap();
    assert_eq!(*state_of(&before, Subject::Queue, "mezhved.in.epgu"), State::Missing);
    assert_eq!(*state_of(&before, Subject::Exchange, "mezhved.in"), State::Missing);
    let fault = session.depth("mezhved.in.epgu").await.expect_err("nothing was made");
    assert!(matches!(fault, BrokerFault::Refused { code: 404, .. }), "{fault:?}");

    for _ in 0..2 {
        let said = topology::declare(&session, &house()).await.unwrap();
        assert!(
            matches!(said.as_slice(), [Finding { subject: Subject::Policies, state: State::Unseen(_), .. }]),
            "{said:?}"
        );
    }
    let after = topology::check(&session, &house()).await.unwrap();
    assert!(!after.iter().any(Finding::stops_the_start));
    assert_eq!(*state_of(&after, Subject::Queue, "mezhved.in.epgu.large"), State::Right);
    assert!(matches!(state_of(&after, Subject::Policies, "of the virtual host"), State::Unseen(_)));
}

#[tokio::test]
async fn a_queue_that_differs_stops_the_start_and_says_in_what() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("mezhved"))).await.unwrap();
    let mut few = queue("mezhved.in.epgu");
    few.queues[0].delivery_limit = 20;
    few.queues[0].one_consumer = true;
    topology::declare(&session, &few).await.unwrap();

    let findings = topology::check(&session, &house()).await.unwrap();
    let State::Differs(difference) = state_of(&findings, Subject::Queue, "mezhved.in.epgu") else {
        panic!("{findings:?}")
    };
    assert_eq!((difference.argument.as_str(), difference.found.as_str()), ("x-delivery-limit", "20"));

    let mut link = Running::new(settings(&vhost.url("mezhved")), house());
    let outcome = within(link.run.join_next()).await.expect("the loop").expect("no panic");
    let fault = outcome.expect_err("the link refuses").to_string();
    assert!(fault.contains("queue mezhved.in.epgu: x-delivery-limit is 20, but must be 1000"), "{fault}");
    assert!(matches!(&*link.link.state().borrow(), LinkState::Refused { reason } if *reason == fault));
}

#[tokio::test]
async fn a_queue_that_could_drop_or_lose_messages_differs() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("mezhved"))).await.unwrap();
    let declare = |name: &str, arguments: &str, durable: bool| {
        let script = format!(
            "{{new, _}} = rabbit_amqqueue:declare(rabbit_misc:r(<<\"{}\">>, queue, <<\"{name}\">>), {durable}, false, \
             [{arguments}], none, <<\"it\">>).",
            vhost.name()
        );
        vhost.node().ctl(["eval", &script]);
    };
    let quorum = r#"{<<"x-queue-type">>, longstr, <<"quorum">>}"#;
    let cases = [
        ("classic", String::new()),
        ("drop-head", format!(r#"{quorum}, {{<<"x-delivery-limit">>, long, 1000}}, {{<<"x-max-length">>, long, 10}}"#)),
        ("ttl", format!(r#"{quorum}, {{<<"x-delivery-limit">>, long, 1000}}, {{<<"x-message-ttl">>, long, 10}}"#)),
        (
            "no-dead-letters",
            format!(
                r#"{quorum}, {{<<"x-delivery-limit">>, long, 1000}}, {{<<"x-overflow">>, longstr, <<"reject-publish">>}}"#
            ),
        ),
    ];
    for (name, arguments) in cases {
        declare(name, &arguments, true);
        let findings = topology::check(&session, &queue(name)).await.unwrap();
        let state = state_of(&findings, Subject::Queue, name);
        assert!(matches!(state, State::Differs(_)), "{name}: {state:?}");
        let fault = topology::declare(&session, &queue(name)).await.expect_err("refused");
        assert_eq!(fault.code(), "broker.topology", "{name}");
    }
}

/// AMQP does not show what a policy makes of a queue; the management does.
#[tokio::test]
async fn a_policy_that_could_lose_messages_stops_the_start_where_it_is_seen() {
    let node = rabbitmq::RabbitMq::start_managed();
    let management = node.management_url();
    let managed = |url: &str| Settings { management: Some(url.to_owned().into()), ..settings(&node.url("mezhved")) };
    let session = Session::open(&managed(&management)).await.unwrap();
    assert_eq!(topology::declare(&session, &house()).await.unwrap(), [], "no policy, and that was seen");
    node.ctl(["set_policy", "harmless", "^mezhved", r#"{"queue-leader-locator":"balanced"}"#, "--apply-to", "queues"]);
    let findings = topology::check(&session, &house()).await.unwrap();
    assert_eq!(*state_of(&findings, Subject::Policies, "of the virtual host"), State::Right, "{findings:?}");
    node.ctl(["set_policy", "short", "large$", r#"{"max-length":10}"#, "--apply-to", "queues", "--priority", "9"]);
    let overruled = State::Overruled { policies: "short".to_owned(), sets: "max-length = 10".to_owned() };
    // The broker applies a policy a moment after it has taken it.
    let mut looks = Looks::new("the policy applies");
    let findings = loop {
        let findings = topology::check(&session, &house()).await.unwrap();
        if findings.iter().any(|finding| finding.state == overruled) {
            break findings;
        }
        looks.next().await;
    };
    assert_eq!(*state_of(&findings, Subject::Queue, "mezhved.in.epgu.large"), overruled);
    let fault = topology::declare(&session, &house()).await.expect_err("it stops the start").to_string();
    let said = "queue mezhved.in.epgu.large: the policy short sets max-length = 10, so messages could be lost";
    assert!(fault.contains(said) && !fault.contains("queue mezhved.in.epgu:"), "{fault}");

    let wrong = management.replace("http://", "http://epgu:wrong@");
    for (url, why) in
        [(wrong.as_str(), "is not let in"), ("http://127.0.0.1:1", "no answer"), ("nowhere", "relative URL")]
    {
        let session = Session::open(&managed(url)).await.unwrap();
        let findings = topology::check(&session, &house()).await.unwrap();
        let state = state_of(&findings, Subject::Policies, "of the virtual host");
        assert!(
            matches!(state, State::Unseen(said) if said.contains(why) && !said.contains("wrong@")),
            "{url}: {state:?}"
        );
    }
}

#[tokio::test]
async fn an_exchange_of_another_kind_differs() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("mezhved"))).await.unwrap();
    let exchange = |routing| Topology {
        exchanges: vec![Exchange { name: "e".to_owned(), routing, alternate: None }],
        ..Topology::default()
    };
    topology::declare(&session, &exchange(Routing::Fanout)).await.unwrap();
    let fault = topology::declare(&session, &exchange(Routing::Direct)).await.expect_err("refused").to_string();
    assert!(fault.contains("exchange e: type is fanout, but must be direct"), "{fault}");
}

#[tokio::test]
async fn an_agencys_own_queue_is_only_looked_at() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("mezhved"))).await.unwrap();
    let mut theirs = queue("receipts.theirs");
    theirs.queues[0].owner = Owner::Agency;
    theirs.bindings.push(Binding {
        exchange: "mezhved.out".to_owned(),
        queue: "receipts.theirs".to_owned(),
        key: "receipts.theirs".to_owned(),
    });
    let found = topology::declare(&session, &theirs).await.unwrap();
    assert_eq!(*state_of(&found, Subject::Queue, "receipts.theirs"), State::Missing);
    assert!(found.iter().all(|one| one.subject != Subject::Binding), "a missing queue is not bound: {found:?}");
}

#[tokio::test]
async fn a_user_without_permission_is_told_which_thing_was_refused() {
    let vhost = rabbitmq::vhost();
    let session = Session::open(&settings(&vhost.url("epgu"))).await.unwrap();
    let fault = topology::declare(&session, &house()).await.expect_err("refused");
    let BrokerFault::Topology(findings) = &fault else { panic!("{fault:?}") };
    assert!(
        matches!(state_of(findings, Subject::Queue, "mezhved.in.epgu"), State::Refused { code: 403, .. }),
        "{fault}"
    );
}
