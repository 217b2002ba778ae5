//! Bodies that nobody read: an answer may be ready before its request was read to the end, as 405 is.
//!
//! Left alone, the connection would be closed behind the answer without a word, and the client's next
//! request on it would fail. So the rest is read and thrown away; if it is too much, or does not come,
//! the answer says that the connection is closed.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

use crate::limits::{BODY_BYTES_MAX, UNREAD_TIME_MAX};

/// A body that was handed on, and what is left of it.
pub struct Rest {
    shared: Shared,
    /// Who waits to be asked for the body has not sent it; to read would be to ask.
    waits: bool,
}

impl Rest {
    /// Keeps hold of a request's body, if it has one that is not read yet.
    pub fn of(request: &mut Request) -> Option<Self> {
        if request.body().is_end_stream() {
            return None;
        }
        let waits = request.headers().contains_key(header::EXPECT);
        let body = std::mem::take(request.body_mut());
        let shared = Shared(Arc::new(Mutex::new(Some(body))));
        *request.body_mut() = Body::new(shared.clone());
        Some(Self { shared, waits })
    }

    /// Sees to it that the body is read, or that its sender knows from the answer that it was not.
    pub async fn read_away(self, response: &mut Response) {
        if response.headers().contains_key(header::CONNECTION) {
            return;
        }
        let unread = self.shared.lock().take();
        let is_read = match unread {
            None => true,
            Some(body) if body.is_end_stream() => true,
            Some(body) => !self.waits && drain(body).await,
        };
        if !is_read {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Reads to the end and keeps nothing; whether the end came.
async fn drain(mut body: Body) -> bool {
    let bytes_max = BODY_BYTES_MAX as u64;
    if body.size_hint().lower() > bytes_max {
        return false;
    }
    let read = async {
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if bytes > bytes_max {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(UNREAD_TIME_MAX, read).await.unwrap_or(false)
}

/// A body that can be taken back from whoever it was given to; nothing once it was read to the end.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<Body>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Body>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut held = self.lock();
        let Some(body) = held.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) {
            *held = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.lock().as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}
