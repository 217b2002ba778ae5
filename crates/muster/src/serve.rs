//! `muster serve`

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use http::App;
use service::first_start::{FirstUsers, SUPER_USER, first_start};
use service::{Service, Settings};
use store::{Store, StoreError, Writer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::Chosen;
use crate::{Data, output, sources};

/// Serve over HTTP.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster serve --data /var/lib/muster --listen 127.0.0.1:17010\n\n\
The first start makes the store and prints, once, the super-user's name and password and the token of \
the machine user `muster-admin`. Logs go to standard error; MUSTER_LOG=debug shows every request."
)]
pub struct Options {
    #[command(flatten)]
    data: Data,
    #[arg(
        long,
        value_name = "HOST:PORT",
        help = "The address to serve on; port 0 picks a free one [env: MUSTER_LISTEN=] [default: 127.0.0.1:17010]"
    )]
    listen: Option<String>,
    /// Start although the last fact lies more than 10 minutes ahead of the clock.
    #[arg(long)]
    accept_clock: bool,
}

/// How long work in the background may hold up the end of the process.
const STOP_TIME_MAX: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT.
pub fn run(options: &Options) -> Result<()> {
    let flags = options.listen.iter().map(|text| ("listen", "--listen", text.clone()));
    let config = options.data.config_with(flags.collect())?;
    let exposed = config.exposed();
    let config = config.chosen;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|error| anyhow!("`{}` is no filter of log lines: {error}", config.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    report_panics();
    if let Some(path) = exposed {
        tracing::warn!(path = %path.display(), "holds a secret and can be read by others: chmod 600");
    }
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(options, config));
    // A rebuild or a long read that still runs changes nothing that is kept.
    runtime.shutdown_timeout(STOP_TIME_MAX);
    result
}

async fn serve(options: &Options, config: Chosen) -> Result<()> {
    let store = store::Options {
        accept_clock: options.accept_clock,
        notify: Arc::new(|notice| tracing::warn!("{notice}")),
        ..store::Options::new(&options.data.dir, &sources::real())
    };
    let found = match Store::open(&store) {
        Err(StoreError::NotInitialised { .. }) => None,
        found => Some(found?),
    };
    // Whoever cannot listen should not make a store first.
    let address = resolve(&config.listen).await?;
    let listener = http::serve::listen(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let (store, writer) = match found {
        Some(found) => found,
        None => begin(&store, &config.service)?,
    };
    let opened = store.opened();
    tracing::info!(facts = opened.facts, took_us = opened.took_us, "opened the store");

    let socket = http::serve::socket_path(&options.data.dir);
    let local = http::serve::listen_locally(&socket)
        .with_context(|| format!("cannot listen on {}", socket.display()))?;
    let connections_max = config.http.connections_max;
    let service = Service::start(store, writer, config.service)?;
    let app = App::new(service.clone(), config.http);
    let (stop, stopped) = watch::channel(false);
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let draining = app.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping");
        draining.drain();
        stop.send_replace(true);
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::warn!("told twice to stop: stopping as a kill would");
        std::process::exit(1);
    });
    let delivering = tokio::spawn(service.clone().deliver_mail(stopped.clone()));
    let keeping = tokio::spawn(service.clone().keep_to_retention(stopped.clone()));
    // Whoever started it may not read on; that is no reason to stop.
    drop(output::tell(&format!("listening on http://{address}")));
    let metrics = Some(service.metrics());
    let router = http::router(app);
    http::serve::serve(listener, local, router, connections_max, metrics, stopped).await;
    // A mail on its way is waited for as long as handing over may take.
    drop(delivering.await);
    drop(keeping.await);
    tokio::task::spawn_blocking(move || service.close()).await?;
    drop(std::fs::remove_file(socket));
    Ok(())
}

/// Connections are files too, and the usual soft limit of 1,024 is less than the connections that are
/// taken: without a descriptor left the journal cannot begin its next segment.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Panics go to the log. One of the writer ends the process: it is the only thread whose work nobody
/// else can do, and starting again is recovery. Those inside sled are contained where they happen.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed").to_owned();
        tracing::error!(thread, "{panic}");
        if thread == service::WRITER_THREAD {
            std::process::exit(1);
        }
    }));
}

fn begin(options: &store::Options, settings: &Settings) -> Result<(Arc<Store>, Writer)> {
    first_start(options, settings, (SUPER_USER, None), show)
        .with_context(|| format!("cannot make a store in {}", options.dir.display()))?;
    Ok(Store::open(options)?)
}

fn show(users: &FirstUsers) -> std::io::Result<()> {
    output::tell(&format!(
        "This is the first start. What follows is shown once; keep it.\n\n  \
         super-user  {}\n  password    {}\n  token       {}\n\n\
         Log in as the super-user at POST /zato/sso/user/login; the token is for /v1, as\n\
         `Authorization: Bearer TOKEN`.\n",
        users.username,
        users.password.as_str(),
        users.token.as_str(),
    ))
}

async fn resolve(listen: &str) -> Result<SocketAddr> {
    let mut found = tokio::net::lookup_host(listen)
        .await
        .with_context(|| format!("`{listen}` is not HOST:PORT"))?;
    found.next().with_context(|| format!("`{listen}` names no address"))
}
