//! The first start: a new store, its first two users, and what they log in with.

use domain::actor::{Actor, Stamp};
use domain::bootstrap::{self, FirstStart};
use domain::id::UserId;
use domain::rejection::Rejection;
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::text::{Name, Username};
use domain::user::password;
use domain::user::state::NewPassword;
use store::StoreError;
use thiserror::Error;

use crate::passwords::{Cost, Passwords, Secret};
use crate::{Settings, tokens};

/// The machine user that owns the printed token.
pub const MACHINE: &str = "muster-admin";
/// The super-user of a first start that names nobody else.
pub const SUPER_USER: &str = "admin";
/// The organization that users belong to unless another is named.
const ORGANIZATION: &str = "Default";

/// What the first users log in with: shown once, kept nowhere.
pub struct FirstUsers {
    /// The super-user.
    pub user: UserId,
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The token of the machine user, which holds every right.
    pub token: Secret,
}

/// Why there is no first start.
#[derive(Debug, Error)]
pub enum FirstStartError {
    /// The name or password is not acceptable.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a store, with a super-user of this name and password, or a drawn one.
///
/// `show` is called with what to log in with after the first facts are durable and before the
/// store counts as begun: who was not told does not have a store.
pub fn first_start(
    options: &store::Options,
    settings: &Settings,
    (super_user, given): (&str, Option<Secret>),
    show: impl FnOnce(&FirstUsers) -> std::io::Result<()>,
) -> Result<(), FirstStartError> {
    let sources = &options.sources;
    let username =
        Username::parse(super_user).map_err(|fault| Rejection::text("username", fault))?;
    if username.as_str() == MACHINE {
        return Err(Rejection::Taken(domain::rejection::Held::Username).into());
    }
    if let Some(given) = &given {
        password::check(&settings.password, given.as_str())
            .map_err(Rejection::PasswordUnacceptable)?;
    }
    let secret = given.unwrap_or_else(|| Secret::from(tokens::new_password(sources.random())));
    let token = tokens::new_pat(sources.random());
    let reading = (sources.now)();
    let stamp = Stamp { at: reading.wall, actor: Actor::System, seed: sources.random() };
    let hash = Passwords::hash_here(Cost::STANDARD, &secret, sources.random());
    let first = FirstStart {
        organization: Name::parse(ORGANIZATION).expect("it is a name"),
        super_user: username,
        password: NewPassword {
            hash: PasswordHash(hash.into()),
            expires: stamp.at.after(settings.password_lasts),
        },
        totp: TotpSeed(sources.random::<20>().into()),
        machine: Username::parse(MACHINE).expect("it is a user name"),
        token: TokenHash(tokens::hash_of(&token)),
    };
    let users = FirstUsers {
        user: UserId(stamp.id(1)),
        username: super_user.to_owned(),
        password: secret,
        token: Secret::from(token),
    };
    let facts = (bootstrap::decide(first, &stamp), stamp.at);
    store::create(options, facts, || show(&users))?;
    Ok(())
}
