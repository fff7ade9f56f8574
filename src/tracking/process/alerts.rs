//! The alerts at which a watchdog calls the program: what the program does in such a call may end any wait.

use std::sync::atomic::{AtomicU64, Ordering};

/// A condition that leads to an alert.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Trigger {
    /// A wait for a lock.
    LockWait = 1 << 0,
    /// A wait for anything else but the end of a thread.
    OtherWait = 1 << 1,
    /// A hold.
    Hold = 1 << 2,
    /// That no thread makes progress, or that a heartbeat is missed.
    Standstill = 1 << 3,
    /// No trigger of its own: waits for anything but locks, and for the threads that wait so, are exempt.
    OnlyBesideEvents = 1 << 4,
}

/// The triggers, and above them the process: the watchdog of the parent of a fork does not exist in the child.
static EXPECTED: AtomicU64 = AtomicU64::new(0);
const PROCESS: u32 = 32;

fn process() -> u64 {
    u64::from(std::process::id()) << PROCESS
}

/// Records that a watchdog calls the program at alerts with these triggers.
pub(crate) fn expect(triggers: &[Trigger]) {
    let mut expected = process();
    for trigger in triggers {
        expected |= *trigger as u64;
    }
    // Relaxed, here and below: the threads that look afterwards started after the watchdog, or wait for what the
    // thread that started it does next.
    EXPECTED.store(expected, Ordering::Relaxed);
}

/// Adds a trigger, if a watchdog calls the program at all.
pub(crate) fn add(trigger: Trigger) {
    let add = |all| (all != 0).then_some(all | trigger as u64);
    let _ = EXPECTED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
}

/// Records that no watchdog calls the program any more.
pub(crate) fn forget() {
    EXPECTED.store(0, Ordering::Relaxed);
}

/// The triggers of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triggers(u64);

impl Triggers {
    /// Returns the triggers; `None` if no alert calls the program.
    pub(crate) fn expected() -> Option<Self> {
        let all = EXPECTED.load(Ordering::Relaxed);
        (all != 0 && all >> PROCESS == process() >> PROCESS).then_some(Self(all))
    }

    pub(crate) fn has(self, trigger: Trigger) -> bool {
        self.0 & trigger as u64 != 0
    }
}
