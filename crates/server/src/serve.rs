//! Listens, works, and stops: no new requests, what runs is finished within a limit, leases are handed back.
use crate::{config::Config, wiring};
use anyhow::{Context, anyhow};
use axum::{Router, serve::ListenerExt};
use gymapi::GymApi;
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::services::ServeDir;

/// Which parts this process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub api: bool,
    pub worker: bool,
}

/// What ends the process does not wait longer than this for the database.
pub const LAST_WORDS: Duration = Duration::from_secs(5);

/// Takes the port before anything else is done, so that a second server fails at once and says why.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let addr = &config.http.addr;
    TcpListener::bind(addr).await.map_err(|e| match e.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("{addr} is in use: stop what listens there, or choose another by GYMAPI_HTTP_ADDR")
        }
        ErrorKind::PermissionDenied => {
            anyhow!("{addr} may not be listened on: choose a port above 1023 by GYMAPI_HTTP_ADDR")
        }
        _ => anyhow!("{addr} cannot be listened on: {e} (GYMAPI_HTTP_ADDR)"),
    })
}

/// Runs until the process is asked to stop.
pub async fn run(gym: &GymApi, listener: TcpListener, config: &Config, parts: Parts) -> anyhow::Result<()> {
    let (stop_api, stop_work) = (CancellationToken::new(), CancellationToken::new());
    let work = async {
        if parts.worker {
            gym.work(stop_work.clone()).await;
        }
    };
    let api = async {
        let router = if parts.api { api(gym, config) } else { gym.probes() };
        let outcome = answer(router, listener, stop_api.clone()).await;
        // the worker goes on until the last request has written its effects
        stop_work.cancel();
        outcome
    };
    let stop = async {
        stop_signal().await;
        tracing::info!("stopping: no new requests, what runs is finished");
        gym.readiness().drain();
        stop_api.cancel();
    };
    tokio::pin!(stop);
    let served = async {
        let (outcome, ()) = tokio::join!(api, work);
        outcome
    };
    tokio::pin!(served);
    tokio::select! {
        outcome = &mut served => return outcome,
        () = &mut stop => {}
    }
    let limit = Duration::from_secs(config.http.shutdown_limit);
    match tokio::time::timeout(limit, served).await {
        Ok(outcome) => outcome,
        Err(_) => {
            tracing::warn!(seconds = limit.as_secs(), "work still ran when the limit for stopping was reached");
            // what it holds is for others to do, now
            let _ = tokio::time::timeout(LAST_WORDS, gym.release()).await;
            Ok(())
        }
    }
}

fn api(gym: &GymApi, config: &Config) -> Router {
    if !wiring::serves_media(config) {
        return gym.router();
    }
    let files = ServeDir::new(wiring::media_dir(&config.data_dir)).append_index_html_on_directories(false);
    gym.router().nest_service(wiring::MEDIA, files)
}

async fn answer(router: Router, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let listener = listener.tap_io(|socket| {
        // answers are written whole: waiting to fill a packet only delays them
        let _ = socket.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await.context("the listener failed")
}

/// Resolves at SIGTERM or Ctrl-C.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
