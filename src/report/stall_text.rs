//! The sentences of a report about a stall.

use std::fmt;
use std::fmt::{Display as _, Write as _};

use super::activity::Activity;
use super::count::counted;
use super::data::Report;
use super::duration::duration;
use super::escape::Escaped;
use super::place::place;
use super::stall::StallCause;
use crate::engine::ids::ThreadId;

pub(super) fn subject(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let Some(stall) = &report.stall else {
        return f.write_str("something makes no progress");
    };
    let lasted = duration(stall.lasted);
    match &stall.cause {
        StallCause::Wait { thread, waiters } => {
            let name = report.thread_name(*thread);
            write!(
                f,
                "{name} has waited {lasted} for {}",
                awaited(report, *thread)
            )?;
            match waiters.saturating_sub(1) {
                0 => Ok(()),
                more => write!(f, ", and {}", counted(more as u64, "other thread")),
            }
        }
        StallCause::Hold { thread, lock, .. } => {
            let (thread, lock) = (report.thread_name(*thread), report.the_lock(*lock));
            write!(f, "{thread} has held {lock} for {lasted}")
        }
        StallCause::Heartbeat { name, .. } => {
            write!(
                f,
                "the heartbeat `{}` has not come for {lasted}",
                Escaped(name)
            )
        }
        StallCause::NoProgress { waiting } => {
            let (threads, verb) = (
                counted(*waiting as u64, "thread"),
                if *waiting == 1 { "waits" } else { "wait" },
            );
            write!(
                f,
                "nothing has happened for {lasted}, while {threads} {verb}"
            )
        }
    }
}

/// Returns what the thread of a stalled wait waits for.
fn awaited(report: &Report, thread: ThreadId) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let thread = report.thread(thread);
        match thread.and_then(|thread| thread.waits.as_ref()) {
            Some(wait) => report.awaited(wait).fmt(f),
            None => f.write_str("something"),
        }
    })
}

impl Report {
    /// Returns the subject of a stall that is over, without a duration.
    pub(crate) fn past(&self) -> String {
        match self.stall.as_ref().map(|stall| &stall.cause) {
            Some(StallCause::Wait { thread, .. }) => {
                let name = self.thread_name(*thread);
                format!("the wait of {name} for {}", awaited(self, *thread))
            }
            Some(StallCause::Hold { thread, lock, .. }) => {
                let (thread, lock) = (self.thread_name(*thread), self.the_lock(*lock));
                format!("the hold of {lock} by {thread}")
            }
            Some(StallCause::Heartbeat { name, .. }) => {
                format!("the missed heartbeat `{}`", Escaped(name))
            }
            _ => "a time in which nothing happened".to_owned(),
        }
    }
}

pub(super) fn reason(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let Some(stall) = &report.stall else {
        return f.write_str(
            "no progress for longer than the limit; whether it will ever go on is not known",
        );
    };
    let limit = duration(stall.limit);
    match &stall.cause {
        StallCause::Wait { .. } => write!(
            f,
            "the limit for a wait is {limit}; whether it will ever end is not known"
        ),
        StallCause::Hold { .. } => write!(f, "the limit for a hold is {limit}"),
        StallCause::Heartbeat { site, .. } => write!(
            f,
            "the heartbeat that was set up at {} is to beat every {limit} at least, and was neither paused nor ended",
            place(site)
        ),
        StallCause::NoProgress { .. } => write!(
            f,
            "no thread has taken, released or waited for anything that is watched for longer than \
             the limit, which is {limit}"
        ),
    }
}

pub(super) fn suggestion(report: &Report) -> Option<String> {
    let holder = report.stall.as_ref()?.holders.first()?;
    if holder.activity != Activity::Ended {
        return None;
    }
    Some(format!(
        "{} has ended without releasing what it took at {}: look for `mem::forget`",
        report.thread_name(holder.thread),
        place(holder.site)
    ))
}

pub(super) fn show(out: &mut String, report: &Report) {
    let Some(stall) = &report.stall else { return };
    if !stall.holders.is_empty() {
        out.push('\n');
    }
    for holder in &stall.holders {
        let (thread, activity) = (report.thread_name(holder.thread), &holder.activity);
        let _ = match stall.cause {
            // The body has the rest.
            StallCause::Hold { .. } => writeln!(out, "{thread} {activity}"),
            _ => writeln!(
                out,
                "{thread} has held {} ({}) for at least {}, since {}; it {activity}",
                report.the_lock(holder.lock),
                holder.mode,
                duration(holder.at_least),
                place(holder.site),
            ),
        };
    }
}
