//! An alert as a line of JSON: its form is `docs/report.schema.json`.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::super::alert::Alert;
use super::super::dump::{Dump, DumpedThread};
use super::super::words::{cause, phase};
use crate::engine::ids::Site;
use crate::report::{
    Activity, Cause, HeldInfo, LockInfo, Report, Stack, Stall, ThreadInfo, WaitInfo, WaitsFor,
};

/// The version of the form. What is added to it changes nothing for those who read the rest, and so
/// not the version.
const VERSION: u32 = 1;

/// The line, with its end.
pub(super) fn line(alert: &Alert) -> String {
    let mut value = json!({
        "schema": VERSION,
        "time_unix_ms": std::time::SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, milliseconds),
        "pid": std::process::id(),
        "phase": phase(alert.phase),
        "cause": cause(&alert.report),
        "lasted_ms": milliseconds(alert.lasted),
        "left_out": alert.left_out,
        "report": report(&alert.report),
        "dump": alert.dump.as_ref().map(dump),
    });
    if let Some(stall) = &alert.report.stall {
        value["stall"] = self::stall(stall);
    }
    format!("{value}\n")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn report(report: &Report) -> Value {
    let headline = report.headline();
    json!({
        "sequence": report.sequence,
        "verdict": report.verdict.name(),
        "headline": headline.strip_prefix("lockwarden: ").unwrap_or(&headline),
        "reason": report.reason,
        "suggestion": report.suggestion,
        "locks": report.locks.iter().map(lock).collect::<Value>(),
        "threads": report.threads.iter().map(thread).collect::<Value>(),
        "edges": report.edges.iter().map(|edge| json!({
            "from": edge.from.get(),
            "from_mode": edge.from_mode.to_string(),
            "from_site": site(edge.from_site),
            "to": edge.to.get(),
            "to_mode": edge.to_mode.to_string(),
            "to_site": site(edge.to_site),
            "thread": edge.thread.get(),
        })).collect::<Value>(),
    })
}

fn stall(stall: &Stall) -> Value {
    let mut value = json!({
        "limit_ms": milliseconds(stall.limit),
        "holders": stall.holders.iter().map(|holder| json!({
            "thread": holder.thread.get(),
            "lock": holder.lock.get(),
            "mode": holder.mode.to_string(),
            "site": site(holder.site),
            "at_least_ms": milliseconds(holder.at_least),
            "activity": activity(&holder.activity),
        })).collect::<Value>(),
    });
    match &stall.cause {
        Cause::Wait { thread, waiters } => {
            value["thread"] = thread.get().into();
            value["waiters"] = (*waiters).into();
        }
        Cause::Hold { thread, lock, site } => {
            value["thread"] = thread.get().into();
            value["lock"] = lock.get().into();
            value["site"] = self::site(site);
        }
        Cause::Heartbeat { name, site, thread } => {
            value["heartbeat"] = name.as_str().into();
            value["site"] = self::site(site);
            value["thread"] = thread.map(|thread| thread.get()).into();
        }
        Cause::NoProgress { waiting } => value["waiting"] = (*waiting).into(),
    }
    value
}

fn lock(lock: &LockInfo) -> Value {
    json!({
        "id": lock.id.get(),
        "kind": lock.noun,
        "name": lock.name,
        "label": lock.label,
        "created": site(lock.created),
    })
}

fn thread(thread: &ThreadInfo) -> Value {
    json!({
        "id": thread.id.get(),
        "name": thread.name,
        "ended": thread.ended,
        "held": thread.held.iter().map(held).collect::<Value>(),
        "waits": thread.waits.as_ref().map(waits),
    })
}

fn dump(dump: &Dump) -> Value {
    dump.resolve();
    json!({
        "took_ms": milliseconds(dump.took),
        "threads": dump.threads.iter().map(dumped).collect::<Value>(),
        "locks": dump.locks.iter().map(lock).collect::<Value>(),
    })
}

fn dumped(thread: &DumpedThread) -> Value {
    let held = thread.held.as_ref();
    let (stack, no_stack) = match &thread.stack {
        Ok(stack) => (frames(stack), Value::Null),
        Err(why) => (Value::Null, why.to_string().into()),
    };
    json!({
        "id": thread.id.map(|id| id.get()),
        "os_id": thread.os_id,
        "name": thread.name,
        "is_ours": thread.is_ours,
        "activity": activity(&thread.activity),
        "held": held.map(|held| held.iter().map(self::held).collect::<Value>()),
        "waits": thread.waits.as_ref().map(waits),
        "stack": stack,
        "no_stack": no_stack,
    })
}

fn activity(activity: &Activity) -> Value {
    let word = match activity {
        Activity::Running { .. } => "running",
        Activity::InSystemCall { .. } => "system_call",
        Activity::Asleep => "asleep",
        Activity::Uninterruptible => "uninterruptible",
        Activity::Stopped => "stopped",
        Activity::Ended => "ended",
        Activity::Unknown => "unknown",
    };
    let mut value = Map::from_iter([("state".to_owned(), word.into())]);
    match activity {
        Activity::Running { cpu: Some(cpu) } => {
            value.insert("cpu".to_owned(), (*cpu).into());
        }
        Activity::InSystemCall { number, name } => {
            value.insert("number".to_owned(), (*number).into());
            value.insert("name".to_owned(), (*name).into());
        }
        _ => {}
    }
    value.into()
}

fn held(held: &HeldInfo) -> Value {
    json!({
        "lock": held.lock.get(),
        "mode": held.mode.to_string(),
        "site": site(held.site),
    })
}

fn waits(wait: &WaitInfo) -> Value {
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
    })
}

fn frames(stack: &Stack) -> Value {
    let frames = stack
        .places()
        .map(|place| json!({ "function": place.function, "file": place.file, "line": place.line }));
    frames.collect()
}

fn site(site: Site) -> Value {
    json!({ "file": site.file(), "line": site.line(), "column": site.column() })
}
