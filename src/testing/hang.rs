//! A check that has not ended in time: where its threads are.

use std::fmt;
use std::time::Duration;

use crate::detector::survey::Seen;
use crate::watchdog::{self, Dump};

/// A check that did not end in time, with what each of its threads held and waited for then, and
/// where it was.
///
/// Displayed as text, a paragraph for each thread, with its stack where the feature `signals` can
/// have it. The first text of a process looks up the names of functions, which can take a second in
/// a build without optimisation. The threads are left behind: they go on, or hang on, by themselves.
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
/// let hang = outcome.hung().expect("nobody sends");
/// println!("{hang}");
/// drop(never);
/// ```
#[derive(Clone, Debug)]
pub struct Hang {
    limit: Duration,
    watched: bool,
    threads: Vec<Seen>,
    /// Where all threads of the process are.
    dump: Option<Dump>,
}

impl Hang {
    pub(super) fn new(limit: Duration, watched: bool, threads: Vec<Seen>) -> Self {
        Self {
            limit,
            watched,
            threads,
            dump: watched.then(watchdog::dump),
        }
    }

    /// The limit that was over.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn threads(&self) -> &[Seen] {
        &self.threads
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "it has not ended within {:?}", self.limit)?;
        if !self.watched {
            return writeln!(f, "nothing is known of its threads: nothing is watched");
        }
        write_threads(f, &self.threads, self.dump.as_ref())
    }
}

/// What each thread holds and waits for, and where it is, if there is a dump that says so.
pub(super) fn write_threads(
    f: &mut impl fmt::Write,
    threads: &[Seen],
    dump: Option<&Dump>,
) -> fmt::Result {
    for thread in threads {
        match &thread.name {
            Some(name) => writeln!(f, "thread `{}` ({})", name.escape_debug(), thread.id.get())?,
            None => writeln!(f, "{}", thread.id)?,
        }
        match &thread.waits {
            Some(wait) => {
                let what = wait.what.of(&wait.lock.to_string());
                let timed = if wait.timed { ", with a timeout" } else { "" };
                writeln!(
                    f,
                    "    waits for {what} at {}, for {:.1} s now{timed}",
                    wait.site,
                    wait.since.as_secs_f64()
                )?;
            }
            None if thread.ended => writeln!(f, "    has ended")?,
            None => writeln!(f, "    runs, or waits for something that is not watched")?,
        }
        for hold in &thread.held {
            let (lock, mode, site) = (&hold.lock, hold.mode, hold.site);
            writeln!(f, "    holds {lock}  {mode}  taken at {site}")?;
        }
        if thread.held.is_empty() {
            writeln!(f, "    holds nothing")?;
        }
        let dumped = dump.and_then(|dump| dump.thread(thread.id));
        match dumped.map(|dumped| &dumped.stack) {
            Some(Ok(stack)) => write!(f, "{stack}")?,
            Some(Err(why)) => writeln!(f, "    no stack: {why}")?,
            None => {}
        }
    }
    Ok(())
}
