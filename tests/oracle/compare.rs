//! What the detector said of a program against what the program can do.

use std::fmt;

use lockwarden::report::Verdict;

use super::cycle::{Cycle, Hop};
use super::explore::Truth;
use super::observe::Said;
use super::program::{Op, Program, Sort};
use super::reason::{self, Reason};
use super::schedule::{Schedule, Shown};

/// What a deadlock comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Two or more locks in conflicting order, taken by the threads that hold them.
    Order,
    /// The same, where one of them is a value whose initialiser asks for another.
    Initialiser,
    /// The same, where a thread holds a lock around a scope, whose threads ask for another.
    AroundScope,
    /// The same, where a thread holds a lock from before it starts until after it joins the one that
    /// asks for another.
    AroundThread,
    /// The same, where a thread holds a lock while it joins another in any other way.
    AroundJoin,
    /// A thread waits for a lock that it holds.
    Itself,
    /// A thread reads what it reads already, and a writer is queued between.
    RecursiveRead,
    /// A thread holds the one lock that a thread which it joins asks for.
    JoinOnly,
}

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Order,
        Kind::Initialiser,
        Kind::AroundScope,
        Kind::AroundThread,
        Kind::AroundJoin,
        Kind::Itself,
        Kind::RecursiveRead,
        Kind::JoinOnly,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Order => "two or more locks in conflicting order",
            Kind::Initialiser => "the same, one of them a value whose initialiser takes locks",
            Kind::AroundScope => "the same, held around a scope",
            Kind::AroundThread => "the same, held from a spawn to its join",
            Kind::AroundJoin => "the same, held around a join alone (not claimed)",
            Kind::Itself => "a thread waits for itself",
            Kind::RecursiveRead => "a read inside a read",
            Kind::JoinOnly => "a join under the one lock that is needed (no order, not claimed)",
        })
    }
}

/// What became of a deadlock that the program can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// It was reported.
    Found,
    /// An inversion of some of its locks was reported.
    Covered,
    /// The run did not show its links, and yet it was reported.
    Foreseen,
    /// The run showed its links, but some only in another statement or under further locks, because
    /// a try went another way or the run was cut short; and it was not reported.
    Elsewhere,
    /// The run did not show its links, and it was not reported.
    NotShown,
    /// The run showed its links, but one came after the other: its thread had seen a value that was initialised
    /// after the other link. In another run it could be the one to initialise the value.
    Ordered,
    /// The run showed its links, and it was not reported.
    Missed,
}

/// A reachable deadlock: its kind, and its locks in the order of the cycle.
#[derive(Clone, Debug)]
pub(crate) struct Reachable {
    pub(crate) kind: Kind,
    pub(crate) locks: Vec<u8>,
    /// Whether the run showed all its links.
    pub(crate) shown: bool,
    /// Whether it did when neither the statements nor the locks around them count.
    pub(crate) loosely: bool,
    pub(crate) fate: Fate,
    /// One way to get there.
    pub(crate) cycle: Cycle,
}

/// An inversion that was reported.
#[derive(Clone, Debug)]
pub(crate) struct ReportedCycle {
    pub(crate) cycle: Cycle,
    /// Why the program cannot deadlock on these locks in this order, if it cannot.
    pub(crate) reason: Option<Reason>,
    /// Whether it can with these threads and modes.
    pub(crate) exactly: bool,
}

impl ReportedCycle {
    /// Whether somewhere in the cycle a reader waits for a reader.
    pub(crate) fn has_waiting_readers(&self) -> bool {
        self.cycle.read_behind_writers().next().is_some()
    }
}

/// The comparison for one program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) reachable: Vec<Reachable>,
    pub(crate) reported: Vec<ReportedCycle>,
    /// How many cycles were reported as harmless.
    pub(crate) labelled: usize,
    /// Whether the program can deadlock at all.
    pub(crate) deadlocks: bool,
    /// How many states it has.
    pub(crate) states: usize,
}

/// Compares.
pub(crate) fn compare(
    program: &Program,
    schedule: &Schedule,
    shown: &Shown,
    truth: &Truth,
    said: &[Said],
) -> Outcome {
    let mut outcome = Outcome {
        deadlocks: truth.deadlocks,
        states: truth.states,
        ..Outcome::default()
    };
    for cycle in &truth.cycles {
        let kind = kind(program, cycle);
        let loosely = is_loosely_shown(shown, kind, cycle);
        let is_shown = is_shown(schedule, shown, kind, cycle);
        let locks = cycle.locks();
        let known = |r: &&mut Reachable| r.kind == kind && r.locks == locks;
        if let Some(known) = outcome.reachable.iter_mut().find(known) {
            if is_shown && !known.shown {
                known.cycle = cycle.clone();
            }
            known.shown |= is_shown;
            known.loosely |= loosely;
        } else {
            outcome.reachable.push(Reachable {
                kind,
                locks,
                shown: is_shown,
                loosely,
                fate: Fate::NotShown,
                cycle: cycle.clone(),
            });
        }
    }
    for reachable in &mut outcome.reachable {
        let ordered = program.has_initialisers() && shown.orders(&reachable.cycle);
        reachable.fate = fate(reachable, ordered, said);
    }
    for said in said {
        match said.verdict {
            Verdict::Inversion => outcome.reported.push(ReportedCycle {
                cycle: said.cycle.clone(),
                reason: (!truth.reaches(&said.cycle.locks()))
                    .then(|| reason::reason(program, &said.cycle)),
                exactly: truth.cycles.iter().any(|c| same(c, &said.cycle)),
            }),
            Verdict::Guarded | Verdict::SingleThread | Verdict::Ordered => outcome.labelled += 1,
            _ => {}
        }
    }
    outcome
}

/// Whether two cycles have the same locks, threads that ask, and modes.
fn same(a: &Cycle, b: &Cycle) -> bool {
    let sides = |hop: &Hop| (hop.from, hop.to, hop.asker, hop.from_mode, hop.to_mode);
    a.0.iter().map(sides).eq(b.0.iter().map(sides))
}

fn kind(program: &Program, cycle: &Cycle) -> Kind {
    let alone = cycle.0.len() == 1;
    let first = cycle.0[0];
    if alone && first.holder != first.asker {
        return Kind::JoinOnly;
    }
    if alone && !first.to_mode.excludes(first.from_mode) {
        return Kind::RecursiveRead;
    }
    if alone {
        return Kind::Itself;
    }
    if !cycle.joins() {
        let initialised = |hop: &Hop| program.locks[usize::from(hop.from)] == Sort::Once;
        return match cycle.0.iter().any(initialised) {
            true => Kind::Initialiser,
            false => Kind::Order,
        };
    }
    let scoped = |hop: &Hop| {
        let opens = |op: &Op| matches!(op, Op::Scope(set) if set & (1 << hop.asker) != 0);
        hop.holder == hop.asker || program.threads[usize::from(hop.holder)].iter().any(opens)
    };
    if cycle.0.iter().all(scoped) {
        Kind::AroundScope
    } else if cycle
        .0
        .iter()
        .all(|hop| hop.holder == hop.asker || hop.around)
    {
        Kind::AroundThread
    } else {
        Kind::AroundJoin
    }
}

fn is_shown(schedule: &Schedule, shown: &Shown, kind: Kind, cycle: &Cycle) -> bool {
    let first = cycle.0[0];
    match kind {
        Kind::JoinOnly => false,
        // It is the last thing that the run does.
        Kind::Itself => schedule.asks_itself == Some((first.asker, first.at)),
        Kind::RecursiveRead => shown.recursive_reads.contains(&(first.asker, first.from)),
        _ => cycle.0.iter().all(|hop| shown.has(hop)),
    }
}

/// As `is_shown`, for a link that occurred in any statement and under any further locks.
fn is_loosely_shown(shown: &Shown, kind: Kind, cycle: &Cycle) -> bool {
    let alone = matches!(kind, Kind::JoinOnly | Kind::Itself | Kind::RecursiveRead);
    !alone && cycle.0.iter().all(|hop| shown.has_loosely(hop))
}

fn fate(reachable: &Reachable, ordered: bool, said: &[Said]) -> Fate {
    let verdict = match reachable.kind {
        Kind::Itself => Verdict::SelfDeadlock,
        Kind::RecursiveRead => Verdict::RecursiveRead,
        _ => Verdict::Inversion,
    };
    let all = reachable.cycle.lock_set();
    let reported = || said.iter().filter(|said| said.verdict == verdict);
    let found = reported().any(|said| said.cycle.locks() == reachable.locks);
    if found && !reachable.shown {
        Fate::Foreseen
    } else if found {
        Fate::Found
    } else if reachable.shown && reported().any(|said| said.cycle.lock_set() & !all == 0) {
        Fate::Covered
    } else if reachable.shown && ordered {
        Fate::Ordered
    } else if reachable.shown {
        Fate::Missed
    } else if reachable.loosely {
        Fate::Elsewhere
    } else {
        Fate::NotShown
    }
}
