//! Tells people what an event changed about a session.

use crate::description::{Change, Description, Shown};
use crate::session::{EndReason, Event, Method, Session};

/// Describes `event`, which happened to a session that was `before`.
pub fn describe(before: Option<&Session>, event: &Event) -> Description {
    let expiry = before.map(|session| Shown::Time(session.expires));
    match event {
        Event::Started { user: _, token: _, expires, method, principal } => {
            let sentence = match method {
                Method::Password => "A session was opened with a password",
                Method::PasswordAndTotp => "A session was opened with a password and a TOTP code",
            };
            let mut changes = vec![Change::new("session.expires", expiry, Shown::Time(*expires))];
            if let Some(principal) = principal {
                changes.push(Change::new("session.principal", None, Shown::text(principal)));
            }
            Description::new(sentence, changes)
        }
        Event::Renewed { expires } => Description::new(
            "The session was renewed",
            vec![Change::new("session.expires", expiry, Shown::Time(*expires))],
        ),
        Event::Ended { reason } => {
            let sentence = match reason {
                EndReason::SignedOut => "The session ended: its owner signed out",
                EndReason::Revoked => "The session was ended by somebody else",
            };
            Description::new(sentence, vec![Change::new("session.expires", expiry, None)])
        }
    }
}
