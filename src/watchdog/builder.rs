//! The settings of a watchdog.

#[cfg(feature = "json")]
use std::path::PathBuf;
use std::time::Duration;

use super::action::Action;
use super::alert::Alert;
use super::error::Error;
use super::handle::{self, Watchdog};
use super::limits::Limits;
use super::poll_loop::Settings;
use crate::config::{Callback, Status};
use crate::runtime::status::status;
use crate::sink;
use crate::system::signal;
use crate::system::signal::Choice;

/// The settings of a watchdog. Made by [`Watchdog::builder`].
///
/// By default the watchdog reports waits for locks that last longer than 10 seconds, and writes all
/// threads to standard error. Limits are given as a `Duration`, or as `None` to switch off the check.
/// The environment variable `LOCKWARDEN_WATCHDOG` takes precedence over these settings.
///
/// Actions run in the order in which they are added.
#[derive(Clone, Debug)]
#[must_use = "a watchdog does nothing before it is spawned"]
pub struct Builder {
    pub(super) settings: Settings,
    pub(super) actions: Vec<Action>,
    pub(super) signal: Choice,
}

impl Watchdog {
    /// Returns a builder with the defaults.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings {
                limits: Limits::new(),
                per_minute: 20,
                quit: false,
                capture_delay: Some(Duration::from_millis(100)),
                systemd: false,
            },
            actions: Vec::new(),
            signal: Choice::Default,
        }
    }

    /// Sets how long a thread may wait for a tracked primitive: for a lock, a notification, a message.
    /// By default, 10 seconds, and for locks alone.
    ///
    /// Waits with a deadline count too. Several threads that wait for the same lock or resource are one
    /// stall. A sleep does not count, nor does a worker of a pool that waits for a job. A join has no
    /// limit, since it lasts as long as the joined thread; where that thread hangs in an unwatched
    /// operation, such as a system call or a lock of another crate, the limit for
    /// [progress](Self::progress_limit) shows it.
    ///
    /// A wait that a `Deadlock` or `SelfDeadlock` report has named is not reported again, nor is a wait
    /// for a lock that only threads in such waits hold. The time in which a report is written does not
    /// count, up to 5 seconds for each.
    ///
    /// A thread that waits for work may wait for long without an error: give waits for anything but
    /// locks another limit, or none, with [`event_limit`](Self::event_limit), or declare such waits
    /// with [`idle`](super::idle). A thread that waits for a lock that only idle threads hold is exempt
    /// as they are: the workers that share one receiver behind a mutex are one idle server.
    pub fn wait_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.set_wait(limit.into());
        self
    }

    /// Sets how long a thread may wait for anything but a lock, if that limit differs from
    /// [`wait_limit`](Self::wait_limit).
    pub fn event_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.event = Some(limit.into());
        self
    }

    /// Sets how long a lock may be held. Off by default.
    ///
    /// A hold counts from the first poll that sees it.
    pub fn hold_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.hold = limit.into();
        self
    }

    /// Sets for how long no thread may acquire, release or wait for anything, while at least one thread
    /// waits (a join counts). Off by default: a program that idles makes no progress either.
    ///
    /// Where threads only wait for the ends of other threads, that is a stall only if no thread of the
    /// process is on a CPU, as far as the operating system shows that (Linux and Android).
    pub fn progress_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.limits.progress = limit.into();
        self
    }

    /// Sets how many alerts are made in a minute; 20 by default. The number of stalls beyond that is in
    /// the next alert.
    pub fn alerts_per_minute(mut self, alerts: usize) -> Self {
        self.settings.per_minute = alerts;
        self
    }

    /// Sets for how long a thread waits before it captures its own stack, which costs it some
    /// microseconds; 100 milliseconds by default. With `None` a thread never does, and a dump
    /// interrupts it by a signal.
    ///
    /// That applies to waits that are made in slices: for anything but locks and condition variables.
    pub fn capture_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.settings.capture_delay = delay.into();
        self
    }

    /// Sets the signal by which a dump asks threads for their stacks; by default `SIGRTMIN` + 6. Only
    /// on Linux and Android, with the feature `signals`.
    pub fn signal(mut self, signal: i32) -> Self {
        self.signal = Choice::Number(signal);
        self
    }

    /// Sends no signal to any thread: a dump then contains the stack of the thread that makes it, and
    /// of threads that captured their own.
    pub fn without_signals(mut self) -> Self {
        self.signal = Choice::Off;
        self
    }

    /// Writes all threads to standard error within a tenth of a second when the process receives
    /// `SIGQUIT`, as the JVM does. Only on Linux and Android, with the feature `signals`.
    pub fn dump_on_quit(mut self) -> Self {
        self.settings.quit = true;
        self
    }

    /// Adds an action: an event of `tracing`, with the target `lockwarden::watchdog`.
    pub fn tracing(mut self) -> Self {
        self.actions.push(Action::Event);
        self
    }

    /// Adds an action: the text, with all threads, on standard error. Where the report is on standard
    /// error already, as by default, only the rest of the text is written.
    pub fn stderr(mut self) -> Self {
        self.actions.push(Action::Stderr);
        self
    }

    /// Adds an action: a line of JSON is appended to this file, in the form of
    /// `docs/report.schema.json`.
    ///
    /// The file is created, with access for its owner alone, if it does not exist; a symbolic link is
    /// refused.
    #[cfg(feature = "json")]
    pub fn json_lines(mut self, path: impl Into<PathBuf>) -> Self {
        self.actions.push(Action::Json(path.into()));
        self
    }

    /// Adds an action: a call of this function, in a thread of the watchdog.
    ///
    /// No further alert is made while the function runs: pass the alert on instead of doing work in it,
    /// and acquire no lock that may be part of the hang. A panic in it is caught and written to
    /// standard error.
    ///
    /// A process that ends meanwhile waits for the function, for 5 seconds at most. It waits as long if the function
    /// calls `std::process::exit` while another thread does so too, since only the first such call continues.
    ///
    /// The function may end waits of the program. So while a wait or a hold leads to an alert, a wait that any thread
    /// could end is part of no `Deadlock`; the alert is the report then.
    pub fn on_alert(mut self, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.actions.push(Action::Call(Callback::new(callback)));
        self
    }

    /// Adds an action: the process aborts, with a core dump where the system writes one. Neither this action nor an
    /// [`exit`](Self::exit) or a [`restart`](Self::restart) is done if the process is ending already.
    pub fn abort(mut self) -> Self {
        self.actions.push(Action::Abort);
        self
    }

    /// Adds an action: the process ends with this code, from 0 to 255, at once. Exit handlers do not
    /// run, since they might wait for the lock that hangs.
    pub fn exit(mut self, code: i32) -> Self {
        self.actions.push(Action::Exit(code));
        self
    }

    /// Adds an action: the program is restarted in its process (`exec`), with the same arguments, at
    /// most `times` times in a row. A program that has run for an hour since its last restart counts
    /// from zero. Only on Unix.
    ///
    /// The environment variable `LOCKWARDEN_RESTARTS` has the number of restarts and the time of the
    /// last one, in seconds since 1970, as in `2@1770000000`. Files without close-on-exec stay open, as
    /// with every `exec`.
    pub fn restart(mut self, times: u32) -> Self {
        self.actions.push(Action::Restart(times));
        self
    }

    /// Pings systemd while nothing stalls, if systemd asks for that (`WatchdogSec=` in the unit). Only
    /// on Unix.
    #[cfg(feature = "systemd")]
    pub fn systemd(mut self) -> Self {
        self.settings.systemd = true;
        self
    }

    /// Starts the watchdog without the settings of the environment.
    pub(super) fn start(mut self) -> Result<Watchdog, Error> {
        self.settings.limits.check()?;
        if self.settings.per_minute == 0 {
            return Err(Error::NoAlerts);
        }
        for action in &self.actions {
            action.check()?;
        }
        // No file is made if anything is refused.
        for action in &self.actions {
            action.open()?;
        }
        if self.actions.is_empty() {
            self.actions.push(Action::Stderr);
        }
        let place = handle::take_place()?;
        signal::install(self.signal)?;
        #[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
        if self.settings.quit {
            signal::watch_for_quit()?;
        }
        if let Status::Off(reason) = status()
            && self.settings.limits.has_one_for_locks()
        {
            sink::say(&format!(
                "watchdog: heartbeats alone are watched, no waits and no holds: {reason}"
            ));
        }
        handle::start(place, self.settings, self.actions)
    }
}
