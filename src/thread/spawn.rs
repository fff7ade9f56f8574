//! Threads outside scopes: `spawn` and `JoinHandle`.

use std::thread::{self, Thread};

use super::join_packet;
use super::join_packet::{End, JoinPacket};
use crate::instrument;
use crate::instrument::{CheckMembership, Child, Clock, JoinRecord, SpawnHolds, WaitReason};
use std::panic::Location;

/// Spawns a new thread, as [`std::thread::spawn`] does.
///
/// What the calling thread did before happens before all that the new thread does.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let handle = thread::spawn(|| "done");
/// assert_eq!(handle.join().unwrap(), "done");
/// ```
///
/// # Panics
///
/// Panics if the operating system cannot start a thread; [`Builder::spawn`](super::Builder::spawn)
/// returns the error instead.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let life = JoinRecord::new(Location::caller());
    JoinHandle::new(thread::spawn(from_here(f, life.clone())), life)
}

/// Returns the body of a thread that happens after this point.
pub(super) fn from_here<F: FnOnce() -> T, T>(
    f: F,
    life: JoinRecord,
) -> impl FnOnce() -> JoinPacket<T> + use<F, T> {
    instrument::hands_over::<F>();
    let (cohort, section, past) = (
        CheckMembership::here(),
        SpawnHolds::here(),
        Clock::release(),
    );
    let child = Child::here();
    move || {
        let _turn = child.begin();
        cohort.enter();
        let _living = life.begin();
        past.acquire();
        drop(past);
        section.enter();
        join_packet::run(f, move || End::here(section))
    }
}

/// Handle by which a thread can be joined, as [`std::thread::JoinHandle`] is.
///
/// Dropping the handle detaches the thread, whose end then establishes no order.
pub struct JoinHandle<T> {
    inner: thread::JoinHandle<JoinPacket<T>>,
    life: JoinRecord,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(inner: thread::JoinHandle<JoinPacket<T>>, life: JoinRecord) -> Self {
        Self { inner, life }
    }

    pub(super) fn into_inner(self) -> thread::JoinHandle<JoinPacket<T>> {
        self.inner
    }

    /// Returns the thread of this handle.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        self.inner.thread()
    }

    /// Waits for the end of the thread, and returns its result.
    ///
    /// All that the thread did happens before all that the calling thread does next.
    ///
    /// A lock that the calling thread holds here and the joined one takes is a deadlock, which is
    /// reported when it occurs; a run in which the thread takes the lock earlier reports nothing.
    ///
    /// # Errors
    ///
    /// Returns the payload of the panic that ended the thread.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end, because the thread joins itself or waits, possibly
    /// through other waits, for the calling thread, and the configuration answers that with a
    /// panic. The thread is then detached.
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.life.wait(WaitReason::End, Location::caller());
        join_packet::joined(self.inner.join())
    }

    /// Returns whether the closure of the thread has ended. Never blocks, and establishes no order:
    /// only [`join`](Self::join) does.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        join_packet::is_finished(&self.life, || self.inner.is_finished())
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(unix)]
impl<T> std::os::unix::thread::JoinHandleExt for JoinHandle<T> {
    fn as_pthread_t(&self) -> std::os::unix::thread::RawPthread {
        self.inner.as_pthread_t()
    }

    fn into_pthread_t(self) -> std::os::unix::thread::RawPthread {
        self.inner.into_pthread_t()
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{
        AsHandle, AsRawHandle, BorrowedHandle, IntoRawHandle, OwnedHandle, RawHandle,
    };

    use super::JoinHandle;

    impl<T> AsRawHandle for JoinHandle<T> {
        fn as_raw_handle(&self) -> RawHandle {
            self.inner.as_raw_handle()
        }
    }

    impl<T> IntoRawHandle for JoinHandle<T> {
        fn into_raw_handle(self) -> RawHandle {
            self.inner.into_raw_handle()
        }
    }

    impl<T> AsHandle for JoinHandle<T> {
        fn as_handle(&self) -> BorrowedHandle<'_> {
            self.inner.as_handle()
        }
    }

    impl<T> From<JoinHandle<T>> for OwnedHandle {
        fn from(handle: JoinHandle<T>) -> Self {
            handle.inner.into()
        }
    }
}
