//! How every other command talks to the store: through the socket of the process that serves it, or,
//! if none does, by opening it and calling the same routes in this process.

use std::io;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use http::App;
use http::request::{OPERATOR, Peer};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use service::Service;
use store::{Store, StoreError};
use tokio::net::UnixStream;
use tower::ServiceExt;

use crate::{Data, operator, sources};

/// A way to the routes.
pub struct Client {
    way: Way,
}

enum Way {
    Socket(SendRequest<Body>),
    InProcess(Box<Router>, Service),
}

/// A route's "no", with the code that says which.
#[derive(Debug)]
pub struct Refused {
    /// The stable code.
    pub code: String,
    detail: String,
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

/// What a command is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It reads: a wrong clock is no reason to refuse.
    Read,
    /// It writes facts, which carry the time.
    Write,
}

/// Runs `command` with a way to the routes of the store in `data`.
pub fn with_client<R>(
    data: &Data,
    intent: Intent,
    command: impl AsyncFnOnce(&mut Client) -> Result<R>,
) -> Result<R> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = Client::connect(data, intent).await?;
        let result = command(&mut client).await;
        client.close().await;
        result
    })
}

impl Client {
    async fn connect(data: &Data, intent: Intent) -> Result<Self> {
        let dir = &data.dir;
        let config = data.config()?.chosen;
        let options = store::Options {
            accept_clock: intent == Intent::Read,
            ..store::Options::new(dir, &sources::real())
        };
        let way = match Store::open(&options) {
            Ok((store, writer)) => {
                let service = Service::start(store, writer, config.service)?;
                let app = App::new(service.clone(), config.http);
                Way::InProcess(Box::new(http::router(app)), service)
            }
            Err(StoreError::InUse { dir: held }) => match socket(dir).await {
                Ok(sender) => Way::Socket(sender),
                // Held, and nobody answers: another command, or a server that starts or stops.
                Err(_) => return Err(StoreError::InUse { dir: held }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        Ok(Self { way })
    }

    /// Whether a server does the work, so that others may do something meanwhile.
    pub fn is_served(&self) -> bool {
        matches!(self.way, Way::Socket(_))
    }

    /// Asks a route, and returns what it answers if that is a success.
    pub async fn ask(&mut self, method: Method, path: &str) -> Result<Value> {
        self.send(method, path, Body::empty()).await
    }

    /// Asks a route and sends it a JSON object; returns what it answers if that is a success.
    pub async fn tell(&mut self, method: Method, path: &str, object: &Value) -> Result<Value> {
        self.send(method, path, Body::from(object.to_string())).await
    }

    /// Asks a route, and returns its answer as it comes, if that is a success.
    pub async fn open(&mut self, path: &str) -> Result<Response<Body>> {
        let response = self.request(Method::GET, path, Body::empty()).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, body) = read(response).await?;
        Err(refused(status, &body))
    }

    /// Asks a route that answers with text, and returns that if it is a success.
    pub async fn text(&mut self, path: &str) -> Result<String> {
        match self.ask(Method::GET, path).await? {
            Value::String(text) => Ok(text),
            other => bail!("the server answered something else than text: {other}"),
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: Body) -> Result<Value> {
        let (status, body) = read(self.request(method, path, body).await?).await?;
        if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
    }

    async fn request(&mut self, method: Method, path: &str, body: Body) -> Result<Response<Body>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::USER_AGENT, concat!("muster/", env!("CARGO_PKG_VERSION")))
            .header(OPERATOR, operator::name());
        let mut request = request.body(body).context("the path cannot be asked for")?;
        match &mut self.way {
            Way::Socket(sender) => {
                sender.ready().await?;
                Ok(sender.send_request(request).await?.map(|body: Incoming| Body::new(body)))
            }
            Way::InProcess(router, _) => {
                request.extensions_mut().insert(Peer::Local);
                match router.as_ref().clone().oneshot(request).await {
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
        }
    }

    async fn close(self) {
        if let Way::InProcess(router, service) = self.way {
            drop(router);
            drop(tokio::task::spawn_blocking(move || service.close()).await);
        }
    }
}

/// What a route says that does not do what it was asked.
fn refused(status: StatusCode, body: &Value) -> anyhow::Error {
    let detail = body.get("detail").and_then(Value::as_str);
    let code = body.get("code").and_then(Value::as_str);
    if code == Some("damage") {
        let what = detail.unwrap_or("what is kept could not be read").to_owned();
        return StoreError::Damaged { what }.into();
    }
    match (code, detail) {
        (Some(code), Some(detail)) => {
            Refused { code: code.to_owned(), detail: detail.to_owned() }.into()
        }
        _ => anyhow!("the server answered {status}"),
    }
}

async fn read(response: Response<Body>) -> Result<(StatusCode, Value)> {
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    // What is not JSON is text.
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok((status, serde_json::from_slice(&body).unwrap_or_else(|_| text())))
}

async fn socket(dir: &Path) -> io::Result<SendRequest<Body>> {
    let stream = UnixStream::connect(http::serve::socket_path(dir)).await?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

/// A text as one segment of a path (RFC 3986, unreserved characters kept).
pub fn segment(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let spell = |byte: u8| match byte {
        byte if kept(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(spell).collect()
}
