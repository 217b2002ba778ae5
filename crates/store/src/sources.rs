//! The clock and the chance: the only two things that the store takes from the world unasked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;

/// Where time and random bytes come from; the binary builds one, tests build their own.
#[derive(Clone)]
pub struct Sources {
    /// Reads both clocks.
    pub now: Arc<dyn Fn() -> Reading + Send + Sync>,
    /// Fills the slice with random bytes that nobody can foresee.
    pub fill: Fill,
}

/// Fills the slice with random bytes.
pub type Fill = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Both clocks, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the wall clock says; it may jump.
    pub wall: Timestamp,
    /// How long some fixed moment of this process lies back; it never jumps.
    pub monotonic: Duration,
}

impl Sources {
    /// An array of random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes);
        bytes
    }
}

/// Random bytes drawn at a time by [`in_advance`]. A draw costs the same for 12 bytes as for some
/// hundred: of the writer's time at 256 callers, drawing each nonce by itself took 16 %.
const DRAWN_BYTES: usize = 4_096;

/// Chance that is drawn in advance from `draw`, and handed out in small pieces, each once.
///
/// What was handed out is wiped. A process that forks must not use it on both sides.
pub fn in_advance(draw: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Fill {
    let drawn = Mutex::new(Drawn { bytes: [0; DRAWN_BYTES], left: 0 });
    Arc::new(move |bytes| {
        if bytes.len() > DRAWN_BYTES {
            return draw(bytes);
        }
        // A draw that panicked left nothing that could be handed out.
        drawn.lock().unwrap_or_else(PoisonError::into_inner).take(bytes, &draw);
    })
}

/// Random bytes that nobody has yet.
struct Drawn {
    bytes: [u8; DRAWN_BYTES],
    left: usize,
}

impl Drawn {
    fn take(&mut self, out: &mut [u8], draw: &impl Fn(&mut [u8])) {
        if self.left < out.len() {
            self.left = 0;
            draw(&mut self.bytes);
            self.left = DRAWN_BYTES;
        }
        let end = self.left;
        self.left -= out.len();
        let taken = &mut self.bytes[self.left..end];
        out.copy_from_slice(taken);
        taken.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Chance whose every byte is told from the 255 before it.
    fn counting(bytes: &mut [u8]) {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        for byte in bytes {
            *byte = NEXT.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_byte_is_handed_out_once_and_wiped() {
        let mut drawn = Drawn { bytes: [0; DRAWN_BYTES], left: 0 };
        let (mut one, mut two) = ([0; 32], [0; 32]);
        drawn.take(&mut one, &counting);
        drawn.take(&mut two, &counting);
        assert!(one.iter().all(|byte| !two.contains(byte)));
        assert_eq!(drawn.left, DRAWN_BYTES - 64);
        assert!(drawn.bytes[drawn.left..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn long_and_short_requests_are_filled() {
        let fill = in_advance(|bytes| bytes.fill(0xA5));
        for len in [1, 12, DRAWN_BYTES - 5, DRAWN_BYTES, DRAWN_BYTES * 3] {
            let mut bytes = vec![0; len];
            fill(&mut bytes);
            assert!(bytes.iter().all(|byte| *byte == 0xA5), "{len}");
        }
    }
}
