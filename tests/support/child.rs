//! Children of a test: a program, or one test of this binary, in a process of its own and with a limit.
//!
//! A test binary includes this file with `#[path]`. Real deadlocks, panics of the detector and everything else that
//! takes hold of a process happen in a child, and the parent looks at what the child has left behind.

#![allow(dead_code)] // Each test binary uses a part of it.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Longer than any child that passes takes, on a machine that is busy with other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// The environment variable that tells a child which part of its test to run.
pub(crate) const PART: &str = "LOCKWARDEN_TEST_PART";

/// The line by which a body says that it came to its end.
const COMPLETED: &str = "COMPLETED";

/// A process that is to be started.
pub(crate) struct Child {
    command: Command,
    limit: Duration,
}

impl Child {
    /// A program, in an environment without settings of this crate, and with its output kept.
    pub(crate) fn of(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOCKWARDEN") {
                command.env_remove(name);
            }
        }
        command
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            limit: LIMIT,
        }
    }

    /// The program that calls this, once more.
    pub(crate) fn of_this_program() -> Self {
        Self::of(std::env::current_exe().expect("a test knows its own program"))
    }

    /// One test of the binary that calls this, whether it is ignored or not.
    pub(crate) fn of_test(test: &str) -> Self {
        Self::of_this_program().args(&[
            "--exact",
            test,
            "--nocapture",
            "--test-threads=1",
            "--include-ignored",
        ])
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets environment variables.
    pub(crate) fn envs(mut self, variables: &[(&str, &str)]) -> Self {
        self.command.envs(variables.iter().copied());
        self
    }

    /// Sets how long the child may run before it is killed.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the child to its end, or kills it at the limit.
    ///
    /// # Panics
    ///
    /// If the child cannot be started.
    #[track_caller]
    pub(crate) fn run(mut self) -> Exit {
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{:?} does not start: {error}", self.command.get_program()),
        };
        let stdout = read(child.stdout.take().expect("it is piped"));
        let stderr = read(child.stderr.take().expect("it is piped"));
        let deadline = Instant::now() + self.limit;
        let mut timed_out = false;
        while child
            .try_wait()
            .expect("the child was started here")
            .is_none()
        {
            if Instant::now() > deadline {
                timed_out = true;
                let _ = child.kill();
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        Exit {
            status: child.wait().expect("the child was started here"),
            timed_out,
            stdout: stdout.join().expect("a reader does not panic"),
            stderr: stderr.join().expect("a reader does not panic"),
        }
    }
}

/// Reads a pipe to its end on a thread of its own, so that the child never waits for the parent.
fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// How a child ended, and what it wrote.
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    /// Whether it was killed at its limit.
    pub(crate) timed_out: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Exit {
    /// The exit code; `None` if a signal ended the child, which is how the limit does it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether it ended by itself, with the exit code 0.
    pub(crate) fn succeeded(&self) -> bool {
        !self.timed_out && self.status.success()
    }

    /// Whether its [`body`] came to its end.
    pub(crate) fn completed(&self) -> bool {
        self.stdout.lines().any(|line| line == COMPLETED)
    }

    /// Both outputs, one after the other.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The headlines of the reports on standard error, from the verdict on, each once: the message of a
    /// panic repeats one.
    pub(crate) fn headlines(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for line in self.lines_of_ours() {
            let is_verdict = line.split(' ').next().is_some_and(|w| w.ends_with(':'));
            if is_verdict && !found.contains(&line) {
                found.push(line);
            }
        }
        found
    }

    /// The lines on standard error that this crate has marked as its own, without the mark.
    pub(crate) fn lines_of_ours(&self) -> impl Iterator<Item = &str> {
        let lines = self.stderr.lines();
        lines.filter_map(|line| line.strip_prefix("lockwarden: "))
    }

    /// Asserts that the body came to its end and the process ended well.
    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert!(self.succeeded() && self.completed(), "{self}");
    }

    /// Asserts that standard error contains this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "{words:?} is missing: {self}");
        self
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hangs = if self.timed_out { ", at its limit" } else { "" };
        write!(
            f,
            "{}{hangs}\n--- standard output\n{}\n--- standard error\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// The part of its test that this process is to run as a child; `None` in a parent.
pub(crate) fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// Runs a body in the child, says that it came to its end, and ends the process.
pub(crate) fn body(body: impl FnOnce()) -> ! {
    // The test runner has left its line open.
    println!();
    body();
    println!("{COMPLETED}");
    std::process::exit(0);
}

/// The path of the test that this stands in, as libtest knows it.
#[allow(unused_macros)]
macro_rules! this_test {
    () => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here).trim_end_matches("::here");
        let (_, test) = path
            .split_once("::")
            .expect("a test is a function of a crate");
        test
    }};
}
#[allow(unused_imports)]
pub(crate) use this_test;
