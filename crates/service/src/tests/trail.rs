//! Who read and who was refused is on record, and readers wait without waking each other.

use domain::policy::Act;
use domain::system::audit;

use super::*;
use crate::feed::Feed;
use crate::history::Told;

fn operator() -> Caller {
    Caller::operator(Origin { operator: Some("grace".into()), ..Origin::default() })
}

fn auditor(house: &House) -> Caller {
    house.service.token_caller(&house.token, &nobody()).expect("a token")
}

async fn all(house: &House, caller: &Caller) -> (Feed, Vec<Told>) {
    let feed = house.service.feed(caller, Filter::default(), Position(0)).await;
    let mut feed = feed.expect("it may audit");
    let facts = feed.look(1_000).await.expect("it reads");
    (feed, facts)
}

/// What is told by facts of this event, once all that was sent to the writer is written.
async fn sentences(house: &House, event: &str) -> Vec<String> {
    let root = house.root().await;
    house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
    let (_, facts) = all(house, &operator()).await;
    let told = facts.iter().filter(|told| told.event == event);
    told.filter_map(|told| Some(told.description.as_ref()?.sentence.clone())).collect()
}

fn is_news(feed: &mut Feed) -> bool {
    let mut news = Box::pin(feed.news());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    news.as_mut().poll(&mut context).is_ready()
}

#[tokio::test]
async fn a_read_is_on_record_once_an_hour_for_each_reader_and_subject() {
    let house = House::new();
    let ada = house.ada().await.actor.user().expect("a user");
    let auditor = auditor(&house);
    let read = async |caller: &Caller| {
        house.service.user_history(caller, ada, from(0, 10)).await.expect("a page");
        house.service.sessions_of_user(caller, ada).await.expect("a list");
        drop(all(&house, caller).await);
    };
    let of_ada = format!("Read the history of the user {ada}");
    let feed = "Read what happened to everybody".to_owned();
    let hour = [of_ada, feed];
    read(&auditor).await;
    read(&auditor).await;
    // Whoever looks here reads as well, as another.
    let told = sentences(&house, "system.audit_read").await;
    assert_eq!(told, [hour.as_slice(), &hour[1..]].concat());
    house.clock.lock().expect("no panic").monotonic += Duration::from_hours(1);
    read(&auditor).await;
    let told = sentences(&house, "system.audit_read").await;
    assert_eq!(told[3..], [hour.as_slice(), &hour[1..]].concat());
}

#[tokio::test]
async fn a_read_that_cannot_be_put_on_record_is_answered_and_counted() {
    let house = House::new();
    let auditor = auditor(&house);
    house.service.close();
    for _ in 0..2 {
        assert!(house.service.note_audit(&auditor, audit::Subject::Feed).await.is_ok());
    }
    let metrics = house.service.metrics_text(&operator()).expect("an operator");
    assert!(metrics.contains("muster_audit_reads_unrecorded_total 2"), "{metrics}");
}

#[tokio::test]
async fn whoever_was_revoked_before_its_read_was_on_record_reads_nothing() {
    let house = House::new();
    let auditor = auditor(&house);
    let machine = auditor.actor.user().expect("a user");
    let lock = Command::User(machine, UserCommand::Lock(Repeat::Write));
    house.service.execute(operator(), lock).await.expect("locked");
    let read = house.service.feed(&auditor, Filter::default(), Position(0)).await;
    assert_eq!(rejection(read.map(drop)), Rejection::NoSuchToken);
}

#[tokio::test]
async fn denials_of_queries_and_commands_are_on_record_thinned() {
    let house = House::new();
    let ada = house.ada().await;
    let (own, root) = (ada.actor.user().expect("a user"), house.root().await);
    for _ in 0..15 {
        let denied = house.service.user_history(&ada, own, from(0, 1)).await;
        assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
    }
    let target = root.actor.user().expect("a user");
    let lock = Command::User(target, UserCommand::Lock(Repeat::Write));
    let denied = house.service.execute(ada.clone(), lock).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
    assert!(!house.service.might(&ada, Act::Audit), "a question leaves no trace");
    let nobody = house.service.permits(&nobody(), Act::Audit, None);
    assert_eq!(nobody, Err(Rejection::Denied(Denial::RightMissing)));
    let missing = "a right is missing";
    assert_eq!(
        sentences(&house, "system.request_denied").await,
        [
            format!("Was refused audit, 1 times: {missing}"),
            format!("Was refused audit, 9 times: {missing}"),
            format!("Was refused lock of the user {target}, 1 times: {missing}"),
        ]
    );
    let metrics = house.service.metrics_text(&operator()).expect("an operator");
    let counted = r#"muster_denials_total{reason="right_missing"} 17"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_reader_is_woken_by_what_happens_and_never_by_who_reads() {
    let house = House::new();
    let (auditor, root) = (auditor(&house), house.root().await);
    let (mut feed, facts) = all(&house, &auditor).await;
    let last = facts.last().expect("facts").head.position;
    assert!(!feed.has_more() && !is_news(&mut feed));
    drop(all(&house, &operator()).await);
    assert!(house.service.last_position() > last, "the other read is a fact");
    assert!(!is_news(&mut feed));
    house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
    assert!(is_news(&mut feed));
    let events: Vec<_> =
        feed.look(10).await.expect("it reads").into_iter().map(|told| told.event).collect();
    assert_eq!(events, ["system.audit_read", "user.attribute_set"]);
    assert!(!is_news(&mut feed));
}

#[tokio::test]
async fn a_reader_stops_where_its_token_is_revoked_or_its_right_is() {
    let house = House::new();
    let auditor = auditor(&house);
    let machine = auditor.actor.user().expect("a user");
    let (mut feed, _) = all(&house, &auditor).await;
    for right in [Right::SuperUser, Right::Auditor] {
        let revoke = Command::User(machine, UserCommand::RevokeRight(right));
        house.service.execute(operator(), revoke).await.expect("revoked");
    }
    let looked = feed.look(10).await.map(drop);
    assert_eq!(rejection(looked), Rejection::Denied(Denial::RightMissing));
    let lock = Command::User(machine, UserCommand::Lock(Repeat::Write));
    house.service.execute(operator(), lock).await.expect("locked");
    assert_eq!(rejection(feed.look(10).await.map(drop)), Rejection::NoSuchToken);
}

#[tokio::test]
async fn a_reader_that_goes_on_tells_an_actor_by_the_name_it_has_by_then() {
    let house = House::new();
    let root = house.root().await;
    let (mut feed, _) = all(&house, &operator()).await;
    let rename = |name: &str| {
        let username = Some(domain::text::Username::parse(name).expect("a name"));
        let amendment = domain::user::command::Amendment { username, ..Default::default() };
        let id = root.actor.user().expect("a user");
        Command::User(id, UserCommand::Amend(Box::new(amendment)))
    };
    for (name, before) in [("rooty", "root"), ("rootier", "rooty")] {
        house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
        house.service.execute(root.clone(), rename(name)).await.expect("renamed");
        house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
        let told = feed.look(10).await.expect("it reads");
        let names: Vec<_> = told.iter().filter_map(|told| told.actor_name.as_deref()).collect();
        assert_eq!(names, [before, name, name]);
    }
}
