//! The rows of times: how long threads waited for locks and held them, and for whom they waited.
//!
//! Each row has totals since the start of the process, so the last one counts, and a row that is read twice
//! changes nothing.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::json::Object;
use super::recorder::{append_all, is_recording};
use super::rows::{self, now_ms, role};
use crate::config;
use crate::engine::ids::Site;
use crate::engine::sorting;
use crate::report::Stack;
use crate::sink;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::class_key;
use crate::tracking::thread::times::{Event, Pair, Sum, TIMES};
use crate::tracking::thread::wait::now;
use crate::variables::Variable;

/// How many events each thread keeps, unless a number is given.
const EVENTS: usize = 4_096;

/// Returns how many events each thread is to keep; zero if no times are recorded.
pub(crate) fn capacity() -> usize {
    static FROM_ENVIRONMENT: OnceLock<Option<usize>> = OnceLock::new();
    let events = FROM_ENVIRONMENT
        .get_or_init(from_environment)
        .unwrap_or_else(|| config::current().get_record_times());
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

/// Writes the totals of all threads; with `all`, also the stacks of the waits and the last events.
///
/// Costs a look-up of names with `all`, which takes hundreds of milliseconds the first time.
pub(crate) fn write(all: bool) {
    let read = TIMES.lock().as_mut().map(|times| times.read(all));
    let Some((totals, events)) = read else { return };
    let mut classes = Vec::new();
    for (class, (waits, holds)) in &totals.classes {
        let of = vec![key_of(class.0)];
        classes.push(Total::new(of, waits, holds));
    }
    append(classes, of_class);
    let none = Sum::default();
    let mut pairs = Vec::new();
    for (pair, sum) in &totals.pairs {
        pairs.push(Total::new(key_of_pair(pair), sum, &none));
    }
    append(pairs, of_pair);
    if !all {
        return;
    }
    let mut captured = Vec::new();
    for ((class, addresses), sum) in &totals.stacks {
        captured.push((class.0, Stack::of_addresses(addresses), sum));
    }
    let mut unresolved = Vec::new();
    for (_, stack, _) in &captured {
        unresolved.push(stack);
    }
    Stack::resolve_all(&unresolved, &|| {});
    let mut stacks = Vec::new();
    for (class, stack, sum) in &captured {
        let mut of = Vec::new();
        for function in stack.functions() {
            of.push(function.to_owned());
        }
        of.push(key_of(class));
        // From the outermost function on, as flame graphs have it.
        of.reverse();
        stacks.push(Total::new(of, sum, &none));
    }
    append(stacks, of_stack);
    let start = unix_ns().saturating_sub(now());
    append_all(events.len(), &|at, run| {
        run.line(of_event(&events[at], start))
    });
}

/// The times of one row.
struct Total {
    /// What the row says of whose times these are, its class first.
    of: Vec<String>,
    waits: Sum,
    holds: Sum,
}

impl Total {
    fn new(of: Vec<String>, waits: &Sum, holds: &Sum) -> Self {
        Self {
            of,
            waits: *waits,
            holds: *holds,
        }
    }
}

/// Appends a row for each total. Several places may give locks of one name, so totals whose rows would say the same are
/// added up.
fn append(mut totals: Vec<Total>, row: fn(&Total) -> Object) {
    sorting::sort_by(&mut totals, |one, other| one.of.cmp(&other.of));
    totals.dedup_by(|next, total| {
        let is_same = next.of == total.of;
        if is_same {
            total.waits.join(&next.waits);
            total.holds.join(&next.holds);
        }
        is_same
    });
    append_all(totals.len(), &|at, run| run.line(row(&totals[at])));
}

fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

fn key_of(class: &Class) -> String {
    rows::key_of(class).into_owned()
}

fn of_class(total: &Total) -> Object {
    let site = |site: Option<Site>| site.map(class_key::of_site);
    let (waits, holds) = (&total.waits, &total.holds);
    let mut row = Object::row("time");
    row.text("class", &total.of[0])
        .number("waits", waits.count)
        .number("wait_ns", waits.ns)
        .number("longest_wait_ns", waits.longest)
        .text_if("longest_wait_site", site(waits.site).as_deref())
        .number("holds", holds.count)
        .number("hold_ns", holds.ns)
        .number("longest_hold_ns", holds.longest)
        .text_if("longest_hold_site", site(holds.site).as_deref())
        .number("seen_ms", now_ms());
    row
}

/// The class and the line of the wait, and the role and the line of the holder, if it is known.
fn key_of_pair(pair: &Pair) -> Vec<String> {
    let mut key = vec![key_of(pair.class.0), class_key::of_site(pair.site.0)];
    if let Some((site, thread)) = &pair.by {
        key.push(role(thread).to_owned());
        key.push(class_key::of_site(site.0));
    }
    key
}

fn of_pair(total: &Total) -> Object {
    let (of, sum) = (&total.of, &total.waits);
    let text = |at: usize| of.get(at).map(String::as_str);
    let mut row = Object::row("blocked");
    row.text("class", &of[0])
        .text("site", &of[1])
        .text_if("by_role", text(2))
        .text_if("by_site", text(3))
        .number("waits", sum.count)
        .number("wait_ns", sum.ns)
        .number("longest_wait_ns", sum.longest);
    row
}

fn of_stack(total: &Total) -> Object {
    let mut row = Object::row("stack");
    row.text("class", &total.of[0])
        .texts("frames", &total.of[1..])
        .number("waits", total.waits.count)
        .number("wait_ns", total.waits.ns);
    row
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
