//! The attachment of threads, and the start of the library with the first one: it reads the environment, and
//! may start a watchdog.

use std::sync::Once;

use super::environment;
use crate::detector::order::declaration;
use crate::detector::times;
use crate::runtime::{copies, status, threads};
use crate::tracking::process::registry;
use crate::tracking::thread::current;
use crate::tracking::thread::own::quietly;
use crate::tracking::thread::slot::Slot;
use crate::{config, explore, record, sink, suppress};

/// Returns the slot of the calling thread, which gets one if it has none; `None` if the detector is switched
/// off, the thread is inside the detector already, or its thread-locals are destroyed.
///
/// A slot is allocated, and a signal handler may have interrupted the allocator. So a thread in which a
/// signal is blocked that the process handles gets none here, because it may be in that handler.
#[inline]
pub(crate) fn attach() -> Option<&'static Slot> {
    let slot = current::open();
    if slot.is_detached() {
        attach_slow(false)
    } else {
        Some(slot)
    }
}

/// Attaches the calling thread like [`attach`], at its start, where it is in no signal handler.
pub(crate) fn attach_at_start() -> Option<&'static Slot> {
    let slot = current::open();
    if slot.is_detached() {
        attach_slow(true)
    } else {
        Some(slot)
    }
}

#[cold]
fn attach_slow(is_starting: bool) -> Option<&'static Slot> {
    let slot = threads::attach_new(is_starting, registry::next_thread)?;
    start(slot);
    times::begin(slot);
    Some(slot)
}

/// Reads the environment, once in the process.
fn start(slot: &'static Slot) {
    static START: Once = Once::new();
    let mut is_first = false;
    // Not `call_once` around the event: a subscriber that uses a tracked lock re-enters this function.
    START.call_once(|| is_first = true);
    if is_first {
        quietly(slot, || {
            for problem in config::misspelt() {
                sink::say(&problem);
            }
            declaration::from_environment(slot);
            suppress::from_environment();
            record::from_environment();
            #[cfg(any(unix, windows))]
            sink::summary::begin();
            sink::started(&status::status());
            copies::announce();
            environment::from_environment();
            explore::from_environment();
        });
    }
}
