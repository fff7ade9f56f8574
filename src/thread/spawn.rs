//! Threads that live for themselves.

use std::thread::{self, Thread};

use super::join_packet;
use super::join_packet::{End, JoinPacket};
use crate::instrument::{CheckMembership, Clock, JoinRecord, SpawnHolds, WaitReason};
use std::panic::Location;

/// Starts a new thread, as [`std::thread::spawn`] does.
///
/// What the calling thread did so far comes before all that the new one does.
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
/// If the operating system does not start a thread; [`Builder::spawn`](super::Builder::spawn)
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

/// The body of a thread that goes on from here.
pub(super) fn from_here<T>(
    f: impl FnOnce() -> T,
    life: JoinRecord,
) -> impl FnOnce() -> JoinPacket<T> {
    let (cohort, section, past) = (
        CheckMembership::here(),
        SpawnHolds::here(),
        Clock::release(),
    );
    move || {
        cohort.enter();
        let _living = life.begin();
        past.acquire();
        drop(past);
        section.enter();
        join_packet::run(f, move || End::here(section))
    }
}

/// The right to wait for the end of a thread, as [`std::thread::JoinHandle`] is.
///
/// Dropped, it detaches the thread, whose end then orders nothing.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let handle = thread::Builder::new().name("worker".to_owned()).spawn(|| 6 * 7).unwrap();
/// assert_eq!(handle.thread().name(), Some("worker"));
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
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

    /// The thread behind this handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::thread;
    ///
    /// let handle = thread::spawn(|| thread::current().id());
    /// let id = handle.thread().id();
    /// assert_eq!(handle.join().unwrap(), id);
    /// ```
    #[must_use]
    pub fn thread(&self) -> &Thread {
        self.inner.thread()
    }

    /// Waits for the end of the thread, and returns what it returned.
    ///
    /// All that the thread did comes before all that the calling thread does next.
    ///
    /// # Errors
    ///
    /// The payload of the panic by which the thread ended.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says: the thread joins itself, or waits
    /// for the calling one, by whatever other waits there are in between. The thread is then
    /// detached.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::thread;
    ///
    /// let result = thread::spawn(|| std::panic::resume_unwind(Box::new("no"))).join();
    /// assert_eq!(result.unwrap_err().downcast_ref(), Some(&"no"));
    /// ```
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.life.wait(WaitReason::End, Location::caller());
        join_packet::joined(self.inner.join())
    }

    /// Whether the thread's closure has come to its end. Never blocks, and orders nothing: only
    /// [`join`](Self::join) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use lockwarden::thread;
    ///
    /// let (go, wait) = mpsc::channel();
    /// let handle = thread::spawn(move || wait.recv());
    /// assert!(!handle.is_finished());
    /// go.send(()).unwrap();
    /// handle.join().unwrap().unwrap();
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
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
