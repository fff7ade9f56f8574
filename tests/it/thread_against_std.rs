//! What can be said of threads only by laying the two flavours side by side.

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::sync_against_std::{has, same_bounds};
use lockwarden::thread as ours;
use std::thread as theirs;

macro_rules! same_traits {
    ($ours:ty, $theirs:ty) => {
        same_bounds!($ours, $theirs:
            Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Clone, Default);
    };
}

#[test]
fn the_automatic_traits_are_those_of_std() {
    same_traits!(ours::Builder, theirs::Builder);
    same_traits!(
        ours::Scope<'static, 'static>,
        theirs::Scope<'static, 'static>
    );
    same_traits!(ours::JoinHandle<u8>, theirs::JoinHandle<u8>);
    same_traits!(ours::JoinHandle<Rc<u8>>, theirs::JoinHandle<Rc<u8>>);
    same_traits!(ours::JoinHandle<Cell<u8>>, theirs::JoinHandle<Cell<u8>>);
    same_traits!(
        ours::ScopedJoinHandle<'static, u8>,
        theirs::ScopedJoinHandle<'static, u8>
    );
    same_traits!(
        ours::ScopedJoinHandle<'static, Rc<u8>>,
        theirs::ScopedJoinHandle<'static, Rc<u8>>
    );
}

#[test]
fn handles_are_as_large_as_those_of_std() {
    // Where it is watched who waits for whom, a handle leads to the life of its thread.
    let life = if cfg!(any(debug_assertions, feature = "always")) {
        size_of::<usize>()
    } else {
        0
    };
    assert_eq!(
        size_of::<ours::JoinHandle<u8>>(),
        size_of::<theirs::JoinHandle<u8>>() + life
    );
    assert_eq!(
        size_of::<ours::ScopedJoinHandle<'_, u8>>(),
        size_of::<theirs::ScopedJoinHandle<'_, u8>>() + life
    );
    assert_eq!(size_of::<ours::Builder>(), size_of::<theirs::Builder>());
}
