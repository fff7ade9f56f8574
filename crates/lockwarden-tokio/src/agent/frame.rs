//! What the poll of a task leaves for the futures below it.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockwarden::instrument::{Site, ThreadId};

use super::probe::Probe;
use super::task::Task;

/// One poll of a task, on the stack of the thread that polls.
pub(crate) struct Frame<'a> {
    pub(crate) task: &'a Arc<Task>,
    /// The count of polls during this one.
    pub(crate) poll: u64,
    /// The probe that this poll is, if it is one.
    pub(crate) probe: Option<&'a Probe>,
    /// Where the future of the task lies.
    pub(crate) place: std::ops::Range<usize>,
    /// Whether a wait of this crate was found pending in this poll.
    pub(crate) is_pending: Cell<bool>,
}

thread_local! {
    static FRAME: Cell<*const Frame<'static>> = const { Cell::new(ptr::null()) };
    static SITE: Cell<Option<Site>> = const { Cell::new(None) };
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

/// Runs `f` within `frame`.
#[inline(always)]
pub(crate) fn within<R>(frame: &Frame<'_>, f: impl FnOnce() -> R) -> R {
    struct Back(*const Frame<'static>);
    impl Drop for Back {
        #[inline]
        fn drop(&mut self) {
            FRAME.set(self.0);
        }
    }
    // The frame outlives the use: `with` lends it for a call, and `Back` takes it away before this
    // returns, also if `f` unwinds.
    let _back = Back(FRAME.replace(ptr::from_ref(frame).cast()));
    f()
}

/// Runs `f` without a frame: what it polls belongs to no task.
pub(crate) fn without<R>(f: impl FnOnce() -> R) -> R {
    struct Back(*const Frame<'static>);
    impl Drop for Back {
        fn drop(&mut self) {
            FRAME.set(self.0);
        }
    }
    let _back = Back(FRAME.replace(ptr::null()));
    f()
}

/// Whether the calling thread polls a task that is watched.
#[inline]
pub(crate) fn is_there() -> bool {
    !FRAME.get().is_null()
}

/// Gives `f` the poll that the calling thread is in, if it is in one.
#[inline(always)]
pub(crate) fn with<R>(f: impl FnOnce(Option<&Frame<'_>>) -> R) -> R {
    // SAFETY: null, or a frame that `within` has borrowed for longer than this call lasts: `f` runs
    // on this thread, above `within` on its stack.
    f(unsafe { FRAME.get().as_ref() })
}

/// Runs `f`, in which futures of this crate take `site` for the place of their `.await`.
#[inline]
pub(crate) fn at<R>(site: Site, f: impl FnOnce() -> R) -> R {
    struct Back(Option<Site>);
    impl Drop for Back {
        #[inline]
        fn drop(&mut self) {
            SITE.set(self.0);
        }
    }
    let _back = Back(SITE.replace(Some(site)));
    f()
}

/// The place of the `.await` that an outer future of this crate was polled at, else `site`.
#[inline]
pub(crate) fn outer_site(site: Site) -> Site {
    SITE.get().unwrap_or(site)
}

/// A number for the calling thread, from 1.
#[inline]
pub(crate) fn thread() -> u64 {
    match THREAD.get() {
        0 => new_thread(),
        thread => thread,
    }
}

#[cold]
fn new_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let thread = NEXT.fetch_add(1, Ordering::Relaxed);
    THREAD.set(thread);
    thread
}

/// Notes that a wait of this crate was found pending in the poll that the calling thread is in.
pub(crate) fn note_pending() {
    with(|frame| {
        if let Some(frame) = frame {
            frame.is_pending.set(true);
        }
    });
}

thread_local! {
    static JOB: Cell<Option<ThreadId>> = const { Cell::new(None) };
}

/// Runs `f`, a closure on a thread of the blocking pool, which is the task `id` by itself.
pub(crate) fn as_job<R>(id: ThreadId, f: impl FnOnce() -> R) -> R {
    struct Back(Option<ThreadId>);
    impl Drop for Back {
        fn drop(&mut self) {
            JOB.set(self.0);
        }
    }
    let _back = Back(JOB.replace(Some(id)));
    without(f)
}

/// Whether the calling thread runs a closure that is a task by itself.
pub(crate) fn is_job() -> bool {
    JOB.get().is_some()
}

/// The task that the calling thread polls, or the one that the closure is which it runs.
pub(crate) fn current() -> Option<ThreadId> {
    with(|frame| frame.map(|frame| frame.task.id)).or(JOB.get())
}
