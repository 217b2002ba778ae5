//! Which files the project has: what git tracks, or what lies there when git cannot say.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a walk leaves out, because `.gitignore` does and a walk does not read it.
const SKIPPED_DIRECTORIES: &[&str] = &[".git", "target", "muster-data"];

/// The project's files, relative to its root, sorted, with `/` between their parts.
pub struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    /// Lists the tracked files that are there; without git, or outside a checkout, every file.
    pub fn read(root: &Path) -> Self {
        let tracked = git(root, &["ls-files", "-z"]).unwrap_or_default();
        let mut files: Vec<String> = tracked
            .split('\0')
            .filter(|path| !path.is_empty() && root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        if files.is_empty() {
            walk(root, "", &mut files);
        }
        files.sort();
        Self { root: root.to_path_buf(), files }
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The files whose path ends so.
    pub fn files_ending(&self, end: &str) -> impl Iterator<Item = &str> {
        self.files().filter(move |path| path.ends_with(end))
    }

    /// A file's text; bytes that are not UTF-8 are replaced, and a missing file is empty.
    pub fn text(&self, path: &str) -> String {
        let bytes = std::fs::read(self.root.join(path)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What git prints for these arguments, run in the root; `None` if it fails or is not there.
    pub fn git(&self, arguments: &[&str]) -> Option<String> {
        git(&self.root, arguments)
    }
}

fn walk(root: &Path, below: &str, files: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if !entry.path().is_dir() {
            files.push(path);
        } else if !SKIPPED_DIRECTORIES.contains(&name.as_str()) {
            walk(root, &path, files);
        }
    }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        // CI often runs as root on a checkout that belongs to somebody else.
        .args(["-c", "safe.directory=*", "-c", "core.quotePath=false"])
        .args(arguments)
        .current_dir(root)
        // A hook sets these for its own repository; here the root decides.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
