//! A check that has exceeded its limit, with the state of its threads.

use std::fmt;
use std::time::Duration;

use crate::detector::observe::{self, Observed};
use crate::report::{place, wait_line};
use crate::tracking::thread::wait;
use crate::watchdog::{self, Dump, DumpedThread};

/// A check that exceeded its limit, with what each of its threads held and waited for at that moment,
/// and its stack.
///
/// `Display` writes a paragraph for each thread, with its stack where the feature `signals` can capture
/// it; the other threads of the process follow those of the check. The first text of a process looks up
/// the names of functions, which can take a second in a build without optimisation. The threads of the
/// check are not ended.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
/// use lockwarden::testing::Check;
///
/// let (never, message) = mpsc::channel::<()>();
/// let outcome = Check::new().timeout(Duration::from_millis(10)).run(move || {
///     let _ = message.recv();
/// });
/// let hang = outcome.hung().expect("the message is never sent");
/// println!("{hang}");
/// drop(never);
/// ```
#[derive(Clone, Debug)]
pub struct Hang {
    limit: Duration,
    pub(super) threads: Vec<Observed>,
    /// When the threads were observed, on the clock of `tracking::wait`.
    seen_at: u64,
    /// All threads of the process; `None` if nothing is watched.
    dump: Option<Dump>,
}

impl Hang {
    /// Looks at the threads of the check with this number; `None` if nothing is watched.
    pub(super) fn new(limit: Duration, check: Option<u64>) -> Self {
        Self {
            limit,
            threads: check.map_or_else(Vec::new, observe::of_scope),
            seen_at: wait::now(),
            dump: check.map(|_| watchdog::dump()),
        }
    }

    /// Returns the limit that was exceeded.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "it has not ended within {:?}", self.limit)?;
        let Some(dump) = &self.dump else {
            return writeln!(f, "nothing is known of its threads: nothing is watched");
        };
        let is_another = |thread: &DumpedThread| {
            let of_the_check = &self.threads;
            !thread.is_ours && !of_the_check.iter().any(|one| Some(one.thread) == thread.id)
        };
        dump.resolve();
        writeln!(f)?;
        write_threads(f, &self.threads, self.seen_at, Some(dump))?;
        if dump.threads.iter().any(is_another) {
            writeln!(f, "\nthe other threads of the process:")?;
        }
        dump.write_threads(f, &is_another)?;
        dump.write_agents(f)
    }
}

/// Writes what each thread held and waited for at a moment, and its stack, if there is a dump.
pub(super) fn write_threads(
    f: &mut dyn fmt::Write,
    threads: &[Observed],
    now: u64,
    dump: Option<&Dump>,
) -> fmt::Result {
    for (at, thread) in threads.iter().enumerate() {
        if at > 0 {
            writeln!(f)?;
        }
        writeln!(f, "{}", thread.thread_info(now))?;
        match &thread.wait {
            Some(wait) => {
                let what = wait.describe(&wait.lock.in_a_sentence());
                let since = Duration::from_nanos(now.saturating_sub(wait.since));
                let line = wait_line(&what, Some(&wait.lock), wait.site, Some(since));
                let timed = if wait.timed { ", with a timeout" } else { "" };
                writeln!(f, "    {line}{timed}")?;
            }
            None if thread.has_ended => writeln!(f, "    has ended")?,
            None => writeln!(f, "    runs, or waits for something that is not watched")?,
        }
        for hold in thread.holds() {
            let (lock, mode, site) = (&hold.lock, hold.info.mode, place(hold.info.site));
            writeln!(f, "    holds {lock}  {mode}  taken at {site}")?;
        }
        match &thread.held {
            None => writeln!(f, "    holds locks that changed all the time")?,
            Some(held) if held.is_empty() => writeln!(f, "    holds nothing")?,
            Some(_) => {}
        }
        let dumped = dump.and_then(|dump| dump.thread(thread.thread));
        match dumped.map(|dumped| &dumped.stack) {
            Some(Ok(stack)) => write!(f, "{stack}")?,
            Some(Err(why)) => writeln!(f, "    no stack: {why}")?,
            None => {}
        }
    }
    Ok(())
}
