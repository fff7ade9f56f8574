//! The locks of the chosen crate, and how it is started and tells what it finds.

use std::thread;

use crate::subject;

/// A thread that can be waited for.
pub type Join = Box<dyn FnOnce()>;

/// Runs `f` whenever the program panics: that is how some crates report.
#[allow(dead_code, reason = "some crates have a callback")]
fn on_panic(f: impl Fn() + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |_| f()));
}

/// Starts a thread of the standard library.
#[allow(dead_code, reason = "some crates have threads of their own")]
fn spawn_plain(body: impl FnOnce() + Send + 'static) -> Join {
    let thread = thread::spawn(body);
    Box::new(move || drop(thread.join()))
}

/// Names the parts of a crate without anything to start or to be told of.
#[allow(unused_macros, reason = "not every crate needs it")]
macro_rules! plain {
    () => {
        pub fn start(_found: impl Fn() + Send + Sync + 'static) {}
        pub fn spawn(body: impl FnOnce() + Send + 'static) -> Join {
            super::spawn_plain(body)
        }
    };
}

/// Names the parts of a crate that panics.
#[allow(unused_macros, reason = "not every crate needs it")]
macro_rules! panics {
    () => {
        pub fn start(found: impl Fn() + Send + Sync + 'static) {
            super::on_panic(found);
        }
        pub fn spawn(body: impl FnOnce() + Send + 'static) -> Join {
            super::spawn_plain(body)
        }
    };
}

/// Names the parts of a `parking_lot` that looks for deadlocks when it is asked.
#[allow(unused_macros, reason = "not every crate needs it")]
macro_rules! polled {
    ($pl:ident) => {
        pub fn start(found: impl Fn() + Send + Sync + 'static) {
            std::thread::spawn(move || {
                loop {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    if !$pl::deadlock::check_deadlock().is_empty() {
                        found();
                    }
                }
            });
        }
        pub fn spawn(body: impl FnOnce() + Send + 'static) -> Join {
            super::spawn_plain(body)
        }
    };
}

#[cfg(feature = "std")]
mod chosen {
    use super::*;
    subject!(Locks: std in ::std::sync);
    plain!();
}

#[cfg(feature = "pl13")]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::pl13);
    plain!();
}

#[cfg(feature = "pl12")]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::pl12);
    plain!();
}

#[cfg(feature = "pl13-detection")]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::pl13);
    polled!(pl13);
}

#[cfg(feature = "pl12-detection")]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::pl12);
    polled!(pl12);
}

#[cfg(feature = "tracing-mutex")]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::tracing_mutex::parkinglot::tracing);
    panics!();
}

#[cfg(feature = "no-deadlocks")]
mod chosen {
    use super::*;
    subject!(Locks: std in ::no_deadlocks);
    panics!();
}

#[cfg(any(feature = "deloxide", feature = "deloxide-order"))]
mod chosen {
    use super::*;
    subject!(Locks: parking_lot in ::deloxide);

    pub fn start(found: impl Fn() + Send + Sync + 'static) {
        ::deloxide::Deloxide::new()
            .callback(move |_| found())
            .start()
            .expect("it was not started before");
    }

    pub fn spawn(body: impl FnOnce() + Send + 'static) -> Join {
        let thread = ::deloxide::thread::spawn(body);
        Box::new(move || drop(thread.join()))
    }
}

#[cfg(feature = "keepcalm")]
mod chosen {
    use super::*;
    use crate::common::subject::Subject;
    use ::keepcalm::{SharedMut, SharedReadLock, SharedWriteLock};

    pub struct Locks;

    impl Subject for Locks {
        type Mutex = SharedMut<u64>;
        type Guard<'a> = SharedWriteLock<'a, u64>;
        type RwLock = SharedMut<u64>;
        type Read<'a> = SharedReadLock<'a, u64>;
        type Write<'a> = SharedWriteLock<'a, u64>;

        fn mutex() -> Self::Mutex {
            SharedMut::new_mutex(0)
        }
        fn lock(mutex: &Self::Mutex) -> Self::Guard<'_> {
            mutex.write()
        }
        fn rwlock() -> Self::RwLock {
            SharedMut::new(0)
        }
        fn read(rwlock: &Self::RwLock) -> Self::Read<'_> {
            rwlock.read()
        }
        fn write(rwlock: &Self::RwLock) -> Self::Write<'_> {
            rwlock.write()
        }
    }

    panics!();
}

#[cfg(any(feature = "lockwarden", feature = "lockwarden-std"))]
mod chosen {
    use super::*;
    use ::lockwarden::config::{Action, Config};
    use ::lockwarden::report::Verdict;

    #[cfg(feature = "lockwarden")]
    subject!(Locks: parking_lot in ::lockwarden::parking_lot);
    #[cfg(feature = "lockwarden-std")]
    subject!(Locks: std in ::lockwarden::sync);

    pub fn start(found: impl Fn() + Send + Sync + 'static) {
        Config::new()
            .stderr(false)
            .on(Verdict::Deadlock, Action::Report)
            .callback(move |_| found())
            .install()
            .expect("it was not configured before");
    }

    pub fn spawn(body: impl FnOnce() + Send + 'static) -> Join {
        let thread = ::lockwarden::thread::spawn(body);
        Box::new(move || drop(thread.join()))
    }
}

pub use chosen::{Locks, spawn, start};
