//! Ways in beside the password on record: resets of it, linked accounts and limits on them. One part of
//! what can be asked of a user and can have happened to one; [`reset`] has the rules of resets.

use std::sync::Arc;

use crate::fact::{CommandName, Head};
use crate::id::CodeId;
use crate::policy::Act;
use crate::rejection::Rejection;
use crate::secret::TokenHash;
use crate::time::{Span, Timestamp};
use crate::user::mail::{self, MailKind};
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::reset::{self, Reset};
use crate::user::state::{Link, LinkKey, NewPassword, RateLimit, User};

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Begin a reset of the password.
    RequestReset {
        /// What the token is derived from.
        code: CodeId,
        /// The hash of the token.
        token: TokenHash,
        /// How long it is worth something.
        lasts: Span,
        /// Whether a mail with it is owed.
        mail_owed: bool,
    },
    /// Exchange the token of a reset for a key.
    OpenReset {
        /// The hash of the token that was shown.
        token: TokenHash,
        /// The hash of the key that will be handed out.
        key: TokenHash,
        /// How long the key is worth something.
        lasts: Span,
        /// Whether the user may come from where this comes.
        address_allowed: bool,
    },
    /// Set the password by token and key of a reset.
    CarryOutReset {
        /// The hash of the token that was shown.
        token: TokenHash,
        /// The hash of the key that was shown.
        key: TokenHash,
        /// The new password.
        password: NewPassword,
        /// Whether the user may come from where this comes.
        address_allowed: bool,
    },
    /// Link the user to a security definition.
    Link {
        /// Which.
        link: LinkKey,
        /// Whether it signs in.
        active: bool,
    },
    /// Take a link away.
    Unlink(LinkKey),
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody asked for a reset of the password; a token was made.
    ResetRequested {
        /// What the token is derived from.
        code: CodeId,
        /// The hash of the token.
        token: TokenHash,
        /// From when on it is worth nothing.
        expires: Timestamp,
        /// Whether a mail with it is owed.
        mail_owed: bool,
    },
    /// The token was exchanged for a key.
    ResetOpened {
        /// Which reset.
        code: CodeId,
        /// The hash of the key.
        key: TokenHash,
        /// From when on the key is worth nothing.
        expires: Timestamp,
    },
    /// The reset was carried out.
    ResetUsed {
        /// Which reset.
        code: CodeId,
    },
    /// Requests under this security definition sign the user in.
    Linked {
        /// Which definition.
        link: LinkKey,
        /// Whether they do so now.
        active: bool,
    },
    /// They do not any more.
    Unlinked {
        /// Which definition.
        link: LinkKey,
    },
    /// All sessions are over but the one that asked, because the password changed.
    SessionsEnded,
    /// Access through linked accounts is limited so.
    RateLimitSet {
        /// Whether it is limited now.
        active: bool,
        /// By which rules.
        definition: Option<RateLimitDefinition>,
    },
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::RequestReset { .. } => CommandName::RequestPasswordReset,
            Self::OpenReset { .. } => CommandName::OpenPasswordReset,
            Self::CarryOutReset { .. } => CommandName::CarryOutPasswordReset,
            Self::Link { .. } => CommandName::LinkAccount,
            Self::Unlink(_) => CommandName::UnlinkAccount,
        }
    }

    /// What the policy is asked about it.
    pub fn act(&self) -> Act {
        match self {
            Self::RequestReset { .. } | Self::OpenReset { .. } | Self::CarryOutReset { .. } => {
                Act::ResetPassword
            }
            Self::Link { .. } | Self::Unlink(_) => Act::ManageLinks,
        }
    }
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResetRequested { .. } => "user.password_reset_requested",
            Self::ResetOpened { .. } => "user.password_reset_opened",
            Self::ResetUsed { .. } => "user.password_reset_used",
            Self::Linked { .. } => "user.account_linked",
            Self::Unlinked { .. } => "user.account_unlinked",
            Self::SessionsEnded => "user.sessions_ended",
            Self::RateLimitSet { .. } => "user.rate_limit_set",
        }
    }

    /// Whether it gives or frees a token or a link.
    pub fn moves_keys(&self) -> bool {
        match self {
            Self::ResetRequested { .. }
            | Self::ResetUsed { .. }
            | Self::Linked { .. }
            | Self::Unlinked { .. } => true,
            Self::ResetOpened { .. } | Self::SessionsEnded | Self::RateLimitSet { .. } => false,
        }
    }
}

/// The sessions that end because of what happens, where the operator wants it so: whoever changes a
/// password may have to get somebody out.
pub fn sessions_ended(events: &[super::Event]) -> Option<super::Event> {
    let changed = |event: &super::Event| matches!(event, super::Event::PasswordChanged { .. });
    events.iter().any(changed).then(|| Event::SessionsEnded.into())
}

/// Decides what `command` makes happen, or why nothing may.
pub(super) fn decide(
    user: &User,
    command: Command,
    now: Timestamp,
) -> Result<Vec<super::Event>, Rejection> {
    match command {
        Command::RequestReset { code, token, lasts, mail_owed } => {
            Ok(reset::request(user, (code, token), lasts, mail_owed, now))
        }
        Command::OpenReset { token, key, lasts, address_allowed } => {
            reset::open(user, &token, (key, lasts), address_allowed, now)
        }
        Command::CarryOutReset { token, key, password, address_allowed } => {
            reset::carry_out(user, (&token, &key), address_allowed, password, now)
        }
        Command::Link { link, .. } if user.links.contains_key(&link) => Err(Rejection::AlreadySo),
        Command::Link { link, active } => Ok(vec![Event::Linked { link, active }.into()]),
        Command::Unlink(link) if user.links.contains_key(&link) => {
            Ok(vec![Event::Unlinked { link }.into()])
        }
        Command::Unlink(_) => Err(Rejection::NoSuchLink),
    }
}

/// Folds one of these events.
pub(super) fn evolve(user: &mut User, head: &Head, event: &Event) {
    match event {
        Event::ResetRequested { code, token, expires, mail_owed } => {
            reset::sweep(user, head.at);
            let reset = Reset { token: token.clone(), expires: *expires, key: None };
            user.resets.insert_mut(*code, reset);
            mail::sweep(user);
            if *mail_owed {
                mail::owe(user, head, MailKind::PasswordReset, Some(*code));
            }
        }
        Event::ResetOpened { code, key, expires } => {
            if let Some(reset) = user.resets.get(code) {
                let reset = Reset { key: Some((key.clone(), *expires)), ..reset.clone() };
                user.resets.insert_mut(*code, reset);
            }
        }
        Event::ResetUsed { code } => {
            user.resets.remove_mut(code);
            mail::sweep(user);
        }
        Event::Linked { link, active } => {
            user.links.insert_mut(link.clone(), Link { active: *active, added: head.at });
        }
        Event::Unlinked { link } => {
            user.links.remove_mut(link);
        }
        // The rows of sessions are not the user's.
        Event::SessionsEnded => {}
        Event::RateLimitSet { active, definition } => {
            let limit = RateLimit { active: *active, definition: definition.clone() };
            user.rate_limit = Some(Arc::new(limit));
        }
    }
}
