//! Exports numbers through the `metrics` facade. The docs of the [watchdog](super) list them.

use ::metrics::{counter, gauge};

use super::sample::Sample;
use crate::config::Status;
use crate::detector;
use crate::engine::verdict::Verdict;
use crate::runtime::status;
use crate::sink;

/// The interval of exports, in nanoseconds; collectors do not read more often.
const EVERY: u64 = 1_000_000_000;

#[derive(Debug, Default)]
pub(super) struct Meter {
    last: Option<u64>,
}

impl Meter {
    /// Exports the numbers of a sample that was taken at `now`, if the interval is over.
    pub(super) fn export(&mut self, sample: &Sample, now: u64) {
        if self
            .last
            .is_some_and(|last| now.saturating_sub(last) < EVERY)
        {
            return;
        }
        self.last = Some(now);
        // A recorder is code of the program.
        sink::guarded("the `metrics` recorder", &mut || record(sample, now));
    }
}

#[allow(clippy::cast_precision_loss)]
fn record(sample: &Sample, now: u64) {
    for &verdict in Verdict::ALL {
        counter!("lockwarden_findings_total", "verdict" => verdict.name())
            .absolute(detector::reported(verdict));
    }
    let waits = sample.threads.iter().filter_map(|thread| thread.wait);
    let longest = waits
        .clone()
        .map(|wait| now.saturating_sub(wait.since))
        .max();
    gauge!("lockwarden_longest_wait_seconds").set(longest.unwrap_or(0) as f64 / 1e9);
    gauge!("lockwarden_threads_blocked").set(waits.count() as f64);
    gauge!("lockwarden_threads").set(sample.threads.len() as f64);
    if let Status::On(activity) = status::status() {
        gauge!("lockwarden_locks").set(activity.locks as f64);
        gauge!("lockwarden_edges").set(activity.edges as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use ::metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder,
        SharedString, Unit,
    };

    use super::super::sample::{ThreadSample, WaitSample};
    use super::*;
    use crate::engine::ids::LockId;

    /// Keeps the last value of each number.
    #[derive(Clone, Default)]
    struct Keeper(Arc<Mutex<BTreeMap<String, f64>>>);

    struct One(Keeper, String);

    impl One {
        fn keep(&self, value: f64) {
            self.0.0.lock().unwrap().insert(self.1.clone(), value);
        }
    }

    impl CounterFn for One {
        fn increment(&self, _: u64) {}

        #[allow(clippy::cast_precision_loss)]
        fn absolute(&self, value: u64) {
            self.keep(value as f64);
        }
    }

    impl GaugeFn for One {
        fn increment(&self, _: f64) {}

        fn decrement(&self, _: f64) {}

        fn set(&self, value: f64) {
            self.keep(value);
        }
    }

    impl Keeper {
        fn one(&self, key: &Key) -> Arc<One> {
            let labels: Vec<&str> = key.labels().map(|label| label.value()).collect();
            let name = format!("{} {}", key.name(), labels.join(" "));
            Arc::new(One(self.clone(), name.trim_end().to_owned()))
        }
    }

    impl Recorder for Keeper {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.one(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.one(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    fn thread(number: u64, since: Option<u64>) -> ThreadSample {
        ThreadSample {
            wait: since.map(|since| WaitSample {
                on: LockId::new(1).unwrap(),
                is_lock: true,
                since,
                is_named: false,
            }),
            ..ThreadSample::running(number)
        }
    }

    #[test]
    fn the_numbers_are_exported_once_a_second() {
        let keeper = Keeper::default();
        let mut meter = Meter::default();
        let threads = vec![
            thread(1, None),
            thread(2, Some(EVERY)),
            thread(3, Some(2 * EVERY)),
        ];
        let mut sample = Sample {
            threads,
            ..Sample::default()
        };
        ::metrics::with_local_recorder(&keeper, || meter.export(&sample, 5 * EVERY));
        let value = |name: &str| keeper.0.lock().unwrap().get(name).copied();
        assert_eq!(value("lockwarden_longest_wait_seconds"), Some(4.0));
        assert_eq!(value("lockwarden_threads_blocked"), Some(2.0));
        assert_eq!(value("lockwarden_threads"), Some(3.0));
        assert!(value("lockwarden_findings_total Deadlock").is_some());
        sample.threads.pop();
        ::metrics::with_local_recorder(&keeper, || meter.export(&sample, 6 * EVERY - 1));
        assert_eq!(value("lockwarden_threads"), Some(3.0));
        ::metrics::with_local_recorder(&keeper, || meter.export(&sample, 6 * EVERY));
        assert_eq!(value("lockwarden_threads"), Some(2.0));
    }
}
