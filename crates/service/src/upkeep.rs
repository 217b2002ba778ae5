//! Keeping the store in shape: rebuild and verify, while it serves.

use domain::id::Position;
use domain::policy::Act;
use domain::system;
use store::verify::Report;
use tokio::sync::oneshot;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::writer::Task;
use crate::{Command, Service};

/// What a rebuild did.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The fact that says so.
    pub position: Position,
    /// Facts folded.
    pub facts: u64,
    /// Rows of users, sessions, names and tokens.
    pub counts: store::views::Counts,
    /// The digest of all rows.
    pub digest: [u8; 32],
    /// What differed in the views that were replaced; nothing, unless something went wrong.
    pub differences: Vec<String>,
}

impl Service {
    /// Folds the whole log into fresh views beside the serving ones, compares them, swaps them in.
    pub async fn rebuild(&self, caller: Caller) -> Result<Rebuilt, Failure> {
        self.permits(&caller, Act::Operate, None)?;
        // A second set of views is all there is room for.
        let _only = self.inner.folding.try_lock().map_err(|_| Failure::Busy)?;
        let rebuilt = self.blocking(|service| service.store().rebuild()).await?;
        let (counts, digest) = (rebuilt.counts(), rebuilt.digest());
        let facts = rebuilt.facts();
        let (reply, answer) = oneshot::channel();
        self.send(Task::Swap(Box::new(rebuilt), reply))?;
        let differences = answer.await.unwrap_or(Err(Failure::Closing))?;
        let command = Command::System(system::Command::NoteRebuild { facts, digest });
        let position = self.execute(caller, command).await?.position;
        Ok(Rebuilt { position, facts, counts, digest, differences })
    }

    /// Checks everything that is kept against itself: frames, tree, sled's log, views.
    pub async fn verify(&self, caller: Caller) -> Result<Report, Failure> {
        self.permits(&caller, Act::Operate, None)?;
        let _only = self.inner.folding.try_lock().map_err(|_| Failure::Busy)?;
        let (mut report, rebuilt) = self.blocking(|service| service.store().verify()).await?;
        let Some(rebuilt) = rebuilt else { return Ok(report) };
        let (reply, answer) = oneshot::channel();
        self.send(Task::Compare(Box::new(rebuilt), reply))?;
        report.findings.extend(answer.await.unwrap_or(Err(Failure::Closing))?);
        Ok(report)
    }
}
