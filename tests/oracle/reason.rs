//! Why a program cannot reach a cycle that was reported.

use std::fmt;

use super::cycle::Cycle;
use super::explore::explore;
use super::machine::Rules;
use super::program::{Mode, Op, Program, Sort};

/// What stands between a program and a cycle: the rule without which it could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// A reader waits for a reader only behind a queued writer, which is a third thread. The lock is
    /// written only by threads of the cycle itself.
    NoThirdWriter,
    /// The lock is written by others, but none of them can be queued just then.
    NoWriterThen,
    /// What a try found decides, and with it what is held.
    Try,
    /// A thread is started under a lock that it has to take before it comes to its part.
    StartedUnderLock,
    /// A thread is joined under a lock that the other side has to take before it comes to its part.
    JoinedUnderLock,
    /// Two of these together.
    Together,
    /// None of these: an order of locks alone keeps the parts apart.
    Locks,
}

impl Reason {
    pub(crate) const ALL: [Reason; 7] = [
        Reason::NoThirdWriter,
        Reason::NoWriterThen,
        Reason::Try,
        Reason::StartedUnderLock,
        Reason::JoinedUnderLock,
        Reason::Together,
        Reason::Locks,
    ];
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::NoThirdWriter => "readers: only the threads of the cycle write the lock",
            Reason::NoWriterThen => {
                "readers: others write the lock, but none can be queued just then"
            }
            Reason::Try => "data: what a try found decides what is held",
            Reason::StartedUnderLock => "a thread is started under a lock that it needs first",
            Reason::JoinedUnderLock => "a thread is joined under a lock that the other needs first",
            Reason::Together => "two of these together",
            Reason::Locks => "locks alone",
        })
    }
}

/// The first rule without which the program could deadlock on these locks in this order.
pub(crate) fn reason(program: &Program, cycle: &Cycle) -> Reason {
    let truth = Rules::TRUTH;
    let strangers = Rules {
        strangers_write: written(program),
        ..truth
    };
    let tries = Rules {
        tries_may_fail: true,
        ..truth
    };
    let started = Rules {
        all_started: true,
        ..truth
    };
    let joined = Rules {
        joins_pass: true,
        ..truth
    };
    let any = Rules {
        strangers_write: strangers.strangers_write,
        tries_may_fail: true,
        joins_pass: true,
        all_started: true,
        ..truth
    };
    let reaches = |rules| explore(program, rules).reaches(&cycle.locks());
    [
        (strangers, Reason::NoWriterThen),
        (tries, Reason::Try),
        (started, Reason::StartedUnderLock),
        (joined, Reason::JoinedUnderLock),
        (any, Reason::Together),
    ]
    .into_iter()
    .find(|(rules, _)| reaches(*rules))
    .map_or(Reason::Locks, |(_, reason)| match reason {
        Reason::NoWriterThen if !has_third_writers(program, cycle) => Reason::NoThirdWriter,
        reason => reason,
    })
}

/// Whether each lock at which a reader waits for a reader is written by a thread outside the cycle.
fn has_third_writers(program: &Program, cycle: &Cycle) -> bool {
    let inside = cycle.0.iter().fold(0u8, |set, hop| set | 1 << hop.asker);
    let writes = |thread: usize, op: &Op, lock| match *op {
        Op::Acquire {
            lock: l,
            mode: Mode::Exclusive,
            tries: false,
            ..
        } => l == lock,
        Op::Upgrade { guard } => program.acquisition(thread, guard).0 == lock,
        _ => false,
    };
    cycle.read_behind_writers().all(|lock| {
        (0..program.threads.len())
            .filter(|thread| inside & (1 << thread) == 0)
            .any(|thread| {
                let mut ops = program.threads[thread].iter();
                ops.any(|op| writes(thread, op, lock))
            })
    })
}

/// The reader-writer locks that have writers, a bit each.
fn written(program: &Program) -> u8 {
    program
        .threads
        .iter()
        .flatten()
        .fold(0, |set, op| match *op {
            // Who upgrades takes it upgradably first.
            Op::Acquire { lock, mode, .. }
                if mode != Mode::Shared && program.locks[usize::from(lock)] == Sort::RwLock =>
            {
                set | 1 << lock
            }
            _ => set,
        })
}
