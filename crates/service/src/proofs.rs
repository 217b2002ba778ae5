//! What the log can prove: signed checkpoints, that a fact is in it, that it goes on from what it was.

use domain::policy::Act;
use domain::rejection::Rejection;
use store::checkpoint::Signed;
use store::tree::Hash;
use store::{Store, StoreError};
use thiserror::Error;

use crate::Service;
use crate::caller::Caller;
use crate::failure::Failure;

/// That a fact is in the log of a signed checkpoint.
#[derive(Clone, Debug)]
pub struct Included {
    /// The fact's position.
    pub position: u64,
    /// The fact as it is stored: sealed, and yet enough for its leaf.
    pub record: Vec<u8>,
    /// The hashes beside the way to the root, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint that tells the root.
    pub signed: Signed,
}

/// That the log of a signed checkpoint begins with an earlier one.
#[derive(Clone, Debug)]
pub struct Consistent {
    /// The number of facts of the earlier one.
    pub from: u64,
    /// Its root.
    pub from_root: Hash,
    /// The hashes from which both roots follow.
    pub hashes: Vec<Hash>,
    /// The checkpoint of the later one.
    pub signed: Signed,
}

/// Why something was not proven.
#[derive(Debug, Error)]
pub enum NotProven {
    /// The log has no such part.
    #[error("{0}")]
    NoSuchPart(String),
    /// As with any other question.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<Rejection> for NotProven {
    fn from(why: Rejection) -> Self {
        Self::Failed(why.into())
    }
}

impl Service {
    /// A signed checkpoint of all that is committed, for auditors.
    pub async fn checkpoint(&self, caller: &Caller) -> Result<Signed, NotProven> {
        self.prove(caller, Store::checkpoint).await
    }

    /// The public key of whoever signs checkpoints, as text; for everybody, since it keeps nothing.
    pub fn log_key(&self) -> Result<String, Failure> {
        // It waits for no disk, and whoever has no token must not hold up those who do.
        Ok(self.store().checkpoint_key()?.to_string())
    }

    /// Proves that the fact at `position` is among the first `size`, or all there are.
    pub async fn inclusion(
        &self,
        caller: &Caller,
        position: u64,
        size: Option<u64>,
    ) -> Result<Included, NotProven> {
        self.prove(caller, move |store| {
            let size = size.unwrap_or_else(|| store.log_head().size);
            let proof = store.inclusion(position, size)?;
            let signed = store.checkpoint_at(size)?;
            Ok(Included { position, record: proof.record, hashes: proof.path, signed })
        })
        .await
    }

    /// Proves that the first `to` facts, or all there are, begin with the first `from`.
    pub async fn consistency(
        &self,
        caller: &Caller,
        from: u64,
        to: Option<u64>,
    ) -> Result<Consistent, NotProven> {
        self.prove(caller, move |store| {
            let to = to.unwrap_or_else(|| store.log_head().size);
            let hashes = store.consistency(from, to)?;
            let (from_root, signed) = (store.root_at(from)?, store.checkpoint_at(to)?);
            Ok(Consistent { from, from_root, hashes, signed })
        })
        .await
    }

    /// One proof at a time, for auditors: the first after a start reads the whole journal, and then
    /// holds up other proofs and nothing else.
    async fn prove<T: Send + 'static>(
        &self,
        caller: &Caller,
        prove: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, NotProven> {
        self.permits(caller, Act::Audit, None)?;
        let _proving = self.inner.proving.lock().await;
        let proven = self.blocking(move |service| prove(service.store())).await;
        proven.map_err(|failure| match failure {
            Failure::Store(StoreError::NoProof { what }) => NotProven::NoSuchPart(what),
            other => NotProven::Failed(other),
        })
    }
}
