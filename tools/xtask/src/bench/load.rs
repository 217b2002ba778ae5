//! Who asks over HTTP: connections that are kept, requests that are made before, one thread.
//!
//! The load costs time on the same cores as the server: absolute rates say little, and ratios between
//! two servers under the same load come out too near 1, never too far.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Timed, nanos};
use crate::driving::clock;

/// Connections that ask at the same time.
pub const CONNECTIONS: usize = 64;

/// As our server writes it.
const LENGTH: &[u8] = b"content-length: ";

/// Asks for so long; each connection sends its own requests in turn.
pub fn ask_for(address: SocketAddr, requests: &[Vec<String>], time: Duration) -> Result<Timed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let began = clock::now();
        let tasks: Vec<_> = requests
            .iter()
            .map(|requests| tokio::spawn(connection(address, requests.clone(), began, time)))
            .collect();
        let mut taken = Vec::new();
        for task in tasks {
            taken.extend(task.await??);
        }
        Ok(Timed::of(taken, clock::now() - began, 1.0))
    })
}

async fn connection(
    address: SocketAddr,
    requests: Vec<String>,
    began: std::time::Instant,
    time: Duration,
) -> Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut taken, mut answer) = (Vec::new(), Vec::with_capacity(4_096));
    for request in requests.iter().cycle() {
        let before = clock::now();
        if before - began >= time {
            break;
        }
        stream.write_all(request.as_bytes()).await?;
        answer.clear();
        while !is_whole(&answer)? {
            ensure!(stream.read_buf(&mut answer).await? > 0, "the server hung up");
        }
        taken.push(nanos(clock::now() - before));
    }
    Ok(taken)
}

/// Whether an answer is there to its end; it must be a 200.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(false);
    };
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "answered {}", String::from_utf8_lossy(answer));
    let at = answer[..head].windows(LENGTH.len()).position(|text| text == LENGTH);
    let digits = &answer[at.context("an answer has a length")? + LENGTH.len()..head + 2];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let length: usize = std::str::from_utf8(&digits[..end])?.parse()?;
    Ok(answer.len() >= head + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        assert!(is_whole(answer).expect("a good answer"));
        for cut in 0..answer.len() {
            assert!(!is_whole(&answer[..cut]).expect("the begin of a good answer"), "{cut}");
        }
        assert!(is_whole(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
