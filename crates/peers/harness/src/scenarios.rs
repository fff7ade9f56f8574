//! What happens with the locks while a detector watches.
//!
//! Where threads take turns, they do so through channels of the standard library, which no peer
//! watches: they stand for the luck by which a wrong program gets through.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use crate::common::subject::Subject;
use crate::{Join, Peer, say};

/// How long a report may take that is not made by the thread that finds something.
pub(crate) const GRACE: Duration = Duration::from_millis(200);

/// A scenario and its name.
pub(crate) type Scenario = (&'static str, fn());

/// Every scenario.
pub(crate) fn all<P: Peer>() -> [Scenario; 11] {
    [
        ("inversion", inversion::<P>),
        ("read-outside", read_outside::<P>),
        ("read-inside", read_inside::<P>),
        ("philosophers-in-turn", philosophers_in_turn::<P>),
        ("deadlock", || ring::<P>(2)),
        ("philosophers-at-once", || ring::<P>(3)),
        ("self", twice::<P>),
        ("gate", gate::<P>),
        ("single-thread", single_thread::<P>),
        ("joined", joined::<P>),
        ("readers", readers::<P>),
    ]
}

/// The locks of a scenario.
struct Locks<S: Subject> {
    mutexes: [S::Mutex; 3],
    rwlocks: [S::RwLock; 2],
}

impl<S: Subject> Locks<S> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            mutexes: [S::mutex(), S::mutex(), S::mutex()],
            rwlocks: [S::rwlock(), S::rwlock()],
        })
    }

    /// Takes the mutexes in the order of `which`, each within the ones before.
    fn nest(&self, which: &[usize]) {
        if let [first, rest @ ..] = which {
            let _guard = S::lock(&self.mutexes[*first]);
            self.nest(rest);
        }
    }
}

/// Waits for a thread. A panic that the hook does not see, such as that of a thread that ends a deadlock, shows here.
fn finish(join: Join) {
    if join().is_err() {
        say("panic", "a thread of the scenario ended");
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Work that takes the mutexes in the order of `which`.
fn nesting<S: Subject>(locks: &Arc<Locks<S>>, which: &'static [usize]) -> Work {
    let locks = Arc::clone(locks);
    Box::new(move || locks.nest(which))
}

/// Threads that all live before the first works, and work one after the other.
fn in_turn<P: Peer>(works: Vec<Work>) {
    let (start, mut turn) = mpsc::channel::<()>();
    let threads: Vec<Join> = works
        .into_iter()
        .map(|work| {
            let (next, after) = mpsc::channel();
            let mine = std::mem::replace(&mut turn, after);
            P::spawn(move || {
                // The one before hangs up if it panics, and its turn is over then too.
                let _ = mine.recv();
                work();
                let _ = next.send(());
            })
        })
        .collect();
    let _ = start.send(());
    threads.into_iter().for_each(finish);
}

/// Two threads take two mutexes in opposite orders and get through.
fn inversion<P: Peer>() {
    let locks = Locks::<P>::new();
    in_turn::<P>(vec![nesting(&locks, &[0, 1]), nesting(&locks, &[1, 0])]);
}

/// The same around a third mutex, which makes it impossible to deadlock.
fn gate<P: Peer>() {
    let locks = Locks::<P>::new();
    in_turn::<P>(vec![
        nesting(&locks, &[2, 0, 1]),
        nesting(&locks, &[2, 1, 0]),
    ]);
}

/// The same by one thread alone.
fn single_thread<P: Peer>() {
    let locks = Locks::<P>::new();
    finish(P::spawn(move || {
        locks.nest(&[0, 1]);
        locks.nest(&[1, 0]);
    }));
}

/// The same by two threads of which one is joined before the other is spawned.
fn joined<P: Peer>() {
    let locks = Locks::<P>::new();
    finish(P::spawn(nesting(&locks, &[0, 1])));
    finish(P::spawn(nesting(&locks, &[1, 0])));
}

/// Three mutexes on a round table, each thread takes two neighbours, and all get through.
fn philosophers_in_turn<P: Peer>() {
    let locks = Locks::<P>::new();
    in_turn::<P>(vec![
        nesting(&locks, &[0, 1]),
        nesting(&locks, &[1, 2]),
        nesting(&locks, &[2, 0]),
    ]);
}

/// A mutex under a shared hold, and the exclusive hold under the mutex.
fn read_outside<P: Peer>() {
    let locks = Locks::<P>::new();
    let (one, other) = (Arc::clone(&locks), locks);
    in_turn::<P>(vec![
        Box::new(move || {
            let _read = P::read(&one.rwlocks[0]);
            let _lock = P::lock(&one.mutexes[0]);
        }),
        Box::new(move || {
            let _lock = P::lock(&other.mutexes[0]);
            let _write = P::write(&other.rwlocks[0]);
        }),
    ]);
}

/// A shared hold under a mutex, and the mutex under the exclusive hold.
fn read_inside<P: Peer>() {
    let locks = Locks::<P>::new();
    let (one, other) = (Arc::clone(&locks), locks);
    in_turn::<P>(vec![
        Box::new(move || {
            let _lock = P::lock(&one.mutexes[0]);
            let _read = P::read(&one.rwlocks[0]);
        }),
        Box::new(move || {
            let _write = P::write(&other.rwlocks[0]);
            let _lock = P::lock(&other.mutexes[0]);
        }),
    ]);
}

/// Two shared holds in both orders, of locks that nobody ever writes.
fn readers<P: Peer>() {
    let locks = Locks::<P>::new();
    let read = |[outer, inner]: [usize; 2]| -> Work {
        let locks = Arc::clone(&locks);
        Box::new(move || {
            let _outer = P::read(&locks.rwlocks[outer]);
            let _inner = P::read(&locks.rwlocks[inner]);
        })
    };
    in_turn::<P>(vec![read([0, 1]), read([1, 0])]);
}

/// As many threads each hold one mutex and ask for the next: a deadlock.
fn ring<P: Peer>(size: usize) {
    let locks = Locks::<P>::new();
    let all_hold_one = Arc::new(Barrier::new(size));
    let threads: Vec<Join> = (0..size)
        .map(|at| {
            let (locks, all_hold_one) = (Arc::clone(&locks), Arc::clone(&all_hold_one));
            P::spawn(move || {
                let _mine = P::lock(&locks.mutexes[at]);
                all_hold_one.wait();
                let _next = P::lock(&locks.mutexes[(at + 1) % size]);
            })
        })
        .collect();
    threads.into_iter().for_each(finish);
}

/// A thread asks for a mutex that it holds.
fn twice<P: Peer>() {
    let locks = Locks::<P>::new();
    finish(P::spawn(move || locks.nest(&[0, 0])));
}
