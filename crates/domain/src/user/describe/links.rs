//! Security definitions that sign a user in, and how access through them is limited.

use crate::description::{Change, Description, Shown};
use crate::user::rate_limit::RateLimitDefinition;
use crate::user::state::{LinkKey, User};

pub(super) fn linked(link: &LinkKey, active: bool) -> Description {
    let LinkKey { kind, definition } = link;
    let sentence = format!("Was linked to the {} definition \"{definition}\"", kind.name());
    Description::new(sentence, vec![Change::new(field(link), None, Shown::Flag(active))])
}

pub(super) fn unlinked(before: Option<&User>, link: &LinkKey) -> Description {
    let LinkKey { kind, definition } = link;
    let sentence = format!("Was unlinked from the {} definition \"{definition}\"", kind.name());
    let old = before.and_then(|user| user.links.get(link)).map(|link| Shown::Flag(link.active));
    Description::new(sentence, vec![Change::new(field(link), old, None)])
}

pub(super) fn rate_limit_set(
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
