//! `crossbeam-channel` 0.5, watched.

#![no_std]
// Without this feature the package has no names, either.
#![cfg(feature = "std")]

#[doc(inline)]
pub use ::lockwarden::channel::*;

/// What the package has in public, and not in its documentation.
#[doc(hidden)]
pub mod internal {
    use crate::{Receiver, Select, Sender};

    /// An operation of a selection. Programs import it for `is_ready`.
    pub trait SelectHandle {
        /// Whether the operation is possible at once.
        fn is_ready(&self) -> bool;
    }

    impl<T> SelectHandle for Sender<T> {
        fn is_ready(&self) -> bool {
            let mut select = Select::new();
            select.send(self);
            select.try_ready().is_ok()
        }
    }

    impl<T> SelectHandle for Receiver<T> {
        fn is_ready(&self) -> bool {
            let mut select = Select::new();
            select.recv(self);
            select.try_ready().is_ok()
        }
    }
}

/// The macro behind `select!`, which the tests of the package call.
#[doc(hidden)]
#[macro_export]
macro_rules! crossbeam_channel_internal {
    ($($branches:tt)*) => {
        $crate::select! { $($branches)* }
    };
}
