//! Random programs.

use super::program::{GUARDS, LOCKS, Mode, Op, Program, Sort, THREADS};
use super::random::Random;

/// The program of a seed.
pub(crate) fn generate(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let threads = 2 + random.below(THREADS - 1);
    let locks = 2 + random.below(LOCKS - 1);
    let plain = random.chance(35);
    // Half of the programs have what comes back to a lock, in all its forms.
    let rich = random.chance(50);
    let mut generator = Generator {
        locks: (0..locks)
            .map(|_| match random.below(10) {
                _ if plain && !rich => Sort::Mutex,
                0..=1 if rich => Sort::Reentrant,
                0..=4 => Sort::Mutex,
                5..=7 => Sort::RwLock,
                8 if !rich => Sort::RwLock,
                _ => Sort::Recursive,
            })
            .collect(),
        tries: if random.chance(50) { 0 } else { 15 },
        gate: random.chance(40).then(|| random.below(locks) as u8),
        again: if random.chance(6) { 10 } else { 0 },
        returns: if rich { 25 } else { 0 },
        unwinds: if random.chance(20) { 30 } else { 0 },
        random,
    };
    if generator.random.chance(30) {
        for _ in 0..1 + generator.random.below(2) {
            let value = generator.random.below(locks);
            generator.locks[value] = Sort::Once;
        }
    }
    let mut bodies: Vec<Vec<Op>> = (0..threads).map(|_| generator.body(threads)).collect();
    for child in 1..threads {
        let parent = if generator.random.chance(70) {
            0
        } else {
            generator.random.below(child)
        };
        generator.start(&mut bodies[parent], child as u8);
    }
    Program {
        locks: generator.locks,
        threads: bodies,
    }
    .normalised()
}

struct Generator {
    random: Random,
    locks: Vec<Sort>,
    /// How many of a hundred acquisitions only try.
    tries: usize,
    /// A lock that some sections take first.
    gate: Option<u8>,
    /// How many of a hundred acquisitions may be of a lock that the thread holds.
    again: usize,
    /// How many of a hundred acquisitions are upgradable, and after how many of a hundred the thread
    /// comes back to a lock that it holds: upgrades it, waits at a condition variable with it, or takes
    /// it once more where that is harmless.
    returns: usize,
    /// How many of a hundred releases are by a panic.
    unwinds: usize,
}

/// An acquisition of a section that is still held.
#[derive(Clone, Copy)]
struct Open {
    guard: u8,
    lock: u8,
    mode: Mode,
    tries: bool,
}

impl Generator {
    fn body(&mut self, threads: usize) -> Vec<Op> {
        let sections = if self.random.chance(10) {
            0
        } else {
            1 + self.random.below(if threads > 3 { 2 } else { 3 })
        };
        let (mut ops, mut guard) = (Vec::new(), 0);
        for _ in 0..sections {
            self.section(&mut ops, &mut guard);
        }
        ops
    }

    /// Some locks, one inside the other, then their releases in some order.
    fn section(&mut self, ops: &mut Vec<Op>, guard: &mut u8) {
        let mut order: Vec<u8> = (0..self.locks.len() as u8).collect();
        self.random.shuffle(&mut order);
        let depth = [1, 2, 2, 2, 3, 3][self.random.below(6)];
        order.truncate(depth);
        if let Some(gate) = self.gate
            && self.random.chance(60)
        {
            order.retain(|lock| *lock != gate);
            order.insert(0, gate);
        }
        let mut open: Vec<Open> = Vec::new();
        for lock in order {
            self.acquire(ops, guard, &mut open, lock);
            if self.random.chance(self.again) {
                self.acquire(ops, guard, &mut open, lock);
            }
            if self.random.chance(self.returns) {
                self.come_back(ops, guard, &mut open);
            }
            // Hand over hand: the first goes before the next comes.
            if open.len() > 1 && self.random.chance(10) {
                let first = open.remove(0);
                ops.push(self.release(first));
            }
        }
        if self.random.chance(30) {
            self.random.shuffle(&mut open);
        }
        while let Some(last) = open.pop() {
            ops.push(self.release(last));
        }
    }

    fn release(&mut self, open: Open) -> Op {
        Op::Release {
            guard: open.guard,
            unwinds: self.random.chance(self.unwinds),
        }
    }

    fn acquire(&mut self, ops: &mut Vec<Op>, guard: &mut u8, open: &mut Vec<Open>, lock: u8) {
        let mode = match self.random.chance(55) {
            _ if self.returns > 0 && self.random.chance(self.returns) => Mode::Upgradable,
            true => Mode::Shared,
            false => Mode::Exclusive,
        };
        let tries = self.random.chance(self.tries);
        self.acquire_as(ops, guard, open, lock, mode, tries);
    }

    fn acquire_as(
        &mut self,
        ops: &mut Vec<Op>,
        guard: &mut u8,
        open: &mut Vec<Open>,
        lock: u8,
        mode: Mode,
        tries: bool,
    ) {
        if usize::from(*guard) == GUARDS {
            return;
        }
        let mode = match self.locks[usize::from(lock)] {
            sort if !sort.has_readers() => Mode::Exclusive,
            Sort::Recursive if mode == Mode::Upgradable => Mode::Shared,
            _ => mode,
        };
        let new = Open {
            guard: *guard,
            lock,
            mode,
            tries,
        };
        ops.push(Op::Acquire {
            lock,
            mode,
            tries,
            guard: new.guard,
        });
        open.push(new);
        *guard += 1;
    }

    /// Asks once more for a lock that is held, with whatever was taken since between.
    fn come_back(&mut self, ops: &mut Vec<Op>, guard: &mut u8, open: &mut Vec<Open>) {
        if open.is_empty() {
            return;
        }
        let at = self.random.below(open.len());
        let held = open[at];
        match (self.locks[usize::from(held.lock)], held.mode) {
            (Sort::Once, mode) if self.random.chance(10) => {
                self.acquire_as(ops, guard, open, held.lock, mode, false);
            }
            (Sort::Mutex, _) if !held.tries => ops.push(Op::Wait { guard: held.guard }),
            (Sort::Reentrant, mode) => {
                self.acquire_as(ops, guard, open, held.lock, mode, false);
            }
            (Sort::RwLock, Mode::Upgradable) if !held.tries && self.random.chance(60) => {
                ops.push(Op::Upgrade { guard: held.guard });
                open[at].mode = Mode::Exclusive;
            }
            (Sort::RwLock, Mode::Shared) if self.random.chance(30) => {
                self.acquire_as(ops, guard, open, held.lock, Mode::Upgradable, false);
            }
            (Sort::RwLock | Sort::Recursive, Mode::Shared | Mode::Upgradable) => {
                self.acquire_as(ops, guard, open, held.lock, Mode::Shared, false);
            }
            _ => {}
        }
    }

    /// Has a thread started, and perhaps joined, somewhere in `parent`.
    fn start(&mut self, parent: &mut Vec<Op>, child: u8) {
        if self.random.chance(30) {
            let scopes: Vec<usize> = (0..parent.len())
                .filter(|at| matches!(parent[*at], Op::Scope(_)))
                .collect();
            if let Some(at) = scopes.first()
                && let Op::Scope(set) | Op::Close(set) = &mut parent[*at]
            {
                *set |= 1 << child;
            } else {
                let at = self.place(parent, 0, 40);
                parent.insert(at, Op::Scope(1 << child));
            }
            return;
        }
        let spawn = if self.random.chance(50) {
            0
        } else {
            self.place(parent, 0, 25)
        };
        parent.insert(spawn, Op::Spawn(child));
        let join = match self.random.below(10) {
            0..=3 => return,
            4..=5 => parent.len(),
            _ => self.place(parent, spawn + 1, 25),
        };
        parent.insert(join, Op::Join(child));
    }

    /// A place between statements from `first` on; in all but `under` of a hundred cases one where
    /// nothing is held.
    fn place(&mut self, ops: &[Op], first: usize, under: usize) -> usize {
        let mut depth = 0;
        let mut free = Vec::new();
        for (at, op) in ops.iter().enumerate() {
            if depth == 0 && at >= first {
                free.push(at);
            }
            match op {
                Op::Acquire { .. } => depth += 1,
                Op::Release { .. } => depth -= 1,
                _ => {}
            }
        }
        if free.is_empty() || self.random.chance(under) {
            first + self.random.below(ops.len() + 1 - first)
        } else {
            free[self.random.below(free.len())]
        }
    }
}
