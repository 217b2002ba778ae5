//! Erasing users and forgetting months, as whoever asks sees it.

use domain::fact::Part;
use domain::id::UserId;
use domain::time::Month;
use domain::user::state::Kind;

use super::*;
use crate::erasing::Retention;
use crate::history::{Page, Told};

/// 2026-12-01T00:00:00 UTC.
const DECEMBER: Timestamp = Timestamp(1_796_083_200_000_000);

fn id_of(caller: &Caller) -> UserId {
    caller.actor.user().expect("a user")
}

async fn history(house: &House, id: UserId) -> Vec<Told> {
    let auditor = house.service.token_caller(&house.token, &nobody()).expect("a token");
    let page: Result<Page, _> = house.service.user_history(&auditor, id, from(0, 1_000)).await;
    page.expect("a page").facts
}

fn go_on(house: &House, wall: Timestamp, later: Duration) {
    house.set_wall(wall);
    house.clock.lock().expect("no panic").monotonic += later;
}

#[tokio::test]
async fn whoever_is_erased_is_gone_before_the_answer_and_its_history_says_nothing_of_it() {
    let house = House::new();
    let ada = house.ada().await;
    let id = id_of(&ada);
    house.service.execute(ada.clone(), own_attribute(&ada)).await.expect("written");
    let second = house.sign_in("ada", "correct horse").await.expect("another session");
    let before = history(&house, id).await;
    assert!(before.iter().any(|told| told.actor_name.as_deref() == Some("ada")));

    let root = house.root().await;
    let slot = house.service.user(id).expect("she lives").slot;
    let certificate = house.service.erase_user(root.clone(), id).await.expect("erased");
    assert_eq!((certificate.user, certificate.slot, certificate.actor), (id, slot, root.actor));
    assert_eq!(certificate.store, house.service.store().id());
    let checkpoint = certificate.checkpoint.expect("it is signed");
    let key = house.service.store().checkpoint_key().expect("a key");
    assert!(key.open(&checkpoint).expect("it holds").size >= certificate.position.0);

    let used = house.service.session_caller(&second.token, nobody());
    assert_eq!(used, Err(Rejection::NoSuchSession));
    let late = house.service.execute(ada.clone(), own_attribute(&ada)).await;
    assert_eq!(rejection(late), Rejection::NoSuchSession, "also from the queue");
    let again = house.sign_in("ada", "correct horse").await;
    assert_eq!(rejection(again), Rejection::BadCredentials);

    let after = history(&house, id).await;
    assert_eq!(after.len(), before.len() + 2, "deleted and erased");
    for told in &after {
        let is_last = told.event == "user.erased";
        assert_eq!(told.description.is_some(), is_last, "{}", told.event);
        let by_ada = told.head.actor == ada.actor;
        assert_eq!(by_ada, told.actor_name.as_deref() == Some("erased user"), "{told:?}");
        if by_ada {
            assert_eq!(told.origin, Some(Part::Erased), "{}", told.event);
        }
    }
    let erased = after.last().expect("the last");
    assert_eq!((erased.event, erased.head.position), ("user.erased", certificate.position));
    assert_eq!(erased.actor_name.as_deref(), Some("root"));
    assert!(matches!(&erased.origin, Some(Part::Open(_))), "root's whereabouts stay");
    let names = |told: &[Told]| told.iter().map(|told| told.event).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after)[..before.len()], "what happened stays");

    house.ada().await;
    let twice = house.service.erase_user(root.clone(), id).await;
    assert_eq!(rejection(twice), Rejection::AlreadyErased);
    let report = house.service.verify(Caller::operator(Origin::default())).await.expect("a report");
    assert_eq!(report.findings, Vec::<String>::new());
    let rebuilt = house.service.rebuild(Caller::operator(Origin::default())).await;
    assert_eq!(rebuilt.expect("rebuilt").differences, Vec::<String>::new());
}

#[tokio::test]
async fn the_deleted_and_machines_are_erased_and_whoever_holds_more_is_not() {
    let house = House::new();
    let ada = house.ada().await;
    let root = house.root().await;
    let denied = house.service.erase_user(ada.clone(), id_of(&root)).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
    let machine = house.service.store().views().named("muster-admin").map(|user| user.id);
    let machine = machine.expect("the first start made it");
    let denied = house.service.erase_user(root.clone(), machine).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::Outranked));

    let delete = Command::User(id_of(&ada), UserCommand::Delete);
    house.service.execute(root.clone(), delete).await.expect("deleted");
    let told = history(&house, id_of(&ada)).await;
    assert!(told.iter().all(|told| told.description.is_some()), "deleted is not erased");
    house.service.erase_user(root.clone(), id_of(&ada)).await.expect("erased later");
    let told = history(&house, id_of(&ada)).await;
    assert_eq!(told.iter().filter(|told| told.description.is_some()).count(), 1);

    assert_eq!(house.service.user(machine).expect("it lives").kind, Kind::Machine);
    let operator = Caller::operator(Origin::default());
    house.service.erase_user(operator.clone(), machine).await.expect("an operator may");
    assert_eq!(house.service.token_caller(&house.token, &nobody()), Err(Rejection::NoSuchToken));
    let nobody_there = UserId(ulid_of_nobody());
    let unknown = house.service.erase_user(operator, nobody_there).await;
    assert_eq!(rejection(unknown), Rejection::NoSuchUser);
}

fn ulid_of_nobody() -> ulid::Ulid {
    ulid::Ulid::from_parts(1, 1)
}

#[tokio::test]
async fn a_forgotten_month_says_of_nobody_where_they_were_and_of_everything_else_what_it_said() {
    let house = House::new();
    let ada = house.ada().await;
    let november = history(&house, id_of(&ada)).await;
    let operator = Caller::operator(Origin::default());
    for too_late in [Month(202_612), Month(202_711)] {
        let refused = house.service.forget_origins(operator.clone(), too_late).await;
        assert!(matches!(rejection(refused), Rejection::Unacceptable { field: "before", .. }));
    }
    let early = house.service.forget_origins(operator.clone(), Month(202_611)).await;
    assert_eq!(early.expect("nothing is before it").months, []);

    go_on(&house, DECEMBER, Duration::from_hours(168));
    house.service.execute(house.root().await, own_attribute(&house.root().await)).await.expect("");
    let denied = house.service.forget_origins(house.root().await, Month(202_612)).await;
    assert_eq!(rejection(denied), Rejection::Denied(Denial::RightMissing));
    let forgotten = house.service.forget_origins(operator.clone(), Month(202_612)).await;
    let months = forgotten.expect("forgotten").months;
    assert_eq!(
        months.iter().map(|month| (month.month, month.forgotten)).collect::<Vec<_>>(),
        [(Month(202_611), true)]
    );
    let known = house.service.origin_months(&operator).expect("they are told");
    assert_eq!(known.iter().map(|month| month.forgotten).collect::<Vec<_>>(), [true, false]);

    let told = history(&house, id_of(&ada)).await;
    for (before, after) in november.iter().zip(&told) {
        assert_eq!(before.description, after.description);
        assert_eq!(before.actor_name, after.actor_name);
        let origin = before.origin.as_ref().map(|_| Part::Erased);
        assert_eq!(after.origin, origin, "{}", after.event);
    }
    let root = house.root().await;
    let own = history(&house, id_of(&root)).await;
    let latest = own.last().expect("she signed in");
    assert!(matches!(&latest.origin, Some(Part::Open(_))), "december is known: {latest:?}");
}

#[tokio::test]
async fn months_and_deleted_users_go_when_their_time_is_over() {
    let retention = Retention { origin_months: 1, deleted_days: 30 };
    let house = House::with(Settings { retention, ..Settings::default() });
    let ada = house.ada().await;
    let delete = Command::User(id_of(&ada), UserCommand::Delete);
    house.service.execute(house.root().await, delete).await.expect("deleted");
    let state = || {
        let operator = Caller::operator(Origin::default());
        let months = house.service.origin_months(&operator).expect("they are told");
        let forgotten: Vec<_> = months.iter().map(|month| month.forgotten).collect();
        (forgotten, house.service.is_erased(id_of(&ada)))
    };
    house.service.destroy_what_is_due().await;
    assert_eq!(state(), (vec![false], false));
    for (wall, days, expected) in [
        (DECEMBER, 7, (vec![false, false], false)),
        (DECEMBER.after(Span::days(24)), 24, (vec![false, false], true)),
        (DECEMBER.after(Span::days(31)), 7, (vec![true, false, false], true)),
    ] {
        go_on(&house, wall, Duration::from_hours(24 * days));
        let root = house.root().await;
        house.service.execute(root.clone(), own_attribute(&root)).await.expect("written");
        house.service.destroy_what_is_due().await;
        assert_eq!(state(), expected);
        house.service.destroy_what_is_due().await;
        assert_eq!(state(), expected, "and once");
    }
    let told = history(&house, id_of(&ada)).await;
    assert_eq!(
        told.last().map(|told| (told.event, told.head.actor)),
        Some(("user.erased", Actor::System))
    );
}
