//! Listens, and stops.
use super::Options;
use super::hop::Hop;
use super::patience::Patient;
use crate::transform::Tag;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// How many connections there are at once; more wait to be accepted.
const CONNECTIONS: u32 = 512;
/// How long to wait when the system has no room for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// A hop that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    routes: Router,
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
    pub fn new(
        listener: std::net::TcpListener,
        tag: Tag,
        options: Options,
        say: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let (read_timeout, shutdown_timeout) = (options.read_timeout, options.shutdown_timeout);
        let routes = Hop::new(tag, options, Box::new(say)).routes();
        Ok(Self { listener, address, routes, read_timeout, shutdown_timeout })
    }

    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready. Then the port is closed, and requests that have come in are still
    /// answered. False when some were not done in time.
    pub async fn run(self, stop: impl Future<Output = ()>) -> bool {
        let connections = Arc::new(Semaphore::new(CONNECTIONS as usize));
        let (stopping, stopped) = watch::channel(false);
        let mut stop = pin!(stop);
        loop {
            let accept = async {
                // The semaphore is never closed.
                let place = Arc::clone(&connections).acquire_owned().await.ok()?;
                Some((self.listener.accept().await, place))
            };
            let (accepted, place) = tokio::select! {
                accepted = accept => match accepted {
                    Some(accepted) => accepted,
                    None => break,
                },
                () = &mut stop => break,
            };
            let Ok((stream, _)) = accepted else {
                sleep(BREATH).await;
                continue;
            };
            let connection = connection(stream, self.routes.clone(), self.read_timeout, stopped.clone());
            tokio::spawn(async move {
                connection.await;
                drop(place);
            });
        }
        drop(self.listener);
        // Whoever has gone need not be told.
        let _ = stopping.send(true);
        timeout(self.shutdown_timeout, connections.acquire_many(CONNECTIONS)).await.is_ok()
    }
}

/// Serves one connection to its end. What goes wrong with it is for its other end to see.
async fn connection(stream: TcpStream, routes: Router, limit: Duration, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .serve_connection(TokioIo::new(Patient::new(stream, limit)), TowerToHyperService::new(routes));
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
