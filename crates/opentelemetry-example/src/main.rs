//! The lock orders that a program learns, as log records of OpenTelemetry.
//!
//! `lockwarden` depends on `tracing` alone. OpenTelemetry's appender for `tracing` turns its events into log records:
//! one for each order that is new to the process, with flat attributes, and without a time or a process in them, so
//! that a pipeline which removes duplicates merges the records of many hosts.
//!
//! The exporter of this example keeps the records in memory, and the example prints them. A service has an exporter of
//! OTLP in its place.
//!
//! ```text
//! cargo run --manifest-path crates/opentelemetry-example/Cargo.toml
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lockwarden::sync::{Mutex, RwLock};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The attributes of one log record.
type Attributes = BTreeMap<String, String>;

/// What a service does at its start: a provider with an exporter, and a layer that takes the orders alone.
fn install(exporter: InMemoryLogExporter) -> SdkLoggerProvider {
    let provider = SdkLoggerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let orders = Targets::new().with_target("lockwarden::order", LevelFilter::DEBUG);
    let layer = OpenTelemetryTracingBridge::new(&provider).with_filter(orders);
    tracing_subscriber::registry().with(layer).init();
    provider
}

/// How many orders the program has.
const ORDERS: usize = 3;
/// How long the example waits for their events, at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program: an order of three locks, taken again and again.
fn trade() {
    let ledger = Mutex::named("ledger", 0);
    let audit = RwLock::named("audit", 0);
    let stats = Mutex::named("stats", 0);
    for _ in 0..100 {
        let mut ledger = ledger.lock().expect("nothing panics");
        let audit = audit.read().expect("nothing panics");
        *ledger += *audit + *stats.lock().expect("nothing panics");
    }
}

/// Runs the program and returns the records that were exported.
fn exported() -> Result<Vec<Attributes>, Box<dyn std::error::Error>> {
    let exporter = InMemoryLogExporter::default();
    let provider = install(exporter.clone());
    trade();
    // A thread of the detector emits the events, a moment after the orders were learnt.
    let start = Instant::now();
    let records = loop {
        provider.force_flush()?;
        let records = exporter.get_emitted_logs()?;
        if records.len() >= ORDERS || start.elapsed() > PATIENCE {
            break records;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let attributes = records.iter().map(|log| {
        let attributes = log.record.attributes_iter();
        attributes
            .map(|(key, value)| (key.to_string(), format!("{value:?}")))
            .collect()
    });
    Ok(attributes.collect())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let records = exported()?;
    for attributes in &records {
        println!("log record:");
        for (key, value) in attributes {
            println!("  {key} = {value}");
        }
    }
    println!("{} new lock orders were exported", records.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_order_is_exported_once_with_flat_attributes() {
        let records = exported().expect("the exporter is in memory");
        let pair = |attributes: &Attributes| {
            let text = |key: &str| attributes.get(key).cloned().unwrap_or_default();
            format!("{} < {}", text("lock.from"), text("lock.to"))
        };
        let pairs: Vec<String> = records.iter().map(pair).collect();
        assert_eq!(records.len(), ORDERS, "{pairs:?}");
        for order in [["ledger", "audit"], ["ledger", "stats"], ["audit", "stats"]] {
            let fits = |pair: &&String| pair.contains(order[0]) && pair.contains(order[1]);
            assert_eq!(
                pairs.iter().filter(fits).count(),
                1,
                "{order:?} in {pairs:?}"
            );
        }
        for key in ["lock.from_mode", "lock.to_site", "lock.gates", "lock.v"] {
            assert!(
                records.iter().all(|record| record.contains_key(key)),
                "{key}"
            );
        }
    }
}
