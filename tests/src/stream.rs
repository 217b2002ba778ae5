//! An answer that is read while it is made: its head, and then a piece whenever a test wants one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, connect, read_head, read_line, request_bytes};

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Stream {
    /// Its status and headers.
    pub head: Answer,
    body: BufReader<Chunks>,
}

/// One event of a stream of Server-Sent Events, or what came in an event's place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// From where to go on after it.
    pub id: String,
    /// Its name; empty for what only says that the stream lives.
    pub name: String,
    /// The fact.
    pub data: Value,
}

/// The body of an answer in chunks (RFC 9112, 7.1).
#[derive(Debug)]
struct Chunks {
    from: BufReader<TcpStream>,
    left: usize,
    is_over: bool,
}

impl Stream {
    /// Asks, and reads the head of the answer.
    pub fn open(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> io::Result<Self> {
        let mut from = connect(address)?;
        let host = address.to_string();
        from.get_mut().write_all(&request_bytes("GET", target, (&host, headers), b"")?)?;
        let head = read_head(&mut from)?;
        let chunks = Chunks { from, left: 0, is_over: false };
        Ok(Self { head, body: BufReader::with_capacity(1, chunks) })
    }

    /// Waits no longer than this for a piece.
    pub fn wait_at_most(&mut self, time: Duration) {
        let stream = self.body.get_ref().from.get_ref();
        stream.set_read_timeout(Some(time)).expect("a connection has time-outs");
    }

    /// The next event; `None` where the stream ended as it should.
    pub fn event(&mut self) -> io::Result<Option<Event>> {
        let mut event = Event::default();
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut event.id),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data)?,
                Some(("", _comment)) => {}
                Some(other) => panic!("{other:?} is nothing that an event has"),
                None => return Ok(Some(event)),
            }
        }
    }

    /// The next event that tells a fact.
    #[track_caller]
    pub fn fact(&mut self) -> Event {
        loop {
            let event = self.event().expect("the stream goes on").expect("it does not end");
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// All that is left.
    pub fn rest(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_over {
            return Ok(0);
        }
        if self.left == 0 {
            let size = read_line(&mut self.from)?;
            let bad = |_| io::Error::new(io::ErrorKind::InvalidData, "a bad chunk");
            self.left = usize::from_str_radix(&size, 16).map_err(bad)?;
            if self.left == 0 {
                self.is_over = true;
                return Ok(0);
            }
        }
        let most = into.len().min(self.left);
        let read = self.from.read(&mut into[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            read_line(&mut self.from)?;
        }
        Ok(read)
    }
}
