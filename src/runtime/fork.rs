//! Fork handling: the child has one thread, and a detector without the state of the parent.

#![allow(unsafe_code)]

/// Registers the fork handlers, so that the child of every later fork starts with an empty state.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::tracking::fork_safe;

    extern "C" fn before() {
        // In the order in which one may be taken under another: the detector's locks come first.
        fork_safe::hold(&[
            crate::detector::check_session::SESSIONS.as_lock(),
            crate::detector::order::declaration::DECLARED.as_lock(),
            crate::detector::publish::FIRST.as_lock(),
            crate::detector::deadlock::reported::REPORTED.as_lock(),
            crate::detector::writing::PERIODS.as_lock(),
            crate::detector::abandoned::REPORTED.as_lock(),
            crate::suppress::RULES.as_lock(),
            crate::record::RECORDER.as_lock(),
            crate::record::news::SEEN.as_lock(),
            crate::dump::agents::DESCRIBERS.as_lock(),
            crate::sink::summary::FINDINGS.as_lock(),
            crate::sink::QUEUE.as_lock(),
            crate::sink::LISTENER.as_lock(),
            crate::runtime::later_looks::STARTED.as_lock(),
            crate::report::LOOKUP.as_lock(),
        ]);
        fork_safe::hold(&crate::tracking::statics());
    }
    extern "C" fn parent() {
        fork_safe::release();
    }
    extern "C" fn child() {
        fork_safe::release();
        // A thread that the fork removed may have held the detector's own lock; the lock is leaked together
        // with its state, which described the parent.
        crate::detector::state::renew();
        crate::detector::check_session::renew();
        crate::sink::renew();
        crate::record::renew();
        crate::sink::forget_listener();
        crate::runtime::later_looks::renew();
        crate::sink::summary::renew();
        crate::detector::writing::forget();
        let survivor = crate::tracking::thread::current::own();
        crate::detector::abandoned::left_behind(crate::tracking::process::registry::keep_only(
            survivor,
        ));
        crate::tracking::lock::pin::forget_all();
        // The watchdog threads of the parent do not exist in the child.
        crate::tracking::thread::slot::parked_stack::set_delay(None);
        if !survivor.is_detached() {
            survivor.set_check_id(0);
            survivor.life.begin();
            let seed = crate::tracking::thread::own::with_own(survivor, |own| {
                own.forget();
                own.seed(crate::detector::state::generation())
            });
            survivor.set_seed(seed);
        }
        crate::detector::times::renew(survivor);
    }
    static WATCHES: AtomicBool = AtomicBool::new(false);
    // Relaxed: a second caller continues before the handlers are registered, and the first one registers them
    // at once.
    if WATCHES.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the three functions fit the signature and are static. If the registration fails for lack of
    // memory, forks are not handled, as without this crate.
    unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
}

/// Does nothing: this system has no fork.
#[cfg(not(unix))]
pub(crate) fn watch() {}
