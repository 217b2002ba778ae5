//! Choosing a new password without the old one, in three steps: a token is mailed, exchanged once for
//! a key, and token and key together set the password (Zato's contract, sections 4.25 to 4.27, 6.10).

use crate::id::CodeId;
use crate::rejection::Rejection;
use crate::secret::TokenHash;
use crate::sign_in::{ApplicationGates, check_account};
use crate::time::{Span, Timestamp};
use crate::user::access;
use crate::user::event::Event;
use crate::user::state::{NewPassword, User};

/// Resets of one user that may be under way at once. More are not begun: whoever asks again and again
/// fills neither the log nor the owner's memory of which mail counts.
pub const RESETS_MAX: usize = 32;

/// A reset that was asked for and not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reset {
    /// The hash of the token that was mailed.
    pub token: TokenHash,
    /// From when on the token is worth nothing.
    pub expires: Timestamp,
    /// The hash of the key that it was exchanged for, and from when on that is worth nothing.
    pub key: Option<(TokenHash, Timestamp)>,
}

/// Begins a reset, unless as many as may be are under way.
pub(super) fn request(
    user: &User,
    (code, token): (CodeId, TokenHash),
    lasts: Span,
    mail_owed: bool,
    now: Timestamp,
) -> Vec<Event> {
    let alive = user.resets.values().filter(|reset| now < reset.expires).count();
    if alive >= RESETS_MAX {
        return Vec::new();
    }
    let expires = now.after(lasts);
    vec![access::Event::ResetRequested { code, token, expires, mail_owed }.into()]
}

/// Exchanges the token for a key, once; the key never outlives the token.
pub(super) fn open(
    user: &User,
    token: &TokenHash,
    (key, lasts): (TokenHash, Span),
    address_allowed: bool,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let (code, reset) = find(user, token, now)?;
    if reset.key.is_some() {
        return Err(Rejection::NoSuchReset);
    }
    may_be_reset(user, address_allowed)?;
    let expires = now.after(lasts).min(reset.expires);
    Ok(vec![access::Event::ResetOpened { code, key, expires }.into()])
}

/// Carries a reset out.
pub(super) fn carry_out(
    user: &User,
    proof: (&TokenHash, &TokenHash),
    address_allowed: bool,
    password: NewPassword,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let code = check(user, proof, address_allowed, now)?;
    Ok(vec![
        Event::PasswordChanged { password, must_change: false },
        access::Event::ResetUsed { code }.into(),
    ])
}

/// Whether token and key may set a new password of `user` now; says which reset it is.
///
/// # Errors
/// [`Rejection::NoSuchReset`]; what is wrong with the account, in the order of signing in.
pub fn check(
    user: &User,
    (token, key): (&TokenHash, &TokenHash),
    address_allowed: bool,
    now: Timestamp,
) -> Result<CodeId, Rejection> {
    let (code, reset) = find(user, token, now)?;
    match &reset.key {
        Some((held, expires)) if held == key && now < *expires => {}
        Some(_) | None => return Err(Rejection::NoSuchReset),
    }
    may_be_reset(user, address_allowed)?;
    Ok(code)
}

fn find<'u>(
    user: &'u User,
    token: &TokenHash,
    now: Timestamp,
) -> Result<(CodeId, &'u Reset), Rejection> {
    let mut resets = user.resets.iter();
    let found = resets.find(|(_, reset)| reset.token == *token && now < reset.expires);
    found.map(|(code, reset)| (*code, reset)).ok_or(Rejection::NoSuchReset)
}

/// Locked, unconfirmed and unapproved accounts are told so; an expired password is what this is for.
fn may_be_reset(user: &User, address_allowed: bool) -> Result<(), Rejection> {
    let gates = ApplicationGates { may_sign_in: true, metadata_in_order: true, address_allowed };
    check_account(user, gates)
}

/// Takes away what expired before `now`.
pub(super) fn sweep(user: &mut User, now: Timestamp) {
    let dead = user.resets.iter().filter(|(_, reset)| reset.expires <= now);
    for code in dead.map(|(code, _)| *code).collect::<Vec<_>>() {
        user.resets.remove_mut(&code);
    }
}
