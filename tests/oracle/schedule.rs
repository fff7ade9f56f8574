//! The one order of events in which the detector sees a program.

use super::cycle::{Cycle, Hop, Writer};
use super::machine::{Machine, Rules, State, Step};
use super::program::{LOCKS, Mode, Op, Program, Sort, THREADS, hold_bits, members};
use super::random::Random;

/// How many random orders are tried before one that gets stuck is taken up to there.
const TRIES: usize = 40;

/// A statement of a thread, and whether it does what it says; a try may fail, and a value may be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) thread: u8,
    /// Which statement of the thread it is.
    pub(crate) at: u8,
    pub(crate) op: Op,
    pub(crate) done: bool,
}

/// An order of events.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) events: Vec<Event>,
    /// Whether every thread gets to its end; else all of them give up after the last event.
    pub(crate) whole: bool,
    /// The thread and its statement that, after the last event, asks for a lock that it holds itself.
    pub(crate) asks_itself: Option<(u8, u8)>,
}

/// An order in which no thread ever waits, whole if one is found.
pub(crate) fn choose(program: &Program, seed: u64) -> Schedule {
    let machine = Machine::new(program, Rules::TRUTH);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut longest = None;
    for _ in 0..TRIES {
        let schedule = walk(&machine, &mut random);
        if schedule.whole {
            return schedule;
        }
        let length = |s: &Schedule| (s.asks_itself.is_some(), s.events.len());
        if longest
            .as_ref()
            .is_none_or(|l| length(l) < length(&schedule))
        {
            longest = Some(schedule);
        }
    }
    longest.expect("at least one was tried")
}

fn walk(machine: &Machine<'_>, random: &mut Random) -> Schedule {
    let mut state = machine.start();
    let mut events = Vec::new();
    // Long runs of one thread, or short ones.
    let stay = [20, 60, 90][random.below(3)];
    let mut last = 0;
    loop {
        let steps: Vec<(usize, Step, State)> = machine
            .threads()
            .filter_map(|t| machine.step(&state, t).map(|(step, next)| (t, step, next)))
            .filter(|(_, step, _)| *step != Step::Queued)
            .map(|(t, step, next)| match step {
                // The mutex is free at that moment, and in the one run no thread comes between.
                Step::LetGo => {
                    let (step, next) = machine.step(&next, t).expect("it was its own");
                    (t, step, next)
                }
                _ => (t, step, next),
            })
            .collect();
        if steps.is_empty() {
            break;
        }
        let again = steps.iter().position(|(t, ..)| *t == last);
        let at = match again {
            Some(at) if random.chance(stay) => at,
            _ => random.below(steps.len()),
        };
        let (thread, step, next) = steps[at];
        events.push(Event {
            thread: thread as u8,
            at: state.at[thread],
            op: machine.op(&state, thread).expect("it has a step"),
            done: step == Step::Done,
        });
        state = next;
        last = thread;
    }
    Schedule {
        whole: machine.is_over(&state),
        asks_itself: machine
            .threads()
            .find(|t| asks_itself(machine, &state, *t))
            .map(|t| (t as u8, state.at[t])),
        events,
    }
}

/// Whether a thread is about to wait for itself, whatever the others do.
fn asks_itself(machine: &Machine<'_>, state: &State, thread: usize) -> bool {
    let tries = matches!(
        machine.op(state, thread),
        Some(Op::Acquire { tries: true, .. })
    );
    !tries && machine.is_started(state, thread) && machine.blocks_itself(state, thread)
}

impl Shown {
    /// Whether a link of the cycle, or a writer that it takes, each time that it occurred, happened before another: what
    /// it asks for was there before the other asks, and in a deadlock both wait.
    pub(crate) fn orders(&self, cycle: &Cycle) -> bool {
        let mut requests: Vec<Vec<usize>> = Vec::new();
        for hop in &cycle.0 {
            let of_link = |time: &&Time| {
                let shown = &time.hop;
                (shown.from, shown.to, shown.asker, shown.at)
                    == (hop.from, hop.to, hop.asker, hop.at)
            };
            let times = self.times.iter().filter(of_link);
            requests.push(times.map(|time| time.asks).collect());
            if let Some(writer) = hop.behind {
                let is_it = |w: &Writer| {
                    (w.thread, w.lock, w.at) == (writer.thread, writer.lock, writer.at)
                };
                let times = self.writers.iter().filter(|(w, _)| is_it(w));
                requests.push(times.map(|(_, asks)| *asks).collect());
            }
        }
        let before = |a: usize, b: usize| self.past[b] & (1 << a) != 0;
        requests.iter().any(|first| {
            requests.iter().any(|then| {
                !then.is_empty() && first.iter().all(|a| then.iter().all(|b| before(*a, *b)))
            })
        })
    }

    /// Whether it shows this link, and the writer that it takes, in whatever statements and under
    /// whatever locks.
    pub(crate) fn has_loosely(&self, hop: &Hop) -> bool {
        let (at, held, behind) = (hop.at, hop.held, hop.behind);
        let same = |h: &Hop| {
            let loosely = Hop {
                at,
                held,
                behind,
                ..*h
            };
            loosely == *hop
        };
        let asks = |w: Writer| {
            let mut writers = self.writers.iter();
            writers.any(|(h, _)| (h.thread, h.lock) == (w.thread, w.lock))
        };
        self.hops.iter().any(same) && hop.behind.is_none_or(asks)
    }

    /// Whether it shows this link, and the writer that it takes, at these statements and under no
    /// other locks.
    pub(crate) fn has(&self, hop: &Hop) -> bool {
        let same = |h: &&Hop| {
            Hop {
                held: hop.held,
                behind: hop.behind,
                ..**h
            } == *hop
        };
        let asks = |w: Writer| {
            let same = |h: &Writer| (h.thread, h.lock, h.at) == (w.thread, w.lock, w.at);
            let mut writers = self.writers.iter().filter(|(h, _)| same(h));
            writers.any(|(h, _)| h.held & !w.held == 0)
        };
        let mut hops = self.hops.iter().filter(same);
        hops.any(|h| h.held & !hop.held == 0) && hop.behind.is_none_or(asks)
    }
}

/// What an order of events shows of who asks for what while who holds what.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The links that it shows.
    pub(crate) hops: Vec<Hop>,
    /// Those who ask for a lock exclusively, and the event in which each asks.
    pub(crate) writers: Vec<(Writer, usize)>,
    /// Second shared acquisitions of one lock by one thread: thread and lock.
    pub(crate) recursive_reads: Vec<(u8, u8)>,
    /// When each link occurred.
    times: Vec<Time>,
    /// Of each event, those that happen before it, a bit each.
    past: Vec<u128>,
}

/// An occurrence of a link.
#[derive(Debug)]
struct Time {
    hop: Hop,
    /// The event that asks.
    asks: usize,
}

/// A hold, from event to event.
struct Span {
    thread: u8,
    lock: u8,
    mode: Mode,
    from: usize,
    to: usize,
}

/// Reads off an order of events what it shows.
pub(crate) fn shown(program: &Program, schedule: &Schedule) -> Shown {
    let events = &schedule.events;
    let mut spans: Vec<Span> = Vec::new();
    let mut open = [[None; 8]; THREADS];
    for (at, event) in events.iter().enumerate() {
        let thread = usize::from(event.thread);
        match event.op {
            Op::Acquire {
                lock, mode, guard, ..
            } if event.done => {
                open[thread][usize::from(guard)] = Some(spans.len());
                spans.push(Span {
                    thread: event.thread,
                    lock,
                    mode,
                    from: at,
                    to: events.len(),
                });
            }
            Op::Upgrade { guard } | Op::Wait { guard } => {
                let (lock, _) = program.acquisition(thread, guard);
                if let Some(span) = open[thread][usize::from(guard)].replace(spans.len()) {
                    spans[span].to = at;
                }
                spans.push(Span {
                    thread: event.thread,
                    lock,
                    mode: Mode::Exclusive,
                    from: at,
                    to: events.len(),
                });
            }
            Op::Release { guard, .. } => {
                if let Some(span) = open[thread][usize::from(guard)].take() {
                    let span: &mut Span = &mut spans[span];
                    span.to = at;
                }
            }
            _ => {}
        }
    }
    let mut shown = Shown::default();
    // The values that each thread has seen, a bit each.
    let mut seen = [0u8; THREADS];
    for (at, event) in events.iter().enumerate() {
        let statement = event.at;
        if let Op::Release {
            guard,
            unwinds: false,
        } = event.op
        {
            let (lock, _) = program.acquisition(event.thread.into(), guard);
            let is_value = program.locks[usize::from(lock)] == Sort::Once;
            seen[usize::from(event.thread)] |= u8::from(is_value) << lock;
        }
        let (lock, mode) = match event.op {
            Op::Acquire {
                lock,
                mode,
                tries: false,
                ..
            } => (lock, mode),
            Op::Upgrade { guard } | Op::Wait { guard } => {
                let (lock, _) = program.acquisition(event.thread.into(), guard);
                (lock, Mode::Exclusive)
            }
            _ => continue,
        };
        if program.locks[usize::from(lock)] == Sort::Once {
            let seen = &mut seen[usize::from(event.thread)];
            let before = *seen & (1 << lock) != 0;
            *seen |= u8::from(!event.done) << lock;
            if before {
                continue;
            }
        }
        let held = |thread: u8| {
            let around = |t: &usize| program.scope_of(*t);
            let holders = std::iter::successors(Some(usize::from(thread)), around)
                .fold(0u8, |set, t| set | 1 << t);
            spans
                .iter()
                .filter(|s| holders & (1 << s.thread) != 0 && s.from < at && at < s.to)
                .fold(0, |set, span| set | hold_bits(span.lock, span.mode))
        };
        if mode == Mode::Exclusive {
            let writer = Writer {
                thread: event.thread,
                lock,
                at: statement,
                held: held(event.thread),
            };
            shown.writers.push((writer, at));
        }
        let is_own = |span: &&Span| {
            span.thread == event.thread && span.lock == lock && span.from < at && at < span.to
        };
        let own = || spans.iter().filter(is_own);
        // Behind an upgradable hold no writer is queued.
        let is_second_read = mode != Mode::Exclusive
            && own().next().is_some()
            && own().all(|span| span.mode == Mode::Shared);
        if is_second_read && program.locks[usize::from(lock)] == Sort::RwLock {
            shown.recursive_reads.push((event.thread, lock));
        }
        // One who asks again for what it has in a way that keeps out all that it could wait for.
        let is_kept_out = |span: &Span| match span.mode {
            Mode::Exclusive => true,
            Mode::Upgradable => mode != Mode::Exclusive,
            Mode::Shared => mode == Mode::Shared,
        };
        if own().any(is_kept_out) {
            continue;
        }
        for span in spans.iter().filter(|span| span.from < at && at < span.to) {
            let leads_here = encloses(events, span, event.thread, at)
                || surrounds(program, events, span, event.thread);
            if span.lock != lock && leads_here {
                let hop = Hop {
                    from: span.lock,
                    to: lock,
                    holder: span.thread,
                    asker: event.thread,
                    from_mode: span.mode,
                    to_mode: mode,
                    at: statement,
                    around: starts(events, span, event.thread),
                    held: held(span.thread) | held(event.thread),
                    behind: None,
                };
                shown.hops.push(hop);
                shown.times.push(Time { hop, asks: at });
            }
        }
    }
    shown.past = past(program, events, &spans);
    shown.hops.sort_unstable();
    shown.hops.dedup();
    shown
}

/// Of each event, those that happen before it, a bit each: those of its thread, and what a start, an end, a value that
/// is ready, or the release of a lock that it was started under orders before.
fn past(program: &Program, events: &[Event], spans: &[Span]) -> Vec<u128> {
    assert!(events.len() <= 128, "a bit for each event");
    let mut threads = [0u128; THREADS];
    let mut values = [0u128; LOCKS];
    // What had happened at the end of each span.
    let mut ends = vec![0u128; spans.len()];
    let mut pasts = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let thread = usize::from(event.thread);
        pasts.push(threads[thread]);
        threads[thread] |= 1 << at;
        for (span, end) in spans.iter().zip(&mut ends) {
            if span.to == at {
                *end = threads[thread];
            }
        }
        match event.op {
            Op::Acquire {
                lock,
                mode,
                tries: false,
                ..
            } if event.done && program.locks[usize::from(lock)] != Sort::Once => {
                for (span, end) in spans.iter().zip(&ends) {
                    let waits = span.lock == lock && span.to < at && mode.excludes(span.mode);
                    if waits && is_started_under(events, span, event.thread) {
                        threads[thread] |= end;
                    }
                }
            }
            Op::Spawn(child) => threads[usize::from(child)] |= threads[thread],
            Op::Scope(set) => {
                for child in members(set) {
                    threads[child] |= threads[thread];
                }
            }
            Op::Join(child) => threads[thread] |= threads[usize::from(child)],
            Op::Close(set) => {
                for child in members(set) {
                    threads[thread] |= threads[child];
                }
            }
            Op::Acquire {
                lock, tries: false, ..
            } if !event.done => {
                threads[thread] |= values[usize::from(lock)];
            }
            Op::Release {
                guard,
                unwinds: false,
            } => {
                values[usize::from(program.acquisition(thread, guard).0)] = threads[thread];
            }
            _ => {}
        }
    }
    pasts
}

/// Whether a thread, or one that started it, is started under a hold, not as one of a scope.
fn is_started_under(events: &[Event], span: &Span, child: u8) -> bool {
    let start = events.iter().position(|e| e.op == Op::Spawn(child));
    start.is_some_and(|at| {
        let parent = events[at].thread;
        (parent == span.thread && span.from < at && at < span.to)
            || is_started_under(events, span, parent)
    })
}

/// Whether a thread is started by the holder of a hold, under it.
fn starts(events: &[Event], span: &Span, child: u8) -> bool {
    events[span.from..span.to].iter().any(|event| {
        let started = match event.op {
            Op::Spawn(thread) => 1 << thread,
            Op::Scope(set) => set,
            _ => 0,
        };
        event.thread == span.thread && started & (1 << child) != 0
    })
}

/// Whether a hold lies around a scope in which `asker` runs, or that lies around such a one.
fn surrounds(program: &Program, events: &[Event], span: &Span, asker: u8) -> bool {
    let mut inner = usize::from(asker);
    while let Some(outer) = program.scope_of(inner) {
        let opens = |op| matches!(op, Op::Scope(set) if set & (1 << inner) != 0);
        if outer == usize::from(span.thread) {
            return events[span.from..span.to]
                .iter()
                .any(|event| event.thread == span.thread && opens(event.op));
        }
        inner = outer;
    }
    false
}

/// Whether a hold lies around what `asker` does at event `at`: it is its own, or that of a thread
/// which joins it while it holds on.
fn encloses(events: &[Event], span: &Span, asker: u8, at: usize) -> bool {
    if span.thread == asker {
        return true;
    }
    events[at..span.to.max(at)]
        .iter()
        .enumerate()
        .any(|(after, event)| {
            let joined = match event.op {
                Op::Join(child) => 1 << child,
                Op::Close(set) => set,
                _ => return false,
            };
            event.thread == span.thread && within(events, joined, asker, at + after)
        })
}

/// Whether `asker` is one of the threads, or is joined by one of them before event `until`.
fn within(events: &[Event], threads: u8, asker: u8, until: usize) -> bool {
    threads & (1 << asker) != 0
        || events[..until].iter().enumerate().any(|(at, event)| {
            let joined = match event.op {
                Op::Join(child) => 1 << child,
                Op::Close(set) => set,
                _ => return false,
            };
            threads & (1 << event.thread) != 0 && within(events, joined, asker, at)
        })
}
