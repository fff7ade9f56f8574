//! What is left in the child of a fork: one thread, and a detector that starts clean.

#![allow(unsafe_code)]

/// Sees to it that the child of every later fork starts clean.
#[cfg(unix)]
pub(crate) fn watch() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::shim::fork_safe;

    extern "C" fn before() {
        // In the order in which one may be taken under another: the detector's come first.
        fork_safe::hold(&[
            &crate::detector::check_session::SESSIONS,
            &crate::detector::order::classes::DECLARED,
            &crate::detector::publish::FIRST,
            &crate::detector::deadlock::reported::REPORTED,
            &crate::detector::writing::PERIODS,
            &crate::detector::abandoned::TOLD,
            &crate::suppress::RULES,
            &crate::record::RECORDER,
            &crate::sink::summary::FINDINGS,
            &crate::sink::QUEUE,
        ]);
        fork_safe::hold(&crate::tracking::statics());
    }
    extern "C" fn parent() {
        fork_safe::release();
    }
    extern "C" fn child() {
        fork_safe::release();
        // The detector's own lock may have been held at the fork by a thread that is gone now; it
        // is left behind with its state, which described the parent.
        crate::detector::state::renew();
        crate::detector::check_session::renew();
        crate::sink::renew();
        crate::sink::summary::renew();
        crate::detector::writing::forget();
        let survivor = crate::tracking::thread::current::own();
        crate::detector::abandoned::left_behind(crate::tracking::process::registry::keep_only(
            survivor,
        ));
        crate::tracking::lock::pin::forget_all();
        // Those who watched are no more.
        crate::tracking::thread::slot::parked_stack::set_delay(None);
        if !survivor.is_detached() {
            survivor.set_check_id(0);
            survivor.life.begin();
            crate::runtime::threads::with_own(survivor, |own| own.forget());
            let seed = crate::runtime::threads::with_own(survivor, |own| {
                own.seed(crate::detector::state::generation())
            });
            survivor.set_seed(seed);
        }
    }
    static WATCHES: AtomicBool = AtomicBool::new(false);
    // Relaxed: who comes second goes on without the handlers, and they are as good as there.
    if WATCHES.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the three functions fit the signature and are static. If there is no memory for
    // them, forks go unnoticed, as without this crate.
    unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
}

/// There is no fork here.
#[cfg(not(unix))]
pub(crate) fn watch() {}
