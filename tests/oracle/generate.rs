//! Random programs.

use super::program::{GUARDS, LOCKS, Op, Program, Sort, THREADS};
use super::random::Random;

/// The program of a seed.
pub(crate) fn generate(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let threads = 2 + random.below(THREADS - 1);
    let locks = 2 + random.below(LOCKS - 1);
    let plain = random.chance(35);
    let mut generator = Generator {
        locks: (0..locks)
            .map(|_| match random.below(10) {
                _ if plain => Sort::Mutex,
                0..=4 => Sort::Mutex,
                5..=8 => Sort::RwLock,
                _ => Sort::Recursive,
            })
            .collect(),
        tries: if random.chance(50) { 0 } else { 15 },
        gate: random.chance(40).then(|| random.below(locks) as u8),
        again: if random.chance(6) { 10 } else { 0 },
        random,
    };
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
        let mut open: Vec<u8> = Vec::new();
        for lock in order {
            self.acquire(ops, guard, &mut open, lock);
            if self.random.chance(self.again) {
                self.acquire(ops, guard, &mut open, lock);
            }
            // Hand over hand: the first goes before the next comes.
            if open.len() > 1 && self.random.chance(10) {
                ops.push(Op::Release {
                    guard: open.remove(0),
                });
            }
        }
        if self.random.chance(30) {
            self.random.shuffle(&mut open);
        }
        ops.extend(open.iter().rev().map(|guard| Op::Release { guard: *guard }));
    }

    fn acquire(&mut self, ops: &mut Vec<Op>, guard: &mut u8, open: &mut Vec<u8>, lock: u8) {
        if usize::from(*guard) == GUARDS {
            return;
        }
        ops.push(Op::Acquire {
            lock,
            shared: self.random.chance(55),
            tries: self.random.chance(self.tries),
            guard: *guard,
        });
        open.push(*guard);
        *guard += 1;
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
