//! What can be said only by laying the two flavours side by side.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use lockwarden::sync as ours;
use std::sync as theirs;

/// Whether a type has a trait, as a constant: an associated constant of the type itself, which
/// is there only if the bound holds, goes before that of the trait, which is always there.
macro_rules! has {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code)]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        #[allow(dead_code)]
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Probe<T> {
            const ANSWER: bool = true;
        }
        <Probe<$type>>::ANSWER
    }};
}
pub(crate) use has;

/// Compares a type with its original, trait by trait.
macro_rules! same_bounds {
    ($ours:ty, $theirs:ty: $($bound:path),*) => {
        $(assert_eq!(
            has!($ours: $bound),
            has!($theirs: $bound),
            "{}: {}", stringify!($ours), stringify!($bound),
        );)*
    };
}
pub(crate) use same_bounds;

/// Demands that a generic type of the two flavours has the same automatic traits, whatever it is
/// made of.
macro_rules! same_traits {
    (sized $ours:ident, $theirs:ident) => {
        same_traits!(@of $ours, $theirs:
            u8, Cell<u8>, RefCell<u8>, Rc<u8>, *const u8, &'static Cell<u8>,
            // `Sync` and not `Send`.
            theirs::MutexGuard<'static, u8>,
            // Neither safe to unwind with, nor to refer to across an unwind.
            &'static mut u8, &'static mut Cell<u8>,
            std::marker::PhantomPinned
        );
    };
    ($ours:ident, $theirs:ident) => {
        same_traits!(sized $ours, $theirs);
        same_traits!(@of $ours, $theirs:
            [u8], str, dyn Debug, dyn Debug + Send, dyn Debug + Sync, dyn Debug + Send + Sync,
            dyn Debug + UnwindSafe, dyn Debug + RefUnwindSafe, dyn Debug + Unpin
        );
    };
    (@of $ours:ident, $theirs:ident: $($value:ty),*) => {
        $(same_traits!(@one $ours<$value>, $theirs<$value>);)*
    };
    (@one $ours:ty, $theirs:ty) => {
        same_bounds!($ours, $theirs: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    };
}

#[test]
fn the_automatic_traits_are_those_of_std() {
    use std::borrow::Borrow;
    use std::fmt::Display;
    use std::hash::Hash;
    type OurMutex<T> = ours::Mutex<T>;
    type Mutex<T> = theirs::Mutex<T>;
    type OurMutexGuard<T> = ours::MutexGuard<'static, T>;
    type MutexGuard<T> = theirs::MutexGuard<'static, T>;
    type OurRwLock<T> = ours::RwLock<T>;
    type RwLock<T> = theirs::RwLock<T>;
    type OurReadGuard<T> = ours::RwLockReadGuard<'static, T>;
    type ReadGuard<T> = theirs::RwLockReadGuard<'static, T>;
    type OurWriteGuard<T> = ours::RwLockWriteGuard<'static, T>;
    type WriteGuard<T> = theirs::RwLockWriteGuard<'static, T>;
    type OurResult = ours::WaitTimeoutResult;
    type Result = theirs::WaitTimeoutResult;

    type OurSender<T> = ours::mpsc::Sender<T>;
    type Sender<T> = theirs::mpsc::Sender<T>;
    type OurSyncSender<T> = ours::mpsc::SyncSender<T>;
    type SyncSender<T> = theirs::mpsc::SyncSender<T>;
    type OurReceiver<T> = ours::mpsc::Receiver<T>;
    type Receiver<T> = theirs::mpsc::Receiver<T>;
    type OurOnceLock<T> = ours::OnceLock<T>;
    type OnceLock<T> = theirs::OnceLock<T>;
    type OurLazyLock<T> = ours::LazyLock<T>;
    type LazyLock<T> = theirs::LazyLock<T>;
    // With what it is made by.
    type OurMaker<F> = ours::LazyLock<u8, F>;
    type Maker<F> = theirs::LazyLock<u8, F>;
    /// Has no traits but the automatic ones.
    struct Silent;

    same_traits!(OurMutex, Mutex);
    same_traits!(OurMutexGuard, MutexGuard);
    same_traits!(OurRwLock, RwLock);
    same_traits!(OurReadGuard, ReadGuard);
    same_traits!(OurWriteGuard, WriteGuard);
    same_traits!(@one ours::Condvar, theirs::Condvar);
    same_traits!(@one OurResult, Result);
    same_traits!(@one ours::Barrier, theirs::Barrier);
    same_traits!(@one ours::Once, theirs::Once);
    same_bounds!(ours::Once, theirs::Once: Default, Clone);
    same_traits!(sized OurOnceLock, OnceLock);
    same_bounds!(OurOnceLock<u8>, OnceLock<u8>:
        Clone, Debug, Default, PartialEq, Eq, PartialOrd, Hash, From<u8>);
    same_bounds!(OurOnceLock<Silent>, OnceLock<Silent>:
        Clone, Debug, Default, PartialEq, Eq, From<Silent>);
    same_traits!(sized OurLazyLock, LazyLock);
    same_traits!(sized OurMaker, Maker);
    same_bounds!(OurLazyLock<u8>, LazyLock<u8>: Clone, Debug, Default, PartialEq, From<u8>);
    same_bounds!(OurLazyLock<Silent>, LazyLock<Silent>: Debug, Default);
    same_traits!(@one ours::BarrierWaitResult, theirs::BarrierWaitResult);
    same_bounds!(ours::BarrierWaitResult, theirs::BarrierWaitResult: Clone, Copy, PartialEq);
    same_bounds!(OurResult, Result:
        Clone, Copy, Debug, PartialEq, Eq, Default, Hash, PartialOrd);
    same_bounds!(OurMutex<u8>, Mutex<u8>: Clone, Debug, Default, PartialEq, From<u8>, Hash);
    same_bounds!(OurRwLock<u8>, RwLock<u8>: Clone, Debug, Default, PartialEq, From<u8>, Hash);
    same_bounds!(OurMutexGuard<u8>, MutexGuard<u8>:
        Clone, Debug, Display, PartialEq, AsRef<u8>, Borrow<u8>);
    same_bounds!(OurReadGuard<u8>, ReadGuard<u8>:
        Clone, Debug, Display, PartialEq, AsRef<u8>, Borrow<u8>);
    same_bounds!(OurWriteGuard<u8>, WriteGuard<u8>:
        Clone, Debug, Display, PartialEq, AsRef<u8>, Borrow<u8>);
    same_traits!(sized OurSender, Sender);
    same_traits!(sized OurSyncSender, SyncSender);
    same_traits!(sized OurReceiver, Receiver);
    same_bounds!(ours::mpsc::Iter<'static, u8>, theirs::mpsc::Iter<'static, u8>:
        Send, Sync, UnwindSafe, RefUnwindSafe, Debug, Clone);
    same_bounds!(ours::mpsc::Iter<'static, Silent>, theirs::mpsc::Iter<'static, Silent>:
        Debug);
    same_bounds!(ours::mpsc::TryIter<'static, Silent>, theirs::mpsc::TryIter<'static, Silent>:
        Send, Sync, UnwindSafe, RefUnwindSafe, Debug, Clone);
    same_bounds!(ours::mpsc::IntoIter<Silent>, theirs::mpsc::IntoIter<Silent>:
        Send, Sync, UnwindSafe, RefUnwindSafe, Debug, Clone);
    same_bounds!(OurSender<Silent>, Sender<Silent>: Clone, Debug, Default);
    same_bounds!(OurSyncSender<Silent>, SyncSender<Silent>: Clone, Debug, Default);
    same_bounds!(OurReceiver<Silent>, Receiver<Silent>: Clone, Debug, Default);
    // The probe itself must be able to give both answers.
    assert!(has!(u8: Send) && !has!(Rc<u8>: Send));
    assert!(
        !has!(ours::MutexGuard<'static, u8>: Send) && has!(ours::MutexGuard<'static, u8>: Sync)
    );
}

/// Compares what the two flavours print, in both layouts.
macro_rules! prints_alike {
    (|$sync:ident| $made:expr) => {{
        let ours = {
            use ours as $sync;
            (format!("{:?}", $made), format!("{:#?}", $made))
        };
        let theirs = {
            use theirs as $sync;
            (format!("{:?}", $made), format!("{:#?}", $made))
        };
        assert_eq!(ours, theirs);
    }};
}

#[test]
fn locks_and_guards_print_like_those_of_std() {
    prints_alike!(|sync| sync::Mutex::new(0));
    prints_alike!(|sync| sync::Mutex::new(vec!["a", "b"]));
    prints_alike!(|sync| sync::RwLock::new(0));
    prints_alike!(|sync| sync::RwLock::new(Some("text")));
    prints_alike!(|sync| sync::Condvar::new());
    prints_alike!(|sync| {
        let mutex: Box<sync::Mutex<[u8]>> = Box::new(sync::Mutex::new([1, 2]));
        mutex
    });
    prints_alike!(|sync| sync::Mutex::new(3).lock().unwrap());
    prints_alike!(|sync| sync::RwLock::new(3).read().unwrap());
    prints_alike!(|sync| sync::RwLock::new(3).write().unwrap());
    prints_alike!(|sync| {
        let mutex = sync::Mutex::new(());
        let held = mutex.lock().unwrap();
        let never = sync::Condvar::new();
        never
            .wait_timeout_while(held, Duration::ZERO, |()| true)
            .unwrap()
            .1
    });
}

#[test]
fn held_locks_print_like_those_of_std() {
    macro_rules! held {
        ($sync:ident, $layout:literal) => {{
            let (mutex, read, written) = (
                $sync::Mutex::new(1),
                $sync::RwLock::new(2),
                $sync::RwLock::new(3),
            );
            let _held = (mutex.lock(), read.read(), written.write());
            [
                format!($layout, mutex),
                format!($layout, read),
                format!($layout, written),
            ]
        }};
    }
    assert_eq!(held!(ours, "{:?}"), held!(theirs, "{:?}"));
    assert_eq!(held!(ours, "{:#?}"), held!(theirs, "{:#?}"));
    assert_eq!(
        held!(ours, "{:?}")[0],
        r#"Mutex { data: "<locked>", poisoned: false, .. }"#
    );
}

#[test]
fn poisoned_locks_and_their_errors_print_like_those_of_std() {
    macro_rules! poisoned {
        ($sync:ident) => {{
            let (mutex, lock) = ($sync::Mutex::new(1), $sync::RwLock::new(2));
            let failed = std::thread::scope(|scope| {
                let failing = scope.spawn(|| {
                    let _held = (mutex.lock(), lock.write());
                    panic!("with both held");
                });
                failing.join()
            });
            assert!(failed.is_err());
            let mut lines = vec![format!("{mutex:?}"), format!("{lock:#?}")];
            let error = mutex.lock().unwrap_err();
            lines.extend([
                format!("{error:?}"),
                format!("{error}"),
                format!("{mutex:?}"),
            ]);
            drop(error);
            let error = lock.try_read().unwrap_err();
            lines.extend([
                format!("{error:?}"),
                format!("{error}"),
                format!("{lock:?}"),
            ]);
            let error = lock.try_write().unwrap_err();
            lines.extend([format!("{error:?}"), format!("{error}")]);
            lines
        }};
    }
    assert_eq!(poisoned!(ours), poisoned!(theirs));
}

#[test]
fn named_and_labelled_locks_behave_like_others() {
    static LEDGER: ours::Mutex<i32> = ours::Mutex::named("ledger", 1);
    static RATES: ours::RwLock<i32> = ours::RwLock::named("rates", 2);
    static CHANGED: ours::Condvar = ours::Condvar::named("changed");
    LEDGER.set_label("the one ledger");
    RATES.set_label(String::from("rates of today"));
    CHANGED.set_label("changed");
    let held = LEDGER.lock().unwrap();
    let (held, result) = CHANGED
        .wait_timeout_while(held, Duration::ZERO, |_| true)
        .unwrap();
    assert!(result.timed_out());
    assert_eq!(*held + *RATES.read().unwrap(), 3);
    let slice: Box<ours::Mutex<[u8]>> = Box::new(ours::Mutex::named("slice", [1, 2]));
    slice.set_label("of two");
    assert_eq!(
        format!("{slice:?}"),
        "Mutex { data: [1, 2], poisoned: false, .. }"
    );
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "the records of an instrumented build take room"
)]
fn mutexes_and_channels_are_no_larger_than_those_of_std() {
    if !cfg!(feature = "always") {
        assert_eq!(
            size_of::<ours::mpsc::Sender<u8>>(),
            size_of::<theirs::mpsc::Sender<u8>>()
        );
        assert_eq!(
            size_of::<ours::mpsc::Receiver<u8>>(),
            size_of::<theirs::mpsc::Receiver<u8>>()
        );
        assert!(size_of::<ours::Mutex<u8>>() <= size_of::<theirs::Mutex<u8>>());
        assert!(size_of::<ours::Mutex<u64>>() <= size_of::<theirs::Mutex<u64>>());
    }
}
