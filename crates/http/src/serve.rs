//! Accepting connections: from the network, and through the owner-only socket.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use service::metrics::Metrics;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use crate::limits::{DRAIN_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX};
use crate::request::Peer;

/// Where the owner-only socket is.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("muster.sock")
}

/// Listens on the network; port 0 picks a free one.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Listens on a socket that only its owner can reach, because only its owner can enter the data
/// directory. A socket that a killed process left is replaced: the caller holds the directory's lock.
pub fn listen_locally(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `stop` says so, counting connections, then lets open requests finish, within a limit.
pub async fn serve(
    network: TcpListener,
    local: UnixListener,
    router: Router,
    connections_max: usize,
    metrics: Option<&Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(connections_max));
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            // The operator's socket is not crowded out by the network.
            accepted = local.accept() => match accepted {
                Ok((stream, _)) => {
                    let served = connection(stream, Peer::Local, &router, &graceful);
                    let open = metrics.map(|metrics| metrics.connection("socket"));
                    tokio::spawn(async move {
                        served.await;
                        drop(open);
                    });
                }
                Err(error) => refused(&error).await,
            },
            accepted = accept(&network, &room) => match accepted {
                Ok((stream, address, permit)) => {
                    // Answers are small and whole: waiting to fill packets only delays them.
                    drop(stream.set_nodelay(true));
                    let served = connection(stream, Peer::Network(address), &router, &graceful);
                    let open = metrics.map(|metrics| metrics.connection("network"));
                    tokio::spawn(async move {
                        served.await;
                        drop((permit, open));
                    });
                }
                Err(error) => refused(&error).await,
            },
        }
    }
    drop((network, local));
    if tokio::time::timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// The next connection from the network, once there is room for it.
async fn accept(
    network: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = network.accept().await?;
    Ok((stream, address, permit))
}

/// Serves one connection until it closes, or until its request in flight is done after the signal.
fn connection<S>(
    stream: S,
    peer: Peer,
    router: &Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = router.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(served);
    async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// A connection that cannot be accepted, mostly for want of file descriptors: a moment may help.
async fn refused(error: &io::Error) {
    tracing::warn!(%error, "a connection was not accepted");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}
