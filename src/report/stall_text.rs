//! The sentences of a report about a stall.

use super::activity::Activity;
use super::data::Report;
use super::duration::duration;
use super::escape::Escaped;
use super::place::place;
use super::stall::StallCause;

/// Returns the subject of the first line.
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

/// Returns the subject of a stall that is over, without a duration.
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

/// Returns the reason of the report.
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

/// Returns a suggestion, if there is one.
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

/// Writes a line for each holder.
pub(super) fn show(out: &mut String, report: &Report) {
    let Some(stall) = &report.stall else { return };
    for (at, holder) in stall.holders.iter().enumerate() {
        if at == 0 {
            out.push('\n');
        }
        if matches!(stall.cause, StallCause::Hold { .. }) {
            // The body has the rest.
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
