//! Runs a case in a process of its own and tells what was found there.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::report::{Report, Verdict};
use lockwarden::sync::Mutex;
use lockwarden::thread::{self, Scope};

/// Set in the process that is to run the case.
const CHILD: &str = "LOCKWARDEN_ORDER_CASE";

/// Longer than any case that passes takes, on a machine that is busy with other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Which verdicts are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Those that are told by default.
    Default,
    /// All of them.
    All,
}

/// What `run` finds, in a process of its own, in which it comes to its end: each verdict with the
/// names of the locks of its cycle, the first in the alphabet first.
pub(crate) fn found_in(test: &str, told: Told, run: impl FnOnce()) -> Vec<String> {
    if std::env::var_os(CHILD).is_some() {
        in_child(told, run);
    }
    let (_, test) = test.split_once("::").expect("a path of a function");
    let mut child = Command::new(std::env::current_exe().expect("a test knows its own program"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env_remove("LOCKWARDEN")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a test can start itself");
    let mut out = child.stdout.take().expect("it is piped");
    let (send, done) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = out.read_to_end(&mut bytes);
        let _ = send.send(());
        String::from_utf8_lossy(&bytes).into_owned()
    });
    // The output ends when the child does.
    let timed_out = done.recv_timeout(LIMIT).is_err();
    if timed_out {
        let _ = child.kill();
    }
    let status = child.wait().expect("the child was started here");
    let text = reader.join().expect("reading does not panic");
    assert!(!timed_out, "it hangs\n{text}");
    assert!(status.success() && text.ends_with("COMPLETED\n"), "{text}");
    let lines = text.lines();
    let found = lines.filter_map(|line| line.strip_prefix("FOUND "));
    let mut found: Vec<String> = found.map(str::to_owned).collect();
    found.sort();
    found
}

fn in_child(told: Told, run: impl FnOnce()) -> ! {
    // The test runner has left its line open.
    println!();
    let mut config = Config::new().stderr(false).tracing(false).callback(tell);
    if told == Told::All {
        for verdict in [Verdict::Ordered, Verdict::Guarded, Verdict::SingleThread] {
            config = config.on(verdict, Action::Report);
        }
    }
    config.install().expect("nothing was installed before");
    run();
    println!("COMPLETED");
    std::process::exit(0);
}

fn tell(report: &Report) {
    let name = |id| {
        let lock = report.lock(id).expect("a report knows its locks");
        lock.name.unwrap_or("?")
    };
    let mut names: Vec<&str> = report.edges.iter().map(|edge| name(edge.from)).collect();
    if let Some(first) = (0..names.len()).min_by_key(|&at| names[at]) {
        names.rotate_left(first);
    }
    println!("FOUND {} {}", report.verdict.name(), names.join(" "));
}

/// [`found`], for the test that this stands in.
macro_rules! found {
    ($told:expr, $run:expr) => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here).trim_end_matches("::here");
        $crate::harness::found_in(path, $told, $run)
    }};
}
pub(crate) use found;

/// Takes the one lock and, under it, the other, and lets go of both.
pub(crate) fn nest(outer: &Mutex<()>, inner: &Mutex<()>) {
    let _outer = outer.lock().unwrap();
    let _inner = inner.lock().unwrap();
}

/// Two locks, and what takes them in this order and in the other.
pub(crate) fn orders() -> (
    impl FnOnce() + Send + 'static,
    impl FnOnce() + Send + 'static,
) {
    let a = Arc::new(Mutex::named("a", ()));
    let b = Arc::new(Mutex::named("b", ()));
    let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
    (move || nest(&a, &b), move || nest(&b2, &a2))
}

/// Starts two threads of a scope, the second when the first is at its end. They do not meet, but
/// nothing orders them.
pub(crate) fn apart<'scope>(
    scope: &'scope Scope<'scope, '_>,
    first: impl FnOnce() + Send + 'scope,
    second: impl FnOnce() + Send + 'scope,
) {
    let first = scope.spawn(first);
    while !first.is_finished() {
        thread::yield_now();
    }
    scope.spawn(second);
}

/// Runs `first` in a thread, and, when it is over, `second` in another. Nothing orders them.
pub(crate) fn one_after_the_other(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let over = AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            first();
            over.store(true, Ordering::Release);
        });
        s.spawn(|| {
            while !over.load(Ordering::Acquire) {
                thread::yield_now();
            }
            second();
        });
    });
}
