//! Checking everything that is kept against itself.

use crate::error::StoreError;
use crate::open::Store;
use crate::order::Order;
use crate::rebuild::Rebuilt;

/// What a verification looked at, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Facts that were read, opened and folded.
    pub facts: u64,
    /// Frames whose checksums, roots and padding are right.
    pub frames: u64,
    /// Frames that a failed write left behind a later segment's begin; they hold no fact.
    pub dead_frames: u64,
    /// Facts that sled holds as the journal does; 0 if it knows nothing.
    pub sled_facts: u64,
    /// States of people that were folded anew and found to be what is kept.
    pub states: u64,
    /// What is wrong; nothing, if all is well.
    pub findings: Vec<String>,
}

impl Store {
    /// Checks frames, tree and order, compares sled with the journal, and folds the log anew; the fresh views come back to be compared with
    /// the serving ones between two turns, unless the log cannot be read.
    pub fn verify(&self) -> Result<(Report, Option<Rebuilt>), StoreError> {
        let mut order = Order::default();
        let looked = self.refold(|visit| {
            self.journal().verify(|frame| {
                order.frame(frame);
                visit(frame)
            })
        });
        match looked {
            Ok((fresh, verified)) => {
                let (sled_facts, differing) = self.follower().verify()?;
                let (states, wrong) = self.verify_states()?;
                let findings = [order.findings(), differing, wrong].concat();
                let report = Report {
                    facts: verified.head.position,
                    frames: verified.frames,
                    dead_frames: verified.dead.len() as u64,
                    sled_facts,
                    states,
                    findings,
                };
                Ok((report, Some(self.compared(fresh)?)))
            }
            Err(error @ (StoreError::Damage(_) | StoreError::Unreadable { .. })) => {
                Ok((Report { findings: vec![error.to_string()], ..Report::default() }, None))
            }
            Err(error) => Err(error),
        }
    }
}
