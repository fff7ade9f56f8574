//! Waits and holds as a trace in Chrome's format, which Perfetto and the Firefox Profiler read too.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::merged::Records;
use super::row::EventRow;

/// The trace: a process for each run, a track for each thread, and an arrow from the hold that kept a thread waiting
/// to the end of the wait.
pub(crate) fn chrome(records: &Records) -> String {
    let mut tracks: BTreeMap<(&str, u64), Vec<&EventRow>> = BTreeMap::new();
    for event in &records.times.events {
        tracks
            .entry((&event.run, event.tid))
            .or_default()
            .push(event);
    }
    let mut processes: HashMap<&str, usize> = HashMap::new();
    let mut events = Vec::new();
    let mut arrows = 0;
    for ((run, tid), mut track) in tracks {
        let next = processes.len() + 1;
        let pid = *processes.entry(run).or_insert_with(|| {
            events.push(json!({
                "ph": "M", "name": "process_name", "pid": next,
                "args": { "name": program_of(records, run) },
            }));
            next
        });
        let thread = track.iter().find(|event| !event.thread.is_empty());
        let name = thread.map_or_else(|| format!("thread {tid}"), |event| event.thread.clone());
        events.push(json!({
            "ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": { "name": name },
        }));
        // What begins first and lasts longest is around the rest.
        track.sort_by_key(|event| (event.at_ns, std::cmp::Reverse(event.ns)));
        let mut open: Vec<u64> = Vec::new();
        for event in track {
            while open.last().is_some_and(|end| *end <= event.at_ns) {
                open.pop();
            }
            let end = event.at_ns.saturating_add(event.ns);
            let is_inside = open.last().is_none_or(|around| end <= *around);
            slice(&mut events, records, event, pid, is_inside);
            if is_inside {
                open.push(end);
            }
            if let Some(by) = event.by_tid {
                arrows += 1;
                arrow(&mut events, event, pid, by, arrows);
            }
        }
    }
    format!(
        "{}\n",
        json!({ "displayTimeUnit": "ns", "traceEvents": events })
    )
}

/// Microseconds with decimals, as the format has them.
fn micros(ns: u64) -> f64 {
    ns as f64 / 1_000.0
}

/// A slice of the thread's track; one that overlaps another, as guards that are dropped in the order of their
/// acquisition give, has a track of its own.
fn slice(events: &mut Vec<Value>, records: &Records, event: &EventRow, pid: usize, inside: bool) {
    let lock = records.name_of(&event.class);
    let verb = if event.is_wait() {
        "waits for"
    } else {
        "holds"
    };
    let mut slice = json!({
        "name": format!("{verb} {lock}"),
        "cat": event.what,
        "pid": pid,
        "tid": event.tid,
        "ts": micros(event.at_ns),
        "args": { "lock": lock, "mode": event.mode, "at": event.site },
    });
    if !event.by_site.is_empty() {
        slice["args"]["held by"] = json!(format!("{} at {}", event.by_thread, event.by_site));
    }
    if inside {
        slice["ph"] = json!("X");
        slice["dur"] = json!(micros(event.ns));
        events.push(slice);
        return;
    }
    let mut end = slice.clone();
    for (half, phase, at) in [
        (&mut slice, "b", event.at_ns),
        (&mut end, "e", event.at_ns.saturating_add(event.ns)),
    ] {
        half["ph"] = json!(phase);
        half["id"] = json!(format!("{}-{}-{}", event.tid, event.class, event.at_ns));
        half["ts"] = json!(micros(at));
    }
    events.extend([slice, end]);
}

/// From the thread that held the lock, just before the wait was over, to the wait.
fn arrow(events: &mut Vec<Value>, event: &EventRow, pid: usize, by: u64, id: u64) {
    let end = event.at_ns.saturating_add(event.ns);
    for (phase, tid, at) in [("s", by, event.at_ns), ("f", event.tid, end)] {
        let mut half = json!({
            "name": "keeps waiting", "cat": "blocked", "ph": phase, "id": id, "pid": pid, "tid": tid,
            "ts": micros(at),
        });
        if phase == "f" {
            half["bp"] = json!("e");
        }
        events.push(half);
    }
}

fn program_of(records: &Records, run: &str) -> String {
    let known = records.runs.get(run);
    let name = known.map_or_else(String::new, |run| format!("{} {}", run.binary, run.test));
    match name.trim() {
        "" => run.to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(what: &str, tid: u64, at_ns: u64, ns: u64) -> EventRow {
        EventRow {
            run: "r".to_owned(),
            what: what.to_owned(),
            class: "ledger".to_owned(),
            site: "src/a.rs:1:1".to_owned(),
            tid,
            at_ns,
            ns,
            ..EventRow::default()
        }
    }

    #[test]
    fn slices_of_a_thread_nest_and_an_arrow_leads_from_the_holder() {
        let mut records = Records::default();
        let mut wait = event("wait", 2, 2_000, 1_500);
        wait.by_tid = Some(1);
        wait.by_site = "src/a.rs:9:1".to_owned();
        records.times.events.extend([
            wait,
            event("hold", 1, 1_000, 3_000),
            event("hold", 1, 2_000, 1_000),
            // Ends after the one around it.
            event("hold", 1, 2_500, 9_000),
        ]);
        let trace: Value = serde_json::from_str(&chrome(&records)).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
        assert_eq!((of("X"), of("b"), of("e")), (3, 1, 1));
        assert_eq!((of("s"), of("f"), of("M")), (1, 1, 3));
        let wait = events.iter().find(|event| event["cat"] == "wait").unwrap();
        assert_eq!(wait["name"], "waits for ledger");
        assert_eq!((&wait["ts"], &wait["dur"]), (&json!(2.0), &json!(1.5)));
    }
}
