//! Runs the body of a test in a process of its own.

#[path = "../support/child.rs"]
mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use support::{Child, PART};

/// Longer than any wait of a test that passes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Long enough for what a test does before it stands still.
pub(crate) const STALL: Duration = Duration::from_millis(200);

pub(crate) use support::Exit;
pub(crate) use support::this_test;

/// The child runs `body`; the parent runs the child with these environment variables, and looks at
/// what it has left behind.
pub(crate) fn run(
    test: &str,
    environment: &[(&str, &str)],
    body: impl FnOnce(),
    look: impl FnOnce(&Exit),
) {
    if support::part().is_some() {
        support::body(body);
    }
    // Each wait of a body is bounded by much less; there is one that makes thousands of dumps.
    let child = Child::of_test(test).env(PART, "all").envs(environment);
    let exit = child.limit(LIMIT * 60).run();
    assert!(!exit.timed_out, "it hangs: {exit}");
    look(&exit);
}

/// Runs the body of the test that this stands in apart.
macro_rules! apart {
    ($environment:expr, $body:expr, $look:expr $(,)?) => {{ $crate::child::run($crate::child::this_test!(), $environment, $body, $look) }};
}
pub(crate) use apart;

/// What this process writes to standard error from now on.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn read_stderr() -> impl std::io::BufRead {
    use std::os::fd::AsRawFd as _;
    let (read, write) = std::io::pipe().unwrap();
    // SAFETY: both are open descriptors of this process.
    assert_ne!(unsafe { libc::dup2(write.as_raw_fd(), 2) }, -1);
    std::io::BufReader::new(read)
}

/// A thread waits for a lock that another one holds, until the result is dropped.
pub(crate) struct Standstill {
    free: Option<mpsc::Sender<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

static SLOW: lockwarden::sync::Mutex<()> = lockwarden::sync::Mutex::named("slow", ());

impl Standstill {
    pub(crate) fn begin() -> Self {
        let (free, is_free) = mpsc::channel::<()>();
        let (tell, is_held) = mpsc::channel();
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn(run).expect("the system has room for a thread")
        };
        let holder = spawn(
            "holder",
            Box::new(move || {
                let _held = SLOW.lock().unwrap();
                tell.send(()).unwrap();
                let _ = is_free.recv();
            }),
        );
        is_held.recv_timeout(LIMIT).expect("the lock is taken");
        let waiter = spawn("waiter", Box::new(|| drop(SLOW.lock().unwrap())));
        Self {
            free: Some(free),
            threads: vec![holder, waiter],
        }
    }

    pub(crate) fn end(mut self) {
        self.free = None;
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}
