//! Kernels as children of this program.

use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No kernel takes more than a second or two, but a machine can be busy.
const LIMIT: Duration = Duration::from_secs(60);

/// How a child ended and what it said.
pub(crate) struct Outcome {
    /// `None` if it had to be killed.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The headlines of the reports, from the verdict on. One may come again, as the message of a
    /// panic.
    pub(crate) fn headlines(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for line in self.stderr.lines() {
            let Some(line) = line.strip_prefix("lockwarden: ") else {
                continue;
            };
            let is_verdict = line.split(' ').next().is_some_and(|w| w.ends_with(':'));
            if is_verdict && !found.contains(&line) {
                found.push(line);
            }
        }
        found
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {:?}, standard error:\n{}", self.code, self.stderr)
    }
}

/// Runs one kernel to its end.
pub(crate) fn run(name: &str) -> Outcome {
    let program = std::env::current_exe().expect("a program knows itself");
    let mut child = Command::new(program)
        .arg(name)
        .env_remove("LOCKWARDEN")
        .env_remove("LOCKWARDEN_ORDER")
        .env_remove("LOCKWARDEN_SUPPRESS")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started again");
    let mut pipe = child.stderr.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("the pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let deadline = Instant::now() + LIMIT;
    let code = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status.code();
        }
        if Instant::now() > deadline {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let stderr = reader.join().expect("the reader does not panic");
    Outcome { code, stderr }
}
