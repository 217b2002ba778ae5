//! Ways in beside the password: resets of it, security definitions that sign in, limits on these.

use crate::description::{Change, Description, Shown};
use crate::id::CodeId;
use crate::time::Timestamp;
use crate::user::access::Event;
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::state::{LinkKey, User};

pub(super) fn describe(before: Option<&User>, event: &Event) -> Description {
    match event {
        Event::ResetRequested { code, token: _, expires, mail_owed: _ } => {
            reset_requested(*code, *expires)
        }
        Event::ResetOpened { code, key: _, expires } => reset_opened(*code, *expires),
        Event::ResetUsed { code } => reset_used(before, *code),
        Event::Linked { link, active } => linked(link, *active),
        Event::Unlinked { link } => unlinked(before, link),
        Event::SessionsEnded => Description::new(
            "All sessions were ended but the one that changed the password",
            Vec::new(),
        ),
        Event::RateLimitSet { active, definition } => {
            rate_limit_set(before, *active, definition.as_ref())
        }
    }
}

fn reset_requested(code: CodeId, expires: Timestamp) -> Description {
    Description::new(
        "A reset of the password was asked for",
        vec![
            Change::new(format!("resets.{code}"), None, Shown::Secret),
            Change::new(format!("resets.{code}.expires"), None, Shown::Time(expires)),
        ],
    )
}

fn reset_opened(code: CodeId, expires: Timestamp) -> Description {
    Description::new(
        "The mailed token was exchanged for a key to the password",
        vec![
            Change::new(format!("resets.{code}.key"), None, Shown::Secret),
            Change::new(format!("resets.{code}.key.expires"), None, Shown::Time(expires)),
        ],
    )
}

fn reset_used(before: Option<&User>, code: CodeId) -> Description {
    let old = before.and_then(|user| user.resets.get(&code)).map(|_| Shown::Secret);
    Description::new(
        "The reset of the password was carried out",
        vec![Change::new(format!("resets.{code}"), old, None)],
    )
}

fn linked(link: &LinkKey, active: bool) -> Description {
    let LinkKey { kind, definition } = link;
    let sentence = format!("Was linked to the {} definition \"{definition}\"", kind.name());
    Description::new(sentence, vec![Change::new(field(link), None, Shown::Flag(active))])
}

fn unlinked(before: Option<&User>, link: &LinkKey) -> Description {
    let LinkKey { kind, definition } = link;
    let sentence = format!("Was unlinked from the {} definition \"{definition}\"", kind.name());
    let old = before.and_then(|user| user.links.get(link)).map(|link| Shown::Flag(link.active));
    Description::new(sentence, vec![Change::new(field(link), old, None)])
}

fn rate_limit_set(
    before: Option<&User>,
    active: bool,
    definition: Option<&RateLimitDefinition>,
) -> Description {
    let present = before.and_then(|user| user.rate_limit.as_ref());
    let rules = |rules: &RateLimitDefinition| Shown::text(rules.as_str());
    let old = present.and_then(|limit| limit.definition.as_ref()).map(rules);
    let mut changes = vec![Change::new(
        "rate_limit.active",
        present.map(|limit| Shown::Flag(limit.active)),
        Shown::Flag(active),
    )];
    if old != definition.map(rules) {
        changes.push(Change::new("rate_limit.definition", old, definition.map(rules)));
    }
    Description::new("Access through linked accounts was limited", changes)
}

fn field(link: &LinkKey) -> String {
    format!("links.{}.{}", link.kind.name(), link.definition)
}
