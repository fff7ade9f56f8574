//! The rows of times: how long threads waited for locks and held them, and for whom they waited.
//!
//! Each row has totals since the start of the process, so the last one counts, and a row that is read twice
//! changes nothing.

use std::sync::OnceLock;

use super::recorder::{self, append_all, is_recording};
use super::rows::{self, role};
use crate::config;
use crate::engine::sorting;
use crate::report::{Stack, nanoseconds};
use crate::sink::{self, Object, now_ms};
use crate::tracking::lock::class::Class;
use crate::tracking::lock::class_key;
use crate::tracking::thread::times::{Event, Subject, Sum, TIMES};
use crate::tracking::thread::wait::now;
use crate::variables::Variable;

/// How many events each thread keeps, unless a number is given.
const EVENTS: usize = 4_096;

/// Returns how many events each thread is to keep; zero if no times are recorded.
pub(crate) fn capacity() -> usize {
    static FROM_ENVIRONMENT: OnceLock<Option<usize>> = OnceLock::new();
    let events = FROM_ENVIRONMENT
        .get_or_init(from_environment)
        .unwrap_or_else(|| config::current().record_times);
    if events > 0 && is_recording() {
        events
    } else {
        0
    }
}

fn from_environment() -> Option<usize> {
    let name = Variable::RecordTimes.name();
    let text = Variable::RecordTimes.text();
    if text.is_empty() {
        return None;
    }
    let events = match text.trim().to_ascii_lowercase().as_str() {
        "on" => Some(EVENTS),
        "off" => Some(0),
        number => number.parse().ok(),
    };
    let Some(events) = events else {
        sink::say(&format!(
            "{name}: {text:?} is neither `on`, `off` nor a number of events; no times are recorded"
        ));
        return Some(0);
    };
    if events > 0 && !is_recording() {
        sink::say(&format!(
            "{name}: no times are recorded without a record; set {} too",
            Variable::Record.name()
        ));
    }
    Some(events)
}

/// Ends the record, at an orderly exit of the process: writes the times that it has kept, and a row that says that it
/// ended in order, with the `status` of the detector.
pub(crate) fn finish(status: &str) {
    if recorder::is_open() {
        write(true);
        recorder::finish(status);
    }
}

/// Writes the totals of all threads; with `all`, also the stacks of the waits and the last events.
///
/// Costs a look-up of names with `all`, which takes hundreds of milliseconds the first time.
pub(crate) fn write(all: bool) {
    let (totals, events) = TIMES.lock().read(all);
    if totals.sums.items().is_empty() {
        return;
    }
    let (mut classes, mut pairs) = (Vec::new(), Vec::new());
    let (mut stacks, mut captured) = (Vec::new(), Vec::new());
    for (_, total) in totals.sums.items() {
        let mut row = Row::of(total.class, total.sum);
        match &total.subject {
            Subject::Waits => classes.push(row),
            Subject::Holds => {
                row.holds = std::mem::take(&mut row.waits);
                classes.push(row);
            }
            Subject::Pair(site, by) => {
                row.key.push(class_key::of_site(site));
                if let Some((site, thread)) = by {
                    row.key.push(role(thread).to_owned());
                    row.key.push(class_key::of_site(site));
                }
                pairs.push(row);
            }
            Subject::Stack(addresses) => {
                stacks.push(row);
                captured.push(Stack::of_addresses(addresses));
            }
        }
    }
    append(classes, Row::of_class);
    append(pairs, Row::of_pair);
    if !all {
        return;
    }
    let mut unresolved = Vec::new();
    for stack in &captured {
        unresolved.push(stack);
    }
    Stack::resolve_all(&unresolved, &|| {});
    for (row, stack) in stacks.iter_mut().zip(&captured) {
        // From the outermost function on, as flame graphs have it.
        for function in stack.functions() {
            row.key.push(function.to_owned());
        }
        row.key[1..].reverse();
    }
    append(stacks, Row::of_stack);
    let start = nanoseconds(sink::since_1970()).saturating_sub(now());
    append_all(events.len(), &|at| of_event(&events[at], start));
}

fn key_of(class: &Class) -> String {
    rows::key_of(class).into_owned()
}

/// A row of totals.
struct Row {
    /// What identifies it: the class and, for waits at a line, that line and the role and the line of the holder;
    /// for waits with a stack, its functions.
    key: Vec<String>,
    waits: Sum,
    holds: Sum,
}

impl Row {
    fn of(class: &Class, waits: Sum) -> Self {
        Self {
            key: vec![key_of(class)],
            waits,
            holds: Sum::default(),
        }
    }

    fn of_class(&self) -> Object {
        let site = |sum: &Sum| sum.site.map(class_key::of_site);
        let mut row = Object::row("time");
        row.text("class", &self.key[0])
            .number("waits", self.waits.count)
            .number("wait_ns", self.waits.ns)
            .number("longest_wait_ns", self.waits.longest)
            .text_if("longest_wait_site", site(&self.waits).as_deref())
            .number("holds", self.holds.count)
            .number("hold_ns", self.holds.ns)
            .number("longest_hold_ns", self.holds.longest)
            .text_if("longest_hold_site", site(&self.holds).as_deref())
            .number("seen_ms", now_ms());
        row
    }

    fn of_pair(&self) -> Object {
        let mut row = Object::row("blocked");
        row.text("class", &self.key[0]).text("site", &self.key[1]);
        if let [role, site] = &self.key[2..] {
            row.text("by_role", role).text("by_site", site);
        }
        row.number("waits", self.waits.count)
            .number("wait_ns", self.waits.ns)
            .number("longest_wait_ns", self.waits.longest);
        row
    }

    fn of_stack(&self) -> Object {
        let mut row = Object::row("stack");
        row.text("class", &self.key[0])
            .texts("frames", &self.key[1..])
            .number("waits", self.waits.count)
            .number("wait_ns", self.waits.ns);
        row
    }
}

/// Appends the rows in the order of their keys. Those of the same key are added up: several places may give locks of
/// one name.
fn append(mut rows: Vec<Row>, object: fn(&Row) -> Object) {
    sorting::sort_by(&mut rows, &|one: &Row, other: &Row| one.key.cmp(&other.key));
    rows.dedup_by(|row, kept| {
        let is_same = row.key == kept.key;
        if is_same {
            kept.waits.join(&row.waits);
            kept.holds.join(&row.holds);
        }
        is_same
    });
    append_all(rows.len(), &|at| object(&rows[at]));
}

/// A wait or a hold; `start` is the time of day at zero of its clock, in nanoseconds.
fn of_event(event: &Event, start: u64) -> Object {
    let mut row = Object::row("event");
    row.text("what", if event.is_wait { "wait" } else { "hold" })
        .text("class", &key_of(event.class))
        .text("mode", event.mode.name())
        .text("site", &class_key::of_site(event.site))
        .text("thread", &event.who.name)
        .number("tid", event.who.thread.get())
        .number("at_ns", start.saturating_add(event.from))
        .number("ns", event.to.saturating_sub(event.from));
    if let Some(by) = &event.by {
        row.text("by_thread", &by.who.name)
            .number("by_tid", by.who.thread.get())
            .text("by_site", &class_key::of_site(by.site));
    }
    row
}
