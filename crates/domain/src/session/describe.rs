//! Tells people what an event changed about a session.

use crate::attributes::Attribute;
use crate::attributes::describe as attributes;
use crate::description::{Change, Description, Shown};
use crate::session::{EndReason, Event, Method, Session, attribute_key};
use crate::text::Name;
use crate::user::state::LinkKey;

/// Describes `event`, which happened to a session that was `before`.
pub fn describe(before: Option<&Session>, event: &Event) -> Description {
    let expiry = before.map(|session| Shown::Time(session.expires));
    match event {
        Event::Started { user: _, token: _, expires, method, principal, link } => {
            let sentence = match method {
                Method::Password => "A session was opened with a password",
                Method::PasswordAndTotp => "A session was opened with a password and a TOTP code",
                Method::CommandLine => "A session was opened at the command line",
                Method::Linked => "A session was opened through a linked account",
            };
            let mut changes = vec![Change::new("session.expires", expiry, Shown::Time(*expires))];
            if let Some(principal) = principal {
                changes.push(Change::new("session.principal", None, Shown::text(principal)));
            }
            if let Some(through) = link {
                let LinkKey { kind, definition } = &through.link;
                let shown = Shown::Text(format!("{}.{definition}", kind.name()));
                changes.push(Change::new("session.link", None, shown));
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
        Event::AttributeSet { name, value, encrypted, expires } => {
            let (words, present) = (&attributes::SESSIONS, attribute(before, name));
            let key = attribute_key(name);
            attributes::set(words, present, &key, value.as_ref(), *encrypted, *expires)
        }
        Event::AttributeRemoved { name } => {
            let present = attribute(before, name);
            attributes::removed(&attributes::SESSIONS, present, &attribute_key(name))
        }
    }
}

fn attribute<'a>(before: Option<&'a Session>, name: &Name) -> Option<&'a Attribute> {
    before.and_then(|session| session.attributes.get(&attribute_key(name))).map(AsRef::as_ref)
}
