//! What the poll of a task leaves for the futures below it.

#![allow(unsafe_code)]

use std::cell::{Cell, OnceCell};
use std::mem;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Once};
use std::task::{Context, Waker};

use lockwarden::instrument::{self, Acting, Site, ThreadId};

use super::identity::{Identity, Known};
use super::mark::{Branch, PolledBy, To};
use super::probe::Probe;
use super::registry;
use super::runtime::RuntimeState;
use super::task::{Kind, Probed, Task};
use super::thread;
use crate::examine;

/// One poll of a task, on the stack of the thread that polls.
pub(crate) struct Frame<'a> {
    /// It stands at the beginning of the task's [`Root`](super::root::Root).
    identity: &'a Identity,
    /// The bytes of that root.
    size: u32,
    divided: Cell<u32>,
    /// What it is polled with.
    waker: Cell<*const Waker>,
    /// Made when it is needed: most polls need none of it.
    rest: OnceCell<Rest>,
}

/// What only the poll of a known task, or one by an attached thread, or of a branch leaves.
#[derive(Default)]
struct Rest {
    /// The count of polls during this one, of a known task.
    poll: Cell<u64>,
    /// The probe that this poll is, if it is one, and the waker of it.
    probe: OnceCell<(Probe, Waker)>,
    /// How the thread acted before, if it acts differently now.
    acting: Cell<Option<Acting>>,
    /// The branch that is polled, if it is one.
    branch: Cell<Option<NonNull<Arc<Branch>>>>,
}

/// A wait of this crate was found pending in this poll.
const PENDING: u32 = 1;
/// A branch is polled.
const BRANCH: u32 = 2;
/// The task has holds of which more is known.
const MARKS: u32 = 4;
/// The task is listed with holds whose guards it may have sent away.
const SENT: u32 = 8;

impl<'a> Frame<'a> {
    #[inline(always)]
    pub(super) fn new(identity: &'a Identity, size: usize, waker: &Waker) -> Self {
        Self {
            identity,
            // What is beyond that of a future counts as outside of it.
            size: u32::try_from(size).unwrap_or(u32::MAX),
            divided: Cell::new(0),
            waker: Cell::new(waker),
            rest: OnceCell::new(),
        }
    }

    fn rest(&self) -> &Rest {
        self.rest.get_or_init(Rest::default)
    }

    /// Whether this address lies in the future of the task.
    #[inline(always)]
    pub(crate) fn contains(&self, address: usize) -> bool {
        let start = ptr::from_ref(self.identity).addr();
        address.wrapping_sub(start) < self.size as usize
    }

    /// Begins the poll of a task that is known, or by a thread that is attached. The waker
    /// to poll with, if it is to be a probe.
    #[cold]
    pub(super) fn begin(&self, cx: &Context<'_>) -> Option<&Waker> {
        if self.identity.is_over() {
            panic!("a task was polled after it had ended");
        }
        if let Some(known) = self.identity.known() {
            known.task.raise_alarm_outside_of_waits();
        }
        self.begin_drop();
        let task = &self.identity.known()?.task;
        task.keep_waker(cx.waker());
        if !task.wants_probe() {
            return None;
        }
        let (_, waker) = self.rest().probe.get_or_init(|| Probe::new(cx.waker()));
        self.waker.set(waker);
        Some(waker)
    }

    /// Makes the thread act as the task while the future of the task is dropped. No probe begins.
    #[cold]
    pub(super) fn begin_drop(&self) {
        match self.identity.known() {
            Some(known) => self.act(known),
            None => self.rest().acting.set(Some(Acting::as_none())),
        }
    }

    /// The thread acts as the task, which is polled from now on.
    fn act(&self, known: &Known) {
        let poll = known.task.begin_poll(thread::number());
        let rest = self.rest();
        rest.poll.set(poll);
        examine::resumed(&known.task);
        if known.task.has_marks() {
            self.divide(MARKS);
        }
        if known.task.has_sent() {
            self.divide(SENT);
        }
        // SAFETY: the agent lies in a box of the identity, which outlives the frame, and `Polling` ends
        // this with the frame. One thread polls a task at a time.
        let acting = unsafe { known.agent.act() };
        // What was there before the first of two changes is what to go back to.
        let first = rest.acting.take();
        rest.acting.set(Some(first.unwrap_or(acting)));
    }

    #[cold]
    fn become_known(&self) -> &Known {
        let origin = self.identity.anonymous_origin();
        // tokio gives no number to a future in `block_on`.
        let has_id = origin.is_some_and(|origin| origin.kind != Kind::Driven);
        let id = if has_id { tokio::task::try_id() } else { None };
        let known = self.identity.become_known(id);
        self.act(known);
        // SAFETY: the waker of the poll outlives the frame of it.
        known.task.keep_waker(unsafe { &*self.waker.get() });
        known
    }

    /// The task, which is known from now on.
    #[inline(always)]
    pub(crate) fn task(&self) -> &Arc<Task> {
        match self.identity.known() {
            Some(known) => &known.task,
            None => &self.become_known().task,
        }
    }

    /// The task, if it is known.
    #[inline(always)]
    pub(crate) fn known(&self) -> Option<&Arc<Task>> {
        self.identity.known().map(|known| &known.task)
    }

    /// The runtime that polls the task, if it is one of ours.
    pub(crate) fn runtime(&self) -> Option<Arc<RuntimeState>> {
        match self.known() {
            Some(task) => task.runtime.clone(),
            None => self.identity.anonymous_origin()?.runtime(),
        }
    }

    /// The count of polls of the known task during this one.
    pub(crate) fn poll(&self) -> u64 {
        self.rest.get().map_or(0, |rest| rest.poll.get())
    }

    /// The probe that this poll is, if it is one.
    pub(crate) fn probe(&self) -> Option<&Probe> {
        self.rest.get()?.probe.get().map(|(probe, _)| probe)
    }

    /// Notes what a known task still holds whose future is gone: guards that were leaked.
    #[inline(always)]
    pub(super) fn note_leaks(&self) {
        if let Some(known) = self.identity.known()
            && instrument::held_count() != 0
            && known.task.keeps_guards()
        {
            registry::add_abandoning(&known.task);
        }
    }

    /// Makes the thread act as it did before.
    #[inline(never)]
    fn end(&self) {
        if let Some(acting) = self.rest().acting.take() {
            acting.end();
            if let Some(task) = self.known() {
                task.end_poll();
                if self.identity.is_over() {
                    // It may have been noted as suspended within its last poll, see `LocalSet`.
                    examine::resumed(task);
                }
            }
        }
    }

    /// Notes that the task was found pending.
    #[inline(never)]
    fn suspend(&self) {
        let Some(task) = self.known() else { return };
        examine::suspended(task);
        if let Some(probe) = self.probe() {
            let stacks = probe.stacks_elsewhere().into();
            let mut waits = task.waits.lock();
            waits.probed = Some(Probed {
                // What it will be when the poll is over.
                at: self.poll() + 1,
                woken_by: probe.woken_by(),
                sequence: Probe::next_sequence(),
            });
            waits.elsewhere = stacks;
        }
    }

    /// Whether what the task holds may be held by another branch of it than the one that is polled, or by another task.
    #[inline(always)]
    pub(crate) fn is_divided(&self) -> bool {
        self.divided.get() != 0
    }

    /// Whether a wait of this crate was found pending in this poll.
    pub(crate) fn is_pending(&self) -> bool {
        self.divided.get() & PENDING != 0
    }

    fn divide(&self, why: u32) {
        self.divided.set(self.divided.get() | why);
    }

    /// The task has a hold of which more is known.
    pub(super) fn note_mark(&self) {
        self.divide(MARKS);
    }

    /// The branch that is polled.
    pub(crate) fn branch(&self) -> Option<&Arc<Branch>> {
        let branch = self.rest.get()?.branch.get();
        // SAFETY: `in_branch` takes it away before its borrow of it ends.
        branch.map(|branch| unsafe { branch.as_ref() })
    }

    /// Whether a future was polled with the waker of the task itself.
    #[inline(always)]
    pub(crate) fn is_polled_by(&self, polled: PolledBy) -> bool {
        // SAFETY: the waker of the poll outlives the frame of it; that of a probe lies in the frame.
        polled == PolledBy::from(unsafe { &*self.waker.get() })
    }

    /// Runs `f` in a branch of the task.
    pub(crate) fn in_branch<R>(&self, branch: &Arc<Branch>, f: impl FnOnce() -> R) -> R {
        struct Back<'a, 'b>(&'a Frame<'b>, Option<NonNull<Arc<Branch>>>);
        impl Drop for Back<'_, '_> {
            fn drop(&mut self) {
                self.0.rest().branch.set(self.1);
                if self.1.is_none() {
                    self.0.divided.set(self.0.divided.get() & !BRANCH);
                }
            }
        }
        let outer = self.rest().branch.replace(Some(NonNull::from(branch)));
        let _back = Back(self, outer);
        self.divide(BRANCH);
        f()
    }
}

thread_local! {
    static FRAME: Cell<*const Frame<'static>> = const { Cell::new(ptr::null()) };
    static SITE: Cell<Option<Site>> = const { Cell::new(None) };
}

/// A poll that is under way, in its frame.
pub(super) struct Polling<'a, 'b> {
    frame: &'a Frame<'b>,
    outer: *const Frame<'static>,
}

impl<'a, 'b> Polling<'a, 'b> {
    #[inline(always)]
    pub(super) fn begin(frame: &'a Frame<'b>) -> Self {
        // The frame outlives the use: `with` lends it for a call, and the drop of this takes it away while
        // it is borrowed here, also if the poll unwinds.
        let outer = FRAME.replace(ptr::from_ref(frame).cast());
        Self { frame, outer }
    }

    /// Ends the poll of a task that was found pending.
    #[inline(always)]
    pub(super) fn suspend(self) {
        if self.frame.rest.get().is_none() {
            FRAME.set(self.outer);
            mem::forget(self);
        } else {
            // This can panic with a report.
            self.frame.suspend();
        }
    }
}

impl Drop for Polling<'_, '_> {
    #[inline(always)]
    fn drop(&mut self) {
        FRAME.set(self.outer);
        if self.frame.rest.get().is_some() {
            self.frame.end();
        }
    }
}

/// Lets a task become known when it first uses a lock of any kind.
pub(super) fn announce() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        instrument::arrive_with(|| {
            with(|frame| {
                if let Some(frame) = frame {
                    frame.task();
                }
            });
        });
        instrument::hand_over_with(|| let_out(To::Any));
        instrument::agent_blocks_with(examine::agent_blocks);
    });
}

/// The task that the calling thread polls, or the closure that it runs as one, gives away something that may own a
/// guard.
#[inline(always)]
pub(crate) fn let_out(to: To) {
    with(|frame| match frame {
        // An anonymous task has nothing that is watched to give away.
        Some(frame) => {
            if let Some(task) = frame.known() {
                task.lets_out(to);
                if task.has_sent() {
                    frame.divide(SENT);
                }
            }
        }
        None => job_lets_out(to),
    });
}

/// The closure that the calling thread runs, if it runs one, gives something away.
#[cold]
fn job_lets_out(to: To) {
    if let Some(task) = JOB.get().and_then(registry::find) {
        task.lets_out(to);
    }
}

/// The known task that the calling thread polls, or the closure that it runs as one.
pub(crate) fn known() -> Option<Arc<Task>> {
    with(|frame| match frame {
        Some(frame) => frame.known().cloned(),
        None => JOB.get().and_then(registry::find),
    })
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

/// Takes the frame of the calling thread away until the result is dropped: what tokio itself gives away meanwhile, to a
/// thread that it starts, say, is nothing of the task's. Not that of an anonymous task: it has nothing to give away, and
/// becomes known if tokio uses a lock.
pub(crate) fn apart() -> Option<Apart> {
    let is_known = with(|frame| frame.is_some_and(|frame| frame.known().is_some()));
    is_known.then(|| Apart(FRAME.replace(ptr::null())))
}

/// The frame that was taken away; it does not leave the call that has taken it.
pub(crate) struct Apart(*const Frame<'static>);

impl Apart {
    /// Runs `f`, which is of the task again.
    #[cfg(feature = "rt-multi-thread")]
    pub(crate) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        /// Takes it away again, also if `f` unwinds.
        struct Away;
        impl Drop for Away {
            fn drop(&mut self) {
                FRAME.set(ptr::null());
            }
        }
        FRAME.set(self.0);
        let _away = Away;
        f()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        FRAME.set(self.0);
    }
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

/// Notes that a wait of this crate was found pending in the poll that the calling thread is in.
pub(crate) fn note_pending() {
    with(|frame| {
        if let Some(frame) = frame {
            frame.divide(PENDING);
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

/// The task that a closure is by itself, if the calling thread runs one.
pub(crate) fn job() -> Option<ThreadId> {
    JOB.get()
}

/// The task that the calling thread polls, or the one that the closure is which it runs.
pub(crate) fn current() -> Option<ThreadId> {
    with(|frame| frame.map(|frame| frame.task().id)).or(JOB.get())
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::panic::Location;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::agent::root::Root;

    #[test]
    fn what_is_given_away_apart_is_nothing_of_the_task() {
        let future = async {
            let task = with(|frame| frame.map(|frame| Arc::clone(frame.task())));
            let task = task.expect("the future is polled as a task");
            let before = task.let_out();
            let apart = apart().expect("the task is known");
            let_out(To::Any);
            assert_eq!(task.let_out(), before);
            #[cfg(feature = "rt-multi-thread")]
            apart.within(|| assert_eq!(current(), Some(task.id)));
            assert!(with(|frame| frame.is_none()));
            drop(apart);
            let_out(To::Any);
            assert!(task.let_out() > before);
        };
        let (root, _) = Root::new(future, Kind::Driven, Location::caller(), None);
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(pin!(root).poll(&mut context), Poll::Ready(_)));
    }
}
