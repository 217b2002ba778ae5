//! The real clock and the real chance: the only place that reads either.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::time::Timestamp;
use store::sources::in_advance;
use store::{Reading, Sources};

/// The machine's clocks, and random bytes from the operating system by way of aws-lc's generator.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn real() -> Sources {
    let start = Instant::now();
    let now = move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        Reading { wall, monotonic: Instant::now().duration_since(start) }
    };
    let fill = in_advance(|bytes| {
        aws_lc_rs::rand::fill(bytes).expect("the operating system has random bytes");
    });
    Sources { now: Arc::new(now), fill }
}
