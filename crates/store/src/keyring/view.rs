//! Keys as sealing and opening read them: one lock for many facts.

use std::cell::RefCell;

use domain::id::Slot;
use domain::system::{Purpose, System};
use domain::time::{Month, Timestamp};
use parking_lot::RwLockReadGuard;

use super::key::Key;
use super::slots::{SlotState, Slots};

/// The slots of months, as far as the log has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Months(Vec<(Month, Slot)>);

impl Months {
    /// The months that the state of the store knows.
    pub fn of(system: &System) -> Self {
        let mut months = Self::default();
        for (slot, purpose) in &system.slots {
            months.assign(*slot, *purpose);
        }
        months
    }

    /// Notes what `system.slot_assigned` says; other purposes than months change nothing.
    pub fn assign(&mut self, slot: Slot, purpose: Purpose) {
        if let Purpose::Month(month) = purpose {
            self.0.push((month, slot));
        }
    }

    /// The slot of a month.
    pub fn slot(&self, month: Month) -> Option<Slot> {
        self.0.iter().rev().find(|(known, _)| *known == month).map(|(_, slot)| *slot)
    }
}

/// The keys of a store while nobody changes them, and room to work in.
pub struct KeyView<'a> {
    slots: RwLockReadGuard<'a, Slots>,
    store_id: &'a [u8; 16],
    /// Which months have a key; a fold adds to it what it meets.
    pub months: Months,
    pub(crate) room: RefCell<Room>,
}

/// Buffers that are used again for every fact.
#[derive(Default)]
pub(crate) struct Room {
    /// What a sealed part is bound to.
    pub(crate) bound: Vec<u8>,
    /// A part in clear.
    pub(crate) open: Vec<u8>,
}

/// The key of an origin, or why there is none.
pub(crate) enum OriginKey {
    Derived(Key),
    /// The person's key was destroyed.
    Erased,
    /// The month's key was destroyed.
    Forgotten,
    /// A slot that must hold a key holds none.
    Missing(Slot),
    /// The month has no slot.
    NoMonth(Month),
}

impl<'a> KeyView<'a> {
    pub(super) fn new(
        slots: RwLockReadGuard<'a, Slots>,
        store_id: &'a [u8; 16],
        months: Months,
    ) -> Self {
        Self { slots, store_id, months, room: RefCell::default() }
    }

    /// The store that the keys belong to.
    pub fn store_id(&self) -> &[u8; 16] {
        self.store_id
    }

    /// What a slot holds.
    pub fn key(&self, slot: Slot) -> SlotState<&Key> {
        self.slots.get(slot.0)
    }

    /// Whether a slot holds a key.
    pub fn is_filled(&self, slot: Slot) -> bool {
        matches!(self.key(slot), SlotState::Filled(_))
    }

    /// Lets whoever waits to change slots do so; what keys said before may have changed after.
    pub fn give_way(&mut self) {
        RwLockReadGuard::bump(&mut self.slots);
    }

    /// The key that origins of the slot's owner are sealed with at that time: HKDF-SHA256 with the
    /// month's key as salt and the slot's, or nothing for slot 0, as keying material.
    pub(crate) fn origin_key(&self, slot: Slot, at: Timestamp) -> OriginKey {
        let month = at.month();
        let Some(month_slot) = self.months.slot(month) else {
            return OriginKey::NoMonth(month);
        };
        let month = match self.key(month_slot) {
            SlotState::Filled(key) => key,
            SlotState::Erased => return OriginKey::Forgotten,
            SlotState::Empty => return OriginKey::Missing(month_slot),
        };
        let owner = match self.key(slot) {
            _ if slot == Slot::CLEAR => None,
            SlotState::Filled(key) => Some(key),
            SlotState::Erased => return OriginKey::Erased,
            SlotState::Empty => return OriginKey::Missing(slot),
        };
        OriginKey::Derived(month.derive(owner, ORIGIN_INFO))
    }
}

/// What sets keys of origins apart from anything else that may ever be derived from a month's key.
const ORIGIN_INFO: &[u8] = b"muster origin 1";
