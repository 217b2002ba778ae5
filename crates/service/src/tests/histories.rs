//! A long life: told from either end, in pages of any length, filtered, and as it was at every position.

use std::collections::BTreeSet;

use domain::id::UserId;
use domain::session;
use domain::text::{Name, Username};
use domain::user::command::Amendment;
use store::Origins;
use store::states::Person;
use store::views::Subject;

use super::*;
use crate::filter::Who;
use crate::history::{AsOf, Moment, Page, Told, Unread};

/// Somebody with more than 300 facts, about whom and by whom others have some too.
struct Life {
    house: House,
    auditor: Caller,
    ada: Caller,
    id: UserId,
}

impl Life {
    async fn lived() -> Self {
        let house = House::new();
        let ada = house.ada().await;
        let root = house.root().await;
        let id = ada.actor.user().expect("a user");
        let auditor = house.service.token_caller(&house.token, &nobody()).expect("a token");
        let life = Self { house, auditor, ada, id };
        for n in 0..60_i64 {
            life.house.set_wall(START.after(Span::secs(60 * (n + 1))));
            life.attribute(&life.ada, &format!("a{}", n % 7), &format!("\"{n}\"")).await;
            life.attribute(&root, "hidden", &format!("\"secret {n}\"")).await;
            life.session(n).await;
            let lock = |lock| Command::User(id, lock);
            life.execute(&root, lock(UserCommand::Lock(Repeat::Write))).await;
            life.execute(&root, lock(UserCommand::Unlock(Repeat::Write))).await;
            if n % 10 == 3 {
                let username = Username::parse(&format!("ada-{n}")).expect("a name");
                let username = Some(username);
                let amend = Amendment { username, ..Amendment::default() };
                life.execute(&root, Command::User(id, UserCommand::Amend(Box::new(amend)))).await;
            }
        }
        life
    }

    async fn execute(&self, caller: &Caller, command: Command) {
        self.house.service.execute(caller.clone(), command).await.expect("it may");
    }

    async fn attribute(&self, caller: &Caller, name: &str, value: &str) {
        let key = AttributeKey { namespace: Namespace::Zato, name: Name::parse(name).expect("ok") };
        let encrypted = name == "hidden";
        let item = NewAttribute { key, value: Some(value.into()), encrypted, expires: None };
        let command = UserCommand::SetAttributes { items: vec![item], mode: SetMode::Put };
        self.execute(caller, Command::User(self.id, command)).await;
    }

    /// Somebody at the command line opens a session for her; every other is ended.
    async fn session(&self, n: i64) {
        let operator = Caller::operator(Origin::default());
        let opened = self.house.service.open_session(operator.clone(), self.id).await;
        let opened = opened.expect("a session");
        if n % 2 == 0 {
            let end = Command::Session(opened.0, session::Command::Revoke);
            self.execute(&operator, end).await;
        }
    }

    fn service(&self) -> &Service {
        &self.house.service
    }

    async fn page(&self, subject: Subject, wanted: Wanted) -> Page {
        let page = match subject {
            Subject::By(id) => self.service().acts_of(&self.auditor, id, wanted).await,
            Subject::Of(id) => self.service().user_history(&self.auditor, id, wanted).await,
            Subject::System | Subject::Renamed(_) => unreachable!("nobody asks for these"),
        };
        page.expect("a page")
    }

    /// All pages of so many facts, one after the other.
    async fn pages(
        &self,
        subject: Subject,
        order: Order,
        limit: usize,
        filter: &Filter,
    ) -> Vec<Told> {
        let mut all = Vec::new();
        let mut wanted =
            Wanted { filter: filter.clone(), order, after: Position(0), before: None, limit };
        loop {
            let page = self.page(subject, wanted.clone()).await;
            assert!(page.facts.len() <= limit);
            all.extend(page.facts);
            match (page.next, order) {
                (None, _) => return all,
                (Some(next), Order::Rising) => wanted.after = next,
                (Some(next), Order::Falling) => wanted.before = Some(next),
            }
        }
    }

    async fn as_of(&self, moment: Moment) -> Result<AsOf, Unread> {
        self.service().user_as_of(&self.auditor, self.id, moment).await
    }
}

/// What a test makes of a fact itself.
type Wants<'t> = Box<dyn Fn(&Told) -> bool + 't>;

fn line(told: &Told) -> String {
    let Told { head, event, origin, description, actor_name, application } = told;
    format!("{head:?} {event:?} {origin:?} {description:?} {actor_name:?} {application:?}")
}

fn lines(told: &[Told]) -> Vec<String> {
    told.iter().map(line).collect()
}

#[tokio::test]
async fn every_page_of_any_length_in_both_orders_is_a_piece_of_the_whole() {
    let life = Life::lived().await;
    let all = Filter::default();
    for subject in
        [Subject::Of(life.id), Subject::By(life.house.root().await.actor.user().expect("root"))]
    {
        let whole = life.pages(subject, Order::Rising, 1_000, &all).await;
        assert!(whole.len() > 150, "{}", whole.len());
        assert!(whole.is_sorted_by_key(|told| told.head.position));
        let mut turned = lines(&whole);
        turned.reverse();
        for limit in [1, 7, 100, 128, 129] {
            let rising = life.pages(subject, Order::Rising, limit, &all).await;
            assert_eq!(lines(&rising), lines(&whole), "{subject:?}, {limit} a page");
            let falling = life.pages(subject, Order::Falling, limit, &all).await;
            assert_eq!(lines(&falling), turned, "{subject:?}, {limit} a page");
        }
    }
}

#[tokio::test]
async fn a_filtered_history_is_what_is_left_of_the_whole() {
    let life = Life::lived().await;
    let subject = Subject::Of(life.id);
    let whole = life.pages(subject, Order::Rising, 1_000, &Filter::default()).await;
    let changes = |told: &Told, field: &str| {
        let changes = told.description.iter().flat_map(|told| &told.changes);
        changes
            .into_iter()
            .any(|change| change.field == field || change.field.starts_with(&format!("{field}.")))
    };
    let root = life.house.root().await.actor;
    let since = START.after(Span::secs(600));
    let until = START.after(Span::secs(1_800));
    let cases: [(Filter, Wants<'_>); 5] = [
        (
            Filter { events: vec!["session.".to_owned()], ..Filter::default() },
            Box::new(|told| format!("{:?}", told.event).contains("session.")),
        ),
        (
            Filter { field: Some("attributes.a3".to_owned()), ..Filter::default() },
            Box::new(|told| changes(told, "attributes.a3")),
        ),
        (
            Filter { actor: root.user().map(Who::User), ..Filter::default() },
            Box::new(|told| told.head.actor == root),
        ),
        (
            Filter { since: Some(since), until: Some(until), ..Filter::default() },
            Box::new(|told| told.head.at >= since && told.head.at < until),
        ),
        (Filter { field: Some("nothing".to_owned()), ..Filter::default() }, Box::new(|_| false)),
    ];
    for (filter, wants) in cases {
        let left: Vec<String> = whole.iter().filter(|told| wants(told)).map(line).collect();
        let mut turned = left.clone();
        turned.reverse();
        for limit in [3, 100] {
            let found = life.pages(subject, Order::Rising, limit, &filter).await;
            assert_eq!(lines(&found), left, "{filter:?}");
            let found = life.pages(subject, Order::Falling, limit, &filter).await;
            assert_eq!(lines(&found), turned, "{filter:?}");
        }
        assert!(left.is_empty() == filter.field.as_deref().is_some_and(|field| field == "nothing"));
    }
}

#[tokio::test]
async fn a_position_bounds_a_history_from_both_sides() {
    let life = Life::lived().await;
    let whole = life.pages(Subject::Of(life.id), Order::Rising, 1_000, &Filter::default()).await;
    let (after, before) = (whole[10].head.position, whole[150].head.position);
    for order in [Order::Rising, Order::Falling] {
        let filter = Filter::default();
        let wanted = Wanted { filter, order, after, before: Some(before), limit: 1_000 };
        let page = life.page(Subject::Of(life.id), wanted).await;
        let mut found = lines(&page.facts);
        if order == Order::Falling {
            found.reverse();
        }
        assert_eq!((found, page.next), (lines(&whole[11..150]), None));
    }
}

#[tokio::test]
async fn as_of_every_position_is_a_refold() {
    let life = Life::lived().await;
    let store = life.service().store();
    let positions = store.positions(Subject::Of(life.id), 0..10_000);
    assert!(positions.len() > 300, "{}", positions.len());
    let mut refold = Person::default();
    let mut facts =
        store.facts(&positions, Origins::Leave).expect("they are there").into_iter().peekable();
    let mut names = BTreeSet::new();
    let last = store.views().globals().position.0;
    for at in 1..=last {
        let at = Position(at);
        while let Some(fact) = facts.next_if(|fact| fact.head.position == at) {
            refold.step(&fact);
        }
        match life.as_of(Moment::Position(at)).await {
            Err(Unread::NotBornYet) => assert!(refold.user.is_none(), "{at}"),
            Err(other) => panic!("at {at}: {other}"),
            Ok(then) => {
                assert_eq!(Some(&then.user), refold.user.as_ref(), "{at}");
                let alive = refold.sessions.values().filter(|session| session.expires > then.at);
                assert!(then.sessions().eq(alive.map(AsRef::as_ref)), "{at}");
                names.extend(then.user.username.as_ref().map(ToString::to_string));
                let timed = life.as_of(Moment::At(then.at)).await.expect("she was born");
                assert!(timed.position >= at && timed.at == then.at);
            }
        }
    }
    assert_eq!(names.len(), 7, "{names:?}");
}

#[tokio::test]
async fn what_differs_between_two_moments_is_told_without_secrets() {
    let life = Life::lived().await;
    let born = life.pages(Subject::Of(life.id), Order::Rising, 1, &Filter::default()).await;
    let (birth, last) = (born[0].head.position, life.service().store().views().globals().position);
    let between = |from, to| {
        life.service().user_difference(
            &life.auditor,
            life.id,
            (Moment::Position(from), Moment::Position(to)),
        )
    };
    let difference = between(birth, last).await.expect("both are there");
    let fields: BTreeSet<_> = difference.changes.iter().map(|of| of.field.as_str()).collect();
    for field in
        ["username", "approval_status", "sign_up_status", "attributes.a0", "attributes.hidden"]
    {
        assert!(fields.contains(field), "{field} is not among {fields:?}");
    }
    assert!(!format!("{:?}", difference.changes).contains("secret 5"));
    assert!(between(last, last).await.expect("the same").changes.is_empty());
    assert!(matches!(between(last, birth).await, Err(Unread::Backwards)));
}

#[tokio::test]
async fn moments_of_which_nothing_can_be_told_are_told_apart() {
    let life = Life::lived().await;
    let last = life.service().store().views().globals().position;
    let as_of = |moment| life.as_of(moment);
    assert!(matches!(as_of(Moment::Position(Position(0))).await, Err(Unread::NotBornYet)));
    assert!(matches!(as_of(Moment::Position(Position(3))).await, Err(Unread::NotBornYet)));
    assert!(matches!(as_of(Moment::At(START.before(Span(1)))).await, Err(Unread::NotBornYet)));
    assert!(matches!(as_of(Moment::Position(last.next())).await, Err(Unread::InTheFuture)));
    let later = START.after(Span::secs(100_000));
    assert!(matches!(as_of(Moment::At(later)).await, Err(Unread::InTheFuture)));

    let root = life.house.root().await;
    life.execute(&root, Command::User(life.id, UserCommand::Delete)).await;
    let gone = life.service().store().views().globals().position;
    let deleted = as_of(Moment::Position(gone)).await;
    assert!(matches!(deleted, Err(Unread::Deleted { at }) if at > START), "{deleted:?}");
    let before = as_of(Moment::Position(Position(gone.0 - 1))).await.expect("she was there");
    assert_eq!(before.user.username.as_ref().map(Username::as_str), Some("ada-53"));
    // Nobody is told anything who may not audit, not even that there is nobody.
    let nobody = UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("a ULID");
    for id in [life.id, nobody] {
        let denied = life.service().user_as_of(&life.ada, id, Moment::Position(last)).await;
        let denied = denied.expect_err("she may not");
        assert!(
            matches!(
                denied,
                Unread::Failure(Failure::Rejected(Rejection::Denied(Denial::RightMissing)))
            ),
            "{denied:?}"
        );
    }
    let unknown = life.service().user_as_of(&life.auditor, nobody, Moment::Position(last)).await;
    assert!(matches!(unknown, Err(Unread::Failure(Failure::Rejected(Rejection::NoSuchUser)))));
}
