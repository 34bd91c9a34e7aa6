//! Logs, metrics, traces.
use crate::config::TelemetryConfig;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::{io::IsTerminal, time::Duration};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// What is shut down last, so that nothing that was recorded is lost.
pub struct Telemetry {
    pub metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Seconds.
const DURATIONS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const STATEMENTS: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0];

/// Between two turns of gathering what was measured.
const UPKEEP: Duration = Duration::from_secs(5);

impl Telemetry {
    /// Needs a runtime to run in.
    pub fn start(config: &TelemetryConfig) -> anyhow::Result<Self> {
        let filter = EnvFilter::try_new(&config.log)
            .map_err(|e| anyhow::anyhow!("telemetry.log (GYMAPI_LOG) is not a filter: {e}"))?;
        // colours are for eyes, not for files
        let format = tracing_subscriber::fmt::layer().with_ansi(std::io::stdout().is_terminal());
        let logs = if config.log_json { format.json().boxed() } else { format.compact().boxed() };
        let traces = exporter(&config.otlp_endpoint)?;
        let spans = traces.as_ref().map(|t| tracing_opentelemetry::layer().with_tracer(t.tracer("gymapi")));
        tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).try_init()?;
        let metrics = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &DURATIONS)?
            .set_buckets_for_metric(Matcher::Suffix("_statements".into()), &STATEMENTS)?
            .install_recorder()?;
        // what is measured waits in memory until somebody reads the metrics, which nobody may ever do
        let kept = metrics.clone();
        tokio::spawn(async move {
            let mut turn = tokio::time::interval(UPKEEP);
            loop {
                turn.tick().await;
                kept.run_upkeep();
            }
        });
        Ok(Self { metrics, traces })
    }

    pub fn stop(self) {
        if let Some(traces) = self.traces
            && let Err(e) = traces.shutdown()
        {
            tracing::warn!(error = %e, "some traces were not exported");
        }
    }
}

fn exporter(endpoint: &str) -> anyhow::Result<Option<SdkTracerProvider>> {
    if endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name("gymapi").build();
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}
