//! Rights decided over random powers, members, roles and moments, beside a plain model of them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::json;

use super::{allowed, unfit};
use crate::admit::Answers;
use crate::apply::world::{Case, CaseKey, Cause, PartyRow, World};
use crate::apply::{Context, Lifecycles, Place, Setting};
use crate::binding::{ActOnCase, Author, Command, CorrectCase, Details};
use crate::config::StateServices;
use crate::domain::calendar::Calendar;
use crate::domain::identifiers;
use crate::domain::lifecycle::{Lifecycle, Shelf, System};
use crate::domain::routing::Routing;
use crate::outcome::Code;

const SHELF: &str = include_str!("../../../xsd/common/kinds.toml");
const DOCUMENTS: &str = include_str!("../../../xsd/common/documents.toml");
const ORG: &str = include_str!("../../../xsd/org/lifecycle.toml");

/// What is asked for: kind and number of the case, the command, the operation that it needs.
const ASKED: [(&str, &str, &str); 3] = [
    ("application", "correct", "submit-applications"),
    ("application", "act:assign", "assign-applications"),
    ("staff", "act:remove", "manage-staff"),
];
const AUTHORITIES: [(&str, &[&str]); 4] = [
    ("submit-applications", &["submit-applications"]),
    ("sign-documents", &["sign-documents"]),
    ("represent", &["submit-applications", "sign-documents", "write-letters"]),
    ("manage-staff", &["manage-staff"]),
];
const ROLES: [(&str, &[&str]); 3] = [
    ("employee", &["submit-applications"]),
    ("observer", &[]),
    ("administrator", &["submit-applications", "assign-applications", "manage-staff"]),
];
/// The code of a role that organizations make themselves.
const OWN: &str = "own-role";

fn lifecycles() -> Lifecycles {
    let shelf = Shelf::load("kinds.toml", SHELF).unwrap();
    let org = System::load("org/lifecycle.toml", ORG, &shelf).unwrap();
    Lifecycles::new(vec![org], Lifecycle::load("documents.toml", DOCUMENTS).unwrap())
}

fn moment(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hour)
}

/// When something came to be in force and when it ceased to be, in hours; the way back is there too.
#[derive(Debug, Clone)]
struct Life(Vec<i64>);

impl Life {
    /// Its statuses: it begins in the first, and changes between the two at every further hour.
    fn moves(&self, first: &str, second: &str) -> Vec<(DateTime<Utc>, String)> {
        let statuses = [first, second].into_iter().cycle();
        self.0.iter().zip(statuses).map(|(hour, status)| (moment(*hour), status.to_owned())).collect()
    }

    /// Whether it stands at an hour in the first of them.
    fn first_at(&self, hour: i64) -> bool {
        self.0.iter().filter(|begun| **begun <= hour).count() % 2 == 1
    }
}

fn life() -> impl Strategy<Value = Life> {
    btree_set(0_i64..24, 1..4).prop_map(|hours| Life(hours.into_iter().collect()))
}

#[derive(Debug, Clone)]
struct Power {
    agent: usize,
    principal: usize,
    authorities: Vec<usize>,
    life: Life,
    from: i64,
    until: i64,
}

#[derive(Debug, Clone)]
struct Member {
    person: usize,
    principal: usize,
    roles: Vec<usize>,
    own: bool,
    life: Life,
}

/// A role that an organization made itself.
#[derive(Debug, Clone)]
struct OwnRole {
    principal: usize,
    operations: Vec<usize>,
    life: Life,
}

#[derive(Debug, Clone)]
struct Request {
    actor: usize,
    principal: usize,
    owner: usize,
    power: Option<usize>,
    asked: usize,
    hour: i64,
}

#[derive(Debug, Clone)]
struct Story {
    powers: Vec<Power>,
    members: Vec<Member>,
    roles: Vec<OwnRole>,
    request: Request,
}

fn story() -> impl Strategy<Value = Story> {
    let authorities = || btree_set(0..AUTHORITIES.len(), 1..4).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let power = (0..2_usize, 0..2_usize, authorities(), life(), 0..12_i64, 12..24_i64).prop_map(
        |(agent, principal, authorities, life, from, until)| Power { agent, principal, authorities, life, from, until },
    );
    let roles = btree_set(0..ROLES.len(), 0..3).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let member = (0..2_usize, 0..2_usize, roles, any::<bool>(), life())
        .prop_map(|(person, principal, roles, own, life)| Member { person, principal, roles, own, life });
    let operations = btree_set(0..ASKED.len(), 0..3).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let role = (0..2_usize, operations, life()).prop_map(|(principal, operations, life)| OwnRole {
        principal,
        operations,
        life,
    });
    let request =
        (0..2_usize, 0..2_usize, prop::bool::weighted(0.8), prop::option::of(0..4_usize), 0..3_usize, 0..24_i64)
            .prop_map(|(actor, principal, own, power, asked, hour)| Request {
                actor,
                principal,
                owner: if own { principal } else { 1 - principal },
                power,
                asked,
                hour,
            });
    // One role of each organization at most: which of two with one code counts is nobody's question.
    (vec(power, 0..4), vec(member, 0..4), vec(role, 0..3), request).prop_map(|(powers, members, mut roles, request)| {
        roles.sort_by_key(|role| role.principal);
        roles.dedup_by_key(|role| role.principal);
        Story { powers, members, roles, request }
    })
}

/// The plain model.
fn expected(story: &Story) -> Result<(), Code> {
    let Request { actor, principal, owner, power, asked, hour } = &story.request;
    let operation = ASKED[*asked].2;
    if let Some(number) = power {
        let good = story.powers.get(*number).is_some_and(|power| {
            power.life.first_at(*hour)
                && power.from <= *hour
                && *hour < power.until
                && power.agent == *actor
                && power.principal == *principal
                && power.authorities.iter().any(|at| AUTHORITIES[*at].1.contains(&operation))
        });
        return if good && owner == principal { Ok(()) } else { Err(Code::NoAuthority) };
    }
    if owner != principal {
        return Err(Code::NoAuthority);
    }
    let members: Vec<&Member> =
        story.members.iter().filter(|one| one.person == *actor && one.principal == *principal).collect();
    if members.is_empty() {
        return Err(Code::NoAuthority);
    }
    let own = |member: &Member| {
        member.own
            && story.roles.iter().any(|role| {
                role.principal == *principal
                    && role.life.first_at(*hour)
                    && role.operations.iter().any(|at| ASKED[*at].2 == operation)
            })
    };
    let allows = members.iter().any(|member| {
        member.life.first_at(*hour) && (own(member) || member.roles.iter().any(|at| ROLES[*at].1.contains(&operation)))
    });
    if allows { Ok(()) } else { Err(Code::RoleNotAllowed) }
}

fn key(kind: &str, number: &str) -> CaseKey {
    CaseKey { system: "org".to_owned(), kind: kind.to_owned(), number: number.to_owned() }
}

fn ogrn(organization: usize) -> String {
    format!("126990000200{organization}")
}

fn snils(person: usize) -> String {
    format!("9990010001{person}")
}

fn row(role: &str, identifier: &'static str, value: &str) -> PartyRow {
    PartyRow {
        role: role.to_owned(),
        identifier,
        hash: identifiers::lookup(identifier, value),
        shown: "***".to_owned(),
    }
}

fn case(key: CaseKey, details: serde_json::Value, (from, until): (Option<i64>, Option<i64>)) -> Case {
    let serde_json::Value::Object(details) = details else { panic!("details are an object") };
    Case {
        id: Some(1),
        key,
        service: String::new(),
        object: None,
        purpose: None,
        title: None,
        parent: None,
        applicant: None,
        open: true,
        status: "whatever: its moves count".to_owned(),
        turn: 0,
        since: moment(0),
        origin: "CABINET".to_owned(),
        root: None,
        agency: "CABINET".to_owned(),
        officer: None,
        unit: None,
        deadline: None,
        expected_on: None,
        email: None,
        phone: None,
        valid_from: from.map(moment),
        valid_until: until.map(moment),
        amount: None,
        details,
        version: 1,
        corrected: false,
        opened_at: moment(0),
        changed_at: moment(0),
    }
}

fn world(story: &Story) -> World {
    let mut world = World::default();
    let mut put = |case: Case, rows: &[PartyRow], moves: Vec<(DateTime<Utc>, String)>| {
        world.people.set(&case.key, rows);
        world.moves.insert(case.key.clone(), moves);
        world.cases.insert(case.key.clone(), Arc::new(case));
    };
    for (number, power) in story.powers.iter().enumerate() {
        let authorities: Vec<&str> = power.authorities.iter().map(|at| AUTHORITIES[*at].0).collect();
        let details = json!({ "authorities": authorities });
        let rows = [row("agent", "snils", &snils(power.agent)), row("principal", "ogrn", &ogrn(power.principal))];
        let case = case(key("power", &number.to_string()), details, (Some(power.from), Some(power.until)));
        put(case, &rows, power.life.moves("active", "expired"));
    }
    for (number, member) in story.members.iter().enumerate() {
        let mut roles: Vec<&str> = member.roles.iter().map(|at| ROLES[*at].0).collect();
        roles.extend(member.own.then_some(OWN));
        let rows = [row("member", "snils", &snils(member.person)), row("principal", "ogrn", &ogrn(member.principal))];
        let case = case(key("staff", &number.to_string()), json!({ "roles": roles }), (None, None));
        put(case, &rows, member.life.moves("active", "removed"));
    }
    for (number, role) in story.roles.iter().enumerate() {
        let operations: Vec<&str> = role.operations.iter().map(|at| ASKED[*at].2).collect();
        let details = json!({ "role": OWN, "operations": operations });
        let case = case(key("role", &number.to_string()), details, (None, None));
        put(case, &[row("principal", "ogrn", &ogrn(role.principal))], role.life.moves("in_use", "dropped"));
    }
    for (kind, role) in [("application", "applicant"), ("staff", "principal")] {
        let rows = [row(role, "ogrn", &ogrn(story.request.owner))];
        put(case(key(kind, "asked"), json!({}), (None, None)), &rows, Vec::new());
    }
    world
}

fn command(request: &Request) -> Command {
    let author = vec![Author {
        actor_snils: Some(snils(request.actor)),
        actor_inn: None,
        principal_ogrn: Some(ogrn(request.principal)),
        principal_inn: None,
        power: request.power.map(|number| number.to_string()),
        signature: None,
        certificate: None,
        signed_at: None,
    }];
    let (kind, command, _) = ASKED[request.asked];
    let (case_kind, case_number) = (Some(kind.to_owned()), "asked".to_owned());
    let happened_at = moment(request.hour);
    match command.strip_prefix("act:") {
        Some(act) => Command::ActOnCase(Box::new(ActOnCase {
            sequence: None,
            case_kind,
            case_number,
            happened_at,
            act: act.to_owned(),
            code: None,
            comment: None,
            details: Details::default(),
            reasons: Vec::new(),
            documents: Vec::new(),
            author,
        })),
        None => Command::CorrectCase(Box::new(CorrectCase {
            sequence: None,
            case_kind,
            case_number,
            happened_at,
            title: None,
            valid_from: None,
            valid_until: None,
            email: None,
            phone: None,
            comment: None,
            details: Details::default(),
            parties: Vec::new(),
            values: Vec::new(),
            documents: Vec::new(),
            author,
        })),
    }
}

fn decided(lifecycles: &Lifecycles, calendar: &Calendar, story: &Story) -> Result<(), Code> {
    let held = |_: &str| None;
    let context = Context {
        now: moment(100),
        agency: "MINSTROY",
        zone: chrono_tz::Europe::Moscow,
        lifecycles,
        calendar,
        routing: &Routing::default(),
        delays: &[],
        patience: Duration::ZERO,
        dead_letter_inline_bytes_max: 0,
        seed: [0; 32],
        services: &StateServices::default(),
        answers: &Answers::default(),
        held: &held,
    };
    let setting = Setting {
        context: &context,
        system: "org",
        sender: "CABINET",
        cause: Cause::Message(1),
        message_id: None,
        item: 1,
        files: &[],
        place: Place::Arrived,
        test: false,
    };
    let key = key(ASKED[story.request.asked].0, "asked");
    allowed(&command(&story.request), &key, &world(story), &setting).map_err(|refusal| refusal.code)
}

#[test]
fn kinds_that_rights_are_read_from_hold_what_is_read() {
    let shelf = Shelf::load("kinds.toml", SHELF).unwrap();
    let said = |right: &str, wrong: &str| {
        let org = ORG.replacen(right, wrong, 1);
        assert_ne!(org, ORG, "{right}");
        let org = System::load("org/lifecycle.toml", &org, &shelf).unwrap_or_else(|faults| panic!("{faults:?}"));
        unfit(&Lifecycles::new(vec![org], Lifecycle::load("documents.toml", DOCUMENTS).unwrap())).join("\n")
    };
    assert_eq!(unfit(&lifecycles()), Vec::<String>::new());
    for (right, wrong, told) in [
        ("accounts = \"org/account\"", "accounts = \"org/acount\"", "there is no kind `org/acount`"),
        ("roles = \"org/role\"", "roles = \"org/power\"", "`org/power` has no field `role`"),
        ("staff = \"org/staff\"", "staff = \"org/power\"", "`org/power` has no party `member`"),
        ("actor = \"head\"", "actor = \"boss\"", "[rights] holders: `org/organization` has no party `boss`"),
    ] {
        let faults = said(right, wrong);
        assert!(faults.contains(told), "{right} → {wrong}: {faults}");
    }
}

#[test]
fn rights_are_as_the_plain_model_says() {
    let (lifecycles, calendar) = (lifecycles(), Calendar::official());
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(story in story())| {
        prop_assert_eq!(decided(&lifecycles, &calendar, &story), expected(&story));
    });
}

#[test]
fn the_model_says_yes_and_no() {
    let life = Life(vec![2, 8]);
    assert!(!life.first_at(1) && life.first_at(2) && life.first_at(7) && !life.first_at(8));

    let power = Power { agent: 0, principal: 0, authorities: vec![2], life, from: 0, until: 20 };
    let request = Request { actor: 0, principal: 0, owner: 0, power: Some(0), asked: 0, hour: 3 };
    let story = Story { powers: vec![power], members: Vec::new(), roles: Vec::new(), request };
    let (lifecycles, calendar) = (lifecycles(), Calendar::official());
    for (hour, asked, judged) in
        [(3, 0, Ok(())), (8, 0, Err(Code::NoAuthority)), (1, 0, Err(Code::NoAuthority)), (3, 1, Err(Code::NoAuthority))]
    {
        let request = Request { asked, hour, ..story.request.clone() };
        let story = Story { request, ..story.clone() };
        assert_eq!(decided(&lifecycles, &calendar, &story), judged, "{hour} {asked}");
        assert_eq!(expected(&story), judged, "{hour} {asked}");
    }
}
