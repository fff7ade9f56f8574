//! Threads that wait for work.

use std::marker::PhantomData;

use super::startup;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::Flag;

/// Declares that the calling thread waits for work until the result is dropped: its waits, except those
/// for locks, have no limit meanwhile.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc;
///
/// let (send, jobs) = mpsc::channel();
/// let worker = lockwarden::thread::spawn(move || loop {
///     let idle = lockwarden::watchdog::idle();
///     let Ok(job) = jobs.recv() else { break };
///     drop(idle);
///     let _: u32 = job;
/// });
/// send.send(7).unwrap();
/// drop(send);
/// worker.join().unwrap();
/// ```
///
/// Costs a store.
pub fn idle() -> Idle {
    let slot = startup::attach();
    let begins = slot.is_some_and(|slot| !slot.life.has(Flag::Idle));
    if begins && let Some(slot) = slot {
        slot.life.set(Flag::Idle, true);
    }
    Idle {
        begins,
        marker: PhantomData,
    }
}

/// The declaration that the calling thread waits for work. Made by [`idle`].
#[derive(Debug)]
#[must_use = "the thread counts as idle until this is dropped"]
pub struct Idle {
    /// Whether this is the outermost declaration of the thread.
    begins: bool,
    /// Refers to the thread that made it, hence neither `Send` nor `Sync`.
    marker: PhantomData<*const ()>,
}

impl Drop for Idle {
    fn drop(&mut self) {
        let slot = current::open();
        if self.begins && !slot.is_detached() {
            slot.life.set(Flag::Idle, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_idle_until_the_outermost_one_is_dropped() {
        let is_idle = || current::slot().life.has(Flag::Idle);
        let outer = idle();
        let inner = idle();
        drop(inner);
        assert!(is_idle());
        drop(outer);
        assert!(!is_idle());
    }
}
