//! Notifications that go to no thread, or that no thread sends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use super::gate::{Gate, is_not_woken};
use super::watch::{Watch, spawn, waits};
use crate::harness::{Case, case, check};
use crate::turns::{Turns, until};

fn lost_wake_up() -> Case {
    case("53, a flag is stored without the mutex", || {
        let watch = Watch::waits();
        let (gate, turns) = (Gate::new(), Arc::new(Turns::new()));
        let (own_gate, own_turns) = (Arc::clone(&gate), Arc::clone(&turns));
        let waits = spawn("waiter", move || {
            own_gate.wait(|| {
                own_turns.take(0, || {});
                // The wake-up goes to no thread.
                own_turns.reach(2);
            });
        });
        turns.take(1, || {
            gate.flag.store(true, Ordering::SeqCst);
            gate.opened.notify_all();
        });
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

/// A worker that is asked to end when its owner is dropped.
struct Owner(Arc<Gate>);

impl Drop for Owner {
    fn drop(&mut self) {
        // Without the lock.
        self.0.flag.store(true, Ordering::SeqCst);
        self.0.opened.notify_one();
    }
}

fn exit_flag_in_a_drop() -> Case {
    case("54, the exit flag is set without the lock", || {
        let watch = Watch::waits();
        let (gate, turns) = (Gate::new(), Arc::new(Turns::new()));
        let owner = Owner(Arc::clone(&gate));
        let (own_gate, own_turns) = (Arc::clone(&gate), Arc::clone(&turns));
        let waits = spawn("waiter", move || {
            own_gate.wait(|| {
                own_turns.take(0, || {});
                own_turns.reach(2);
            });
        });
        turns.take(1, || drop(owner));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn notify_on_the_panic_path_only(wait_first: bool) -> Case {
    struct Alarm(Arc<Gate>);
    impl Drop for Alarm {
        fn drop(&mut self) {
            if thread::panicking() {
                self.0.open();
            }
        }
    }
    let name = format!("56, only a panic notifies, the wait first: {wait_first}");
    case(name, move || {
        let watch = Watch::waits();
        let gate = Gate::new();
        let alarm = Alarm(Arc::clone(&gate));
        let waits = either_order(&gate, wait_first, Box::new(|| drop(alarm)));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn no_notifier() -> Case {
    case("61, no thread notifies", || {
        let watch = Watch::waits();
        let gate = Gate::new();
        let own_gate = Arc::clone(&gate);
        // This thread is not known to wait: it could notify.
        let waits = spawn("waiter", move || own_gate.wait(|| {}));
        is_not_woken(&watch, &gate, waits);
    })
    .finds("Stall opened")
}

fn stop_waits_for_a_loop_that_has_ended(wait_first: bool) -> Case {
    let name = format!("71, stop waits for a loop that has ended, the wait first: {wait_first}");
    case(name, move || {
        let watch = Watch::waits();
        let done = Gate::new();
        // The loop ends by an error, and does not say that it has.
        let stops = either_order(&done, wait_first, Box::new(|| {}));
        is_not_woken(&watch, &done, stops);
    })
    .finds("Stall opened")
}

/// Starts a thread that waits for the gate, and one that does its work before that, or after it.
fn either_order(
    gate: &Arc<Gate>,
    wait_first: bool,
    work: Box<dyn FnOnce() + Send>,
) -> thread::JoinHandle<()> {
    let gate = Arc::clone(gate);
    let wait = || spawn("waiter", move || gate.wait(|| {}));
    if wait_first {
        let waiter = wait();
        until(|| waits("waiter"));
        spawn("worker", work).join().unwrap();
        waiter
    } else {
        spawn("worker", work).join().unwrap();
        wait()
    }
}

#[test]
fn a_wait_that_no_thread_ends_is_reported() {
    check!([
        lost_wake_up(),
        exit_flag_in_a_drop(),
        notify_on_the_panic_path_only(false),
        notify_on_the_panic_path_only(true),
        no_notifier(),
        stop_waits_for_a_loop_that_has_ended(false),
        stop_waits_for_a_loop_that_has_ended(true),
    ]);
}
