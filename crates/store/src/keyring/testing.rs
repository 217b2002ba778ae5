//! Keys for a test, each given, without a file.

use domain::id::Slot;
use domain::system::Purpose;
use domain::time::Month;
use parking_lot::RwLock;

use super::key::Key;
use super::slots::{SlotState, Slots};
use super::view::{KeyView, Months};

/// Slots whose keys are one byte 32 times over.
pub(crate) struct Keys {
    slots: RwLock<Slots>,
    store_id: [u8; 16],
    months: Months,
}

impl Keys {
    pub(crate) fn new(store_id: [u8; 16], keys: &[(u32, u8)]) -> Self {
        let mut slots = Slots::default();
        for (slot, byte) in keys {
            slots.set(*slot, SlotState::Filled(Key::copied(&[*byte; 32])));
        }
        Self { slots: RwLock::new(slots), store_id, months: Months::default() }
    }

    pub(crate) fn month(mut self, month: u32, slot: u32) -> Self {
        self.months.assign(Slot(slot), Purpose::Month(Month(month)));
        self
    }

    pub(crate) fn erase(&self, slot: u32) {
        self.slots.write().set(slot, SlotState::Erased);
    }

    pub(crate) fn view(&self) -> KeyView<'_> {
        KeyView::new(self.slots.read(), &self.store_id, self.months.clone())
    }
}
