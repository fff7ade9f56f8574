//! The rows of times: how long threads waited for locks and held them, and for whom they waited.
//!
//! Each row has totals since the start of the process, so the last one counts, and a row that is read twice
//! changes nothing.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::json::Object;
use super::recorder::{append_all, is_recording};
use super::rows::{self, now_ms, role};
use crate::config;
use crate::engine::ids::Site;
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
    // Several places may give locks of one name, so rows are added up by what stands in them.
    let mut classes: BTreeMap<String, (Sum, Sum)> = BTreeMap::new();
    for (class, (waits, holds)) in &totals.classes {
        let sums = classes.entry(key_of(class.0)).or_default();
        sums.0.join(waits);
        sums.1.join(holds);
    }
    append_all(classes.into_iter().collect(), |(class, sums), run| {
        run.attributed(of_class(class, &sums.0, &sums.1)).line()
    });
    let mut pairs: BTreeMap<PairKey, Sum> = BTreeMap::new();
    for (pair, sum) in &totals.pairs {
        pairs.entry(key_of_pair(pair)).or_default().join(sum);
    }
    append_all(pairs.into_iter().collect(), |(pair, sum), run| {
        run.attributed(of_pair(pair, sum)).line()
    });
    if !all {
        return;
    }
    let captured: Vec<_> = totals
        .stacks
        .iter()
        .map(|((class, addresses), sum)| (class.0, Stack::of_addresses(addresses), sum))
        .collect();
    let unresolved: Vec<&Stack> = captured.iter().map(|(_, stack, _)| stack).collect();
    Stack::resolve_all(&unresolved, &|| {});
    let mut stacks: BTreeMap<(String, Vec<&str>), Sum> = BTreeMap::new();
    for (class, stack, sum) in &captured {
        // From the outermost function on, as flame graphs have it.
        let mut functions = stack.functions();
        functions.reverse();
        stacks
            .entry((key_of(class), functions))
            .or_default()
            .join(sum);
    }
    append_all(
        stacks.into_iter().collect(),
        |((class, frames), sum), run| run.attributed(of_stack(class, frames, sum)).line(),
    );
    let start = unix_ns().saturating_sub(now());
    append_all(events, |event, run| {
        run.attributed(of_event(event, start)).line()
    });
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

fn of_class(class: &str, waits: &Sum, holds: &Sum) -> Object {
    let site = |site: Option<Site>| site.map(class_key::of_site);
    Object::row("time")
        .text("class", class)
        .number("waits", waits.count)
        .number("wait_ns", waits.ns)
        .number("longest_wait_ns", waits.longest)
        .text_if("longest_wait_site", site(waits.site).as_deref())
        .number("holds", holds.count)
        .number("hold_ns", holds.ns)
        .number("longest_hold_ns", holds.longest)
        .text_if("longest_hold_site", site(holds.site).as_deref())
        .number("seen_ms", now_ms())
}

/// The class, the line of the wait, and the role and the line of the holder.
type PairKey = (String, String, Option<(String, String)>);

fn key_of_pair(pair: &Pair) -> PairKey {
    let by = pair.by.as_ref();
    (
        key_of(pair.class.0),
        class_key::of_site(pair.site.0),
        by.map(|(site, thread)| (role(thread).to_owned(), class_key::of_site(site.0))),
    )
}

fn of_pair((class, site, by): &PairKey, sum: &Sum) -> Object {
    let row = Object::row("blocked")
        .text("class", class)
        .text("site", site);
    let row = match by {
        None => row,
        Some((role, site)) => row.text("by_role", role).text("by_site", site),
    };
    row.number("waits", sum.count)
        .number("wait_ns", sum.ns)
        .number("longest_wait_ns", sum.longest)
}

fn of_stack(class: &str, frames: &[&str], sum: &Sum) -> Object {
    Object::row("stack")
        .text("class", class)
        .texts("frames", frames.iter().copied())
        .number("waits", sum.count)
        .number("wait_ns", sum.ns)
}

/// A wait or a hold; `start` is the time of day at zero of its clock, in nanoseconds.
fn of_event(event: &Event, start: u64) -> Object {
    let row = Object::row("event")
        .text("what", if event.is_wait { "wait" } else { "hold" })
        .text("class", &key_of(event.class))
        .text("mode", &event.mode.to_string())
        .text("site", &class_key::of_site(event.site))
        .text("thread", &event.who.name)
        .number("tid", event.who.thread.get())
        .number("at_ns", start.saturating_add(event.from))
        .number("ns", event.to.saturating_sub(event.from));
    match &event.by {
        None => row,
        Some(by) => row
            .text("by_thread", &by.who.name)
            .number("by_tid", by.who.thread.get())
            .text("by_site", &class_key::of_site(by.site)),
    }
}
