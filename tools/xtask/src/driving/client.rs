//! An HTTP/1.1 client over one connection that is kept: as much of the protocol as our server speaks.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// What came back.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// `X-Muster-Position`, where the answer has one.
    pub position: Option<u64>,
    /// The body; null if it is no JSON.
    pub body: Value,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks, and waits for the answer. `bearer` is a token for `/v1`.
    pub fn ask(
        &mut self,
        (method, path): (&str, &str),
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request((method, path), bearer, &body);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, position, bytes) = self.answer()?;
        Ok(Answer { status, position, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// Asks for a text; anything but a 200 is an error.
    pub fn text(&mut self, (method, path): (&str, &str), bearer: Option<&str>) -> Result<String> {
        self.stream.get_mut().write_all(request((method, path), bearer, "").as_bytes())?;
        let (status, _, bytes) = self.answer()?;
        let text = String::from_utf8(bytes).map_err(|_| broken("no text"))?;
        if status == 200 { Ok(text) } else { Err(broken(&text)) }
    }

    fn answer(&mut self) -> Result<(u16, Option<u64>, Vec<u8>)> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let (mut length, mut position) = (None, None);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("no header"))?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok(),
                "x-muster-position" => position = value.trim().parse().ok(),
                _ => {}
            }
        }
        let mut bytes = vec![0; length.ok_or_else(|| broken("no length"))?];
        self.stream.read_exact(&mut bytes)?;
        Ok((status, position, bytes))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// A request as text; its id is given, so that answers to the same request have the same length.
pub fn request((method, path): (&str, &str), bearer: Option<&str>, body: &str) -> String {
    let bearer = bearer.map(|token| format!("authorization: Bearer {token}\r\n"));
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: muster-xtask\r\n\
         x-request-id: 0123456789abcdef\r\n{}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        bearer.unwrap_or_default(),
        body.len()
    )
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
