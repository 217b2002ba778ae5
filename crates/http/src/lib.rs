//! What is spoken: dialects over one service. A dialect is a translation; none imports another.
//!
//! [`serve`] accepts connections; [`router`] has all routes. [`zato`] speaks Zato SSO; [`v1`] is for
//! auditors and operators; [`openapi`] describes every route, and [`docs`] shows that to people;
//! [`request`] is what every surface does to a request before and after; [`settings`] is what an operator
//! may choose; [`limits`] names what is refused for its size; [`dates`] writes moments;
//! [`unread`] reads what was sent for nothing; `streaming` makes answers while they are read.

mod counting;
pub mod dates;
pub mod docs;
pub mod limits;
pub mod openapi;
pub mod request;
pub mod serve;
pub mod settings;
mod streaming;
pub mod unread;
pub mod v1;
pub mod zato;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use service::Service;
use tokio::sync::{Semaphore, watch};

pub use crate::settings::Settings;

/// What every handler can reach. Each layer and handler has a clone for each request, so cloning counts one
/// thing up and no more.
#[derive(Clone)]
pub struct App(Arc<Reach>);

/// What [`App`] reaches.
pub struct Reach {
    /// The one service.
    pub service: Service,
    /// What the operator chose.
    pub settings: Settings,
    /// Room for resets that are begun after their answers.
    pub(crate) resets: Arc<Semaphore>,
    /// Room for the bodies that are in work.
    bodies: request::Room,
    /// Where requests are counted.
    requests: counting::Requests,
    /// Whether requests should go elsewhere.
    draining: watch::Sender<bool>,
}

impl Deref for App {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl App {
    /// An application over a started service.
    pub fn new(service: Service, settings: Settings) -> Self {
        let requests = counting::Requests::new(service.metrics().clone());
        Self(Arc::new(Reach {
            service,
            settings,
            resets: Arc::new(Semaphore::new(limits::RESETS_WAITING_MAX)),
            bodies: request::Room::default(),
            requests,
            draining: watch::Sender::default(),
        }))
    }

    /// From now on `/readyz` says that requests should go elsewhere, and answers that would go on end.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until requests should go elsewhere.
    pub(crate) async fn drained(&self) {
        // The sender is in here, so it does not go.
        drop(self.draining.subscribe().wait_for(|draining| *draining).await);
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::page))
        .route("/docs/{file}", get(docs::part))
        .merge(zato::routes())
        .merge(v1::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(v1::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(app.clone(), request::around))
        .with_state(app)
}

async fn ready(State(app): State<App>) -> Response {
    if *app.draining.borrow() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response()
    } else {
        "ready\n".into_response()
    }
}

async fn not_found(State(app): State<App>, uri: Uri) -> Response {
    if uri.path().starts_with("/zato/") { zato::not_found(&app) } else { v1::not_found() }
}
