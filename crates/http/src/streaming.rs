//! Bodies that are made while they are read. A piece is made when there is room for it, and there is room for one:
//! whoever does not read holds up nobody, and nothing grows.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// Where pieces go; the body ends when it is dropped.
pub struct Sender {
    pieces: mpsc::Sender<Bytes>,
    is_broken: Arc<AtomicBool>,
}

/// Room for one piece.
pub struct Room<'a>(mpsc::Permit<'a, Bytes>);

struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    is_broken: Arc<AtomicBool>,
}

/// A body, and where its pieces go.
pub fn channel() -> (Sender, Body) {
    let (sender, pieces) = mpsc::channel(1);
    let is_broken = Arc::<AtomicBool>::default();
    let body = Pieces { pieces, is_broken: Arc::clone(&is_broken) };
    (Sender { pieces: sender, is_broken }, Body::new(body))
}

impl Sender {
    /// Waits until the piece before was taken; `None` once nobody reads any more.
    pub async fn room(&self) -> Option<Room<'_>> {
        self.pieces.reserve().await.ok().map(Room)
    }

    /// Waits until nobody reads any more.
    pub async fn closed(&self) {
        self.pieces.closed().await;
    }

    /// Ends the body so that its reader sees that it is not whole.
    pub fn break_off(self) {
        self.is_broken.store(true, Ordering::Release);
    }
}

impl Room<'_> {
    /// Fills it.
    pub fn send(self, piece: String) {
        self.0.send(piece.into());
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.is_broken.load(Ordering::Acquire) => {
                Some(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            None => None,
        })
    }
}
