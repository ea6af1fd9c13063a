//! `schtag serve`.
use super::failure::{Exit, Failure};
use super::{module, say};
use crate::run::serve::{Downstream, Options, Server};
use crate::run::transform::{Tag, TagOptions};
use crate::run::wasmtime;
use clap::Args;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  schtag serve --forward http://127.0.0.1:8788/
  schtag serve --listen 127.0.0.1:9000 --forward http://127.0.0.1:9001/ --cache ~/.cache/schtag
  schtag serve & curl --data-binary @events.ndjson http://127.0.0.1:8787/
  curl http://127.0.0.1:8787/metrics";

/// Tag records that come by HTTP, and send them on: a hop between Vector's http sink and http_server source
///
/// A body is a JSON array, newline-delimited JSON or one JSON object, plain, gzip or zlib. It is sent on in the same
/// form, or sent back where there is no --forward.
///
/// The answer is 2xx only after the downstream's 2xx. Its 4xx is passed on. Anything else becomes 503, after which
/// Vector tries again, so that no crash loses an event; events may arrive twice.
///
/// There is no TLS and no authentication: listen on the loopback interface, or behind a proxy that adds them.
/// GET /healthz says that the hop runs, and GET /metrics what it has done, for Prometheus.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// The address to listen on; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Where tagged batches are sent; without it they are sent back in the answer
    #[arg(long, value_name = "URL")]
    forward: Option<Downstream>,
    /// The module to run, instead of the default rules
    #[arg(short, long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// A folder of Sigma rules, or a single file, to judge by instead of the default rules; give --rules once for each
    #[arg(long, value_name = "DIR", conflicts_with = "module")]
    rules: Vec<PathBuf>,
    /// Keep the compiled module in this folder, for a quicker start. Only you may be able to write to it
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The pipeline tag that the filter gets
    #[arg(long, value_name = "TAG", default_value = "schtag")]
    tag: String,
    /// The most fuel (about one unit an instruction) that one record may take, beyond 2,000 units for each of its bytes.
    /// The filter ends well before by its own budget; this is for a module that does not
    #[arg(long, value_name = "UNITS", default_value_t = TagOptions::DEFAULT_FUEL)]
    fuel: u64,
    /// The largest body, as it comes and decompressed. A larger one passes without tags, so keep this well above the
    /// sink's batch.max_bytes
    #[arg(long, value_name = "BYTES", default_value_t = Options::DEFAULT_MAX_BODY)]
    max_body: usize,
    /// The most requests at work at once, until their answers are taken; more wait
    #[arg(long, value_name = "N", default_value_t = Options::DEFAULT_MAX_REQUESTS)]
    max_requests: usize,
    /// The most that all requests together may hold; others are asked to come again. --max-body times --max-requests
    /// (times 4 at least), if not given
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<usize>,
    /// The number of threads that run the filter; one for each processor, if not given
    #[arg(short = 'j', long, value_name = "N")]
    workers: Option<usize>,
    /// The time for each of: sending a request's head, sending its body, taking the answer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "30")]
    read_timeout: Duration,
    /// The time that the downstream may take for a batch
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "30")]
    forward_timeout: Duration,
    /// The time that requests have to finish after SIGTERM or Ctrl-C
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "20")]
    shutdown_timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| *time <= Duration::from_secs(86_400))
        .ok_or_else(|| "give seconds, for example 30 or 0.5, at most a day".into())
}

impl Serve {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        if self.forward.as_ref().is_some_and(|url| url.leads_to(self.listen)) {
            let words = "--forward leads to the address of --listen: set it to the next hop";
            return Err(Failure::new(Exit::Input, words));
        }
        let defaults = Options::default();
        let options = Options {
            forward: self.forward,
            max_body: self.max_body,
            max_requests: self.max_requests,
            max_memory: self.max_memory,
            workers: self.workers.unwrap_or(defaults.workers).max(1),
            read_timeout: self.read_timeout,
            forward_timeout: self.forward_timeout,
            shutdown_timeout: self.shutdown_timeout,
        };
        // Opened before the module is compiled: who comes meanwhile waits, and is not refused.
        let listen = self.listen;
        let unheard = |error| Failure::new(Exit::Input, format!("cannot listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).map_err(unheard)?;
        let loaded = module::choose(self.module.as_deref(), &self.rules, self.cache)?;
        let facts = format!("{}, module {}", loaded.description(), loaded.module.sha256());
        let tag = TagOptions {
            engine: wasmtime::Options { fuel_limit: Some(self.fuel), ..wasmtime::Options::default() },
            pipeline_tag: self.tag,
            idle_instances: options.workers,
        };
        let tag = Tag::new(loaded.module, tag).map_err(|error| Failure::new(Exit::Module, error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(options.workers.saturating_add(8))
            .build()
            .map_err(|error| Failure::new(Exit::Input, format!("the system gives no threads: {error}")))?;
        let done = runtime.block_on(async {
            let to = match &options.forward {
                Some(url) => format!("forwarding to {url}"),
                None => "answering with the tagged events".into(),
            };
            let stop = Stop::new().map_err(|error| Failure::new(Exit::Input, error))?;
            let server = Server::new(listener, tag, options, say).map_err(unheard)?;
            let address = server.address();
            say(&format!("listening on http://{address}, {to}, {facts}"));
            if !address.ip().is_loopback() {
                say("this address can be reached from outside, and nothing here is encrypted or authenticated");
            }
            let done = server.run(stop.wait()).await;
            Ok::<_, Failure>(done)
        })?;
        // Whatever still runs has had its time.
        runtime.shutdown_background();
        if done {
            say("stopped; every request was answered");
        } else {
            say("stopped; some requests had no answer yet, and their senders will send them again");
        }
        Ok(Exit::Done)
    }
}

/// The signals that stop the hop, caught from now on.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn wait(self) {
        let interrupt = async {
            if tokio::signal::ctrl_c().await.is_err() {
                // Without that signal, the other one has to do.
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        {
            let mut terminate = self.terminate;
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        interrupt.await;
        say("stopping; requests that have come in are still answered");
    }
}
