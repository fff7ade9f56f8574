//! `Tracked` implementations for the locks of this module.

use super::{Mutex, RwLock};
use crate::instrument::{Lock, Tracked};

impl<T: ?Sized> Tracked for Mutex<T> {
    fn record(&self) -> &Lock {
        Mutex::record(self)
    }
}

impl<T: ?Sized> Tracked for RwLock<T> {
    fn record(&self) -> &Lock {
        RwLock::record(self)
    }
}
