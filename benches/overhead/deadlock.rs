//! How long it takes until a deadlock is named.
//!
//! The threads of a deadlock never come back, so each measurement runs in a process of its own.

use std::fmt;
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::config::{Action, Config};
use lockwarden::parking_lot::Mutex;
use lockwarden::report::Verdict;

use crate::common::rounds::Spread;
use crate::subscriber;

/// The argument that makes this program deadlock.
const FORM: &str = "--form-deadlocks";
/// Whether that is to happen with a `tracing` subscriber.
const SUBSCRIBER: &str = "LOCKWARDEN_BENCH_SUBSCRIBER";
/// Processes of each kind.
const PROCESSES: usize = 21;
/// The longest that a process waits for its reports.
const PATIENCE: Duration = Duration::from_secs(10);

/// From the forming of a deadlock to its report, and how many were reported.
pub(crate) struct Named {
    first: Spread,
    last: Spread,
    least_found: usize,
    pairs: usize,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "named after {:.3} ms (least {:.3})",
            self.first.median, self.first.least
        )?;
        if self.pairs > 1 {
            write!(
                f,
                ", the last after {:.3} ms (least {:.3})",
                self.last.median, self.last.least
            )?;
        }
        write!(
            f,
            "; {} of {} found  (goal 10 ms, all)",
            self.least_found, self.pairs
        )
    }
}

/// How many pairs this process is to deadlock, if it was started for that.
pub(crate) fn asked_for() -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != FORM);
    arguments.next()?;
    arguments.next()?.parse().ok()
}

/// Starts processes that deadlock, and gathers their times.
pub(crate) fn measure(pairs: usize, with_subscriber: bool) -> Named {
    let (mut first, mut last, mut least_found) = (Vec::new(), Vec::new(), pairs);
    for _ in 0..PROCESSES {
        let mut process = Command::new(std::env::current_exe().expect("this program has a path"));
        process
            .args([FORM, &pairs.to_string()])
            .stderr(Stdio::null());
        if with_subscriber {
            process.env(SUBSCRIBER, "1");
        }
        let output = process.output().expect("this program can start itself");
        let times: Vec<f64> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect();
        least_found = least_found.min(times.len());
        first.extend(times.iter().copied().reduce(f64::min));
        last.extend(times.iter().copied().reduce(f64::max));
    }
    let spread = |times: &[f64]| match times {
        [] => Spread {
            median: f64::INFINITY,
            least: f64::INFINITY,
        },
        times => Spread::of(times),
    };
    Named {
        first: spread(&first),
        last: spread(&last),
        least_found,
        pairs,
    }
}

/// When the deadlock of each pair formed, in nanoseconds since the start of the process.
static FORMED: OnceLock<Vec<AtomicU64>> = OnceLock::new();

/// Forms `pairs` deadlocks at once, and prints for each how many milliseconds it took to name it.
/// Ends the process.
pub(crate) fn form(pairs: usize) {
    if std::env::var_os(SUBSCRIBER).is_some() {
        subscriber::install();
    }
    let start = Instant::now();
    let formed = FORMED.get_or_init(|| (0..pairs).map(|_| AtomicU64::new(0)).collect());
    let (send, named) = mpsc::channel();
    Config::new()
        .stderr(false)
        .on(Verdict::Deadlock, Action::Report)
        .callback(move |report| {
            let now = start.elapsed();
            if report.verdict == Verdict::Deadlock {
                // The threads of a pair are called after it.
                let pair = thread::current()
                    .name()
                    .and_then(|name| name.parse::<usize>().ok());
                let _ = send.send((pair, now));
            }
        })
        .install()
        .expect("nothing is locked yet");
    let together = Arc::new(Barrier::new(2 * pairs));
    for (pair, formed) in formed.iter().enumerate() {
        let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        for (mine, other) in [(&a, &b), (&b, &a)] {
            let (mine, other) = (Arc::clone(mine), Arc::clone(other));
            let together = Arc::clone(&together);
            let body = move || {
                let _mine = mine.lock();
                together.wait();
                // The later of the two stays: that is when the deadlock becomes inevitable.
                formed.fetch_max(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
                let _other = other.lock();
            };
            thread::Builder::new()
                .name(pair.to_string())
                .spawn(body)
                .expect("a thread can be started");
        }
    }
    for _ in 0..pairs {
        let Ok((Some(pair), at)) = named.recv_timeout(PATIENCE) else {
            break;
        };
        let formed = Duration::from_nanos(formed[pair].load(Ordering::Relaxed));
        println!("{:.6}", at.saturating_sub(formed).as_secs_f64() * 1e3);
    }
    exit(0);
}
