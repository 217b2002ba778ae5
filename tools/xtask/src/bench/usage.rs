//! What this process takes of the machine, as Linux tells it: memory, and time on its cores.

use std::time::Duration;

use anyhow::{Context, Result};

/// Resident now, in bytes.
pub fn resident() -> Result<u64> {
    field("VmRSS:")
}

/// The most that was resident since [`forget_peak`], in bytes.
pub fn peak() -> Result<u64> {
    field("VmHWM:")
}

/// Begins to watch for a new peak.
pub fn forget_peak() -> Result<()> {
    // "5" resets the peak (Linux, Documentation/filesystems/proc.rst).
    std::fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak")
}

/// The time that the threads of a name ran so far: unlike rates, hardly moved by other processes.
pub fn ran(thread: &str) -> Result<Duration> {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        // A thread may end between two looks.
        let Ok(name) = std::fs::read_to_string(task.join("comm")) else { continue };
        if name.trim_end() == thread {
            // Its first number is the time on a core, in nanoseconds.
            let text = std::fs::read_to_string(task.join("schedstat"))?;
            let first = text.split(' ').next().context("a schedstat has numbers")?;
            nanos += first.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanos))
}

/// What is resident now of another process, in bytes.
pub fn resident_of(process: u32) -> Result<u64> {
    field_of(&process.to_string(), "VmRSS:")
}

fn field(name: &str) -> Result<u64> {
    field_of("self", name)
}

fn field_of(process: &str, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib =
        line.and_then(|line| line.trim().strip_suffix("kB")).context("memory is told in kB")?;
    Ok(kib.trim().parse::<u64>()? * 1_024)
}
