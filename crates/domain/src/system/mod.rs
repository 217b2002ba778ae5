//! What concerns the whole store: its birth, its keys, the names of applications, operators' acts.

use std::collections::BTreeSet;

use crate::fact::CommandName;
use crate::id::{OrganizationId, Position, Slot};
use crate::policy::Act;
use crate::rejection::{Rejection, ValueFault};
use crate::text::Name;
use crate::time::{Month, Timestamp};

pub mod audit;
pub mod describe;
#[cfg(test)]
mod tests;

pub use describe::describe;

/// What can be asked of the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Give a key slot a purpose.
    AssignSlot {
        /// Which.
        slot: Slot,
        /// For what.
        purpose: Purpose,
    },
    /// Give an application its number.
    NameApplication(Name),
    /// Put on record that the projections were rebuilt.
    NoteRebuild {
        /// How many facts were folded.
        facts: u64,
        /// The digest of the rows.
        digest: [u8; 32],
    },
    /// Put on record that the wall clock jumped.
    NoteClockJump {
        /// What time it should have been.
        expected: Timestamp,
        /// What the clock said.
        read: Timestamp,
    },
    /// Put on record from where the log goes on in a new epoch.
    NoteRestore(Restored),
    /// Put on record that somebody tried to sign in under a name that nobody has.
    NoteUnknownName(UnknownName),
    /// Forget where everybody was in each month before this one.
    ForgetOrigins {
        /// The first month that is kept; not later than the present one.
        before: Month,
    },
    /// Put on record that a part of the log was exported.
    NoteExport(Exported),
    /// Put on record that the caller reads what only auditors may.
    NoteAudit(audit::Read),
    /// Put on record that the caller was refused what it may not do.
    NoteDenial(audit::Denied),
}

/// A part of the log that somebody took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The first fact that was looked at, or the one that would have been.
    pub from: Position,
    /// The last one; before `from` if there was none.
    pub to: Position,
    /// SHA-256 of all that was handed out.
    pub digest: [u8; 32],
}

/// Attempts to sign in under a name that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// HMAC-SHA256 of the folded name under the index key: equal names are seen to be equal, and a
    /// password typed in the wrong field is not kept in clear.
    pub name: [u8; 32],
    /// How many attempts this stands for since the fact before.
    pub count: u32,
}

/// What can have happened to the store. Nothing personal stands here: it is kept in clear.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The store was born.
    Bootstrapped {
        /// The organization that users belong to unless another is named.
        organization: OrganizationId,
        /// Its name.
        name: Name,
    },
    /// A key slot has a purpose.
    SlotAssigned {
        /// Which.
        slot: Slot,
        /// For what.
        purpose: Purpose,
    },
    /// An application has a number.
    ApplicationNamed {
        /// The number, from 1.
        number: u16,
        /// Its name.
        name: Name,
    },
    /// The projections were rebuilt and swapped in.
    ViewsRebuilt {
        /// How many facts were folded.
        facts: u64,
        /// The digest of the rows.
        digest: [u8; 32],
    },
    /// The wall clock jumped.
    ClockJumped {
        /// What time it should have been.
        expected: Timestamp,
        /// What the clock said.
        read: Timestamp,
    },
    /// The log goes on from an earlier state, in a new epoch.
    Restored(Restored),
    /// Somebody tried to sign in under a name that nobody has.
    SignInFailed(UnknownName),
    /// The key of a month's origins is destroyed: where anybody was then can be read no more.
    OriginsForgotten {
        /// The key's slot.
        slot: Slot,
        /// Which month.
        month: Month,
    },
    /// A part of the log was exported.
    EventsExported(Exported),
    /// The actor was refused what it may not do.
    RequestDenied(audit::Denied),
    /// The actor read what only auditors may.
    AuditRead(audit::Read),
}

/// From where the log goes on: whatever an earlier epoch had beyond that is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The epoch that begins.
    pub epoch: u32,
    /// The last position that holds.
    pub position: Position,
    /// The root of the tree (RFC 6962) over everything up to it.
    pub root: [u8; 32],
}

impl Command {
    /// The name that the facts' heads keep.
    pub fn name(&self) -> CommandName {
        match self {
            Self::NoteRebuild { .. } => CommandName::Rebuild,
            Self::ForgetOrigins { .. } => CommandName::ForgetOrigins,
            Self::NoteExport(_) => CommandName::Export,
            Self::NoteAudit(_) => CommandName::NoteAudit,
            Self::NoteDenial(_) => CommandName::NoteDenial,
            Self::AssignSlot { .. }
            | Self::NameApplication(_)
            | Self::NoteClockJump { .. }
            | Self::NoteRestore(_)
            | Self::NoteUnknownName(_) => CommandName::Upkeep,
        }
    }

    /// What the policy is asked about it.
    pub fn act(&self) -> Act {
        match self {
            Self::NoteUnknownName(_) => Act::FailToSignIn,
            Self::NoteExport(_) | Self::NoteAudit(_) => Act::Audit,
            Self::NoteDenial(_) => Act::BeDenied,
            Self::AssignSlot { .. }
            | Self::NameApplication(_)
            | Self::NoteRebuild { .. }
            | Self::NoteClockJump { .. }
            | Self::NoteRestore(_)
            | Self::ForgetOrigins { .. } => Act::Operate,
        }
    }
}

impl Event {
    /// The name outside the code; never renamed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bootstrapped { .. } => "system.bootstrapped",
            Self::SlotAssigned { .. } => "system.slot_assigned",
            Self::ApplicationNamed { .. } => "system.application_named",
            Self::ViewsRebuilt { .. } => "system.views_rebuilt",
            Self::ClockJumped { .. } => "system.clock_jumped",
            Self::Restored(_) => "system.restored",
            Self::SignInFailed(_) => "system.sign_in_failed",
            Self::OriginsForgotten { .. } => "system.origins_forgotten",
            Self::EventsExported(_) => "system.events_exported",
            Self::RequestDenied(_) => "system.request_denied",
            Self::AuditRead(_) => "system.audit_read",
        }
    }
}

/// What a key that belongs to nobody is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Mailed codes and tokens are derived with it.
    Codes,
    /// Names that nobody holds are hashed with it.
    Index,
    /// Session tokens that must come out the same again are derived with it.
    Tokens,
    /// The seed of the key that signs checkpoints.
    Checkpoints,
    /// Origins of this month are sealed with it.
    Month(Month),
}

impl Purpose {
    /// The purposes that every store has from its birth.
    pub const STANDING: [Self; 4] = [Self::Codes, Self::Index, Self::Tokens, Self::Checkpoints];
}

/// What is true of the store.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct System {
    /// How many facts its stream has.
    pub version: u32,
    /// The organization that users belong to unless another is named, and its name.
    pub default_organization: Option<(OrganizationId, Name)>,
    /// The slots in use that belong to nobody.
    pub slots: Vec<(Slot, Purpose)>,
    /// The slots among them whose keys are destroyed: those of months that were forgotten.
    pub forgotten: BTreeSet<Slot>,
    /// The names of applications; the first has number 1.
    pub applications: Vec<Name>,
    /// The epochs that began anew, each with the last position that held.
    pub restores: Vec<(u32, Position)>,
}

impl System {
    /// The slot in use for `purpose`.
    pub fn slot(&self, purpose: Purpose) -> Option<Slot> {
        self.slots.iter().rev().find(|(_, of)| *of == purpose).map(|(slot, _)| *slot)
    }

    /// Whether a position that somebody saw in `epoch` is still the same fact: no later epoch went on from
    /// before it.
    pub fn still_holds(&self, epoch: u32, position: Position) -> bool {
        self.restores.iter().all(|(later, last)| *later <= epoch || position <= *last)
    }

    /// The months that have a key, or had one, each with its slot, in the order in which they came.
    pub fn months(&self) -> impl Iterator<Item = (Month, Slot)> {
        self.slots.iter().filter_map(|(slot, purpose)| match purpose {
            Purpose::Month(month) => Some((*month, *slot)),
            Purpose::Codes | Purpose::Index | Purpose::Tokens | Purpose::Checkpoints => None,
        })
    }

    /// The number of an application, if it has one.
    pub fn application(&self, name: &str) -> Option<u16> {
        let index = self.applications.iter().position(|known| known.as_str() == name)?;
        u16::try_from(index + 1).ok()
    }

    /// The name of an application.
    pub fn application_name(&self, number: u16) -> Option<&Name> {
        self.applications.get(usize::from(number).checked_sub(1)?)
    }
}

/// Decides what `command` makes happen, or why nothing may.
pub fn decide(system: &System, command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::AssignSlot { purpose, .. } if system.slot(purpose).is_some() => Ok(vec![]),
        Command::AssignSlot { slot, purpose } => Ok(vec![Event::SlotAssigned { slot, purpose }]),
        Command::NameApplication(name) if system.application(name.as_str()).is_some() => Ok(vec![]),
        Command::NameApplication(name) => {
            let number = u16::try_from(system.applications.len() + 1).map_err(|_| {
                Rejection::Unacceptable { field: "application", fault: ValueFault::OutOfRange }
            })?;
            Ok(vec![Event::ApplicationNamed { number, name }])
        }
        Command::NoteRebuild { facts, digest } => Ok(vec![Event::ViewsRebuilt { facts, digest }]),
        Command::NoteClockJump { expected, read } => {
            Ok(vec![Event::ClockJumped { expected, read }])
        }
        Command::NoteRestore(restored) => Ok(vec![Event::Restored(restored)]),
        Command::NoteUnknownName(unknown) => Ok(vec![Event::SignInFailed(unknown)]),
        Command::ForgetOrigins { before } => forget_origins(system, before),
        Command::NoteExport(exported) => Ok(vec![Event::EventsExported(exported)]),
        Command::NoteAudit(read) => Ok(vec![Event::AuditRead(read)]),
        Command::NoteDenial(denied) => Ok(vec![Event::RequestDenied(denied)]),
    }
}

/// Every turn's month has a key before the turn, so the present month is the last that has one.
fn forget_origins(system: &System, before: Month) -> Result<Vec<Event>, Rejection> {
    let present = system.months().map(|(month, _)| month).max();
    if present.is_none_or(|present| before > present) {
        return Err(Rejection::Unacceptable { field: "before", fault: ValueFault::OutOfRange });
    }
    let goes = |(month, slot): &(Month, Slot)| *month < before && !system.forgotten.contains(slot);
    let going = system.months().filter(goes);
    Ok(going.map(|(month, slot)| Event::OriginsForgotten { slot, month }).collect())
}

/// Folds one fact into the state.
pub fn evolve(system: &mut System, version: u32, event: &Event) {
    system.version = version;
    match event {
        Event::Bootstrapped { organization, name } => {
            system.default_organization = Some((*organization, name.clone()));
        }
        Event::SlotAssigned { slot, purpose } => system.slots.push((*slot, *purpose)),
        Event::ApplicationNamed { name, .. } => system.applications.push(name.clone()),
        Event::Restored(restored) => system.restores.push((restored.epoch, restored.position)),
        Event::OriginsForgotten { slot, .. } => _ = system.forgotten.insert(*slot),
        Event::ViewsRebuilt { .. }
        | Event::ClockJumped { .. }
        | Event::SignInFailed(_)
        | Event::EventsExported(_)
        | Event::RequestDenied(_)
        | Event::AuditRead(_) => {}
    }
}
