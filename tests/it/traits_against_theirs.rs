//! Each type of the `parking_lot` flavour and of the channels has the traits of its original, whatever it is
//! made of.

use std::cell::{Cell, RefCell};
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::sync_against_std::{has, same_bounds};

/// Compares a type with its original.
macro_rules! same {
    // Of each value.
    ($ours:ident, $theirs:ident) => {
        same!(@values $ours, $theirs:
            u8, String, Cell<u8>, RefCell<u8>, Rc<u8>, *const u8, &'static Cell<u8>,
            // `Sync` and not `Send`.
            std::sync::MutexGuard<'static, u8>,
            // Neither safe to unwind with, nor to refer to across an unwind.
            &'static mut u8, &'static mut Cell<u8>,
            std::marker::PhantomPinned, fn()
        )
    };
    (@values $ours:ident, $theirs:ident: $($value:ty),*) => {
        $(same!(@type $ours<$value>, $theirs<$value>: From<$value>);)*
    };
    (@type $ours:ty, $theirs:ty $(: $more:path)?) => {
        same_bounds!($ours, $theirs:
            Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Display, Default, Clone, Copy,
            PartialEq, Eq, PartialOrd, Ord, Hash, Deref, DerefMut, Iterator, IntoIterator,
            std::iter::FusedIterator, std::error::Error $(, $more)?
        );
    };
}

#[test]
fn the_traits_of_the_locks_are_those_of_parking_lot() {
    use lockwarden::parking_lot as ours;
    use parking_lot as theirs;

    macro_rules! locks {
        ($($name:ident),*) => { $({
            type Ours<T> = ours::$name<T>;
            type Theirs<T> = theirs::$name<T>;
            same!(Ours, Theirs);
        })* };
    }
    macro_rules! guards {
        ($($name:ident),*) => { $({
            type Ours<T> = ours::$name<'static, T>;
            type Theirs<T> = theirs::$name<'static, T>;
            same!(Ours, Theirs);
        })* };
    }
    locks!(Mutex, FairMutex, ReentrantMutex, RwLock);
    guards!(
        MutexGuard,
        MappedMutexGuard,
        FairMutexGuard,
        MappedFairMutexGuard
    );
    guards!(ReentrantMutexGuard, MappedReentrantMutexGuard);
    guards!(RwLockReadGuard, RwLockWriteGuard, RwLockUpgradableReadGuard);
    guards!(MappedRwLockReadGuard, MappedRwLockWriteGuard);
    same!(@type ours::Condvar, theirs::Condvar);
    same!(@type ours::Once, theirs::Once);
    same!(@type ours::WaitTimeoutResult, theirs::WaitTimeoutResult);
    same!(@type ours::OnceState, theirs::OnceState);
}

#[cfg(feature = "channel")]
#[test]
fn the_traits_of_the_channels_are_those_of_crossbeam() {
    use crossbeam_channel as theirs;
    use lockwarden::channel as ours;

    macro_rules! ends {
        ($($name:ident),*) => { $({
            type Ours<T> = ours::$name<T>;
            type Theirs<T> = theirs::$name<T>;
            same!(Ours, Theirs);
        })* };
    }
    macro_rules! iterators {
        ($($name:ident),*) => { $({
            type Ours<T> = ours::$name<'static, T>;
            type Theirs<T> = theirs::$name<'static, T>;
            same!(Ours, Theirs);
        })* };
    }
    ends!(Sender, Receiver, IntoIter);
    iterators!(Iter, TryIter);
    same!(@type ours::Select<'static>, theirs::Select<'static>);
    same!(@type ours::SelectedOperation<'static>, theirs::SelectedOperation<'static>);
}
