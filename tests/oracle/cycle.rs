//! The cycles of a state in which some threads can never go on.

use std::collections::BTreeSet;
use std::fmt;

use super::machine::{Machine, State};
use super::program::{Mode, Op, lock_name, members};

/// One link: `holder` holds `from` and waits until `asker`, which is itself or a thread that it
/// joins, has got `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Hop {
    pub(crate) from: u8,
    pub(crate) to: u8,
    pub(crate) holder: u8,
    pub(crate) asker: u8,
    pub(crate) from_mode: Mode,
    pub(crate) to_mode: Mode,
    /// The statement with which `asker` asks.
    pub(crate) at: u8,
    /// Whether `holder` took `from` before it started `asker`.
    pub(crate) around: bool,
    /// The locks that the two hold then, a bit each.
    pub(crate) held: u16,
    /// The writer behind which a reader waits for `from`, if that is only read.
    pub(crate) behind: Option<Writer>,
}

/// A thread that is queued as a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Writer {
    pub(crate) thread: u8,
    pub(crate) lock: u8,
    /// The statement with which it asks.
    pub(crate) at: u8,
    /// The locks that it holds then, a bit each.
    pub(crate) held: u16,
}

/// The links, in the rotation that begins at the lowest lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cycle(pub(crate) Vec<Hop>);

impl Cycle {
    pub(crate) fn new(mut hops: Vec<Hop>) -> Self {
        let first = (0..hops.len()).min_by_key(|at| hops[*at].from).unwrap_or(0);
        hops.rotate_left(first);
        Self(hops)
    }

    /// The locks, in the order of the cycle.
    pub(crate) fn locks(&self) -> Vec<u8> {
        self.0.iter().map(|hop| hop.from).collect()
    }

    /// The locks, a bit each.
    pub(crate) fn lock_set(&self) -> u8 {
        self.0.iter().fold(0, |set, hop| set | 1 << hop.from)
    }

    /// The locks at which a reader waits for a reader.
    pub(crate) fn read_behind_writers(&self) -> impl Iterator<Item = u8> {
        let before = |at: usize| self.0[(at + self.0.len() - 1) % self.0.len()];
        (0..self.0.len())
            .filter(move |at| !before(*at).to_mode.excludes(self.0[*at].from_mode))
            .map(|at| self.0[at].from)
    }

    /// Whether a thread in it waits for the end of another.
    pub(crate) fn joins(&self) -> bool {
        self.0.iter().any(|hop| hop.holder != hop.asker)
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, hop) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "t{}: {}", hop.holder, lock_name(hop.from))?;
            f.write_str(mark(hop.from_mode))?;
            f.write_str(" -> ")?;
            if hop.holder != hop.asker {
                write!(f, "t{}: ", hop.asker)?;
            }
            write!(f, "{}", lock_name(hop.to))?;
            f.write_str(mark(hop.to_mode))?;
        }
        Ok(())
    }
}

/// How a mode is written behind the name of a lock.
fn mark(mode: Mode) -> &'static str {
    match mode {
        Mode::Shared => "(r)",
        Mode::Upgradable => "(u)",
        Mode::Exclusive => "",
    }
}

/// What the wait of a thread comes down to.
#[derive(Clone, Copy)]
struct Request {
    asker: usize,
    lock: u8,
    mode: Mode,
}

/// Adds the cycles of a state in which no thread can take a step.
pub(crate) fn collect(machine: &Machine<'_>, state: &State, into: &mut BTreeSet<Cycle>) {
    for start in machine.threads() {
        walk(machine, state, start, &mut Vec::new(), into);
    }
}

/// What a thread waits for: one lock, or all that the threads that it joins wait for.
fn requests(machine: &Machine<'_>, state: &State, thread: usize, into: &mut Vec<Request>) {
    if !machine.is_started(state, thread) {
        return;
    }
    if let Some((lock, mode)) = machine.asked(state, thread) {
        return into.push(Request {
            asker: thread,
            lock,
            mode,
        });
    }
    match machine.op(state, thread) {
        Some(Op::Join(child)) => requests(machine, state, child.into(), into),
        Some(Op::Close(set)) => {
            for child in members(set) {
                requests(machine, state, child, into);
            }
        }
        _ => {}
    }
}

/// How a thread holds a lock so that the request has to wait for it.
fn blocking_hold(
    machine: &Machine<'_>,
    state: &State,
    thread: usize,
    request: Request,
) -> Option<Mode> {
    let is_behind = request.mode != Mode::Exclusive
        && machine.is_fair(request.lock)
        && machine.has_queued(state, request.lock);
    let blocks = |held: Mode| request.mode.excludes(held) || (is_behind && held == Mode::Shared);
    // What a thread holds itself and asks for again, in a way that it gets, blocks it no more than
    // the upgradable hold that it upgrades.
    let own_are_harmless = thread == request.asker && !machine.blocks_itself(state, thread);
    machine
        .holds(state, thread)
        .filter(|(lock, held)| *lock == request.lock && blocks(*held))
        .filter(|(_, held)| !own_are_harmless || *held == Mode::Shared)
        .map(|(_, mode)| mode)
        .next()
}

fn walk(
    machine: &Machine<'_>,
    state: &State,
    thread: usize,
    path: &mut Vec<(usize, Request)>,
    into: &mut BTreeSet<Cycle>,
) {
    let mut waits = Vec::new();
    requests(machine, state, thread, &mut waits);
    for wait in waits {
        path.push((thread, wait));
        for holder in machine.threads() {
            if blocking_hold(machine, state, holder, wait).is_none() {
                continue;
            }
            if holder == path[0].0 {
                let cycle = Cycle::new(hops(machine, state, path));
                // One that passes a lock twice has a shorter one within it.
                if cycle.lock_set().count_ones() as usize == cycle.0.len() {
                    behind_writers(machine, state, cycle, 0, into);
                }
            } else if holder > path[0].0 && path.iter().all(|(on, _)| *on != holder) {
                // The smallest thread goes first, so each cycle comes up once.
                walk(machine, state, holder, path, into);
            }
        }
        path.pop();
    }
}

fn hops(machine: &Machine<'_>, state: &State, path: &[(usize, Request)]) -> Vec<Hop> {
    (0..path.len())
        .map(|at| {
            let wanted = path[(at + path.len() - 1) % path.len()].1;
            let (holder, own) = path[at];
            let mode = blocking_hold(machine, state, holder, wanted);
            Hop {
                from: wanted.lock,
                to: own.lock,
                holder: holder as u8,
                asker: own.asker as u8,
                from_mode: mode.expect("it is on the path"),
                to_mode: own.mode,
                at: state.at[own.asker],
                around: machine.holds_around(state, holder, wanted.lock, own.asker),
                held: machine.lock_set(state, holder) | machine.lock_set(state, own.asker),
                behind: None,
            }
        })
        .collect()
}

/// Adds a cycle once for each choice of the writers behind which its readers wait, from link `at` on.
fn behind_writers(
    machine: &Machine<'_>,
    state: &State,
    cycle: Cycle,
    at: usize,
    into: &mut BTreeSet<Cycle>,
) {
    let Some(hop) = cycle.0.get(at) else {
        into.insert(cycle);
        return;
    };
    let lock = hop.from;
    let waits = cycle.read_behind_writers().any(|read| read == lock);
    let mut writers = machine.queued(state, lock).peekable();
    if !waits || writers.peek().is_none() {
        return behind_writers(machine, state, cycle, at + 1, into);
    }
    for thread in writers {
        let mut one = cycle.clone();
        one.0[at].behind = Some(Writer {
            thread: thread as u8,
            lock,
            at: state.at[thread],
            held: machine.lock_set(state, thread),
        });
        behind_writers(machine, state, one, at + 1, into);
    }
}
