//! The slots in memory.

use super::key::Key;

/// What a slot holds.
#[derive(Debug)]
pub enum SlotState<K = Key> {
    /// Nothing yet.
    Empty,
    /// A key.
    Filled(K),
    /// Nothing any more.
    Erased,
}

/// Slots by number, from 1. They never move, so that no copy of a key stays behind in memory that
/// was given back.
#[derive(Default)]
pub(super) struct Slots {
    blocks: Vec<Box<[SlotState]>>,
}

/// How many slots are allocated at once.
const BLOCK: usize = 1_024;

impl Slots {
    /// What the slot holds; 0 and those beyond the highest are empty.
    pub(super) fn get(&self, number: u32) -> SlotState<&Key> {
        let Some((block, at)) = place(number) else {
            return SlotState::Empty;
        };
        match self.blocks.get(block).map(|slots| &slots[at]) {
            None | Some(SlotState::Empty) => SlotState::Empty,
            Some(SlotState::Filled(key)) => SlotState::Filled(key),
            Some(SlotState::Erased) => SlotState::Erased,
        }
    }

    /// Puts a state into a slot other than 0; a key that was there is overwritten.
    pub(super) fn set(&mut self, number: u32, state: SlotState) {
        let (block, at) = place(number).expect("slot 0 holds nothing");
        while self.blocks.len() <= block {
            self.blocks.push((0..BLOCK).map(|_| SlotState::Empty).collect());
        }
        self.blocks[block][at] = state;
    }

    /// The numbers of those that are erased.
    pub(super) fn erased(&self) -> impl Iterator<Item = u32> {
        let slots = self.blocks.iter().flatten();
        let erased = (1..).zip(slots).filter(|(_, slot)| matches!(slot, SlotState::Erased));
        erased.map(|(number, _)| number)
    }

    /// How many slots after this one hold a key, up to the first that does not.
    pub(super) fn free(&self, highest_used: u32) -> u32 {
        let mut free = 0;
        while matches!(self.get(highest_used + 1 + free), SlotState::Filled(_)) {
            free += 1;
        }
        free
    }
}

fn place(number: u32) -> Option<(usize, usize)> {
    let index = usize::try_from(number.checked_sub(1)?).expect("32 bits fit");
    Some((index / BLOCK, index % BLOCK))
}
