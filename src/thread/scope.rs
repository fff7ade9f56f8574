//! Threads that end before what they borrow does.

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
    CheckMembership, Clock, InheritedHolds, JoinRecord, MergedClock, Site, SpawnHolds, WaitReason,
};

/// What the threads of one scope have in common.
struct Common {
    /// The locks that are held around all of them.
    around: InheritedHolds,
    /// The ends of those that have ended.
    ends: MergedClock,
    /// The threads that have been started, but for some that have ended.
    lives: Mutex<Vec<JoinRecord>>,
}

// Nothing of the program's runs while the list is changed, so no panic finds it half done.
impl std::panic::RefUnwindSafe for Common {}

impl Common {
    /// A thread of the scope was started.
    fn started(&self, life: JoinRecord) {
        if instrument::ON {
            let mut lives = self.lives.lock();
            // Now and then, so that a scope that starts threads for ever does not grow.
            if lives.len() == lives.capacity() {
                lives.retain(|life| !life.is_over());
            }
            lives.push(life);
        }
    }

    /// Waits for all threads of the scope, in a way that the detector sees. They may start others
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
    /// The scope is over, also by a panic: the caller goes on after the ends of all its threads.
    fn drop(&mut self) {
        self.ends.acquire();
    }
}

/// Runs `f`, which may start threads that borrow from here, and waits for all of them, as
/// [`std::thread::scope`] does.
///
/// The locks that the calling thread holds now count as held around every thread of the scope,
/// and all that these threads do comes before what follows the scope.
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
/// If a thread of the scope panicked that was not joined by hand, or if `f` panics; in both cases
/// after all threads have ended.
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
    // The scope has to stand where it is until its last thread has ended, which is after the
    // closure below has returned; and its lifetimes have a name only inside that closure.
    let mut place = MaybeUninit::<Scope<'static, 'static>>::uninit();
    let (place, common) = (&raw mut place, &raw const common);
    let site = Location::caller();
    thread::scope(move |inner| {
        let scope = lend(place, common, inner);
        // std waits for them in any case, but nobody sees for whom.
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

/// Makes the scope in its place.
fn lend<'scope, 'env>(
    place: *mut MaybeUninit<Scope<'static, 'static>>,
    common: *const Common,
    inner: &'scope thread::Scope<'scope, 'env>,
) -> &'scope Scope<'scope, 'env> {
    let place = place.cast::<Scope<'scope, 'env>>();
    // SAFETY: both pointers come from locals of `scope`, which alone calls this, once. Those stay
    // where they are until `std::thread::scope` has returned or unwound, and it does neither
    // before the last thread of the scope, and with it the last borrow for `'scope`, has ended:
    // that is what std promises of anything that is borrowed for `'scope`. Nothing else refers to
    // the place; of `common` there are shared borrows only. Lifetimes do not bear on layout, and a
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

/// A scope in which threads can be started, as [`std::thread::Scope`] is. Made by [`scope`].
pub struct Scope<'scope, 'env> {
    inner: &'scope thread::Scope<'scope, 'env>,
    common: &'scope Common,
    /// Of the lifetimes it says what `inner` says already; it is there so that a scope is not
    /// `UnwindSafe`, as std's is not.
    marker: PhantomData<&'scope mut &'scope ()>,
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Starts a thread in the scope, as [`std::thread::Scope::spawn`] does.
    ///
    /// What the calling thread did so far comes before all that the new one does; what was held
    /// when the scope was entered is held around it.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread;
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

    /// A thread with this life was started in the scope.
    pub(super) fn started(&self, life: JoinRecord) {
        self.common.started(life);
    }

    pub(super) fn inner(&self) -> &'scope thread::Scope<'scope, 'env> {
        self.inner
    }

    /// The body of a thread of the scope that goes on from here.
    pub(super) fn within<F, T>(
        &self,
        f: F,
        life: JoinRecord,
    ) -> impl FnOnce() -> JoinPacket<T> + Send + use<'scope, F, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let (cohort, past) = (CheckMembership::here(), Clock::release());
        let common = self.common;
        move || {
            cohort.enter();
            let _living = life.begin();
            past.acquire();
            drop(past);
            let within = common.around.enter();
            join_packet::run(f, move || {
                // The destructors of thread-locals run later, when the scope may be over.
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

/// The right to wait for the end of a thread of a scope, as [`std::thread::ScopedJoinHandle`] is.
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

    /// The thread behind this handle.
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
    /// The payload of the panic by which the thread ended. The scope then does not panic for it.
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.life.wait(WaitReason::End, Location::caller());
        join_packet::joined(self.inner.join())
    }

    /// Whether the thread's closure has come to its end. Never blocks, and orders nothing.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> std::fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}
