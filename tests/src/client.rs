//! A blocking HTTP/1.1 client: one connection, kept open, and nothing that a test cannot see.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take: beyond it a test fails as hung.
pub const ANSWER_TIME_MAX: Duration = Duration::from_mins(1);

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at `address`; it connects when it has something to send.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends a request and reads its answer.
    ///
    /// A connection that failed is gone; the next request opens another. Nothing is sent twice.
    pub fn try_send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let host = self.address.to_string();
        let request = request_bytes(method, target, (&host, headers), body)?;
        self.try_send_raw(&request, method == "HEAD")
    }

    /// Sends these bytes as they are and reads one answer, which has no body if `head_only`.
    pub fn try_send_raw(&mut self, request: &[u8], head_only: bool) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.address)?,
        };
        // A server may answer, and close, before it has read everything.
        let written = connection.get_mut().write_all(request);
        let answer = read_answer(&mut connection, head_only);
        if written.is_ok() && answer.as_ref().is_ok_and(Answer::keeps_open) {
            self.connection = Some(connection);
        }
        answer
    }

    /// Sends a request that has to be answered.
    #[track_caller]
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        match self.try_send(method, target, headers, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {target} was not answered: {error}"),
        }
    }
}

impl Answer {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("{}: {error}: {:?}", self.status, self.text()),
        }
    }

    fn keeps_open(&self) -> bool {
        self.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"))
    }
}

/// Opens a connection on which nothing waits for ever.
pub fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
    Ok(BufReader::new(stream))
}

/// Asks once, through the owner-only socket.
#[track_caller]
pub fn ask_locally(socket: &Path, method: &str, target: &str, body: &str) -> Answer {
    let answer = try_send_through(socket, method, target, &[], body.as_bytes());
    answer.unwrap_or_else(|error| panic!("{method} {target} was not answered: {error}"))
}

/// Sends a request through a Unix socket, on a connection of its own, and reads its answer.
pub fn try_send_through(
    socket: &Path,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
    let mut stream = BufReader::new(stream);
    // As above: there may be an answer to what was not read.
    drop(stream.get_mut().write_all(&request_bytes(method, target, ("local", headers), body)?));
    read_answer(&mut stream, method == "HEAD")
}

pub(crate) fn request_bytes(
    method: &str,
    target: &str,
    (host, headers): (&str, &[(&str, &str)]),
    body: &[u8],
) -> io::Result<Vec<u8>> {
    let mut request = Vec::with_capacity(body.len() + 1_024);
    write!(request, "{method} {target} HTTP/1.1\r\nhost: {host}\r\n")?;
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n")?;
    }
    write!(request, "content-length: {}\r\n\r\n", body.len())?;
    request.extend_from_slice(body);
    Ok(request)
}

fn read_answer(from: &mut impl BufRead, head_only: bool) -> io::Result<Answer> {
    let mut answer = read_head(from)?;
    if !head_only {
        answer.body = read_body(from, &answer)?;
    }
    Ok(answer)
}

/// Reads status and headers, and leaves the body where it is.
pub(crate) fn read_head(from: &mut impl BufRead) -> io::Result<Answer> {
    let status_line = read_line(from)?;
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .ok_or_else(|| invalid(&format!("no status line: {status_line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header has no colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Answer { status, headers, body: Vec::new() })
}

fn read_body(from: &mut impl BufRead, answer: &Answer) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = read_line(from)?;
            let size =
                usize::from_str_radix(size.trim(), 16).map_err(|_| invalid("a bad chunk"))?;
            let mut chunk = vec![0; size];
            from.read_exact(&mut chunk)?;
            read_line(from)?;
            if size == 0 {
                return Ok(body);
            }
            body.append(&mut chunk);
        }
    }
    let length = answer.header("content-length").unwrap_or("0");
    body.resize(length.parse().map_err(|_| invalid("a bad length"))?, 0);
    from.read_exact(&mut body)?;
    Ok(body)
}

pub(crate) fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// A text as part of a query string or of a path (RFC 3986, unreserved characters kept).
pub fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    out
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).expect("four bits").to_ascii_uppercase()
}
