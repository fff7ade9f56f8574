//! A check that has not ended in time: where its threads are.

use std::fmt;
use std::time::Duration;

use crate::detector::survey::Seen;

/// A check that did not end in time, with what each of its threads held and waited for then.
///
/// Displayed as text, a paragraph for each thread. The threads are left behind: they go on, or
/// hang on, by themselves.
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
}

impl Hang {
    pub(super) fn new(limit: Duration, watched: bool, threads: Vec<Seen>) -> Self {
        Self {
            limit,
            watched,
            threads,
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
        write_threads(f, &self.threads)
    }
}

/// What each thread holds and waits for.
pub(super) fn write_threads(f: &mut impl fmt::Write, threads: &[Seen]) -> fmt::Result {
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
    }
    Ok(())
}
