//! How long one look at all threads takes while 500 of them are blocked, each at a mutex, a
//! condition variable, a channel, a barrier or a join, and none of them is stuck.
//!
//! ```text
//! cargo bench --bench reduction
//! ```
//!
//! A look is what a thread makes before it waits for a lock whose holder waits too. Here that is the
//! main thread, which asks for such a lock through `instrument`, and gives up. It fails if anything
//! is reported for these threads.

#[path = "../common/enabled.rs"]
mod enabled;

use std::panic::Location;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lockwarden::config::Config;
use lockwarden::instrument::{AcquireKind, Lock, LockKind, Mode};
use lockwarden::sync::{Barrier, Condvar, Mutex, mpsc};
use lockwarden::thread::{self, JoinHandle};

/// How many threads wait for each sort of thing.
const EACH: usize = 100;
const LOOKS: usize = 200;

fn main() -> ExitCode {
    enabled::ensure("reduction", "always");
    static REPORTED: AtomicUsize = AtomicUsize::new(0);
    Config::new()
        .callback(|_| {
            REPORTED.fetch_add(1, Ordering::Relaxed);
        })
        .install()
        .expect("no other thread installs a configuration");
    let crowd = Crowd::gather();
    // Each wait is reported 1 ms after it began to wait; what is not there yet makes a look cheaper.
    std::thread::sleep(Duration::from_millis(500));
    let mut times: Vec<Duration> = (0..LOOKS).map(|_| crowd.look()).collect();
    times.sort_unstable();
    println!(
        "{} threads blocked: a look takes {:?} (median of {LOOKS}), {:?} at least, {:?} at most",
        5 * EACH,
        times[LOOKS / 2],
        times[0],
        times[LOOKS - 1]
    );
    crowd.dissolve();
    match REPORTED.load(Ordering::Relaxed) {
        0 => ExitCode::SUCCESS,
        reported => {
            println!("{reported} findings, where no thread is stuck");
            ExitCode::FAILURE
        }
    }
}

/// Threads that wait until they are let go.
struct Crowd {
    /// Held by a thread that waits at the barrier.
    held: Arc<Lock>,
    gate: Arc<Mutex<bool>>,
    opened: Arc<Condvar>,
    senders: Vec<mpsc::Sender<()>>,
    last: Arc<Barrier>,
    threads: Vec<JoinHandle<()>>,
    /// Ends the one thread that counts as running, since no thread knows what it waits for.
    go: std::sync::mpsc::Sender<()>,
}

static HELD: LockKind = LockKind::new("Held");

impl Crowd {
    fn gather() -> Self {
        let gate = Arc::new(Mutex::named("gate", false));
        let opened = Arc::new(Condvar::named("opened"));
        let busy = Arc::new(Mutex::named("busy", ()));
        let last = Arc::new(Barrier::new(EACH + 1));
        let held = Arc::new(Lock::new(&HELD));
        let (mut senders, mut threads) = (Vec::new(), Vec::new());

        let (go, runs) = std::sync::mpsc::channel();
        threads.push(thread::spawn(move || runs.recv().unwrap()));
        let (taken, is_taken) = std::sync::mpsc::channel();
        for at in 0..EACH {
            // Those at the barrier; one of them has both locks.
            let (last, held) = (Arc::clone(&last), Arc::clone(&held));
            let (busy, taken) = (Arc::clone(&busy), taken.clone());
            threads.push(thread::spawn(move || {
                let site = Location::caller();
                let locks = (at == 0).then(|| {
                    let hold = held.acquired(Mode::Exclusive, AcquireKind::Blocking, site);
                    (busy.lock().unwrap(), hold)
                });
                taken.send(()).unwrap();
                last.wait();
                if let Some((_busy, hold)) = locks {
                    held.released(hold);
                }
            }));
        }
        (0..EACH).for_each(|_| is_taken.recv().unwrap());
        for _ in 0..EACH {
            let busy = Arc::clone(&busy);
            threads.push(thread::spawn(move || drop(busy.lock().unwrap())));

            let (gate, opened) = (Arc::clone(&gate), Arc::clone(&opened));
            threads.push(thread::spawn(move || {
                let gate = gate.lock().unwrap();
                drop(opened.wait_while(gate, |open| !*open).unwrap());
            }));

            let (sender, receiver) = mpsc::channel();
            senders.push(sender);
            let receives = thread::spawn(move || receiver.recv().unwrap());
            threads.push(thread::spawn(move || receives.join().unwrap()));
        }
        Self {
            held,
            gate,
            opened,
            senders,
            last,
            threads,
            go,
        }
    }

    fn look(&self) -> Duration {
        let begin = Instant::now();
        drop(
            self.held
                .attempt(Mode::Exclusive, AcquireKind::Blocking, Location::caller()),
        );
        begin.elapsed()
    }

    fn dissolve(self) {
        *self.gate.lock().unwrap() = true;
        self.opened.notify_all();
        for sender in self.senders {
            sender.send(()).unwrap();
        }
        self.last.wait();
        self.go.send(()).unwrap();
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}
