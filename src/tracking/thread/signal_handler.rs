//! Whether the calling thread is in a signal handler.
//!
//! What a thread does for the first time allocates. A handler that has interrupted the allocator must not do
//! that, so new acquisitions in a handler are not tracked. Known ones are, by the fast path, which does not
//! come here.
//!
//! In a handler, the signal that it handles is blocked. So a thread is taken to be in one if a signal is
//! blocked that was not when the thread was last seen outside any handler. The question costs a system call,
//! and so it is asked only if the process has handlers at all; whether it has is looked up now and then.
//!
//! # What it cannot see
//!
//! A handler that was installed with `SA_NODEFER`. A thread that was not started by `lockwarden::thread` and
//! that blocks, from before its first lock on, a signal which the process handles is not tracked as long as
//! it does so. And a thread that blocks further signals itself, after its
//! first acquisition, counts as being in a handler until it waits for something for which a handler would not
//! wait: a notification, a message, the end of a thread.

#[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
pub(crate) use self::unix::add_own;
#[cfg(unix)]
pub(crate) use self::unix::{Blocked, is_any_signal_blocked, may_be_inside};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::unix::{handler_of, is_own};

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    use std::io;
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

    /// The highest signal number on any system.
    const LAST: libc::c_int = 64;
    /// The number of questions after which the existence of handlers is looked up again.
    const PERIOD: u32 = 256;

    /// The number of questions.
    static ASKED: AtomicU32 = AtomicU32::new(0);
    /// Whether the process had a handler at the last look-up: zero for no.
    static HANDLERS: AtomicU32 = AtomicU32::new(0);
    /// The handlers of this crate, which use no tracked lock; zero for none.
    static OWN: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

    /// The signals that were blocked in a thread when it was last seen outside any handler: the signal of
    /// number `n` has bit `n - 1`.
    #[derive(Debug)]
    pub(crate) struct Blocked(AtomicU64);

    impl Blocked {
        pub(crate) const fn new() -> Self {
            Self(AtomicU64::new(0))
        }

        /// Records that the calling thread, whose this is, is outside any handler, or is seen for the first
        /// time.
        pub(crate) fn is_outside(&self) {
            if has_handlers() {
                // Relaxed, as everywhere here: only the thread itself reads and writes it.
                self.0.store(blocked(), Ordering::Relaxed);
            }
        }

        /// Returns whether the calling thread, whose this is, is in a handler.
        pub(crate) fn is_inside(&self) -> bool {
            if !has_handlers() {
                return false;
            }
            self.is_inside_with(blocked())
        }

        fn is_inside_with(&self, now: u64) -> bool {
            if now & !self.0.load(Ordering::Relaxed) != 0 {
                return true;
            }
            // A thread that was first seen in a handler is outside it now.
            self.0.store(now, Ordering::Relaxed);
            false
        }
    }

    /// Returns whether the calling thread, of which nothing is known yet, may be in a signal handler: a
    /// signal is blocked for which the process has one.
    ///
    /// Costs one system call, and one for each blocked signal.
    #[cold]
    pub(crate) fn may_be_inside() -> bool {
        is_any_handled(blocked())
    }

    /// Returns whether the process has a handler for one of these signals.
    fn is_any_handled(signals: u64) -> bool {
        for signal in 1..=LAST {
            if signals & 1 << (signal - 1) != 0 && is_handled(signal) {
                return true;
            }
        }
        false
    }

    /// Returns whether any signal is blocked in the calling thread.
    pub(crate) fn is_any_signal_blocked() -> bool {
        blocked() != 0
    }

    fn blocked() -> u64 {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: without a new mask the call only writes the present one to the given place.
        let failed =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), set.as_mut_ptr()) };
        if failed != 0 {
            return 0;
        }
        let mut bits = 0;
        for signal in 1..=LAST {
            // SAFETY: the set was written, and an invalid number is no member.
            if unsafe { libc::sigismember(set.as_ptr(), signal) } == 1 {
                bits |= 1 << (signal - 1);
            }
        }
        bits
    }

    fn has_handlers() -> bool {
        if ASKED.fetch_add(1, Ordering::Relaxed).is_multiple_of(PERIOD) {
            HANDLERS.store(u32::from(is_any_handled(u64::MAX)), Ordering::Relaxed);
        }
        HANDLERS.load(Ordering::Relaxed) != 0
    }

    /// Lists a handler of this crate, before it is installed.
    #[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
    pub(crate) fn add_own(handler: libc::sighandler_t) {
        // Relaxed: who installs a handler lists it, and who reads the list too early takes it for one of the program's.
        let is_listed = |own: &AtomicUsize| {
            let old = own.compare_exchange(0, handler, Ordering::Relaxed, Ordering::Relaxed);
            old.is_ok() || old == Err(handler)
        };
        let _ = OWN.iter().any(is_listed);
    }

    /// Returns whether this is a handler of this crate.
    pub(crate) fn is_own(handler: libc::sighandler_t) -> bool {
        OWN.iter().any(|own| own.load(Ordering::Relaxed) == handler)
    }

    /// Returns whether the program has a handler for a signal that is not caused by what the thread itself
    /// does: the standard library handles two of those.
    fn is_handled(signal: libc::c_int) -> bool {
        if [libc::SIGSEGV, libc::SIGBUS].contains(&signal) {
            return false;
        }
        let handler = handler_of(signal);
        handler.is_ok_and(|handler| {
            ![libc::SIG_DFL, libc::SIG_IGN].contains(&handler) && !is_own(handler)
        })
    }

    /// Returns the present handler of the signal: its address, or the default, or that the signal is ignored.
    pub(crate) fn handler_of(signal: libc::c_int) -> io::Result<libc::sighandler_t> {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: without a new action the call only writes the present one to the given place; for an
        // invalid number it fails.
        if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was written.
        Ok(unsafe { action.assume_init_ref() }.sa_sigaction)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_thread_in_which_one_more_signal_is_blocked_is_in_a_handler() {
            let thread = Blocked::new();
            assert!(!thread.is_inside_with(0));
            assert!(thread.is_inside_with(1));
            assert!(!thread.is_inside_with(0));
            // First seen in a handler, and then outside it.
            thread.0.store(1, Ordering::Relaxed);
            assert!(!thread.is_inside_with(1));
            assert!(!thread.is_inside_with(0));
            assert!(thread.is_inside_with(1));
        }

        #[cfg(all(feature = "signals", any(target_os = "linux", target_os = "android")))]
        #[test]
        fn a_handler_of_this_crate_is_none_of_the_program() {
            extern "C" fn handler(_: libc::c_int) {}
            let address = handler as *const () as libc::sighandler_t;
            // SAFETY: the handler does nothing, and no other test uses the signal.
            let handle = |by| unsafe { libc::signal(libc::SIGWINCH, by) };
            handle(address);
            let before = is_handled(libc::SIGWINCH);
            add_own(address);
            let after = is_handled(libc::SIGWINCH);
            handle(libc::SIG_DFL);
            assert_eq!((before, after), (true, false));
        }

        #[test]
        fn a_blocked_signal_is_seen() {
            let bit = 1 << (libc::SIGUSR2 - 1);
            let blocks = move || {
                let mut set = MaybeUninit::<libc::sigset_t>::uninit();
                let before = blocked() & bit;
                // SAFETY: the set is made empty before it is used.
                unsafe {
                    libc::sigemptyset(set.as_mut_ptr());
                    libc::sigaddset(set.as_mut_ptr(), libc::SIGUSR2);
                    let set = set.as_ptr();
                    libc::pthread_sigmask(libc::SIG_BLOCK, set, std::ptr::null_mut());
                }
                (before, blocked() & bit)
            };
            assert_eq!(std::thread::spawn(blocks).join().unwrap(), (0, bit));
        }
    }
}

/// There are no signals on this system that could interrupt a thread.
#[cfg(not(unix))]
pub(crate) fn may_be_inside() -> bool {
    false
}

/// There are no signals on this system that could interrupt a thread.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Blocked;

#[cfg(not(unix))]
impl Blocked {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn is_outside(&self) {}

    pub(crate) fn is_inside(&self) -> bool {
        false
    }
}
