//! `muster verify --proof`: a proof against a key, with no store.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use store::proof::{PROOF_FILE_BYTES_MAX, ProofFile};

use super::Options;
use crate::exit::WrongUsage;
use crate::output;

/// Verifies.
pub fn run(options: &Options, file: &Path) -> Result<()> {
    let key = options.key()?.ok_or(WrongUsage("--proof needs --key"))?;
    let text = super::read(file, PROOF_FILE_BYTES_MAX)?;
    let named = || file.display().to_string();
    let proof = ProofFile::parse(&text).with_context(named)?;
    let checkpoint = proof.verify(&key).with_context(named)?;
    let (position, size, origin) = (proof.position, checkpoint.size, checkpoint.origin);
    if options.json {
        let origin = origin.to_string();
        let told = json!({"position": position, "size": size, "log": origin, "holds": true});
        output::line(&told.to_string());
    } else {
        output::line(&format!(
            "it holds: the record in it is the fact at position {position} of the first {size} of the log \
             {origin}, which {} signed",
            key.name()
        ));
    }
    Ok(())
}
