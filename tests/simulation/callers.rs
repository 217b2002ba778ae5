//! Who calls: the super-user, others by their own sessions, machines by their tokens, the operator,
//! nobody in particular; and credentials that were good once.

use domain::actor::{Actor, Dialect, Origin};
use domain::id::UserId;
use domain::secret::TokenHash;
use domain::text::Name;
use service::{Caller, Proof, Service, tokens};

use crate::checks::hold;
use crate::random::Random;
use crate::truth::{Person, Truth};

/// Credentials that are kept for later, good or not any more.
const STALE_MAX: usize = 16;

/// Everything that callers were ever handed out.
#[derive(Default)]
pub struct Wallet {
    pub sessions: Vec<String>,
    pub pats: Vec<String>,
    /// Callers as a surface once knew them: a request may wait in the queue for long.
    stale: Vec<Caller>,
}

/// Whoever asks, before it has shown anything.
pub fn template(random: &mut Random) -> Caller {
    let application = ["CRM", "ERP", "Mail"][random.below(3)];
    let application = Some(Name::parse(application).expect("a name"));
    let origin = Origin {
        address: (!random.chance(4)).then(|| format!("10.0.0.{}", random.below(256)).into()),
        agent: random.chance(2).then(|| "simulation".into()),
        ..Origin::default()
    };
    Caller::anonymous(Dialect::Zato, application, origin)
}

/// Somebody with access to the data directory.
pub fn operator() -> Caller {
    Caller::operator(Origin { operator: Some("root".into()), ..Origin::default() })
}

impl Wallet {
    /// A session that somebody asked for, whether or not it will be opened.
    pub fn keep_session(&mut self, token: String) {
        self.sessions.push(token);
    }

    /// The caller whom a session's token stands for, if the service lets it in; the latest most often.
    pub fn by_session(
        &mut self,
        random: &mut Random,
        service: &Service,
        truth: &Truth,
    ) -> Option<Caller> {
        let count = self.sessions.len();
        let back = if random.chance(3) { random.below(count) } else { random.below(count.min(6)) };
        let token = self.sessions.get(count.checked_sub(back + 1)?)?.clone();
        let caller = entered(&token, service, truth, &template(random))?;
        self.remember(random, &caller);
        Some(caller)
    }

    /// The caller whom a personal access token stands for, if the service lets it in.
    pub fn by_pat(
        &mut self,
        random: &mut Random,
        service: &Service,
        truth: &Truth,
    ) -> Option<Caller> {
        let token = random.pick(&self.pats)?.clone();
        let caller = entered_by_pat(&token, service, truth, &template(random))?;
        self.remember(random, &caller);
        Some(caller)
    }

    /// A caller as it was let in some turns ago.
    pub fn stale(&self, random: &mut Random) -> Option<Caller> {
        random.pick(&self.stale).cloned()
    }

    /// Somebody who may do what super-users may, or nearly so.
    pub fn powerful(
        &mut self,
        random: &mut Random,
        service: &Service,
        truth: &Truth,
    ) -> Option<Caller> {
        match random.below(8) {
            0..=1 => Some(operator()),
            2..=3 => self.by_pat(random, service, truth),
            4 => self.stale(random),
            _ => {
                let supers = |token: &&String| {
                    let session = truth.session_of(&TokenHash(tokens::hash_of(token)));
                    let user = session.and_then(|id| truth.sessions.get(&id)).map(|one| one.user);
                    user.and_then(|id| truth.people.get(&id)).is_some_and(Person::is_super)
                };
                let token = self.sessions.iter().rev().take(12).find(supers)?.clone();
                let caller = entered(&token, service, truth, &template(random))?;
                self.remember(random, &caller);
                Some(caller)
            }
        }
    }

    fn remember(&mut self, random: &mut Random, caller: &Caller) {
        if self.stale.len() < STALE_MAX {
            self.stale.push(caller.clone());
        } else if random.chance(3) {
            let place = random.below(STALE_MAX);
            self.stale[place] = caller.clone();
        }
    }

    /// Shows every credential that was ever handed out, and holds what comes of it to the truth.
    pub fn show_all(&self, service: &Service, truth: &Truth) {
        let nobody = Caller::anonymous(Dialect::Zato, None, Origin::default());
        for token in &self.sessions {
            entered(token, service, truth, &nobody);
        }
        for token in &self.pats {
            entered_by_pat(token, service, truth, &nobody);
        }
    }
}

/// Shows a session's token. Whether it is let in must be what is true.
fn entered(token: &str, service: &Service, truth: &Truth, template: &Caller) -> Option<Caller> {
    let now = service.store().clock().now();
    let caller = service.session_caller(token, template.clone());
    let session = truth.session_of(&TokenHash(tokens::hash_of(token)));
    let alive = session.is_some_and(|id| truth.is_alive(Proof::Session(id), now));
    hold!(Revoked, caller.is_ok() == alive, "{session:?} is alive: {alive}, and {caller:?}");
    let caller = caller.ok()?;
    hold!(Revoked, Some(caller.proof) == session.map(Proof::Session), "of another: {caller:?}");
    let owner = session.and_then(|id| truth.sessions.get(&id)).map(|session| session.user);
    hold!(Revoked, caller.actor.user() == owner, "{owner:?} owns it, not {:?}", caller.actor);
    Some(caller)
}

fn entered_by_pat(
    token: &str,
    service: &Service,
    truth: &Truth,
    template: &Caller,
) -> Option<Caller> {
    let now = service.store().clock().now();
    let caller = service.token_caller(token, template);
    let hash = TokenHash(tokens::hash_of(token));
    let holder = truth.people.iter().find_map(|(id, person)| {
        let mut held = person.tokens.iter();
        held.find(|(_, token)| token.hash == hash).map(|(token, _)| Proof::Pat(*id, *token))
    });
    let alive = holder.is_some_and(|proof| truth.is_alive(proof, now));
    hold!(Revoked, caller.is_ok() == alive, "{holder:?} is alive: {alive}, and {caller:?}");
    let caller = caller.ok()?;
    let actor = actor_of(truth, caller.actor.user()?);
    hold!(Revoked, (Some(caller.proof), caller.actor) == (holder, actor), "another: {caller:?}");
    Some(caller)
}

fn actor_of(truth: &Truth, user: UserId) -> Actor {
    match truth.people.get(&user) {
        Some(person) if person.is_machine => Actor::Machine(user),
        Some(_) | None => Actor::User(user),
    }
}
