//! Agents that are no threads: what they hold stays their own, whichever thread acts as them.

use std::panic::Location;

use lockwarden::instrument::{AcquireKind, Agent, Lock, LockKind, Mode, SendableHold};
use lockwarden::testing::check;

static KIND: LockKind = LockKind::new("AsyncMutex").sendable();

#[track_caller]
fn take(agent: &mut Agent, lock: &Lock) -> SendableHold {
    let site = Location::caller();
    agent.run(|| lock.acquired_sendable(Mode::Exclusive, AcquireKind::Blocking, site))
}

/// Returns the number of locks that the agent is seen to hold.
#[cfg(any(debug_assertions, feature = "always"))]
fn held(agent: &Agent) -> usize {
    let all = lockwarden::instrument::observe_all();
    let found = all.iter().find(|one| one.thread.id == agent.id());
    found.map_or(0, |one| one.thread.held.len())
}

#[test]
#[cfg(any(debug_assertions, feature = "always"))]
fn a_lock_stays_with_the_agent_on_another_thread() {
    let lock = Lock::new(&KIND);
    let mut agent = Agent::new(Some("task"));
    assert_eq!(held(&agent), 0);
    let hold = take(&mut agent, &lock);
    assert_eq!(held(&agent), 1);
    std::thread::scope(|scope| {
        scope.spawn(|| agent.run(|| lock.released_anywhere(hold)));
    });
    assert_eq!(held(&agent), 0);
}

#[test]
#[cfg(any(debug_assertions, feature = "always"))]
fn a_lock_that_another_thread_gives_back_is_not_held_any_more() {
    let lock = Lock::new(&KIND);
    let mut agent = Agent::new(None);
    let hold = take(&mut agent, &lock);
    std::thread::scope(|scope| {
        scope.spawn(|| lock.released_anywhere(hold));
    });
    assert_eq!(held(&agent), 0);
    let hold = take(&mut agent, &lock);
    assert_eq!(held(&agent), 1);
    agent.run(|| lock.released_anywhere(hold));
}

#[test]
fn two_agents_on_one_thread_take_two_locks_in_both_orders() {
    let outcome = check(|| {
        let (a, b) = (Lock::new(&KIND), Lock::new(&KIND));
        for (first, second) in [(&a, &b), (&b, &a)] {
            let mut agent = Agent::new(None);
            let outer = take(&mut agent, first);
            let inner = take(&mut agent, second);
            agent.run(|| {
                second.released_anywhere(inner);
                first.released_anywhere(outer);
            });
        }
    });
    if cfg!(any(debug_assertions, feature = "always")) {
        outcome.assert_finds(lockwarden::report::Verdict::Inversion);
    } else {
        outcome.assert_clean();
    }
}

#[test]
fn one_agent_that_takes_both_orders_is_no_inversion() {
    let outcome = check(|| {
        let (a, b) = (Lock::new(&KIND), Lock::new(&KIND));
        let mut agent = Agent::new(None);
        for (first, second) in [(&a, &b), (&b, &a)] {
            let outer = take(&mut agent, first);
            let inner = take(&mut agent, second);
            agent.run(|| {
                second.released_anywhere(inner);
                first.released_anywhere(outer);
            });
        }
    });
    outcome.assert_clean();
}
