//! What is left in the child of a fork: one thread, and a detector that starts clean.

#![allow(unsafe_code)]

/// Sees to it that the child of every later fork starts clean.
#[cfg(unix)]
pub(super) fn watch() {
    extern "C" fn before() {
        crate::tracking::before_fork();
        super::trial::before_fork();
    }
    extern "C" fn parent() {
        // SAFETY: `before` ran in this thread just before the fork.
        unsafe {
            super::trial::after_fork();
            crate::tracking::after_fork();
        }
    }
    extern "C" fn child() {
        // SAFETY: as above; the thread that forked is the only one in this process.
        unsafe {
            super::trial::after_fork();
            crate::tracking::after_fork();
        }
        // The detector's own lock may have been held at the fork by a thread that is gone now; it
        // is left behind with its state, which described the parent.
        super::state::renew();
        super::trial::renew();
        let survivor = crate::tracking::current::slot();
        crate::tracking::registry::keep_only(survivor);
        crate::tracking::pin::forget_all();
        // Those who watched are no more.
        crate::tracking::slot::place::set_delay(None);
        if !survivor.is_detached() {
            survivor.set_scope(0);
            survivor.life.begin();
            super::threads::with_own(survivor, |own| own.forget());
            let seed =
                super::threads::with_own(survivor, |own| own.seed(super::state::generation()));
            survivor.set_seed(seed);
        }
    }
    // SAFETY: the three functions fit the signature and are static. If there is no memory for
    // them, forks go unnoticed, as without this crate.
    unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
}

/// There is no fork here.
#[cfg(not(unix))]
pub(super) fn watch() {}
