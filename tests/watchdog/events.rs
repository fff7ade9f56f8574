//! The `tracing` events have a target and fields that whoever reads logs can rely on.

use std::io;
use std::sync::{Arc, Mutex, mpsc};

use lockwarden::watchdog::{Phase, Watchdog};
use serde_json::Value;

use crate::child::{LIMIT, STALL, Standstill, apart};

/// What the subscriber has written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The events of the watchdog.
    fn alerts(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let ours = |event: &Value| event["target"] == "lockwarden::watchdog";
        lines.filter(ours).collect()
    }
}

#[test]
fn an_event_has_the_fields_that_are_documented() {
    apart!(
        &[],
        || {
            let log = Log::default();
            let own = log.clone();
            tracing_subscriber::fmt()
                .json()
                .with_writer(move || own.clone())
                .init();
            let (tell, phases) = mpsc::channel();
            let builder = Watchdog::builder().wait_limit(STALL).tracing();
            let builder = builder.on_alert(move |alert| tell.send(alert.phase).unwrap_or_default());
            let _watchdog = builder.spawn().unwrap();
            let standstill = Standstill::begin();
            let next = || phases.recv_timeout(LIMIT).expect("it is reported");
            assert_eq!((next(), next()), (Phase::Began, Phase::GoesOn));
            standstill.end();
            while next() != Phase::Ended {}

            let alerts = log.alerts();
            let (first, last) = (&alerts[0], &alerts[alerts.len() - 1]);
            for (event, level, phase) in [
                (first, "ERROR", "began"),
                (&alerts[1], "ERROR", "goes_on"),
                (last, "WARN", "ended"),
            ] {
                assert_eq!(event["level"], level, "{event}");
                let fields = &event["fields"];
                let mut names: Vec<&String> = fields.as_object().unwrap().keys().collect();
                names.sort();
                let documented = [
                    "cause",
                    "lasted_ms",
                    "left_out",
                    "limit_ms",
                    "locks",
                    "message",
                    "phase",
                    "sequence",
                    "threads",
                    "verdict",
                ];
                assert_eq!(names, documented);
                assert_eq!(fields["phase"], phase);
                assert_eq!(fields["verdict"], "Stall");
                assert_eq!(fields["cause"], "wait");
                assert_eq!(fields["sequence"], 1);
                assert_eq!(fields["limit_ms"], STALL.as_millis() as u64);
                assert!(fields["lasted_ms"].as_u64() >= fields["limit_ms"].as_u64());
                assert_eq!(fields["locks"], "`slow`");
            }
            let message = first["fields"]["message"].as_str().unwrap();
            assert!(message.starts_with("Stall: thread `waiter` "), "{message}");
            let message = last["fields"]["message"].as_str().unwrap();
            assert!(message.starts_with("report 1 is over after "), "{message}");
        },
        |outcome| outcome.succeeds()
    );
}
