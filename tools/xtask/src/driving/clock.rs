//! The clocks and the chance of this tool, which measures and so has to read them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use store::sources::in_advance;
use store::{Reading, Sources};

/// The time since some fixed moment.
#[expect(clippy::disallowed_methods, reason = "a tool that measures reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits, for those who pace a load; nobody's correctness rests on it.
pub fn pause(time: Duration) {
    let until = now() + time;
    while let Some(left) = until.checked_duration_since(now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// A number that differs from run to run.
pub fn seed() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has random bytes");
    u64::from_le_bytes(bytes)
}

/// What a store in this process is given: as the binary gives it.
#[expect(clippy::disallowed_methods, reason = "a tool that measures reads the clock")]
pub fn sources() -> Sources {
    let start = now();
    let read = move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        Reading { wall, monotonic: now().duration_since(start) }
    };
    let fill = in_advance(|bytes| {
        aws_lc_rs::rand::fill(bytes).expect("the operating system has random bytes");
    });
    Sources { now: Arc::new(read), fill }
}
