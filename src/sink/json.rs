//! A report as JSON, in the form of `docs/report.schema.json`.

use serde_json::{Value, json};

use crate::engine::ids::Site;
use crate::engine::reacquisition::Reacquisition;
use crate::report::{
    Activity, FreedBy, HeldInfo, LockInfo, Report, Stack, Stall, StallCause, ThreadInfo, WaitInfo,
    WaitsFor,
};
use crate::report::{cut, milliseconds, place};

/// The version of the form. Added fields do not change the version, since readers ignore unknown
/// fields.
const VERSION: u32 = 1;

/// Returns the fields that every line about a report has; `kind` is the type of the line.
///
/// Looks up the names of the stacks.
pub(crate) fn value(report: &Report, kind: &str) -> Value {
    let mut value = json!({
        "schema": VERSION,
        "kind": kind,
        "time_unix_ms": super::now_ms(),
        "pid": std::process::id(),
        "report": self::report(report),
    });
    if let Some(stall) = &report.stall {
        value["stall"] = self::stall(stall);
    }
    value
}

fn report(report: &Report) -> Value {
    json!({
        "sequence": report.sequence,
        "repeats": report.repeats,
        "verdict": report.verdict.name(),
        "basis": report.basis.name(),
        "headline": report.subject(),
        "reason": report.reason,
        "suggestion": report.suggestion,
        "locks": report.locks.iter().map(lock).collect::<Value>(),
        "threads": report.threads.iter().map(thread).collect::<Value>(),
        "edges": report.edges.iter().map(|edge| json!({
            "from": edge.from.get(),
            "from_mode": edge.from_mode.name(),
            "from_site": site(edge.from_site),
            "from_taken_back": edge.from_again.map(taken_back),
            "to": edge.to.get(),
            "to_mode": edge.to_mode.name(),
            "to_site": site(edge.to_site),
            "to_taken_back": edge.to_again.map(taken_back),
            "thread": edge.thread.get(),
            "gates": edge.gates.iter().map(|gate| gate.get()).collect::<Value>(),
            "stack": edge.stack.as_ref().map(frames),
        })).collect::<Value>(),
        "closing": report.closing,
        "guards": report.guards.iter().map(|guard| guard.get()).collect::<Value>(),
        "declared": report.declared.map(site),
        "lacks_writers": report.lacks_writers,
        "unbreakable": report.unbreakable,
        "stack": report.stack.as_ref().map(frames),
    })
}

fn stall(stall: &Stall) -> Value {
    let mut value = json!({
        "limit_ms": milliseconds(stall.limit),
        "holders": stall.holders.iter().map(|holder| json!({
            "thread": holder.thread.get(),
            "lock": holder.lock.get(),
            "mode": holder.mode.name(),
            "site": site(holder.site),
            "at_least_ms": milliseconds(holder.at_least),
            "activity": activity(&holder.activity),
        })).collect::<Value>(),
    });
    match &stall.cause {
        StallCause::Wait { thread, waiters } => {
            value["thread"] = thread.get().into();
            value["waiters"] = (*waiters).into();
        }
        StallCause::Hold { thread, lock, site } => {
            value["thread"] = thread.get().into();
            value["lock"] = lock.get().into();
            value["site"] = self::site(site);
        }
        StallCause::Heartbeat { name, site, thread } => {
            value["heartbeat"] = name.as_str().into();
            value["site"] = self::site(site);
            value["thread"] = thread.map(|thread| thread.get()).into();
        }
        StallCause::NoProgress { waiting } => value["waiting"] = (*waiting).into(),
    }
    value
}

pub(crate) fn lock(lock: &LockInfo) -> Value {
    json!({
        "id": lock.id.get(),
        "kind": lock.noun,
        "key": cut(&lock.key()),
        "name": lock.name.map(cut),
        "label": lock.label.as_deref().map(cut),
        "content": lock.content,
        "created": site(lock.created),
    })
}

fn thread(thread: &ThreadInfo) -> Value {
    json!({
        "id": thread.id.get(),
        "name": thread.name.as_deref().map(cut),
        "ended": thread.ended,
        "panicked": thread.panicked,
        "panicking": thread.panicking,
        "ending": thread.ending,
        "task": thread.is_task,
        "left_by_fork": thread.left_by_fork,
        "spawned": thread.spawned.map(site),
        "notes": thread.notes,
        "held": thread.held.iter().map(held).collect::<Value>(),
        "waits": thread.waits.as_ref().map(waits),
        "stack": thread.stack.as_ref().map(frames),
    })
}

pub(crate) fn activity(activity: &Activity) -> Value {
    let word = match activity {
        Activity::Running { .. } => "running",
        Activity::InSystemCall { .. } => "system_call",
        Activity::Asleep => "asleep",
        Activity::Uninterruptible => "uninterruptible",
        Activity::Stopped => "stopped",
        Activity::Ended => "ended",
        Activity::Unknown => "unknown",
    };
    let mut value = json!({ "state": word });
    match activity {
        Activity::Running { cpu: Some(cpu) } => value["cpu"] = (*cpu).into(),
        Activity::InSystemCall { number, name } => {
            value["number"] = (*number).into();
            value["name"] = (*name).into();
        }
        _ => {}
    }
    value
}

pub(crate) fn held(held: &HeldInfo) -> Value {
    json!({
        "lock": held.lock.get(),
        "mode": held.mode.name(),
        "site": site(held.site),
    })
}

pub(crate) fn waits(wait: &WaitInfo) -> Value {
    let (what, on) = match wait.what {
        WaitsFor::Lock { lock, mode } => (mode.to_string(), lock),
        WaitsFor::Resource { resource, awaited } => {
            (format!("{awaited:?}").to_lowercase(), resource)
        }
    };
    json!({
        "for": what,
        "on": on.get(),
        "site": site(wait.site),
        "since_ms": wait.since.map(milliseconds),
        "taken_back": wait.again.map(taken_back),
        "ended_by": wait.by.as_ref().map(|by| match by {
            FreedBy::Threads(threads) => threads.iter().map(|thread| thread.get()).collect(),
            FreedBy::AnyThread => Value::from("any_thread"),
            FreedBy::NoThread => Value::from("no_thread"),
        }),
        "counts": wait.counts.map(|counts| json!({
            "wanted": counts.wanted,
            "available": counts.available,
            "queued": counts.queued,
        })),
    })
}

fn taken_back(again: Reacquisition) -> &'static str {
    match again {
        Reacquisition::Wait => "wait",
        Reacquisition::Unlocked => "unlocked",
        Reacquisition::Upgrade => "upgrade",
    }
}

pub(crate) fn frames(stack: &Stack) -> Value {
    let frames = stack.places().map(|place| {
        json!({
            "function": place.function,
            "file": place.file,
            "line": place.line,
            "module": place.module,
            "offset": place.offset,
            "build_id": place.build_id,
        })
    });
    frames.collect()
}

fn site(site: Site) -> Value {
    json!({
        "file": site.file(),
        "line": site.line(),
        "column": site.column(),
        "place": place(site).to_string(),
    })
}
