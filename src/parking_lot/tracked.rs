//! The records of this flavour's locks, for whoever asks.

#![allow(unsafe_code)]

use super::{FairMutex, Mutex, RecursiveRwLock, ReentrantMutex, RwLock};
use crate::instrument::{Lock, Tracked};

macro_rules! recorded {
    ($($Lock:ident),+) => {
        $(
            impl<T: ?Sized> Tracked for $Lock<T> {
                fn record(&self) -> &Lock {
                    // SAFETY: the record is no part of the state of the lock.
                    &unsafe { self.0.raw() }.record
                }
            }
        )+
    };
}

recorded!(Mutex, FairMutex, RwLock, RecursiveRwLock, ReentrantMutex);
