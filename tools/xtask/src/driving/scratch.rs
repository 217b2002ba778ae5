//! A directory for one run, gone when the run is over.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::clock;

/// A fresh directory under the system's temporary one (`TMPDIR`); dropping it removes it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it.
    pub fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("muster-{name}-{:016x}", clock::seed()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
