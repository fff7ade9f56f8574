//! A lock program: what all the backends interpret.

use std::fmt;

/// The most threads of a program; thread 0 is there from the start.
pub(crate) const THREADS: usize = 4;
/// The most locks of a program.
pub(crate) const LOCKS: usize = 5;
/// The most acquisitions of one thread.
pub(crate) const GUARDS: usize = 8;

/// What sort of lock it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Mutex,
    /// A queued writer blocks new readers.
    RwLock,
    /// Readers pass a queued writer.
    Recursive,
    /// Its holder may take it again.
    Reentrant,
    /// No lock, but a value that is initialised once. It is held by the thread that runs the initialiser,
    /// which is all that stands between the acquisition and its release; one that finds the value ready goes on
    /// behind the release.
    Once,
}

impl Sort {
    pub(crate) fn has_readers(self) -> bool {
        matches!(self, Sort::RwLock | Sort::Recursive)
    }
}

/// How a lock is held or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Mode {
    Shared,
    /// A reader beside others, who may become the writer.
    Upgradable,
    Exclusive,
}

impl Mode {
    /// Whether one who asks in this mode waits for one who holds in `held`, with no thread queued.
    pub(crate) fn excludes(self, held: Mode) -> bool {
        self == Mode::Exclusive
            || held == Mode::Exclusive
            || (self == Mode::Upgradable && held == Mode::Upgradable)
    }
}

/// The bits of a hold in a set of holds: one for the lock, and one that says that the hold is alone in its mode.
pub(crate) fn hold_bits(lock: u8, mode: Mode) -> u16 {
    let alone = u16::from(mode != Mode::Shared);
    1 << lock | alone << (8 + lock)
}

/// One statement of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Takes a lock, as the acquisition number `guard` of its thread. One that only tries goes
    /// on whether or not it gets it. Of a value that is initialised once, it begins the initialiser.
    Acquire {
        lock: u8,
        mode: Mode,
        tries: bool,
        guard: u8,
    },
    /// Releases what the acquisition `guard` took, if it took it; `unwinds` says whether by a panic. An
    /// initialiser that ends by a panic leaves the value as it was.
    Release { guard: u8, unwinds: bool },
    /// Makes the upgradable hold of the acquisition `guard` the exclusive one.
    Upgrade { guard: u8 },
    /// Waits at a condition variable with the mutex of the acquisition `guard`, until that times out:
    /// lets go of the mutex and takes it back.
    Wait { guard: u8 },
    /// Starts a thread.
    Spawn(u8),
    /// Waits for the end of a thread that this one started.
    Join(u8),
    /// Opens a scope and starts these threads in it, a bit each.
    Scope(u8),
    /// Waits for the end of all threads of the scope; it stands right after `Scope`.
    Close(u8),
}

/// A program: the sorts of its locks and the statements of its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) locks: Vec<Sort>,
    pub(crate) threads: Vec<Vec<Op>>,
}

impl Program {
    /// The same program in the form that the backends expect: acquisitions numbered in order,
    /// each released before its thread ends, threads started once and joined at most once, by
    /// the thread that started them, and never after a thread that no thread starts. An initialiser
    /// releases what it takes and nothing else, and threads are started and joined outside of it.
    pub(crate) fn normalised(&self) -> Self {
        let mut started = vec![false; self.threads.len()];
        started[0] = true;
        let mut threads: Vec<Vec<Op>> = Vec::new();
        for ops in &self.threads {
            let mut numbers = [None; 32];
            let mut waits = [false; 32];
            let mut upgrades = [false; 32];
            let (mut next, mut open) = (0, Vec::new());
            let (mut mine, mut out) = (Vec::new(), Vec::new());
            // Per initialiser that runs, the innermost last: the acquisition that begins it, and where that
            // stands in `out`.
            let mut initialisers: Vec<(u8, usize)> = Vec::new();
            let mut joins = Vec::new();
            for op in ops {
                // What stands before an acquisition, from the outermost on, that begins an initialiser.
                let outside = |out: &Vec<Op>, initialisers: &[(u8, usize)]| {
                    initialisers.first().map_or(out.len(), |(_, at)| *at)
                };
                // Whether it is held, and was taken in the innermost initialiser that runs.
                let is_at_hand = |guard: u8| {
                    let first = initialisers.last().map_or(0, |(first, _)| *first);
                    guard >= first && open.contains(&guard)
                };
                match *op {
                    Op::Acquire {
                        lock,
                        mode,
                        tries,
                        guard,
                    } => {
                        let sort = self.locks[usize::from(lock)];
                        let tries = tries && sort != Sort::Once;
                        let mode = match (sort, mode) {
                            (Sort::Mutex | Sort::Reentrant | Sort::Once, _) => Mode::Exclusive,
                            (Sort::Recursive, Mode::Upgradable) => Mode::Shared,
                            (_, mode) => mode,
                        };
                        numbers[usize::from(guard)] = Some(next);
                        waits[usize::from(guard)] = sort == Sort::Mutex && !tries;
                        upgrades[usize::from(guard)] = mode == Mode::Upgradable && !tries;
                        open.push(next);
                        if sort == Sort::Once {
                            initialisers.push((next, out.len()));
                        }
                        out.push(Op::Acquire {
                            lock,
                            mode,
                            tries,
                            guard: next,
                        });
                        next += 1;
                    }
                    Op::Release { guard, unwinds } => {
                        let number = &mut numbers[usize::from(guard)];
                        if !number.is_some_and(is_at_hand) {
                            continue;
                        }
                        let guard = number.take().expect("it was looked at");
                        if initialisers.pop_if(|(first, _)| *first == guard).is_some() {
                            while open.last().is_some_and(|inner| *inner > guard) {
                                let guard = open.pop().expect("it was looked at");
                                out.push(Op::Release {
                                    guard,
                                    unwinds: false,
                                });
                            }
                        }
                        open.retain(|g| *g != guard);
                        out.push(Op::Release { guard, unwinds });
                        if initialisers.is_empty() {
                            out.append(&mut joins);
                        }
                    }
                    Op::Upgrade { guard } => {
                        let may = &mut upgrades[usize::from(guard)];
                        if let Some(guard) = numbers[usize::from(guard)]
                            && is_at_hand(guard)
                            && std::mem::take(may)
                        {
                            out.push(Op::Upgrade { guard });
                        }
                    }
                    Op::Wait { guard } => {
                        let may = waits[usize::from(guard)];
                        let number = numbers[usize::from(guard)];
                        if let Some(guard) = number.filter(|guard| may && is_at_hand(*guard)) {
                            out.push(Op::Wait { guard });
                        }
                    }
                    Op::Spawn(thread) => {
                        if !std::mem::replace(&mut started[usize::from(thread)], true) {
                            mine.push(thread);
                            out.insert(outside(&out, &initialisers), *op);
                            initialisers.iter_mut().for_each(|(_, at)| *at += 1);
                        }
                    }
                    Op::Scope(set) => {
                        let set = members(set)
                            .filter(|t| !std::mem::replace(&mut started[*t], true))
                            .fold(0, |set, t| set | 1 << t);
                        if set != 0 {
                            let at = outside(&out, &initialisers);
                            out.splice(at..at, [Op::Scope(set), Op::Close(set)]);
                            initialisers.iter_mut().for_each(|(_, at)| *at += 2);
                        }
                    }
                    // It comes with its `Scope`.
                    Op::Close(_) => {}
                    Op::Join(thread) => {
                        if let Some(at) = mine.iter().position(|t| *t == thread) {
                            mine.remove(at);
                            match initialisers.is_empty() {
                                true => out.push(*op),
                                false => joins.push(*op),
                            }
                        }
                    }
                }
            }
            out.extend(open.iter().rev().map(|guard| Op::Release {
                guard: *guard,
                unwinds: false,
            }));
            out.append(&mut joins);
            threads.push(out);
        }
        loop {
            let spawned = threads.iter().flatten().fold(0, |set, op| match op {
                Op::Spawn(thread) => set | 1 << thread,
                Op::Scope(threads) => set | threads,
                _ => set,
            });
            let orphan =
                (1..threads.len()).find(|t| !threads[*t].is_empty() && spawned & (1 << t) == 0);
            match orphan {
                Some(orphan) => threads[orphan].clear(),
                None => break,
            }
        }
        Self {
            locks: self.locks.clone(),
            threads,
        }
    }

    /// The acquisition `guard` of a thread: its lock and mode.
    pub(crate) fn acquisition(&self, thread: usize, guard: u8) -> (u8, Mode) {
        self.threads[thread]
            .iter()
            .find_map(|op| match *op {
                Op::Acquire {
                    lock,
                    mode,
                    guard: g,
                    ..
                } if g == guard => Some((lock, mode)),
                _ => None,
            })
            .expect("a normalised program numbers its acquisitions")
    }

    /// The statement of a thread that releases the acquisition `guard`.
    pub(crate) fn release_of(&self, thread: usize, guard: u8) -> usize {
        let releases = |op: &Op| matches!(op, Op::Release { guard: g, .. } if *g == guard);
        let at = self.threads[thread].iter().position(releases);
        at.expect("a normalised program releases what it takes")
    }

    /// The statement of `parent` that starts `child`.
    pub(crate) fn start_of(&self, parent: usize, child: usize) -> Option<usize> {
        self.threads[parent].iter().position(|op| match *op {
            Op::Spawn(thread) => usize::from(thread) == child,
            Op::Scope(set) => set & (1 << child) != 0,
            _ => false,
        })
    }

    /// The thread in whose scope this one runs.
    pub(crate) fn scope_of(&self, thread: usize) -> Option<usize> {
        let opens = |op: &Op| matches!(op, Op::Scope(set) if set & (1 << thread) != 0);
        self.threads.iter().position(|ops| ops.iter().any(opens))
    }

    /// How many statements it has.
    pub(crate) fn len(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Whether any of its locks is a value that is initialised once.
    pub(crate) fn has_initialisers(&self) -> bool {
        self.locks.contains(&Sort::Once)
    }

    /// Whether any acquisition only tries.
    pub(crate) fn has_tries(&self) -> bool {
        let tries = |op: &Op| matches!(op, Op::Acquire { tries: true, .. });
        self.threads.iter().flatten().any(tries)
    }
}

/// The threads of a set with a bit each.
pub(crate) fn members(set: u8) -> impl Iterator<Item = usize> {
    (0..THREADS).filter(move |thread| set & (1 << thread) != 0)
}

/// The name of a lock: `A` to `E`.
pub(crate) fn lock_name(lock: u8) -> char {
    char::from(b'A' + lock)
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (lock, sort) in self.locks.iter().enumerate() {
            write!(f, "{}: {sort:?}  ", lock_name(lock as u8))?;
        }
        writeln!(f)?;
        for (thread, ops) in self.threads.iter().enumerate() {
            if ops.is_empty() && thread > 0 {
                continue;
            }
            write!(f, "  t{thread}:")?;
            for op in ops {
                match *op {
                    Op::Acquire {
                        lock, mode, tries, ..
                    } => {
                        let word = match (self.locks[usize::from(lock)], mode) {
                            (Sort::Mutex | Sort::Reentrant, _) => "lock",
                            (Sort::Once, _) => "initialise",
                            (_, Mode::Shared) => "read",
                            (_, Mode::Upgradable) => "upgradable_read",
                            (_, Mode::Exclusive) => "write",
                        };
                        let tries = if tries { "try_" } else { "" };
                        write!(f, " {tries}{word}({})", lock_name(lock))?;
                    }
                    Op::Release { guard, unwinds } => {
                        let word = if unwinds { "unwind" } else { "drop" };
                        let lock = lock_name(self.acquisition(thread, guard).0);
                        write!(f, " {word}({lock})")?;
                    }
                    Op::Upgrade { guard } => {
                        let lock = lock_name(self.acquisition(thread, guard).0);
                        write!(f, " upgrade({lock})")?;
                    }
                    Op::Wait { guard } => {
                        write!(f, " wait({})", lock_name(self.acquisition(thread, guard).0))?;
                    }
                    Op::Spawn(other) => write!(f, " spawn(t{other})")?,
                    Op::Join(other) => write!(f, " join(t{other})")?,
                    Op::Scope(set) => {
                        f.write_str(" scope(")?;
                        for (nth, other) in members(set).enumerate() {
                            write!(f, "{}t{other}", if nth > 0 { " " } else { "" })?;
                        }
                        f.write_str(")")?;
                    }
                    Op::Close(_) => {}
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
