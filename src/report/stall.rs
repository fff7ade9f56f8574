//! What does not go on: the part of a report that only a stall has.

use std::time::Duration;

use super::activity::Activity;
use super::data::Report;
use super::names::{Escaped, duration, place};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;

/// What has lasted longer than its limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// What it is.
    pub cause: StallCause,
    /// How long it had lasted when the report was made. Of a hold, which is only looked at from
    /// time to time, at least that long.
    pub lasted: Duration,
    /// The limit that it has passed.
    pub limit: Duration,
    /// Those who hold what is waited for.
    pub holders: Vec<Holder>,
}

/// What lasts too long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StallCause {
    /// A wait. If several threads wait for the same thing, the one that has waited longest.
    #[non_exhaustive]
    Wait {
        /// Who waits. For what is said by its [`ThreadInfo`](super::ThreadInfo).
        thread: ThreadId,
        /// How many threads have waited for the same thing for longer than the limit.
        waiters: usize,
    },
    /// A hold.
    #[non_exhaustive]
    Hold {
        /// Who holds.
        thread: ThreadId,
        /// What it holds.
        lock: LockId,
        /// Where it took it.
        site: Site,
    },
    /// A heartbeat that has not come.
    #[non_exhaustive]
    Heartbeat {
        /// The name of the heartbeat.
        name: String,
        /// Where it was set up.
        site: Site,
        /// The thread that made the last beat, if there was one.
        thread: Option<ThreadId>,
    },
    /// No thread does anything that is watched, while some wait.
    #[non_exhaustive]
    NoProgress {
        /// How many threads wait.
        waiting: usize,
    },
}

/// Somebody who holds what others wait for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Holder {
    /// Who.
    pub thread: ThreadId,
    /// What.
    pub lock: LockId,
    /// How.
    pub mode: Mode,
    /// Where it was taken.
    pub site: Site,
    /// For how long it has been held, at least.
    pub at_least: Duration,
    /// What the holder does now.
    pub activity: Activity,
}

/// What the first line says after the verdict.
pub(super) fn subject(report: &Report) -> String {
    let Some(stall) = &report.stall else {
        return "something makes no progress".to_owned();
    };
    let lasted = duration(stall.lasted);
    match &stall.cause {
        StallCause::Wait { thread, waiters } => {
            let name = report.thread_name(*thread);
            let awaited = report
                .thread(*thread)
                .and_then(|thread| thread.waits.as_ref())
                .map_or_else(|| "something".to_owned(), |wait| report.awaited(wait));
            let others = match waiters.saturating_sub(1) {
                0 => String::new(),
                1 => ", and 1 other thread".to_owned(),
                more => format!(", and {more} other threads"),
            };
            format!("{name} has waited {lasted} for {awaited}{others}")
        }
        StallCause::Hold { thread, lock, .. } => format!(
            "{} has held {} for {lasted}",
            report.thread_name(*thread),
            report.the_lock(*lock)
        ),
        StallCause::Heartbeat { name, .. } => {
            format!(
                "the heartbeat `{}` has not come for {lasted}",
                Escaped(name)
            )
        }
        StallCause::NoProgress { waiting } => {
            let threads = match waiting {
                1 => "1 thread waits".to_owned(),
                more => format!("{more} threads wait"),
            };
            format!("nothing has happened for {lasted}, while {threads}")
        }
    }
}

/// What it was, when it is over: the same without a duration.
pub(super) fn past(report: &Report) -> String {
    match report.stall.as_ref().map(|stall| &stall.cause) {
        Some(StallCause::Wait { thread, .. }) => {
            let wait = report.thread(*thread);
            let wait = wait.and_then(|thread| thread.waits.as_ref());
            let awaited = wait.map_or_else(|| "something".to_owned(), |wait| report.awaited(wait));
            format!("the wait of {} for {awaited}", report.thread_name(*thread))
        }
        Some(StallCause::Hold { thread, lock, .. }) => format!(
            "the hold of {} by {}",
            report.the_lock(*lock),
            report.thread_name(*thread)
        ),
        Some(StallCause::Heartbeat { name, .. }) => {
            format!("the missed heartbeat `{}`", Escaped(name))
        }
        Some(StallCause::NoProgress { .. }) | None => "a time in which nothing happened".to_owned(),
    }
}

/// Why it is reported.
pub(super) fn reason(report: &Report) -> String {
    let Some(stall) = &report.stall else {
        return "no progress for longer than the limit; whether it will ever go on is not known"
            .to_owned();
    };
    let limit = duration(stall.limit);
    match &stall.cause {
        StallCause::Wait { .. } => {
            format!("the limit for a wait is {limit}; whether it will ever end is not known")
        }
        StallCause::Hold { .. } => format!("the limit for a hold is {limit}"),
        StallCause::Heartbeat { site, .. } => format!(
            "the heartbeat that was set up at {site} is to beat every {limit} at least, and was \
             neither paused nor ended"
        ),
        StallCause::NoProgress { .. } => format!(
            "no thread has taken, released or waited for anything that is watched for longer than \
             the limit, which is {limit}"
        ),
    }
}

/// What to do about it, where that can be told.
pub(super) fn suggestion(report: &Report) -> Option<String> {
    let holder = report.stall.as_ref()?.holders.first()?;
    (holder.activity == Activity::Ended).then(|| {
        format!(
            "{} has ended without releasing what it took at {}: look for `mem::forget`",
            report.thread_name(holder.thread),
            holder.site
        )
    })
}

/// A line for each holder.
pub(super) fn show(out: &mut String, report: &Report) {
    let Some(stall) = &report.stall else { return };
    for (at, holder) in stall.holders.iter().enumerate() {
        if at == 0 {
            out.push('\n');
        }
        if matches!(stall.cause, StallCause::Hold { .. }) {
            // The rest was said.
            let (thread, activity) = (report.thread_name(holder.thread), &holder.activity);
            out.push_str(&format!("{thread} {activity}\n"));
            continue;
        }
        out.push_str(&format!(
            "{} has held {} ({}) for at least {}, since {}; it {}\n",
            report.thread_name(holder.thread),
            report.the_lock(holder.lock),
            holder.mode,
            duration(holder.at_least),
            place(holder.site),
            holder.activity
        ));
    }
}
