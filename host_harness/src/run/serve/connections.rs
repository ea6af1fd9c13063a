//! Listens, and stops.
use super::Options;
use super::hop::Hop;
use super::patience::Patient;
use super::peers::{Peer, Peers};
use crate::run::transform::Tag;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The time that a new connection may take for its first head.
const FIRST_HEAD: Duration = Duration::from_secs(5);
/// The most bytes that are read ahead for one connection: the longest head, and a piece of a body.
const READ_AHEAD: usize = 64 << 10;
/// The time to wait when the system has no room for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// A hop that listens.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    routes: Router,
    peers: Arc<Peers>,
    read_timeout: Duration,
    shutdown_timeout: Duration,
}

impl Server {
    /// Serves on a port that has been opened. `say` tells the operator what changes: the downstream fails, or is there
    /// again.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Errors
    /// When the runtime cannot take the port over.
    pub(crate) fn new(
        listener: std::net::TcpListener,
        tag: Tag,
        options: Options,
        say: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let (read_timeout, shutdown_timeout) = (options.read_timeout, options.shutdown_timeout);
        let peers = Arc::new(Peers::default());
        let routes = Hop::new(tag, options, Arc::clone(&peers), Box::new(say)).routes();
        Ok(Self { listener, address, routes, peers, read_timeout, shutdown_timeout })
    }

    /// The address that it listens on.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready. Then the port is closed, and requests that have come in are still
    /// answered. False when some were not done in time.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> bool {
        let mut connections = JoinSet::new();
        let (stopping, stopped) = watch::channel(false);
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = &mut stop => break,
            };
            let Ok((stream, _)) = accepted else {
                sleep(BREATH).await;
                continue;
            };
            // Without a place, the connection is closed: accepting never waits.
            if let Some(place) = self.peers.admit() {
                let connection = connection(
                    stream,
                    self.routes.clone(),
                    self.read_timeout,
                    (Arc::clone(&self.peers), Arc::clone(&place.peer)),
                    stopped.clone(),
                );
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
        }
        drop(self.listener);
        // A peer that has gone needs no answer.
        let _ = stopping.send(true);
        timeout(self.shutdown_timeout, async { while connections.join_next().await.is_some() {} })
            .await
            .is_ok()
    }
}

/// Serves one connection to its end, or until others need its place. What goes wrong with it is for its other end to
/// see.
async fn connection(
    stream: TcpStream,
    routes: Router,
    limit: Duration,
    (peers, peer): (Arc<Peers>, Arc<Peer>),
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(routes);
    let hearing = Arc::clone(&peer);
    let service = service_fn(move |mut request: Request<Incoming>| {
        hearing.hear();
        request.extensions_mut().insert(Arc::clone(&hearing));
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(READ_AHEAD)
        .serve_connection(TokioIo::new(Patient::new(stream, limit, Arc::clone(&peer))), service);
    let mut connection = pin!(connection);
    let silent = async {
        sleep(FIRST_HEAD.min(limit)).await;
        if peer.was_heard() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = connection.as_mut() => return,
        () = peer.let_go() => return,
        () = silent => return peers.count_closed("silent"),
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = peer.let_go() => {}
    }
}
