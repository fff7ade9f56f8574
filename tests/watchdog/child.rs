//! Runs the body of a test in a process of its own.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than any wait of a test that passes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Long enough for what a test does before it stands still.
pub(crate) const STALL: Duration = Duration::from_millis(200);

/// Tells the child that it is one.
const CHILD: &str = "LOCKWARDEN_TEST_CHILD";

/// What a child has left behind.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// It came to its end.
    #[track_caller]
    pub(crate) fn succeeds(&self) {
        let at_its_end = self.status.success() && self.stdout.contains("COMPLETED");
        assert!(
            at_its_end,
            "{}: {}\n{}",
            self.status, self.stdout, self.stderr
        );
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(
            self.stderr.contains(words),
            "{words:?} is missing: {}",
            self.stderr
        );
        self
    }
}

/// The child runs `body`; the parent runs the child with these environment variables, and looks at
/// what it has left behind.
pub(crate) fn run(
    test: &str,
    environment: &[(&str, &str)],
    body: impl FnOnce(),
    look: impl FnOnce(&Outcome),
) {
    if std::env::var_os(CHILD).is_some() {
        // The test runner has left its line open.
        println!();
        body();
        println!("COMPLETED");
        std::process::exit(0);
    }
    let mut command = Command::new(std::env::current_exe().expect("a test knows its own program"));
    command
        .args([
            "--exact",
            test,
            "--nocapture",
            "--test-threads=1",
            "--include-ignored",
        ])
        .env_remove("LOCKWARDEN")
        .env_remove("LOCKWARDEN_WATCHDOG")
        .env(CHILD, "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("a test can start itself");
    let mut out = child.stdout.take().expect("it is piped");
    let mut err = child.stderr.take().expect("it is piped");
    let (send, done) = mpsc::channel();
    let stderr = thread::spawn(move || text(&mut err));
    let stdout = thread::spawn(move || {
        let stdout = text(&mut out);
        let _ = send.send(());
        stdout
    });
    // The output ends when the child does. Each of its own waits is bounded by much less; there is
    // one that makes thousands of dumps.
    let hangs = done.recv_timeout(LIMIT * 60).is_err();
    if hangs {
        let _ = child.kill();
    }
    let outcome = Outcome {
        status: child.wait().expect("the child was started here"),
        stdout: stdout.join().expect("reading does not panic"),
        stderr: stderr.join().expect("reading does not panic"),
    };
    assert!(!hangs, "it hangs: {}\n{}", outcome.stdout, outcome.stderr);
    look(&outcome);
}

/// Runs the body of the test that this stands in apart.
macro_rules! apart {
    ($environment:expr, $body:expr, $look:expr $(,)?) => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here).trim_end_matches("::here");
        let (_, test) = path
            .split_once("::")
            .expect("a test is a function of a crate");
        $crate::child::run(test, $environment, $body, $look)
    }};
}
pub(crate) use apart;

fn text(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

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
