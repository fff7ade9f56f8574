//! What the service does.

use std::time::{Duration, Instant};

use lockwarden::sync::Mutex;
use lockwarden::sync::mpsc::{Receiver, Sender, channel_named};
use metrics_exporter_prometheus::PrometheusHandle;

use super::alerts::Alerts;
use super::http::Answer;

/// How long the supplier may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the supplier delivers at once.
const DELIVERY: u64 = 10;

struct Stock {
    pieces: u64,
    deliveries: Receiver<u64>,
}

/// A shop with one sort of goods.
pub(crate) struct Service {
    stock: Mutex<Stock>,
    supplier: Sender<u64>,
    alerts: Alerts,
    numbers: PrometheusHandle,
}

impl Service {
    pub(crate) fn new(alerts: Alerts, numbers: PrometheusHandle) -> Self {
        let (supplier, deliveries) = channel_named("supplier");
        let stock = Stock {
            pieces: 3,
            deliveries,
        };
        Self {
            stock: Mutex::named("stock", stock),
            supplier,
            alerts,
            numbers,
        }
    }

    /// The answer to a request, which is logged and counted.
    pub(crate) fn answer(&self, method: &str, path: &str) -> Answer {
        let start = Instant::now();
        let answer = self.route(method, path);
        let (status, micros) = (answer.status, start.elapsed().as_micros());
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        tracing::info!(target: "staging", method, path, status, micros, "answered");
        metrics::counter!("staging_requests_total", "status" => status.to_string()).increment(1);
        answer
    }

    fn route(&self, method: &str, path: &str) -> Answer {
        match (method, path) {
            ("GET", "/stock") => self.stock(),
            ("POST", "/stall") => self.order(),
            ("POST", "/release") => self.deliver(),
            ("GET", "/alerts") => Answer::new(200, self.alerts.list()),
            ("GET", "/metrics") => Answer::new(200, self.numbers.render()),
            ("GET", path) => {
                let number = path.strip_prefix("/alerts/");
                let number = number.and_then(|number| number.parse().ok());
                match number.and_then(|number| self.alerts.text(number)) {
                    Some(text) => Answer::new(200, text),
                    None => Answer::new(404, "there is no such thing\n"),
                }
            }
            _ => Answer::new(404, "there is no such thing\n"),
        }
    }

    fn stock(&self) -> Answer {
        let stock = self.stock.lock().expect("nothing panics with it");
        Answer::new(200, format!("{} pieces\n", stock.pieces))
    }

    /// The bug: the stock is locked as long as the supplier takes.
    fn order(&self) -> Answer {
        let mut stock = self.stock.lock().expect("nothing panics with it");
        match stock.deliveries.recv_timeout(PATIENCE) {
            Ok(pieces) => {
                stock.pieces += pieces;
                Answer::new(200, format!("{} pieces\n", stock.pieces))
            }
            Err(_) => Answer::new(504, "the supplier does not answer\n"),
        }
    }

    /// Does what the supplier does. One that comes too early is for the next order.
    fn deliver(&self) -> Answer {
        let sent = self.supplier.send(DELIVERY);
        sent.expect("the receiver lives as long as the service");
        Answer::new(200, format!("{DELIVERY} pieces are on their way\n"))
    }
}
