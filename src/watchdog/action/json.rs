//! An alert as a line of JSON: its form is `docs/report.schema.json`.

use serde_json::{Value, json};

use super::super::alert::Alert;
use super::super::labels::{cause, phase};
use crate::dump::{Dump, DumpedThread};
use crate::report::{cut, milliseconds};
use crate::sink::json::{activity, frames, held, lock, value, waits};

/// The line, with its end.
pub(super) fn line(alert: &Alert) -> String {
    let mut value = value(&alert.report, "alert");
    value["phase"] = phase(alert.phase).into();
    value["cause"] = cause(&alert.report).into();
    value["lasted_ms"] = milliseconds(alert.lasted).into();
    value["left_out"] = alert.left_out.into();
    value["dump"] = alert.dump.as_ref().map(dump).into();
    format!("{value}\n")
}

fn dump(dump: &Dump) -> Value {
    dump.resolve();
    json!({
        "took_ms": milliseconds(dump.took),
        "threads": dump.threads.iter().map(dumped).collect::<Value>(),
        "locks": dump.locks.iter().map(lock).collect::<Value>(),
        "agents": dump.agents,
    })
}

fn dumped(thread: &DumpedThread) -> Value {
    let holds = thread.held.as_ref();
    let (stack, no_stack) = match &thread.stack {
        Ok(stack) => (frames(stack), Value::Null),
        Err(why) => (Value::Null, why.to_string().into()),
    };
    json!({
        "id": thread.id.map(|id| id.get()),
        "os_id": thread.os_id,
        "name": thread.name.as_deref().map(cut),
        "is_ours": thread.is_ours,
        "task": thread.is_task,
        "activity": activity(&thread.activity),
        "held": holds.map(|holds| holds.iter().map(held).collect::<Value>()),
        "waits": thread.waits.as_ref().map(waits),
        "stack": stack,
        "no_stack": no_stack,
    })
}
