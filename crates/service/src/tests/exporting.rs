//! Exports under a reader who is slow, goes away, or may not read on.

use super::*;
use crate::export::{Asked, Exporting, Form, Outcome, Refused, Row};
use crate::history::Teller;
use store::Origins;

/// Longer than all that may wait for a reader.
const LONG_FACTS: usize = 40;
const LONG_BYTES: usize = 200_000;

fn line(row: &Row<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(row.told.head.position.0.to_string().as_bytes());
    out.resize(out.len() + row.record.len(), b'.');
}

fn asked() -> Asked {
    Asked {
        form: Form { name: "test", header: None, line_end: "\n", line },
        filter: Filter::default(),
        after: Position(0),
        to: None,
        query: vec![],
    }
}

/// A house whose log is long, and who may export it.
async fn house() -> (House, Caller) {
    let house = House::new();
    let root = house.root().await;
    for number in 0..LONG_FACTS {
        let value = format!("\"{number}{}\"", "x".repeat(LONG_BYTES));
        house.service.execute(root.clone(), attribute(&root, &value)).await.expect("written");
    }
    let auditor = house.service.token_caller(&house.token, &nobody()).expect("a token");
    (house, auditor)
}

fn attribute(caller: &Caller, value: &str) -> Command {
    let items = vec![NewAttribute {
        key: AttributeKey {
            namespace: Namespace::Zato,
            name: Name::parse("long").expect("a name"),
        },
        value: Some(value.into()),
        encrypted: false,
        expires: None,
    }];
    let user = caller.actor.user().expect("a user");
    Command::User(user, UserCommand::SetAttributes { items, mode: SetMode::Put })
}

/// Reads to the end; whether it ended well.
async fn read(mut begun: Exporting) -> (usize, bool) {
    let mut bytes = 0;
    while let Some(chunk) = begun.chunks.recv().await {
        match chunk {
            Ok(chunk) => bytes += chunk.len(),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

/// What the log says last of an export.
async fn last_noted(house: &House, auditor: &Caller) -> (Position, String) {
    let filter = Filter { events: vec!["system.events_exported".into()], ..Filter::default() };
    let mut feed = house.service.feed(auditor, filter, Position(0)).await.expect("it may audit");
    let facts = feed.look(100).await.expect("it reads");
    let told = facts.last().expect("it is noted");
    let sentence = &told.description.as_ref().expect("it is told").sentence;
    (told.head.position, sentence.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_waits_for_its_reader_and_is_the_only_one_of_its_caller() {
    let (house, auditor) = house().await;
    let begun = house.service.export(auditor.clone(), asked()).await.expect("it may audit");
    let (id, to) = (begun.id, begun.to);
    let other = house.service.export(auditor.clone(), asked()).await;
    assert!(matches!(other, Err(Refused::OneRuns)));
    let outcome = || house.service.export_outcome(&auditor, id).expect("it may audit");
    assert!(matches!(outcome(), Outcome::Running), "nobody has read it");
    let (bytes, is_whole) = read(begun).await;
    assert!(bytes > LONG_FACTS * LONG_BYTES && is_whole);
    let Outcome::Ended(manifest) = outcome() else { panic!("it has ended") };
    assert_eq!((manifest.bytes, manifest.positions.clone()), (bytes as u64, vec![(1, to.0)]));
    let (position, sentence) = last_noted(&house, &auditor).await;
    assert_eq!(position, to.next());
    assert!(sentence.starts_with(&format!("Positions 1 to {to} were exported")), "{sentence}");
    house.service.export(auditor.clone(), asked()).await.expect("the one before has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_away_ends_an_export_and_the_log_says_how_far_it_went() {
    let (house, auditor) = house().await;
    let mut begun = house.service.export(auditor.clone(), asked()).await.expect("it may audit");
    let (id, to) = (begun.id, begun.to);
    begun.chunks.recv().await.expect("there is more").expect("it goes well");
    drop(begun);
    let outcome = || house.service.export_outcome(&auditor, id).expect("it may audit");
    while matches!(outcome(), Outcome::Running) {
        tokio::task::yield_now().await;
    }
    assert!(matches!(outcome(), Outcome::Unknown), "what broke off has no manifest");
    let (_, sentence) = last_noted(&house, &auditor).await;
    assert!(sentence.starts_with("Positions 1 to "), "{sentence}");
    assert!(!sentence.contains(&format!(" to {to} ")), "it did not go so far: {sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_removed_reads_no_further() {
    let (house, auditor) = house().await;
    let begun = house.service.export(auditor.clone(), asked()).await.expect("it may audit");
    let crate::Proof::Pat(user, token) = auditor.proof else { panic!("it has a token") };
    let remove = Command::User(user, UserCommand::RemovePat(token));
    house.service.execute(auditor.clone(), remove).await.expect("its own");
    let (bytes, is_whole) = read(begun).await;
    assert!(bytes < LONG_FACTS * LONG_BYTES && !is_whole, "{bytes}");
}

#[tokio::test]
async fn whoever_was_forgotten_is_told_alike() {
    let house = House::new();
    let ada = house.ada().await;
    let root = house.root().await;
    for caller in [&ada, &root, &ada, &root] {
        let command = attribute(caller, "\"short\"");
        house.service.execute(caller.clone(), command).await.expect("written");
    }
    let last = house.service.store().views().globals().position;
    let positions: Vec<Position> = (1..=last.0).map(Position).collect();
    let (mut teller, mut expected) = (Teller::new(&house.service), Vec::new());
    let told = house.service.each_fact(&positions, Origins::Open, |fact| {
        expected.push(teller.tell(fact)?);
        Ok(())
    });
    told.expect("the log can be read");
    for people_max in [1, 2, 100] {
        let told = crate::export::told_remembering(&house.service, people_max).expect("told");
        assert_eq!(format!("{told:?}"), format!("{expected:?}"), "{people_max}");
    }
}
