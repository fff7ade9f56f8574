//! What a detector should find, and what it should not.

use std::process::exit;
use std::sync::{Arc, Barrier};

use crate::common::subject::Subject;
use crate::locks::{self, Locks, spawn};

type Mutex = Arc<<Locks as Subject>::Mutex>;
type RwLock = Arc<<Locks as Subject>::RwLock>;

/// One scenario.
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    play: fn(),
}

/// All of them. The ones from `gate` on cannot deadlock.
pub const ALL: [Scenario; 10] = [
    Scenario {
        name: "inversion",
        play: inversion,
    },
    Scenario {
        name: "inversion-mixed",
        play: inversion_mixed,
    },
    Scenario {
        name: "inversion-dropped",
        play: inversion_dropped,
    },
    Scenario {
        name: "deadlock",
        play: deadlock,
    },
    Scenario {
        name: "deadlock-mixed",
        play: deadlock_mixed,
    },
    Scenario {
        name: "self-deadlock",
        play: self_deadlock,
    },
    Scenario {
        name: "gate",
        play: gate,
    },
    Scenario {
        name: "one-thread",
        play: one_thread,
    },
    Scenario {
        name: "joined",
        play: joined,
    },
    Scenario {
        name: "spawned-after",
        play: spawned_after,
    },
];

/// Plays the scenario of this name, and ends the process.
pub fn play(name: &str) {
    let scenario = ALL
        .iter()
        .find(|scenario| scenario.name == name)
        .expect("it is one of the scenarios");
    locks::start(|| {
        println!("found");
        exit(0);
    });
    (scenario.play)();
    println!("end");
    exit(0);
}

fn mutex() -> Mutex {
    Arc::new(Locks::mutex())
}

fn rwlock() -> RwLock {
    Arc::new(Locks::rwlock())
}

fn nest(outer: &Mutex, inner: &Mutex) {
    let _outer = Locks::lock(outer);
    let _inner = Locks::lock(inner);
}

/// Runs the two in threads that both live before either begins, the second after the first: nothing
/// but time orders them.
fn in_turn(first: impl FnOnce() + Send + 'static, second: impl FnOnce() + Send + 'static) {
    let (born, turn) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let a = spawn({
        let (born, turn) = (born.clone(), turn.clone());
        move || {
            born.wait();
            first();
            turn.wait();
        }
    });
    let b = spawn(move || {
        born.wait();
        turn.wait();
        second();
    });
    a();
    b();
}

/// Runs the two in threads until both are in the middle, then on.
fn at_once(
    first: impl FnOnce(&Barrier) + Send + 'static,
    second: impl FnOnce(&Barrier) + Send + 'static,
) {
    let middle = Arc::new(Barrier::new(2));
    let a = spawn({
        let middle = middle.clone();
        move || first(&middle)
    });
    let b = spawn(move || second(&middle));
    a();
    b();
}

/// A then B, B then A, without a deadlock.
fn inversion() {
    let (a, b) = (mutex(), mutex());
    let (a2, b2) = (a.clone(), b.clone());
    in_turn(move || nest(&a, &b), move || nest(&b2, &a2));
}

/// The same, where A is read by one and written by the other.
fn inversion_mixed() {
    let (a, b) = (rwlock(), mutex());
    let (a2, b2) = (a.clone(), b.clone());
    in_turn(
        move || {
            let _a = Locks::read(&a);
            let _b = Locks::lock(&b);
        },
        move || {
            let _b = Locks::lock(&b2);
            let _a = Locks::write(&a2);
        },
    );
}

/// A then B then C, B is dropped, C then A.
fn inversion_dropped() {
    let (a, b, c) = (mutex(), mutex(), mutex());
    let (a2, c2) = (a.clone(), c.clone());
    in_turn(
        move || {
            let _a = Locks::lock(&a);
            {
                let _b = Locks::lock(&b);
                let _c = Locks::lock(&c);
            }
            drop(b);
        },
        move || nest(&c2, &a2),
    );
}

/// A then B, B then A, and both wait.
fn deadlock() {
    let (a, b) = (mutex(), mutex());
    let (a2, b2) = (a.clone(), b.clone());
    at_once(
        move |middle| {
            let _a = Locks::lock(&a);
            middle.wait();
            let _b = Locks::lock(&b);
        },
        move |middle| {
            let _b = Locks::lock(&b2);
            middle.wait();
            let _a = Locks::lock(&a2);
        },
    );
}

/// The same, where A is read by one and written by the other.
fn deadlock_mixed() {
    let (a, b) = (rwlock(), mutex());
    let (a2, b2) = (a.clone(), b.clone());
    at_once(
        move |middle| {
            let _a = Locks::read(&a);
            middle.wait();
            let _b = Locks::lock(&b);
        },
        move |middle| {
            let _b = Locks::lock(&b2);
            middle.wait();
            let _a = Locks::write(&a2);
        },
    );
}

/// One thread locks twice.
fn self_deadlock() {
    let a = mutex();
    spawn(move || {
        let _once = Locks::lock(&a);
        let _twice = Locks::lock(&a);
    })();
}

/// Both orders, always under a third lock.
fn gate() {
    let (gate, a, b) = (mutex(), mutex(), mutex());
    let (gate2, a2, b2) = (gate.clone(), a.clone(), b.clone());
    in_turn(
        move || {
            let _gate = Locks::lock(&gate);
            nest(&a, &b);
        },
        move || {
            let _gate = Locks::lock(&gate2);
            nest(&b2, &a2);
        },
    );
}

/// Both orders, by one thread.
fn one_thread() {
    let (a, b) = (mutex(), mutex());
    spawn(move || {
        nest(&a, &b);
        nest(&b, &a);
    })();
}

/// One order in a thread that is joined before another one does the opposite.
fn joined() {
    let (a, b) = (mutex(), mutex());
    let (a2, b2) = (a.clone(), b.clone());
    spawn(move || nest(&a, &b))();
    spawn(move || nest(&b2, &a2))();
}

/// One order before the thread is started that does the opposite.
fn spawned_after() {
    let (a, b) = (mutex(), mutex());
    nest(&a, &b);
    spawn(move || nest(&b, &a))();
}
