use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock of the program: all of its locks are made in one line, and taken in another.
pub struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
