//! What every surface does to a request: its id, where it comes from, one line in the log.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::actor::Origin;
use domain::id::Position;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use service::addresses::Network;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{
    BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_TIME_MAX, MIN_POSITION_WAIT_MAX, ORIGIN_TEXT_BYTES_MAX,
    SMALL_BODY_BYTES_MAX,
};
use crate::unread::Rest;
use crate::{App, v1, zato};

/// The request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The position of the last fact that an answer to a write rests on.
pub const POSITION: HeaderName = HeaderName::from_static("x-muster-position");
/// The position that a read has to see.
pub const MIN_POSITION: HeaderName = HeaderName::from_static("x-muster-min-position");
/// The login name of whoever sits at the command line; believed on the socket only.
pub const OPERATOR: HeaderName = HeaderName::from_static("x-muster-operator");
/// Longest request id that is taken over from a client.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// Where a connection comes from; the accept loop attaches it to each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// From the network.
    Network(SocketAddr),
    /// Through the owner-only socket, or from inside the process.
    Local,
}

/// The id of a request: the client's if it has the right form, else a new one.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Gives a request its id, and writes one line about it: never a path, query string, body or token.
pub async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = match id.filter(|id| is_request_id(id)) {
        Some(id) => id.to_owned(),
        None => hex(&app.service.store().sources().random::<16>()),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    // The route, not the path: a path may name a person.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let uri = request.uri().clone();
    let rest = Rest::of(&mut request);
    let clock = &app.service.store().sources().now;
    let began = clock().monotonic;
    let mut response = match has_seen(&app, request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(blind) => blind.answer(&app, request.uri().path()),
    };
    if let Some(rest) = rest {
        rest.read_away(&mut response).await;
    }
    let took = clock().monotonic.saturating_sub(began);
    let took_us = u64::try_from(took.as_micros());
    let status = response.status().as_u16();
    let route = route.as_ref().map(MatchedPath::as_str);
    app.requests.count((uri.path(), route), &method, status, took);
    let route = route.unwrap_or("none");
    tracing::debug!(%method, route, status, took_us = took_us.unwrap_or(u64::MAX), id, "request");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// How often a read that waits for a position looks whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Why a read cannot see what it wants to see.
enum Blind {
    /// What it wants to see is no position.
    NoPosition,
    /// It is not there yet.
    NotYet,
}

/// Waits, not for ever, until the position that a request names is visible.
async fn has_seen(app: &App, headers: &HeaderMap) -> Result<(), Blind> {
    let Some(wanted) = headers.get(MIN_POSITION) else { return Ok(()) };
    let wanted = wanted.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wanted = Position(wanted.ok_or(Blind::NoPosition)?);
    let is_visible = || app.service.store().views().globals().position >= wanted;
    let waiting = async {
        while !is_visible() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(MIN_POSITION_WAIT_MAX, waiting).await.map_err(|_| Blind::NotYet)
}

impl Blind {
    /// In the words of the surface that was asked.
    fn answer(&self, app: &App, path: &str) -> Response {
        let is_zato = path.starts_with("/zato/");
        match self {
            Self::NoPosition if is_zato => zato::bad_request(app),
            Self::NoPosition => v1::bad_position(MIN_POSITION.as_str()),
            Self::NotYet if is_zato => zato::unavailable(app),
            Self::NotYet => v1::not_visible_yet(),
        }
    }
}

/// Where a request came from, as facts keep it.
pub fn origin(
    peer: Option<Peer>,
    headers: &HeaderMap,
    request: &RequestId,
    trusted_proxies: &[Network],
) -> Origin {
    let text = |name: &HeaderName| {
        headers.get(name).map(|value| cut(&String::from_utf8_lossy(value.as_bytes())))
    };
    let (address, operator) = match peer {
        Some(Peer::Network(address)) => {
            let address = address.ip().to_canonical();
            let said = is_trusted(trusted_proxies, address).then(|| forwarded_for(headers));
            let address =
                said.flatten().map_or_else(|| address.to_string().into(), |said| cut(&said));
            (Some(address), None)
        }
        Some(Peer::Local) => (None, text(&OPERATOR)),
        None => (None, None),
    };
    Origin {
        address,
        // A missing header is recorded as an empty text.
        agent: Some(text(&header::USER_AGENT).unwrap_or_default()),
        request: Some(request.0.as_str().into()),
        operator,
    }
}

/// The addresses that a proxy says it asks for, joined by commas; `None` if it names none.
fn forwarded_for(headers: &HeaderMap) -> Option<String> {
    let named = |name: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let addresses = values.flat_map(|value| value.split(',')).map(str::trim);
        let addresses: Vec<_> = addresses.filter(|address| !address.is_empty()).collect();
        (!addresses.is_empty()).then(|| addresses.join(", "))
    };
    // Zato's order (contract, 6.5).
    named("x-zato-forwarded-for").or_else(|| named("x-forwarded-for"))
}

/// Whether an address is that of a proxy of the operator's.
fn is_trusted(trusted_proxies: &[Network], address: IpAddr) -> bool {
    trusted_proxies.iter().any(|network| network.contains(address))
}

/// Cuts a text to what a fact keeps of it; a NUL cannot stand in one.
pub fn cut(text: &str) -> Box<str> {
    let mut end = text.len().min(ORIGIN_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if text.contains('\0') { text.replace('\0', " ").into() } else { text.into() }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than the limit.
    TooLong,
    /// It took too long, or broke off.
    Broken,
}

/// Room for the bodies that are in work; large ones cannot crowd small ones out.
pub struct Room {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body, and the room it takes for as long as anything made of it is kept.
pub struct Held {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its share of the room.
    pub permit: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Self {
        let room = || Arc::new(Semaphore::new(BODIES_BYTES_MAX / PERMIT_BYTES));
        Self { small: room(), large: room() }
    }
}

impl Room {
    /// Reads a body, within the limits of one and of all.
    pub async fn read(&self, body: Body) -> Result<Held, BodyFault> {
        // A body that does not say how long it is may be as long as any.
        let size = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
        let size = size.unwrap_or(BODY_BYTES_MAX);
        if size > BODY_BYTES_MAX {
            return Err(BodyFault::TooLong);
        }
        let room = if size <= SMALL_BODY_BYTES_MAX { &self.small } else { &self.large };
        let permits = u32::try_from(size.div_ceil(PERMIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let read = async {
            let permit = Arc::clone(room).acquire_many_owned(permits).await;
            let permit = permit.map_err(|_| BodyFault::Broken)?;
            match Limited::new(body, BODY_BYTES_MAX).collect().await {
                Ok(body) => Ok(Held { bytes: body.to_bytes(), permit }),
                Err(error) if error.is::<LengthLimitError>() => Err(BodyFault::TooLong),
                Err(_) => Err(BodyFault::Broken),
            }
        };
        tokio::time::timeout(BODY_TIME_MAX, read).await.unwrap_or(Err(BodyFault::Broken))
    }
}

/// The bytes that one permit of [`Room`] stands for.
const PERMIT_BYTES: usize = 1 << 10;

/// Says in an answer to a write up to where the log has to be read to see it.
pub fn at_position(mut response: Response, position: Option<Position>) -> Response {
    if let Some(position) = position {
        response.headers_mut().insert(POSITION, HeaderValue::from(position.0));
    }
    response
}

/// When a client that was told "later" should try again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

fn is_request_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !id.is_empty() && id.len() <= REQUEST_ID_CHARS_MAX && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_the_right_form_are_taken_over() {
        for good in ["a", "A.b_c-9", &"x".repeat(64)] {
            assert!(is_request_id(good), "{good}");
        }
        for bad in ["", "a b", "ü", &"x".repeat(65), "a/b"] {
            assert!(!is_request_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_header_that_says_for_whom_it_asks_counts_from_a_trusted_proxy_only() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9,198.51.100.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static(" 192.0.2.7 "));
        let peer = Some(Peer::Network("10.0.0.1:4711".parse().unwrap()));
        let request = RequestId("r".to_owned());
        let address = |headers: &HeaderMap, trusted: &[&str]| {
            let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
            origin(peer, headers, &request, &trusted).address.map(String::from)
        };
        let proxy = ["10.0.0.0/8"];
        let all = "203.0.113.9, 198.51.100.1, 192.0.2.7";
        assert_eq!(address(&headers, &proxy).as_deref(), Some(all));
        assert_eq!(address(&headers, &["10.0.0.2"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(address(&headers, &[]).as_deref(), Some("10.0.0.1"));
        headers.insert("x-zato-forwarded-for", HeaderValue::from_static("192.0.2.8"));
        assert_eq!(address(&headers, &proxy).as_deref(), Some("192.0.2.8"));
        assert_eq!(address(&HeaderMap::new(), &proxy).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "é".repeat(ORIGIN_TEXT_BYTES_MAX);
        assert_eq!(cut(&text).len(), ORIGIN_TEXT_BYTES_MAX);
        assert_eq!(&*cut("a\0b"), "a b");
    }

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0, 0x9F, 255]), "009fff");
    }
}
