//! Printing, and numbers for it.

use std::io::Write;

/// Prints a line. Whoever reads may have gone (`| head`): then there is nobody to print for.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// A count as it is divided and printed: beyond 2^53 it would be rounded.
#[expect(clippy::cast_precision_loss, reason = "nobody counts that far here")]
pub fn number(count: usize) -> f64 {
    count as f64
}

/// Prints how it goes, or what went wrong.
pub fn complain(text: &str) {
    // Where even this fails, nobody can be told.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
