//! Tells people what an event changed about the store.

use std::fmt::Write as _;

use crate::description::{Change, Description, Shown};
use crate::system::{Event, Exported, Purpose, Restored, UnknownName};
use crate::time::Timestamp;

/// Describes `event`, which happened to the store.
pub fn describe(event: &Event) -> Description {
    match event {
        Event::Bootstrapped { organization, name } => Description::new(
            format!("The store was created, with \"{name}\" as its default organization"),
            vec![Change::new("default_organization", None, Shown::text(organization))],
        ),
        Event::SlotAssigned { slot, purpose } => {
            let purpose = purpose_name(*purpose);
            Description::new(
                format!("Key slot {} was put to use for {purpose}", slot.0),
                vec![Change::new(format!("key_slots.{}", slot.0), None, Shown::Text(purpose))],
            )
        }
        Event::ApplicationNamed { number, name } => Description::new(
            format!("The application \"{name}\" was given the number {number}"),
            vec![Change::new(format!("applications.{number}"), None, Shown::text(name))],
        ),
        Event::ViewsRebuilt { facts, digest } => Description::new(
            format!("The projections were rebuilt from {facts} facts, digest {}", hex(digest)),
            Vec::new(),
        ),
        Event::ClockJumped { expected, read } => Description::new(
            clock_sentence(*expected, *read),
            vec![Change::new("clock", Shown::Time(*expected), Shown::Time(*read))],
        ),
        Event::SignInFailed(UnknownName { name, count }) => Description::new(
            format!(
                "Somebody tried to sign in under a name that nobody has, {count} times (name {})",
                hex(&name[..8])
            ),
            Vec::new(),
        ),
        Event::OriginsForgotten { slot, month } => Description::new(
            format!(
                "Where everybody was in {} was forgotten: key slot {} is destroyed",
                month, slot.0
            ),
            vec![Change::new(
                format!("key_slots.{}", slot.0),
                Shown::Text(purpose_name(Purpose::Month(*month))),
                None,
            )],
        ),
        Event::EventsExported(Exported { from, to, digest }) => Description::new(
            format!("Positions {} to {} were exported, digest {}", from.0, to.0, hex(digest)),
            Vec::new(),
        ),
        Event::RequestDenied(denied) => denied.describe(),
        Event::AuditRead(read) => read.describe(),
        Event::Restored(Restored { epoch, position, root }) => Description::new(
            format!("Epoch {epoch} goes on from position {}, root {}", position.0, hex(root)),
            vec![Change::new("epoch", None, Shown::text(epoch))],
        ),
    }
}

fn purpose_name(purpose: Purpose) -> String {
    match purpose {
        Purpose::Codes => "mailed codes".to_owned(),
        Purpose::Index => "names that nobody holds".to_owned(),
        Purpose::Tokens => "session tokens".to_owned(),
        Purpose::Checkpoints => "signing checkpoints".to_owned(),
        Purpose::Month(month) => format!("the origins of {month}"),
    }
}

fn clock_sentence(expected: Timestamp, read: Timestamp) -> String {
    let direction = if read < expected { "back" } else { "forward" };
    let micros = read.0.abs_diff(expected.0);
    format!(
        "The clock jumped {direction} by {}.{:03} s",
        micros / 1_000_000,
        micros / 1_000 % 1_000
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
