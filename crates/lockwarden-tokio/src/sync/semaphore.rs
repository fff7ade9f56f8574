//! A counting semaphore.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use lockwarden::instrument::Site;
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, Semaphore as Inner, TryAcquireError};

use super::acquire::Acquire;
use super::blocking;
use super::eager::Eager;
use super::fast_semaphore::{FastSemaphore, Permit};
use super::permits::Permits;
use super::sited::PollAt;
use crate::agent::frame;
use crate::agent::leaf::Target;
use crate::agent::mark;

/// [`tokio::sync::Semaphore`], watched.
///
/// A wait for permits is a `Deadlock` only as long as no permit was added, forgotten or taken away
/// and the semaphore is not closed: from then on any task might bring more. In a check in which no task is left
/// that could, the wait is a deadlock even so, and the report names the lines at which permits were forgotten.
///
/// A permit that is given back orders nothing, as the release of a lock does not. What was done before permits are added to a semaphore
/// that was made without any comes before what is done after an acquisition, if they are added once.
pub struct Semaphore {
    inner: FastSemaphore,
    made: Site,
    count: usize,
    permits: OnceLock<Arc<Permits>>,
}

impl Semaphore {
    /// As [`tokio::sync::Semaphore::MAX_PERMITS`].
    pub const MAX_PERMITS: usize = tokio::sync::Semaphore::MAX_PERMITS;

    /// As [`tokio::sync::Semaphore::new`].
    ///
    /// # Panics
    ///
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self {
            inner: FastSemaphore::new(permits),
            made: Location::caller(),
            count: permits,
            permits: OnceLock::new(),
        }
    }

    /// As [`tokio::sync::Semaphore::const_new`].
    ///
    /// # Panics
    ///
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        Self {
            inner: FastSemaphore::const_new(permits),
            made: Location::caller(),
            count: permits,
            permits: OnceLock::new(),
        }
    }

    /// As [`tokio::sync::Semaphore::available_permits`].
    pub fn available_permits(&self) -> usize {
        self.inner.available()
    }

    /// As [`tokio::sync::Semaphore::add_permits`].
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        let open = self.open();
        self.state().add_by(n, || open.add_permits(n));
    }

    /// As [`tokio::sync::Semaphore::forget_permits`].
    #[track_caller]
    pub fn forget_permits(&self, n: usize) -> usize {
        let forgotten = self.open().forget_permits(n);
        self.state().forget(Location::caller(), forgotten);
        forgotten
    }

    /// As [`tokio::sync::Semaphore::acquire`].
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        let created = Location::caller();
        Acquiring {
            semaphore: self,
            is_owned: false,
            count: 1,
            acquire: Acquire::new(&self.inner, 1, created, Inner::acquire_many),
        }
    }

    /// As [`tokio::sync::Semaphore::acquire_many`].
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many(
        &self,
        n: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        let created = Location::caller();
        Acquiring {
            semaphore: self,
            is_owned: false,
            count: n,
            acquire: Acquire::new(&self.inner, n, created, Inner::acquire_many),
        }
    }

    /// As [`tokio::sync::Semaphore::try_acquire`].
    ///
    /// # Errors
    ///
    /// If there is no permit, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// As [`tokio::sync::Semaphore::try_acquire_many`].
    ///
    /// # Errors
    ///
    /// If there are not enough permits, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.inner.try_take(n)?;
        Ok(self.permit(n, 0, Location::caller()))
    }

    /// As [`tokio::sync::Semaphore::acquire_owned`].
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_many_owned(1)
    }

    /// As [`tokio::sync::Semaphore::acquire_many_owned`].
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        let created = Location::caller();
        let at_once = move |semaphore: Arc<Self>, cx: &mut Context<'_>| {
            let Some(permit) = semaphore.inner.take_within_budget(n, cx) else {
                return Err(semaphore);
            };
            permit.keep();
            let share = semaphore.permit(n, 0, created).into_share();
            Ok(Ok(OwnedSemaphorePermit { semaphore, share }))
        };
        let later = move |semaphore: Arc<Self>| async move {
            let share = Acquiring {
                semaphore: &semaphore,
                is_owned: true,
                count: n,
                acquire: Acquire::new(&semaphore.inner, n, created, Inner::acquire_many),
            }
            .await?
            .into_share();
            Ok(OwnedSemaphorePermit { semaphore, share })
        };
        Eager::new(self, at_once, later)
    }

    /// As [`tokio::sync::Semaphore::try_acquire_owned`].
    ///
    /// # Errors
    ///
    /// If there is no permit, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`tokio::sync::Semaphore::try_acquire_many_owned`].
    ///
    /// # Errors
    ///
    /// If there are not enough permits, or the semaphore is closed.
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let share = self.try_acquire_many(n)?.into_share();
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            share,
        })
    }

    /// As `Semaphore::blocking_acquire` of newer tokio.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.block(1, Location::caller())
    }

    /// As `Semaphore::blocking_acquire_many` of newer tokio.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.block(n, Location::caller())
    }

    /// As `Semaphore::blocking_acquire_owned` of newer tokio.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// As `Semaphore::blocking_acquire_many_owned` of newer tokio.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let share = self.block(n, Location::caller())?.into_share();
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            share,
        })
    }

    /// As [`tokio::sync::Semaphore::close`].
    pub fn close(&self) {
        self.open().close();
    }

    /// As [`tokio::sync::Semaphore::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// tokio's own semaphore. Permits that are taken or added there are not seen, so nothing is reported
    /// of this semaphore from now on.
    pub fn as_tokio(&self) -> &tokio::sync::Semaphore {
        // An addition may come.
        self.state().add_by(1, || self.open())
    }

    /// tokio's own semaphore, of whose permits nothing is known from now on.
    fn open(&self) -> &tokio::sync::Semaphore {
        self.inner.open(self.state().open())
    }

    #[inline]
    fn state(&self) -> &Arc<Permits> {
        self.permits
            .get_or_init(|| Arc::new(Permits::new(self.made, self.count)))
    }

    /// The permit of an acquisition by the calling task, which was asked for at `site`, with a future at `place`; zero if the
    /// permit will own the semaphore, or was taken without a future.
    fn permit(&self, count: u32, place: usize, site: Site) -> SemaphorePermit<'_> {
        if self.count == 0 && count != 0 {
            self.state().acquire_added();
        }
        let number = match count {
            0 => 0,
            count => frame::with(|frame| {
                let own = ptr::from_ref(self).addr();
                let is_loose = frame.is_none_or(|frame| mark::is_loose(frame, own, place));
                let task = match frame {
                    // One that can be in shared memory is of no task: a table of sessions keeps permits so.
                    Some(_) if is_loose && mark::can_be_shared(own, place) => None,
                    Some(frame) => Some(frame.task().takes_permits()),
                    None => frame::known().map(|job| job.takes_permits()),
                };
                let count = count as usize;
                self.state().add(task, count, is_loose, Some(site))
            }),
        };
        SemaphorePermit {
            semaphore: self,
            share: Share {
                number,
                permits: count as usize,
            },
        }
    }

    /// Acquires permits, and blocks the calling thread until then.
    #[track_caller]
    fn block(&self, count: u32, created: Site) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::ask_whether_to_block();
        let permit = match self.inner.try_take(count) {
            Ok(()) => Permit::new(&self.inner, count),
            Err(_) => {
                let acquire = Acquire::new(&self.inner, count, created, Inner::acquire_many);
                let target = || Target::Permits(Arc::clone(self.state()), count);
                let mut acquire = pin!(acquire);
                let taking = PollAt::new(|cx, _| acquire.as_mut().poll_for(cx, created, target));
                blocking::drive(created, taking)?
            }
        };
        permit.keep();
        Ok(self.permit(count, 0, created))
    }

    /// Gives permits back.
    #[inline]
    fn release(&self, share: &Share) {
        if share.permits != 0 {
            self.state().set(share.number, 0);
            self.inner.give(share.permits);
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("permits", &self.inner.available())
            .finish()
    }
}

pin_project! {
    struct Acquiring<'a, F, M> {
        semaphore: &'a Semaphore,
        is_owned: bool,
        count: u32,
        #[pin]
        acquire: Acquire<'a, F, M>,
    }
}

impl<'a, F, M> Future for Acquiring<'a, F, M>
where
    F: Future<Output = Result<tokio::sync::SemaphorePermit<'a>, AcquireError>>,
    M: Fn(&'a Inner, u32) -> F,
{
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    #[track_caller]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let site = Location::caller();
        let place = ptr::from_ref(&*self).addr();
        let this = self.project();
        let place = if *this.is_owned { 0 } else { place };
        let (semaphore, count) = (*this.semaphore, *this.count);
        let target = || Target::Permits(Arc::clone(semaphore.state()), count);
        let created = this.acquire.created();
        ready!(this.acquire.poll_for(cx, site, target))?.keep();
        Poll::Ready(Ok(semaphore.permit(count, place, created)))
    }
}

/// How many permits a guard stands for, and in which acquisition.
#[derive(Debug)]
struct Share {
    number: u64,
    permits: usize,
}

/// [`tokio::sync::SemaphorePermit`] of a [`Semaphore`].
#[must_use]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    share: Share,
}

/// [`tokio::sync::OwnedSemaphorePermit`] of a [`Semaphore`].
#[must_use]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    share: Share,
}

impl Share {
    fn forget(&mut self, semaphore: &Semaphore, site: Site) {
        semaphore.open();
        semaphore.state().forget(site, self.permits);
        semaphore.state().set(self.number, 0);
        self.permits = 0;
    }

    fn merge(&mut self, other: &mut Share, semaphore: &Semaphore) {
        if self.permits == 0 {
            mem::swap(self, other);
        }
        if other.permits == 0 {
            // Its number may be another acquisition's by now.
            return;
        }
        let state = semaphore.state();
        state.set(other.number, 0);
        self.permits += other.permits;
        other.permits = 0;
        self.number = state.set(self.number, self.permits);
    }

    #[track_caller]
    fn split(&mut self, n: usize, semaphore: &Semaphore) -> Option<Share> {
        if n > self.permits {
            return None;
        }
        if n == 0 {
            return Some(Share {
                number: 0,
                permits: 0,
            });
        }
        let state = semaphore.state();
        // The part cannot leave the task only if it borrows from the future of the task: a borrow of a semaphore
        // on the heap can last for ever, if that is leaked. Of any other part it is not known where it is.
        let own = ptr::from_ref(semaphore).addr();
        let is_inside = frame::with(|frame| frame.is_some_and(|frame| frame.contains(own)));
        let (task, site) = state.local_holder(self.number);
        let task = task.filter(|_| is_inside);
        self.permits -= n;
        self.number = state.set(self.number, self.permits);
        Some(Share {
            number: state.add(task, n, task.is_none(), site),
            permits: n,
        })
    }
}

impl<'a> SemaphorePermit<'a> {
    fn into_share(mut self) -> Share {
        let Share { number, permits } = self.share;
        self.share.permits = 0;
        Share { number, permits }
    }

    /// As [`tokio::sync::SemaphorePermit::forget`].
    #[track_caller]
    pub fn forget(mut self) {
        self.share.forget(self.semaphore, Location::caller());
    }

    /// As [`tokio::sync::SemaphorePermit::merge`].
    ///
    /// # Panics
    ///
    /// If the permits are of different semaphores.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            ptr::eq(self.semaphore, other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.share.merge(&mut other.share, self.semaphore);
    }

    /// As [`tokio::sync::SemaphorePermit::split`].
    #[track_caller]
    pub fn split(&mut self, n: usize) -> Option<Self> {
        Some(Self {
            semaphore: self.semaphore,
            share: self.share.split(n, self.semaphore)?,
        })
    }

    /// The semaphore.
    pub fn semaphore(&self) -> &Semaphore {
        self.semaphore
    }

    /// As [`tokio::sync::SemaphorePermit::num_permits`].
    pub fn num_permits(&self) -> usize {
        self.share.permits
    }
}

impl OwnedSemaphorePermit {
    /// As [`tokio::sync::OwnedSemaphorePermit::forget`].
    #[track_caller]
    pub fn forget(mut self) {
        self.share.forget(&self.semaphore, Location::caller());
    }

    /// As [`tokio::sync::OwnedSemaphorePermit::merge`].
    ///
    /// # Panics
    ///
    /// If the permits are of different semaphores.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            "merging permits from different semaphore instances"
        );
        self.share.merge(&mut other.share, &self.semaphore);
    }

    /// As [`tokio::sync::OwnedSemaphorePermit::split`].
    #[track_caller]
    pub fn split(&mut self, n: usize) -> Option<Self> {
        Some(Self {
            semaphore: Arc::clone(&self.semaphore),
            share: self.share.split(n, &self.semaphore)?,
        })
    }

    /// The semaphore.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// As [`tokio::sync::OwnedSemaphorePermit::num_permits`].
    pub fn num_permits(&self) -> usize {
        self.share.permits
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(&self.share);
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.release(&self.share);
    }
}
