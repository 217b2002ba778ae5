//! Mails that were owed, went out, or did not.

use crate::description::{Change, Description, Shown};
use crate::id::Position;
use crate::user::mail::Event;
use crate::user::state::User;

pub(super) fn describe(before: Option<&User>, event: &Event) -> Description {
    match event {
        Event::Requested { kind } => {
            Description::new(format!("A mail is owed ({})", kind.name()), Vec::new())
        }
        Event::Sent { mail, kind } => {
            let sentence =
                format!("The mail owed since position {mail} went out ({})", kind.name());
            Description::new(sentence, vec![became(before, *mail, "sent")])
        }
        Event::Failed { mail, kind, why, given_up } => {
            let (kind, why) = (kind.name(), why.name());
            let (end, now) = if *given_up { (" and was given up", "given_up") } else { ("", why) };
            let sentence =
                format!("The mail owed since position {mail} did not go out{end} ({kind}, {why})");
            Description::new(sentence, vec![became(before, *mail, now)])
        }
    }
}

fn became(before: Option<&User>, mail: Position, now: &'static str) -> Change {
    let old = before.and_then(|user| user.mails.get(&mail)).map(|_| Shown::text("owed"));
    Change::new(format!("mails.{mail}"), old, Shown::text(now))
}
