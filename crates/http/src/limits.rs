//! What is refused for its size. Every dialect answers beyond a limit in its own words.

use std::time::Duration;

use domain::time::Span;

/// Longest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// A body up to so many bytes counts as small.
pub const SMALL_BODY_BYTES_MAX: usize = 64 << 10;
/// Bytes of small bodies in work at once, and as many again of larger ones. More wait. Parsed JSON may
/// take 16 times the bytes it was parsed from.
pub const BODIES_BYTES_MAX: usize = 64 << 20;
/// How long a client may take to send its body.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long the rest of a body may take to come that nobody reads.
pub const UNREAD_TIME_MAX: Duration = Duration::from_secs(1);
/// How long a client may take to send a request's head.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest head of a request, in bytes; hyper answers 431 beyond it.
pub const HEAD_BYTES_MAX: usize = 64 << 10;
/// Open connections; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 4_096;
/// How long requests may go on after the signal to stop.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a read waits for a position that is not visible yet, before it is told to come again.
pub const MIN_POSITION_WAIT_MAX: Duration = Duration::from_secs(2);
/// Resets of a password that may wait to be begun; more are forgotten, with the same answer.
pub const RESETS_WAITING_MAX: usize = 256;
/// Longest user agent or request id that a fact keeps, in bytes; a longer one is cut.
pub const ORIGIN_TEXT_BYTES_MAX: usize = 1_024;
/// Longest time that a request waits for events, in seconds.
pub const EVENTS_WAIT_SECS_MAX: u64 = 60;
/// A stream of events is silent no longer than this.
pub const EVENT_HEARTBEAT: Span = Span::secs(15);
