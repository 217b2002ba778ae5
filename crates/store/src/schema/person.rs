//! The shape of a kept state: a user and its sessions. Not an event and never in the log: what has another
//! shape counts as absent, so a change here takes the next number and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{BorrowDecode, Encode};
use domain::actor::Actor;
use domain::attributes::{Attribute, AttributeKey, Attributes, Value};
use domain::id::{CodeId, OrganizationId, Position, SessionId, Slot, TokenId, UserId};
use domain::policy::Rights;
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::session::{Session, Through};
use domain::text::{Email, Name, Username};
use domain::time::Timestamp;
use domain::user::User;
use domain::user::event::ConfirmationCode;
use domain::user::mail::Owed;
use domain::user::rate_limit::RateLimitDefinition;
use domain::user::reset::Reset;
use domain::user::state::{
    Approval, Kind, Link, LinkKey, LockChange, Password, Pat, Profile, RateLimit, Totp,
};
use rpds::RedBlackTreeMapSync;

use super::codec::{read, write};
use super::values::{UlidBytes, email, known, name, name_if_any, ulid, ulid_bytes, username};
use super::{DecodeError, codes};
use crate::states::Person;

/// The number of the shape below.
const SHAPE: u8 = 1;
const KIND_HUMAN: u8 = 1;
const KIND_MACHINE: u8 = 2;

#[derive(Encode, BorrowDecode)]
struct PersonShape<'a> {
    shape: u8,
    last: u64,
    user: Option<UserShape<'a>>,
    sessions: Vec<SessionShape<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct UserShape<'a> {
    who: WhoShape<'a>,
    account: AccountShape<'a>,
    proofs: ProofsShape<'a>,
    attributes: Vec<AttributeShape<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct WhoShape<'a> {
    kind: u8,
    home: UlidBytes,
    slot: u32,
    version: u32,
    born: i64,
    username: Option<&'a str>,
    email: Option<&'a str>,
    display_name: Option<&'a str>,
    first_name: Option<&'a str>,
    middle_name: Option<&'a str>,
    last_name: Option<&'a str>,
    rights: Vec<u8>,
}

#[derive(Encode, BorrowDecode)]
struct AccountShape<'a> {
    sign_up: u8,
    confirmation: Option<(UlidBytes, [u8; 32])>,
    applications: Vec<&'a str>,
    approval: (u8, i64, ActorShape),
    locked: bool,
    disabled_at: Option<i64>,
    lock_changed: Option<(i64, ActorShape, u64)>,
    mails: Vec<(u64, u8, Option<UlidBytes>, i64, bool)>,
    was_usable: bool,
}

#[derive(Encode, BorrowDecode)]
struct ProofsShape<'a> {
    password: Option<(&'a str, i64, i64, bool)>,
    totp: (Option<&'a [u8]>, Option<&'a str>, bool, Option<u64>),
    tokens: Vec<(UlidBytes, [u8; 32], &'a str, i64, i64)>,
    resets: Vec<(UlidBytes, [u8; 32], i64, Option<KeyShape>)>,
    links: Vec<(u8, &'a str, bool, i64)>,
    rate_limit: Option<(bool, Option<&'a str>)>,
}

#[derive(Encode, BorrowDecode)]
struct SessionShape<'a> {
    id: UlidBytes,
    version: u32,
    started: i64,
    expires: i64,
    token: [u8; 32],
    method: u8,
    principal: Option<&'a str>,
    link: Option<(u8, &'a str, Option<[u8; 32]>)>,
    opened: u64,
    renewals: u32,
    renewed: Vec<u64>,
    attributes: Vec<AttributeShape<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct AttributeShape<'a> {
    namespace: u8,
    name: &'a str,
    held: Option<&'a str>,
    logged: u64,
    encrypted: bool,
    expires: i64,
    created: i64,
    modified: i64,
}

/// What a reset's token was exchanged for: its hash, and from when on it is worth nothing.
type KeyShape = ([u8; 32], i64);
/// Kind and ULID, as a fact's head has them.
type ActorShape = (u8, UlidBytes);

/// Appends the bytes of a state whose last fact stands at `last`.
pub fn encode(person: &Person, last: Position, out: &mut Vec<u8>) {
    let shape = PersonShape {
        shape: SHAPE,
        last: last.0,
        user: person.user.as_deref().map(user_shape),
        sessions: person.sessions.values().map(|session| session_shape(session)).collect(),
    };
    write(&shape, out);
}

/// Reads the state of a person, and where its last fact stands.
pub fn decode(id: UserId, bytes: &[u8]) -> Result<(Person, Position), DecodeError> {
    if bytes.first() != Some(&SHAPE) {
        return Err(DecodeError::Value("shape"));
    }
    let shape: PersonShape<'_> = read(bytes)?;
    let mut sessions = BTreeMap::new();
    for session in shape.sessions {
        let session = session_of(id, session)?;
        sessions.insert(session.id, Arc::new(session));
    }
    let user = shape.user.map(|user| user_of(id, user)).transpose()?.map(Arc::new);
    Ok((Person { user, sessions }, Position(shape.last)))
}

fn user_shape(user: &User) -> UserShape<'_> {
    // Every field by name: a new one does not compile until it has its place in the shape.
    let User {
        id: _,
        kind: _,
        home: _,
        slot: _,
        version: _,
        born: _,
        username: _,
        email: _,
        profile: _,
        rights: _,
        sign_up: _,
        confirmation: _,
        applications: _,
        approval: _,
        locked: _,
        disabled_at: _,
        lock_changed: _,
        mails: _,
        was_usable: _,
        password: _,
        totp: _,
        tokens: _,
        resets: _,
        links: _,
        rate_limit: _,
        attributes,
    } = user;
    UserShape {
        who: who_shape(user),
        account: account_shape(user),
        proofs: proofs_shape(user),
        attributes: attributes.iter().map(attribute_shape).collect(),
    }
}

fn who_shape(user: &User) -> WhoShape<'_> {
    let Profile { display_name, first_name, middle_name, last_name } = &user.profile;
    WhoShape {
        kind: match user.kind {
            Kind::Human => KIND_HUMAN,
            Kind::Machine => KIND_MACHINE,
        },
        home: ulid_bytes(user.home),
        slot: user.slot.0,
        version: user.version,
        born: user.born.0,
        username: user.username.as_ref().map(Username::as_str),
        email: user.email.as_ref().map(Email::as_str),
        display_name: text(display_name.as_ref()),
        first_name: text(first_name.as_ref()),
        middle_name: text(middle_name.as_ref()),
        last_name: text(last_name.as_ref()),
        rights: user.rights.iter().map(codes::right).collect(),
    }
}

fn account_shape(user: &User) -> AccountShape<'_> {
    let Approval { status, at, by } = user.approval;
    let mails = user.mails.iter().map(|(mail, of)| {
        (mail.0, codes::mail(of.kind), of.code.map(ulid_bytes), of.since.0, of.refused)
    });
    AccountShape {
        sign_up: codes::sign_up(user.sign_up),
        confirmation: user.confirmation.as_ref().map(|code| (ulid_bytes(code.id), code.token.0)),
        applications: user.applications.iter().map(Name::as_str).collect(),
        approval: (codes::approval(status), at.0, actor_shape(by)),
        locked: user.locked,
        disabled_at: user.disabled_at.map(|at| at.0),
        lock_changed: user.lock_changed.map(|of| (of.at.0, actor_shape(of.by), of.fact.0)),
        mails: mails.collect(),
        was_usable: user.was_usable,
    }
}

fn proofs_shape(user: &User) -> ProofsShape<'_> {
    let Totp { seed, label, enabled, last_step } = &user.totp;
    let tokens = user
        .tokens
        .iter()
        .map(|(id, of)| (ulid_bytes(*id), of.hash.0, of.name.as_str(), of.expires.0, of.added.0));
    let resets = user.resets.iter().map(|(code, of)| {
        let key = of.key.as_ref().map(|(key, expires)| (key.0, expires.0));
        (ulid_bytes(*code), of.token.0, of.expires.0, key)
    });
    let links = user
        .links
        .iter()
        .map(|(key, of)| (codes::link(key.kind), key.definition.as_str(), of.active, of.added.0));
    let password = user.password.as_ref();
    let rate_limit = user.rate_limit.as_ref();
    ProofsShape {
        password: password.map(|of| (&*of.hash.0, of.set.0, of.expires.0, of.must_change)),
        totp: (seed.as_ref().map(|seed| &seed.0[..]), text(label.as_ref()), *enabled, *last_step),
        tokens: tokens.collect(),
        resets: resets.collect(),
        links: links.collect(),
        rate_limit: rate_limit
            .map(|of| (of.active, of.definition.as_ref().map(RateLimitDefinition::as_str))),
    }
}

fn user_of(id: UserId, of: UserShape<'_>) -> Result<User, DecodeError> {
    let UserShape { who, account, proofs, attributes } = of;
    let approval = Approval {
        status: known("approval", codes::approval_of(account.approval.0))?,
        at: Timestamp(account.approval.1),
        by: actor_of(account.approval.2)?,
    };
    let mut user = User {
        id,
        kind: match who.kind {
            KIND_HUMAN => Kind::Human,
            KIND_MACHINE => Kind::Machine,
            _ => return Err(DecodeError::Value("kind")),
        },
        home: OrganizationId(ulid(who.home)),
        slot: Slot(who.slot),
        version: who.version,
        born: Timestamp(who.born),
        username: who.username.map(username).transpose()?,
        email: who.email.map(email).transpose()?,
        profile: profile_of(&who)?,
        sign_up: known("sign_up", codes::sign_up_of(account.sign_up))?,
        confirmation: None,
        applications: Box::default(),
        approval,
        locked: account.locked,
        disabled_at: account.disabled_at.map(Timestamp),
        lock_changed: None,
        rights: Rights::NONE,
        password: None,
        totp: Totp::default(),
        attributes: attributes_of(attributes)?,
        tokens: RedBlackTreeMapSync::new_sync(),
        resets: RedBlackTreeMapSync::new_sync(),
        links: RedBlackTreeMapSync::new_sync(),
        rate_limit: None,
        mails: RedBlackTreeMapSync::new_sync(),
        was_usable: account.was_usable,
    };
    for right in who.rights {
        user.rights = user.rights.with(known("right", codes::right_of(right))?);
    }
    fill_account(&mut user, account)?;
    fill_proofs(&mut user, proofs)?;
    Ok(user)
}

fn profile_of(who: &WhoShape<'_>) -> Result<Profile, DecodeError> {
    Ok(Profile {
        display_name: name_if_any("display_name", who.display_name)?,
        first_name: name_if_any("first_name", who.first_name)?,
        middle_name: name_if_any("middle_name", who.middle_name)?,
        last_name: name_if_any("last_name", who.last_name)?,
    })
}

fn fill_account(user: &mut User, of: AccountShape<'_>) -> Result<(), DecodeError> {
    user.confirmation = of.confirmation.map(|(id, token)| {
        let (id, token) = (CodeId(ulid(id)), TokenHash(token));
        ConfirmationCode { id, token }
    });
    let applications = of.applications.into_iter().map(|text| name("application", text));
    user.applications = applications.collect::<Result<_, _>>()?;
    if let Some((at, by, fact)) = of.lock_changed {
        let (at, by, fact) = (Timestamp(at), actor_of(by)?, Position(fact));
        user.lock_changed = Some(LockChange { at, by, fact });
    }
    for (mail, kind, code, since, refused) in of.mails {
        let kind = known("mail", codes::mail_of(kind))?;
        let code = code.map(|code| CodeId(ulid(code)));
        let owed = Owed { kind, code, since: Timestamp(since), refused };
        user.mails.insert_mut(Position(mail), owed);
    }
    Ok(())
}

fn fill_proofs(user: &mut User, of: ProofsShape<'_>) -> Result<(), DecodeError> {
    user.password = of.password.map(|(hash, set, expires, must_change)| {
        let (set, expires) = (Timestamp(set), Timestamp(expires));
        Password { hash: PasswordHash(hash.into()), set, expires, must_change }
    });
    let (seed, label, enabled, last_step) = of.totp;
    let seed = seed.map(|seed| TotpSeed(seed.to_vec()));
    user.totp = Totp { seed, label: name_if_any("label", label)?, enabled, last_step };
    for (id, hash, text, expires, added) in of.tokens {
        let (expires, added) = (Timestamp(expires), Timestamp(added));
        let pat = Pat { hash: TokenHash(hash), name: name("token", text)?, expires, added };
        user.tokens.insert_mut(TokenId(ulid(id)), pat);
    }
    for (code, token, expires, key) in of.resets {
        let key = key.map(|(key, expires)| (TokenHash(key), Timestamp(expires)));
        let reset = Reset { token: TokenHash(token), expires: Timestamp(expires), key };
        user.resets.insert_mut(CodeId(ulid(code)), reset);
    }
    for (kind, definition, active, added) in of.links {
        let key = link_key(kind, definition)?;
        user.links.insert_mut(key, Link { active, added: Timestamp(added) });
    }
    if let Some((active, definition)) = of.rate_limit {
        let parsed = definition.map(RateLimitDefinition::parse).transpose();
        let definition = parsed.map_err(|_| DecodeError::Value("rate_limit"))?;
        user.rate_limit = Some(Arc::new(RateLimit { active, definition }));
    }
    Ok(())
}

fn session_shape(session: &Session) -> SessionShape<'_> {
    let Session {
        id,
        user: _,
        version,
        started,
        expires,
        token,
        method,
        principal,
        link,
        opened,
        renewals,
        renewed,
        attributes,
    } = session;
    SessionShape {
        id: ulid_bytes(*id),
        version: *version,
        started: started.0,
        expires: expires.0,
        token: token.0,
        method: codes::method(*method),
        principal: principal.as_ref().map(Username::as_str),
        link: link.as_deref().map(|of| {
            let bearer = of.bearer.as_ref().map(|bearer| bearer.0);
            (codes::link(of.link.kind), of.link.definition.as_str(), bearer)
        }),
        opened: opened.0,
        renewals: *renewals,
        renewed: renewed.iter().map(|position| position.0).collect(),
        attributes: attributes.iter().map(attribute_shape).collect(),
    }
}

fn session_of(user: UserId, of: SessionShape<'_>) -> Result<Session, DecodeError> {
    let link = match of.link {
        None => None,
        Some((kind, definition, bearer)) => {
            let link = link_key(kind, definition)?;
            Some(Arc::new(Through { link, bearer: bearer.map(TokenHash) }))
        }
    };
    Ok(Session {
        id: SessionId(ulid(of.id)),
        user,
        version: of.version,
        started: Timestamp(of.started),
        expires: Timestamp(of.expires),
        token: TokenHash(of.token),
        method: known("method", codes::method_of(of.method))?,
        principal: of.principal.map(username).transpose()?,
        link,
        opened: Position(of.opened),
        renewals: of.renewals,
        renewed: of.renewed.into_iter().map(Position).collect(),
        attributes: attributes_of(of.attributes)?,
    })
}

fn attribute_shape<'a>((key, of): (&'a AttributeKey, &'a Arc<Attribute>)) -> AttributeShape<'a> {
    let Attribute { value, encrypted, expires, created, modified } = of.as_ref();
    let (held, logged) = match value {
        Value::Held(text) => (Some(&**text), 0),
        Value::Logged(position) => (None, position.0),
    };
    AttributeShape {
        namespace: codes::namespace(key.namespace),
        name: key.name.as_str(),
        held,
        logged,
        encrypted: *encrypted,
        expires: expires.0,
        created: created.0,
        modified: modified.0,
    }
}

fn attributes_of(shapes: Vec<AttributeShape<'_>>) -> Result<Attributes, DecodeError> {
    let mut attributes = Attributes::new_sync();
    for of in shapes {
        let namespace = known("namespace", codes::namespace_of(of.namespace))?;
        let key = AttributeKey { namespace, name: name("name", of.name)? };
        let logged = Value::Logged(Position(of.logged));
        let attribute = Attribute {
            value: of.held.map_or(logged, |text| Value::Held(text.into())),
            encrypted: of.encrypted,
            expires: Timestamp(of.expires),
            created: Timestamp(of.created),
            modified: Timestamp(of.modified),
        };
        attributes.insert_mut(key, Arc::new(attribute));
    }
    Ok(attributes)
}

fn link_key(kind: u8, definition: &str) -> Result<LinkKey, DecodeError> {
    let kind = known("link", codes::link_of(kind))?;
    Ok(LinkKey { kind, definition: name("definition", definition)? })
}

fn text(name: Option<&Name>) -> Option<&str> {
    name.map(Name::as_str)
}

fn actor_shape(actor: Actor) -> ActorShape {
    let nobody = [0; 16];
    match actor {
        Actor::Anonymous => (codes::ACTOR_ANONYMOUS, nobody),
        Actor::User(id) => (codes::ACTOR_USER, ulid_bytes(id)),
        Actor::Machine(id) => (codes::ACTOR_MACHINE, ulid_bytes(id)),
        Actor::Operator => (codes::ACTOR_OPERATOR, nobody),
        Actor::System => (codes::ACTOR_SYSTEM, nobody),
    }
}

fn actor_of((kind, id): ActorShape) -> Result<Actor, DecodeError> {
    let id = UserId(ulid(id));
    match kind {
        codes::ACTOR_ANONYMOUS => Ok(Actor::Anonymous),
        codes::ACTOR_USER => Ok(Actor::User(id)),
        codes::ACTOR_MACHINE => Ok(Actor::Machine(id)),
        codes::ACTOR_OPERATOR => Ok(Actor::Operator),
        codes::ACTOR_SYSTEM => Ok(Actor::System),
        _ => Err(DecodeError::Value("actor")),
    }
}
