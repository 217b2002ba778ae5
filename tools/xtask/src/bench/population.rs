//! People to measure with: births, sessions and attributes, written by the store's own writer without
//! hashing anything.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use domain::actor::{Actor, ApplicationNumber, Dialect, Origin};
use domain::attributes::{AttributeKey, Namespace};
use domain::fact::{CommandName, Event};
use domain::id::{CodeId, OrganizationId, SessionId, UserId};
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::session;
use domain::system::{self, Purpose};
use domain::text::{Email, Name, Username};
use domain::time::{Span, Timestamp};
use domain::user;
use domain::user::event::{ConfirmationCode, SignedUp};
use domain::user::state::NewPassword;
use service::tokens;
use store::{Fit, RealDisk, Signature, Store, Turn, Writer};
use ulid::Ulid;

use super::ground;

/// Facts of each person beside its attributes: signed up, confirmed, approved, signed in, session.
pub const FACTS_BESIDE_ATTRIBUTES: u64 = 5;
/// Facts in a frame: what some dozen callers at once make.
const FRAME_FACTS: u32 = 32;
/// A step through all people that never meets one twice: a prime above their number.
const STRIDE: u64 = 15_485_863;

/// How many people, with how many attributes each.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// People, each with a session.
    pub people: u64,
    /// Attributes of each.
    pub attributes: u64,
    /// Facts that the first of them has more, strewn among those of the others' attributes.
    pub long: u64,
}

/// The token of a person's session, as it was handed out.
pub fn token(person: u64) -> String {
    let mut random = [0x5A; tokens::SESSION_RANDOM_BYTES];
    random[..8].copy_from_slice(&person.to_le_bytes());
    tokens::new_session_token(person, random)
}

/// The id of a person.
pub fn id(person: u64) -> UserId {
    UserId(ulid(1, person))
}

/// The path of a store that is begun in, filled with people in waves, each in another order, so that
/// neighbours in the log are strangers. Answers with the store's id.
pub fn settle(data: &Path, population: Population) -> Result<[u8; 16]> {
    let (store, mut writer) = ground::open(data, Arc::new(RealDisk))?;
    let home = {
        let views = store.views();
        views.system().default_organization.as_ref().map(|(id, _)| *id)
    };
    let home = home.expect("a store that was begun has an organization");
    name_month(&store, &mut writer)?;
    let wave = |writer: &mut Writer, number: u64, step: &dyn Fn(u64, Timestamp) -> Act| {
        everybody(writer, population.people, number, step, &|_| None)
    };
    let Population { people, attributes, long } = population;
    wave(&mut writer, 0, &|person, now| birth(person, home, now))?;
    wave(&mut writer, 1, &|person, _| {
        let actor = Actor::Anonymous;
        Act::of(CommandName::ConfirmSignUp, actor, person, user::Event::SignUpConfirmed)
    })?;
    wave(&mut writer, 2, &|person, _| {
        Act::of(CommandName::Approve, Actor::Operator, person, user::Event::Approved)
    })?;
    wave(&mut writer, 3, &sign_in)?;
    // A wave of so many has those of the long history at even distances.
    let more = long.div_ceil(attributes.max(1));
    for number in 0..attributes {
        let more = more.min(long - long.min(number * more));
        strewn(&mut writer, (people, more), 4 + number, &|person, nth| {
            attribute(person, number, nth)
        })?;
    }
    Ok(store.id())
}

/// What somebody does, as facts.
struct Act {
    command: CommandName,
    actor: Actor,
    credential: Option<SessionId>,
    events: Vec<Event>,
}

impl Act {
    fn of(command: CommandName, actor: Actor, person: u64, event: user::Event) -> Self {
        Self { command, actor, credential: None, events: vec![Event::User(id(person), event)] }
    }
}

/// One act of each person, and what may come beside it once so many are done.
fn everybody(
    writer: &mut Writer,
    people: u64,
    wave: u64,
    step: &dyn Fn(u64, Timestamp) -> Act,
    beside: &dyn Fn(u64) -> Option<Act>,
) -> Result<()> {
    let mut done = 0;
    while done < people {
        writer.turn(|turn| {
            let mut facts = 0;
            while done < people && facts < FRAME_FACTS {
                let person = (done * STRIDE + wave * 7_919) % people;
                let at = turn.tick();
                let act = step(person, at);
                if turn.fit(&act.events) != Fit::Now {
                    break;
                }
                facts += u32::try_from(act.events.len()).unwrap_or(FRAME_FACTS);
                record(turn, act, at, ground::origin());
                done += 1;
                if let Some(act) = beside(done) {
                    facts += 1;
                    record(turn, act, turn.tick(), ground::origin());
                }
            }
        })?;
    }
    Ok(())
}

/// One act of each person, and `more` of the first, each of a number of its own.
fn strewn(
    writer: &mut Writer,
    (people, more): (u64, u64),
    wave: u64,
    step: &dyn Fn(u64, u64) -> Act,
) -> Result<()> {
    let distance = people.div_ceil(more + 1).max(1);
    everybody(writer, people, wave, &|person, _| step(person, 0), &|done| {
        let nth = done / distance;
        (done % distance == 0 && nth <= more).then(|| step(0, nth))
    })
}

fn record(turn: &mut Turn<'_>, act: Act, at: Timestamp, origin: Origin) {
    let signature = Signature {
        at,
        actor: act.actor,
        credential: act.credential.map(Into::into),
        command: act.command,
        dialect: Dialect::Zato,
        application: ApplicationNumber::default(),
        origin,
    };
    turn.record(&signature, act.events);
}

/// Gives this month its key, which the service's writer would do.
fn name_month(store: &Store, writer: &mut Writer) -> Result<()> {
    let purpose = Purpose::Month(store.clock().now().month());
    let command = system::Command::AssignSlot {
        slot: store.next_free_slot().expect("a fresh store has keys"),
        purpose,
    };
    writer.turn(|turn| {
        let at = turn.tick();
        let events = system::decide(&turn.draft().now().system, command)
            .expect("the first month of a store is never refused");
        let events = events.into_iter().map(Event::System).collect();
        let command = CommandName::Upkeep;
        let act = Act { command, actor: Actor::System, credential: None, events };
        // Nobody's whereabouts can be sealed for a month that has no key yet.
        record(turn, act, at, Origin::default());
    })?;
    Ok(())
}

fn birth(person: u64, home: OrganizationId, now: Timestamp) -> Act {
    let text = format!("person{person}");
    let hash = format!("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA${person:043}");
    let event = user::Event::SignedUp(Box::new(SignedUp {
        username: Username::parse(&text).expect("a user name"),
        email: Email::parse(&format!("{text}@example.com")).ok(),
        password: NewPassword {
            hash: PasswordHash(hash.into()),
            expires: now.after(Span::days(730)),
        },
        applications: Vec::new(),
        home,
        approval_needed: true,
        confirmation: ConfirmationCode {
            id: CodeId(ulid(3, person)),
            token: TokenHash(tokens::hash_of(&text)),
        },
        totp: TotpSeed(vec![0x5A; 20]),
        mail_owed: false,
    }));
    Act::of(CommandName::SignUp, Actor::Anonymous, person, event)
}

fn sign_in(person: u64, now: Timestamp) -> Act {
    let (user, session) = (id(person), SessionId(ulid(2, person)));
    let signed_in = user::Event::SignedIn { session, totp_step: None };
    let started = session::Event::Started {
        user,
        token: TokenHash(tokens::hash_of(&token(person))),
        expires: now.after(Span::days(1)),
        method: session::Method::Password,
        principal: Username::parse(&format!("person{person}")).ok(),
        link: None,
    };
    Act {
        command: CommandName::SignIn,
        actor: Actor::User(user),
        credential: Some(session),
        events: vec![Event::User(user, signed_in), Event::Session(session, started)],
    }
}

/// The `nth` time in a wave that an attribute is set.
fn attribute(person: u64, number: u64, nth: u64) -> Act {
    let name = Name::parse(&format!("attribute{number}")).expect("a name");
    let event = user::Event::AttributeSet {
        key: AttributeKey { namespace: Namespace::Zato, name },
        value: Some(format!("\"value {person} of {number}, {nth}\"").into()),
        encrypted: false,
        expires: Timestamp::NEVER,
    };
    let mut act = Act::of(CommandName::SetAttributes, Actor::User(id(person)), person, event);
    act.credential = Some(SessionId(ulid(2, person)));
    act
}

fn ulid(kind: u64, number: u64) -> Ulid {
    Ulid::from_parts(1_700_000_000_000 + number, u128::from(number) << 8 | u128::from(kind))
}
