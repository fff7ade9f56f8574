//! How a watchdog is put together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::alert::Alert;
use super::environment;
use super::error::Error;
use super::handle;
use super::handle::Watchdog;
use super::limits::Limits;
use super::poll_loop::Settings;
use crate::dump::signal;
use crate::dump::signal::Choice;

/// A watchdog to be. Made by [`Watchdog::builder`].
///
/// Without a word it reports waits for locks that last longer than 10 seconds, and writes all threads
/// to standard error. Limits are given as a `Duration`, or as `None` to switch off what they are for.
/// What the environment variable `LOCKWARDEN_WATCHDOG` says goes before what is said here.
///
/// Actions are done in the order in which they are given.
#[derive(Clone, Debug)]
#[must_use = "a watchdog does nothing before it is spawned"]
pub struct Builder {
    pub(super) limits: Limits,
    pub(super) actions: Vec<Action>,
    pub(super) json: Vec<(usize, PathBuf)>,
    pub(super) per_minute: usize,
    pub(super) signal: Choice,
    pub(super) quit: bool,
    capture_delay: Option<Duration>,
    systemd: bool,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            limits: Limits::new(),
            actions: Vec::new(),
            json: Vec::new(),
            per_minute: 20,
            signal: Choice::Default,
            quit: false,
            capture_delay: Some(Duration::from_millis(100)),
            systemd: false,
        }
    }

    /// Sets how long a thread may wait for a tracked primitive: for a lock, a notification, a message.
    /// By default, 10 seconds, and for locks alone.
    ///
    /// Waits with a deadline count too. Several threads that wait for one thing are one stall. A sleep
    /// is none, nor is a worker of a pool without a job. A join has no limit, since it lasts as long as
    /// the thread that is joined; where that hangs in something that is not watched, as a system call
    /// or a lock of another crate, the limit for [progress](Self::progress_limit) shows it.
    ///
    /// A wait that a `Deadlock` or `SelfDeadlock` report has named is not reported again, nor is one for
    /// what only threads in such waits hold. The time in which a report is written does not count, up to
    /// 5 seconds for one.
    ///
    /// A thread that waits for work may well wait for long, and nothing is wrong: give what is no lock
    /// another limit, or none, with [`event_limit`](Self::event_limit), or let such threads say so with
    /// [`idle`](super::idle). A thread that waits for what only such threads hold is exempt as they are:
    /// the workers that share one receiver behind a mutex are one idle server.
    pub fn wait_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.wait = limit.into();
        self.limits.is_said = true;
        self
    }

    /// Sets how long a thread may wait for what is no lock, if that is another limit than that of
    /// [`wait_limit`](Self::wait_limit).
    pub fn event_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.event = Some(limit.into());
        self
    }

    /// Sets how long a lock may be held. Off by default.
    ///
    /// A hold counts from the first look that sees it.
    pub fn hold_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.hold = limit.into();
        self
    }

    /// Sets for how long no thread may take, release or wait for anything, while at least one waits, be
    /// it for the end of a thread. Off by default: in a program that idles nothing happens either.
    ///
    /// Where threads wait for the ends of others and for nothing else, that is a stall only if no thread
    /// of the process is on a CPU, as far as the operating system says that (Linux and Android).
    pub fn progress_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.progress = limit.into();
        self
    }

    /// Sets how many alerts are told in a minute; 20 by default. Of what is more, the number is told
    /// with the next one.
    pub fn alerts_per_minute(mut self, alerts: usize) -> Self {
        self.per_minute = alerts;
        self
    }

    /// Sets for how long a thread waits before it takes note of where it is, which costs it some
    /// microseconds; 100 milliseconds by default. With `None` it never does, and is asked by a signal.
    ///
    /// That is for waits that are made in slices: for what is no lock and no condition variable.
    pub fn capture_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.capture_delay = delay.into();
        self
    }

    /// Sets the signal by which threads are asked where they are; by default `SIGRTMIN` + 6. Only
    /// on Linux and Android, with the feature `signals`.
    pub fn signal(mut self, signal: i32) -> Self {
        self.signal = Choice::Number(signal);
        self
    }

    /// No signal is sent to any thread: dumps tell no stacks but that of the thread that makes them.
    pub fn without_signals(mut self) -> Self {
        self.signal = Choice::Off;
        self
    }

    /// All threads are written to standard error within a tenth of a second when the process is sent
    /// `SIGQUIT`, as with the JVM. Only on Linux and Android, with the feature `signals`.
    pub fn dump_on_quit(mut self) -> Self {
        self.quit = true;
        self
    }

    /// Adds an action: an event of `tracing`, with the target `lockwarden::watchdog`.
    pub fn tracing(mut self) -> Self {
        self.actions.push(Action::Event);
        self
    }

    /// Adds an action: the text, with all threads, on standard error. Where the report stands there
    /// already, as it does by default, only what it does not say.
    pub fn stderr(mut self) -> Self {
        self.actions.push(Action::Stderr);
        self
    }

    /// Adds an action: a line of JSON at the end of this file, in the form that
    /// `docs/report.schema.json` says.
    ///
    /// The file is made, for its owner alone, if it is not there; a symbolic link is not followed.
    #[cfg(feature = "json")]
    pub fn json_lines(mut self, path: impl Into<PathBuf>) -> Self {
        self.json.push((self.actions.len(), path.into()));
        self
    }

    /// Adds an action: a call of this function, in a thread of the watchdog.
    ///
    /// As long as it runs nothing else is told, so hand the alert on, rather than do work here, and
    /// take no lock that may be what hangs. A panic in it is caught and said on standard error.
    pub fn on_alert(mut self, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.actions.push(Action::Call(Arc::new(callback)));
        self
    }

    /// Adds an action: the process aborts, with a core where the system writes one.
    pub fn abort(mut self) -> Self {
        self.actions.push(Action::Abort);
        self
    }

    /// Adds an action: the process ends with this code, from 0 to 255, at once; nothing that is registered for an
    /// orderly end is run, as that might wait for what hangs.
    pub fn exit(mut self, code: i32) -> Self {
        self.actions.push(Action::Exit(code));
        self
    }

    /// Adds an action: the program is started anew in its process, with the same arguments, at most
    /// so many times in a row: a program that has run for an hour since then begins to count anew.
    /// Only on Unix.
    ///
    /// The environment variable `LOCKWARDEN_RESTARTS` has their number and the time of the last one,
    /// in seconds since 1970, as in `2@1770000000`. Files that are not closed at the
    /// start of a program stay open, as always.
    pub fn restart(mut self, times: u32) -> Self {
        self.actions.push(Action::Restart(times));
        self
    }

    /// systemd is pinged while nothing stalls, if it asks for that (`WatchdogSec=` in the unit). Only
    /// on Unix.
    #[cfg(feature = "systemd")]
    pub fn systemd(mut self) -> Self {
        self.systemd = true;
        self
    }

    /// Starts the watchdog. It ends when the result is dropped.
    ///
    /// One that the environment variable has started is replaced.
    ///
    /// # Errors
    ///
    /// If a limit means nothing, a file cannot be written, a signal is handled by somebody else,
    /// there is a watchdog already, or the system gives no thread. The error says which, and nothing
    /// was started.
    pub fn spawn(self) -> Result<Watchdog, Error> {
        let builder = environment::put_over(self);
        environment::give_way();
        builder.start()
    }

    /// The same, without a look at the environment.
    pub(super) fn start(mut self) -> Result<Watchdog, Error> {
        self.limits.check()?;
        if self.per_minute == 0 {
            return Err(Error::NoAlerts);
        }
        for action in &self.actions {
            if let Action::Exit(code @ (i32::MIN..=-1 | 256..)) = action {
                return Err(Error::ExitCode { code: *code });
            }
        }
        if self.actions.is_empty() && self.json.is_empty() {
            self.actions.push(Action::Stderr);
        }
        self.open_files()?;
        handle::start(move || {
            signal::install(self.signal)?;
            #[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
            if self.quit {
                signal::watch_for_quit()?;
            }
            Ok(Settings {
                limits: self.limits,
                actions: self.actions,
                per_minute: self.per_minute,
                quit: self.quit,
                capture_delay: self.capture_delay,
                systemd: self.systemd,
            })
        })
    }

    #[cfg(feature = "json")]
    fn open_files(&mut self) -> Result<(), Error> {
        use crate::sink::LinesFile;
        // From the last one on, so that the places of the others stay what they are.
        for (at, path) in std::mem::take(&mut self.json).into_iter().rev() {
            let file =
                LinesFile::at(path.clone()).map_err(|source| Error::File { path, source })?;
            self.actions.insert(at, Action::Json(file));
        }
        Ok(())
    }

    #[cfg(not(feature = "json"))]
    fn open_files(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
