//! A small HTTP service as it runs in staging: its log is JSON, its numbers are for Prometheus, and a
//! watchdog looks after its threads. A request makes it stall, and the alert is fetched over HTTP.
//!
//! ```text
//! cargo run --features metrics --example staging                             makes its requests itself
//! cargo run --features metrics --example staging -- --serve 127.0.0.1:8080   serves until it is stopped
//! ```
//!
//! The service keeps the stock of a shop. Its bug: to order more, it asks its supplier with the stock
//! locked, so whoever wants to know what is in stock waits for the supplier too. It is no deadlock,
//! as the supplier may answer any time, so no detector of cycles says anything; the watchdog does.
//!
//! ```text
//! curl http://127.0.0.1:8080/stock                     what is in stock
//! curl -X POST http://127.0.0.1:8080/stall &           orders more, and has no answer yet
//! curl http://127.0.0.1:8080/stock &                   has no answer either
//! curl http://127.0.0.1:8080/alerts                    a line for each stall
//! curl http://127.0.0.1:8080/alerts/1                  the first one, with all threads as they were
//! curl http://127.0.0.1:8080/metrics                   `lockwarden_threads_blocked 2`, and the rest
//! curl -X POST http://127.0.0.1:8080/release           lets the supplier answer, and so both others
//! ```
//!
//! Without arguments the program does this by itself, on a free port. The log goes to standard error,
//! a line of JSON for each request, report and alert; what the requests brought, to standard output.

mod alerts;
mod http;
mod service;
mod tour;

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lockwarden::config::Config;
use lockwarden::watchdog::Watchdog;
use metrics_exporter_prometheus::PrometheusBuilder;

use self::alerts::Alerts;
use self::service::Service;

/// How long a request may wait for something. A service would rather say seconds.
const WAIT_LIMIT: Duration = Duration::from_millis(300);

fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let address = match arguments[..] {
        [] => None,
        ["--serve", address] => Some(address),
        _ => {
            eprintln!("usage: staging [--serve ADDRESS]");
            return Ok(ExitCode::from(2));
        }
    };
    if address.is_none() && !lockwarden::status().is_on() {
        eprintln!("staging: lockwarden is {}", lockwarden::status());
        return Ok(ExitCode::from(2));
    }
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    // Reports come as events, so that there is nothing but JSON in the log.
    Config::new().stderr(false).install()?;
    let numbers = PrometheusBuilder::new().install_recorder()?;
    let alerts = Alerts::default();
    let keep = alerts.clone();
    let _watchdog = Watchdog::builder()
        .wait_limit(WAIT_LIMIT)
        .tracing()
        .on_alert(move |alert| keep.push(alert))
        .spawn()?;

    let service = Arc::new(Service::new(alerts, numbers));
    if let Some(address) = address {
        let listener = TcpListener::bind(address)?;
        println!("listening at {}", listener.local_addr()?);
        println!("lockwarden is {}", lockwarden::status());
        http::serve(&listener, &service)?;
        return Ok(ExitCode::SUCCESS);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    lockwarden::thread::Builder::new()
        .name("listener".to_owned())
        .spawn(move || http::serve(&listener, &service))?;
    tour::make(address)?;
    Ok(ExitCode::SUCCESS)
}
