//! Scoped threads, which end before the data that they borrow.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::thread::{self, Thread};

use super::join_packet;
use super::join_packet::{End, JoinPacket};
use parking_lot::Mutex;

use crate::instrument;
use crate::instrument::{
    CheckMembership, Child, Clock, InheritedHolds, JoinRecord, MergedClock, Site, SpawnHolds,
    WaitReason,
};

/// Shared state of the threads of one scope.
struct Common {
    /// The locks that are held around all threads of the scope.
    around: InheritedHolds,
    /// The merged clocks of the threads that have ended.
    ends: MergedClock,
    /// The spawned threads, except for some that have ended.
    lives: Mutex<Vec<JoinRecord>>,
}

// The program's code never runs while the list is changed, so no panic leaves it half changed.
impl std::panic::RefUnwindSafe for Common {}

impl Common {
    /// Records that a thread of the scope was spawned.
    fn started(&self, life: JoinRecord) {
        if instrument::ON {
            let mut lives = self.lives.lock();
            // From time to time, so that the list does not grow without bound in a scope that keeps
            // spawning threads.
            if lives.len() == lives.capacity() {
                lives.retain(|life| !life.is_over());
            }
            lives.push(life);
        }
    }

    /// Waits for all threads of the scope, visibly for the detector. The threads may spawn others
    /// until they end.
    fn wait_for_all(&self, site: Site) {
        loop {
            let life = self.lives.lock().pop();
            match life {
                Some(life) => life.wait(WaitReason::ScopeEnd, site),
                None => return,
            }
        }
    }
}

impl Drop for Common {
    /// Ends the scope, also after a panic: the caller acquires the clocks of all its threads.
    fn drop(&mut self) {
        self.ends.acquire();
    }
}

/// Runs `f`, which may spawn threads that borrow from the caller, and waits for all of them, as
/// [`std::thread::scope`] does.
///
/// The locks that the calling thread holds at the call count as held around every thread of the
/// scope, and all that these threads do happens before what follows the scope.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let mut numbers = vec![1, 2, 3];
/// let mut sum = 0;
/// thread::scope(|s| {
///     s.spawn(|| println!("{numbers:?}"));
///     s.spawn(|| {
///         s.spawn(|| println!("a thread of the same scope, started by another"));
///     });
///     s.spawn(|| sum = numbers.iter().sum());
/// });
/// numbers.push(4);
/// assert_eq!(sum, 6);
/// ```
///
/// # Panics
///
/// Panics if a thread of the scope panicked that was not joined by a handle, or if `f` panics; in
/// both cases after all threads have ended.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let common = Common {
        around: InheritedHolds::current(),
        ends: MergedClock::new(),
        lives: Mutex::new(Vec::new()),
    };
    // The scope must not move until its last thread has ended, which is after the closure below has
    // returned; and its lifetimes have a name only inside that closure.
    let mut place = MaybeUninit::<Scope<'static, 'static>>::uninit();
    let (place, common) = (&raw mut place, &raw const common);
    let site = Location::caller();
    thread::scope(move |inner| {
        let scope = lend(place, common, inner);
        // std waits for the threads in any case, but the detector cannot see that wait.
        let _end = AtEnd {
            common: scope.common,
            site,
        };
        f(scope)
    })
}

/// Waits for the threads of a scope when its closure has returned or unwound.
struct AtEnd<'a> {
    common: &'a Common,
    site: Site,
}

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.common.wait_for_all(self.site);
    }
}

/// Initialises the scope in place.
fn lend<'scope, 'env>(
    place: *mut MaybeUninit<Scope<'static, 'static>>,
    common: *const Common,
    inner: &'scope thread::Scope<'scope, 'env>,
) -> &'scope Scope<'scope, 'env> {
    let place = place.cast::<Scope<'scope, 'env>>();
    // SAFETY: both pointers come from locals of `scope`, the only caller, which calls this once.
    // These locals stay in place until `std::thread::scope` has returned or unwound, and it does
    // neither before the last thread of the scope, and with it the last borrow for `'scope`, has
    // ended: std guarantees that for anything borrowed for `'scope`. Nothing else refers to
    // `place`; of `common` there are shared borrows only. Lifetimes do not affect layout, and a
    // scope consists of two references, so the place needs no drop.
    unsafe {
        place.write(Scope {
            inner,
            common: &*common,
            marker: PhantomData,
        });
        &*place
    }
}

/// Scope in which threads can be spawned, as [`std::thread::Scope`] is. Passed to the closure of
/// [`scope`].
pub struct Scope<'scope, 'env> {
    inner: &'scope thread::Scope<'scope, 'env>,
    common: &'scope Common,
    /// Adds nothing to the lifetimes of `inner`; it makes the scope `!UnwindSafe`, as std's is.
    marker: PhantomData<&'scope mut &'scope ()>,
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Spawns a thread in the scope, as [`std::thread::Scope::spawn`] does.
    ///
    /// What the calling thread did before happens before all that the new thread does; the locks
    /// that were held when the scope was entered count as held around the new thread.
    ///
    /// # Panics
    ///
    /// Panics if the operating system cannot start a thread;
    /// [`Builder::spawn_scoped`](super::Builder::spawn_scoped) returns the error instead.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let life = JoinRecord::new(Location::caller());
        let inner = self.inner.spawn(self.within(f, life.clone()));
        self.started(life.clone());
        ScopedJoinHandle::new(inner, life)
    }

    /// Records that the thread with this record was spawned in the scope.
    pub(super) fn started(&self, life: JoinRecord) {
        self.common.started(life);
    }

    pub(super) fn inner(&self) -> &'scope thread::Scope<'scope, 'env> {
        self.inner
    }

    /// Returns the body of a thread of the scope that happens after this point.
    pub(super) fn within<F, T>(
        &self,
        f: F,
        life: JoinRecord,
    ) -> impl FnOnce() -> JoinPacket<T> + Send + use<'scope, F, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        instrument::hands_over::<F>();
        let (cohort, past) = (CheckMembership::here(), Clock::release());
        let common = self.common;
        let child = Child::here();
        move || {
            let _turn = child.begin();
            cohort.enter();
            let _living = life.begin();
            past.acquire();
            drop(past);
            let within = common.around.enter();
            join_packet::run(f, move || {
                // Before the destructors of thread-locals, which run when the scope may be over.
                drop(within);
                let end = End::here(SpawnHolds::none());
                common.ends.add(end.past());
                end
            })
        }
    }
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

/// Handle by which a thread of a scope can be joined, as [`std::thread::ScopedJoinHandle`] is.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let words = ["a", "b"];
/// let count = thread::scope(|s| s.spawn(|| words.len()).join().unwrap());
/// assert_eq!(count, 2);
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    inner: thread::ScopedJoinHandle<'scope, JoinPacket<T>>,
    life: JoinRecord,
}

impl<'scope, T> ScopedJoinHandle<'scope, T> {
    pub(super) fn new(
        inner: thread::ScopedJoinHandle<'scope, JoinPacket<T>>,
        life: JoinRecord,
    ) -> Self {
        Self { inner, life }
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
    /// # Errors
    ///
    /// Returns the payload of the panic that ended the thread. The scope then does not panic for
    /// it.
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.life.wait(WaitReason::End, Location::caller());
        join_packet::joined(self.inner.join())
    }

    /// Returns whether the closure of the thread has ended. Never blocks, and establishes no order.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        join_packet::is_finished(&self.life, || self.inner.is_finished())
    }
}

impl<T> std::fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}
