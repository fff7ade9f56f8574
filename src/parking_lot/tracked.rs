//! `Tracked` implementations for the locks of this module.

#![allow(unsafe_code)]

use super::{FairMutex, Mutex, RecursiveRwLock, ReentrantMutex, RwLock};
use crate::instrument::{Lock, Tracked};

macro_rules! recorded {
    ($($Lock:ident),+) => {
        $(
            impl<T: ?Sized> Tracked for $Lock<T> {
                fn record(&self) -> &Lock {
                    // SAFETY: access to the record does not change the state of the lock.
                    unsafe { self.0.raw() }.record()
                }
            }
        )+
    };
}

recorded!(Mutex, FairMutex, RwLock, RecursiveRwLock, ReentrantMutex);
