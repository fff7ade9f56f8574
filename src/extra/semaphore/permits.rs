//! Permits of a semaphore: acquisition, wait and release.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::release_order::{ReleaseOrder, TakerOrder};
use super::wait_queue::{Granted, ONE, WAITED_FOR, WaitQueue, Waiter};
use crate::extra::limited::wait_until;
use crate::instrument::{self, Counts, ON, Resource, Site, WaitReason, ensure_attached};

/// The maximal number of permits.
pub(super) const MAX: usize = usize::MAX / ONE;

/// Permits of a semaphore.
pub(super) struct Permits {
    /// The number of free permits, and whether threads wait.
    ///
    /// | word | state |
    /// |---|---|
    /// | even | no thread waits; half of the value is the number of free permits; any thread may change it |
    /// | odd | the queue is not empty; only a thread that holds its lock changes the word |
    ///
    /// No wakeup is lost: a thread marks the word before it sleeps, with the queue locked, and only
    /// if it sees too few permits in that same word. A thread that releases permits after that sees
    /// the mark, or its compare-and-swap fails and it retries; it then serves the queue.
    word: AtomicUsize,
    line: Mutex<WaitQueue>,
    /// The number of permits whose guards were forgotten: their drop never returns them.
    forgotten: AtomicUsize,
    /// The initial number of permits.
    first: usize,
    /// The most permits at once.
    most: usize,
    pub(super) record: Resource,
}

// The program's code never runs while the state is changed, so no panic leaves it half changed.
impl UnwindSafe for Permits {}
impl RefUnwindSafe for Permits {}

impl Permits {
    /// # Panics
    ///
    /// Panics if there are more than [`MAX`].
    pub(super) const fn new(first: usize, most: usize, record: Resource) -> Self {
        assert!(first <= MAX, "a semaphore cannot have so many permits");
        Self {
            word: AtomicUsize::new(first * ONE),
            line: Mutex::new(WaitQueue::new()),
            forgotten: AtomicUsize::new(0),
            first,
            most,
            record,
        }
    }

    /// # Panics
    ///
    /// Panics if there are never so many permits at once.
    pub(super) fn assert_possible(&self, count: usize) {
        assert!(
            count <= self.most,
            "so many permits are never there at once"
        );
    }

    /// Returns the number of free permits.
    pub(super) fn available(&self) -> usize {
        instrument::point("looks at", &self.record);
        self.free()
    }

    fn free(&self) -> usize {
        // Relaxed: a snapshot, which orders nothing.
        self.word.load(Ordering::Relaxed) / ONE
    }

    /// Returns whether a release happens before the acquisition of its permits. In such a semaphore
    /// every acquisition and release goes through the queue's lock, which guards the clocks.
    #[inline]
    fn orders(&self) -> bool {
        ON && self.first == 0
    }

    /// Acquires permits if there are enough and no thread waits.
    #[inline]
    pub(super) fn try_take(&self, count: usize) -> bool {
        if count == 0 {
            return true;
        }
        instrument::point("takes from", &self.record);
        if self.orders() {
            return self.try_take_in_line(count);
        }
        let mut word = self.word.load(Ordering::Relaxed);
        while let Some(less) = less(word, count) {
            // Acquire pairs with the Release of the releases: all of them, as every change of the
            // word but that of `WaitQueue::serve`, which passes them on, is a read-modify-write.
            match self
                .word
                .compare_exchange_weak(word, less, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[cold]
    fn try_take_in_line(&self, count: usize) -> bool {
        let taken = self.take_with(&mut self.line.lock(), count, false);
        if let Some(Granted { news }) = &taken {
            learn(news.as_ref());
        }
        taken.is_some()
    }

    /// Acquires permits if there are enough and no thread waits; otherwise sets the mark in the
    /// word if `mark` is true.
    fn take_with(&self, line: &mut WaitQueue, count: usize, mark: bool) -> Option<Granted> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (then, taken) = match less(word, count) {
                Some(less) => (less, true),
                None if mark => (word | WAITED_FOR, false),
                None => return None,
            };
            // Acquire: as in `try_take`. Setting the mark publishes nothing, and as a
            // read-modify-write it continues the release sequence of the earlier releases.
            match self
                .word
                .compare_exchange_weak(word, then, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => {
                    return taken.then(|| Granted {
                        news: line.news.take(count, then / ONE),
                    });
                }
                Err(now) => word = now,
            }
        }
    }

    /// Acquires permits in FIFO order; returns whether that was possible before `deadline`.
    #[cold]
    pub(super) fn wait(&self, count: usize, deadline: Option<Instant>, site: Site) -> bool {
        let waiter = {
            let mut line = self.line.lock();
            match self.take_with(&mut line, count, true) {
                Some(Granted { news }) => {
                    drop(line);
                    learn(news.as_ref());
                    return true;
                }
                None => line.join(count),
            }
        };
        let place = Place {
            permits: self,
            waiter,
            left: false,
        };
        let mut served = |limit| place.waiter.wait(limit).then_some(());
        let counts = || Counts::new(count, self.free(), self.line.lock().len());
        wait_until(
            &self.record,
            Some(&counts),
            WaitReason::Permit,
            deadline,
            site,
            &mut served,
        );
        place.leave()
    }

    /// Releases permits that another thread may have acquired.
    ///
    /// # Panics
    ///
    /// Panics, and adds nothing, if the sum exceeds the maximum.
    #[inline]
    pub(super) fn add(&self, count: usize) {
        if count == 0 {
            return;
        }
        instrument::point("gives back to", &self.record);
        let is_added = if self.orders() {
            ensure_attached();
            self.add_in_line(count, ReleaseOrder::add)
        } else {
            self.add_unordered(count)
        };
        assert!(is_added, "a semaphore cannot have so many permits");
    }

    /// Returns the permits of a guard. There is room for them, unless bare releases have filled it
    /// meanwhile; then the number saturates at the maximum.
    #[inline]
    pub(super) fn give_back(&self, count: usize) {
        instrument::point("gives back to", &self.record);
        let _ = if self.orders() {
            self.add_in_line(count, ReleaseOrder::give_back)
        } else {
            self.add_unordered(count)
        };
    }

    #[inline]
    fn add_unordered(&self, count: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITED_FOR == 0 {
            let Some(more) = more(word, count) else {
                return false;
            };
            // Release pairs with the Acquire of the acquisitions.
            match self
                .word
                .compare_exchange_weak(word, more, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        self.add_in_line(count, ReleaseOrder::give_back)
    }

    #[cold]
    fn add_in_line(&self, count: usize, note: fn(&mut ReleaseOrder, usize)) -> bool {
        let mut line = self.line.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        let more = loop {
            let Some(more) = more(word, count) else {
                return false;
            };
            // Release: as above.
            match self
                .word
                .compare_exchange_weak(word, more, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => break more,
                Err(now) => word = now,
            }
        };
        if self.orders() {
            note(&mut line.news, count);
        }
        if more & WAITED_FOR != 0 {
            line.serve(&self.word);
            drop(line);
            self.record.provided();
        }
        true
    }

    /// Records that the guards of `count` permits were forgotten.
    #[inline]
    pub(super) fn forget(&self, count: usize) {
        // Relaxed: the count publishes no other memory.
        self.forgotten.fetch_add(count, Ordering::Relaxed);
    }

    /// Records that `count` forgotten permits are about to be added; returns whether there were as
    /// many.
    #[inline]
    pub(super) fn recall(&self, count: usize) -> bool {
        // Relaxed: as above.
        self.forgotten
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |forgotten| {
                forgotten.checked_sub(count)
            })
            .is_ok()
    }
}

/// Returns the word with `count` permits fewer; `None` if there are not enough, or threads wait.
#[inline]
fn less(word: usize, count: usize) -> Option<usize> {
    (word & WAITED_FOR == 0 && word / ONE >= count).then(|| word - count * ONE)
}

/// Returns the word with `count` permits more; `None` if that exceeds the maximum.
#[inline]
fn more(word: usize, count: usize) -> Option<usize> {
    (count <= MAX - word / ONE).then(|| word + count * ONE)
}

fn learn(news: Option<&TakerOrder>) {
    if let Some(news) = news {
        news.acquire();
    }
}

/// Entry of a thread in the queue; removed at the end of its wait, also when that panics.
struct Place<'a> {
    permits: &'a Permits,
    waiter: Arc<Waiter>,
    left: bool,
}

impl Place<'_> {
    /// Ends the wait; returns whether the permits are acquired.
    fn leave(mut self) -> bool {
        self.left = true;
        let granted = self.end();
        if let Some(Granted { news }) = &granted {
            learn(news.as_ref());
        }
        granted.is_some()
    }

    fn end(&self) -> Option<Granted> {
        if let Some(granted) = self.waiter.take() {
            return Some(granted);
        }
        let mut line = self.permits.line.lock();
        // The waiter may have been granted permits meanwhile; with the queue locked, that cannot
        // happen any more.
        let granted = self.waiter.take();
        if granted.is_none() {
            line.leave(&self.waiter);
            // Later waiters may need fewer permits; the word is marked, since this thread was in
            // the queue.
            line.serve(&self.permits.word);
            drop(line);
            self.permits.record.provided();
        }
        granted
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.left && self.end().is_some() {
            // The wait has panicked, so a grant is returned.
            self.permits.give_back(self.waiter.needs());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::instrument::LockKind;

    static KIND: LockKind = LockKind::new("Permits").resource();
    /// Time limit of a wait in a test, longer than any that succeeds.
    const LIMIT: Duration = Duration::from_secs(20);

    fn permits(first: usize) -> Permits {
        Permits::new(first, usize::MAX, Resource::new(&KIND))
    }

    /// Enqueues a waiter for `count` permits, which are not available.
    fn stand(permits: &Permits, count: usize) -> Place<'_> {
        let mut line = permits.line.lock();
        assert!(permits.take_with(&mut line, count, true).is_none());
        Place {
            permits,
            waiter: line.join(count),
            left: false,
        }
    }

    fn is_waited_for(permits: &Permits) -> bool {
        permits.word.load(Ordering::Relaxed) & WAITED_FOR != 0
    }

    #[test]
    fn waiters_are_served_in_fifo_order_whatever_they_need() {
        for first in [0, 1] {
            let permits = permits(first);
            let (three, one) = (stand(&permits, 3), stand(&permits, 1));
            permits.add(2 - first);
            assert!(
                !permits.try_take(1),
                "there are some, but they are waited for"
            );
            assert!(!three.waiter.wait(Some(Duration::ZERO)));
            permits.add(1);
            assert!(three.waiter.wait(Some(Duration::ZERO)));
            assert!(!one.waiter.wait(Some(Duration::ZERO)));
            permits.add(2);
            assert!(one.waiter.wait(Some(Duration::ZERO)));
            assert!(!is_waited_for(&permits));
            assert!(three.leave() && one.leave());
            assert_eq!(permits.available(), 1);
        }
    }

    #[test]
    fn a_waiter_that_leaves_lets_later_ones_have_the_free_permits() {
        let permits = permits(1);
        let (two, one) = (stand(&permits, 2), stand(&permits, 1));
        assert!(!two.leave());
        assert!(one.leave());
        assert!(!is_waited_for(&permits));
        assert_eq!(permits.available(), 0);
    }

    #[test]
    fn a_waiter_that_panics_after_its_grant_returns_the_permits() {
        for first in [0, 2] {
            let permits = permits(first);
            let three = stand(&permits, 3);
            permits.add(3 - first);
            assert_eq!(permits.available(), 0);
            drop(three);
            assert_eq!(permits.available(), 3);
            // A waiter without a grant acquires nothing.
            drop(stand(&permits, 4));
            assert_eq!(permits.available(), 3);
            assert!(!is_waited_for(&permits));
        }
    }

    #[test]
    fn a_release_wakes_the_waiter() {
        let permits = permits(0);
        let (send, answer) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let deadline = Instant::now() + LIMIT;
                let served = permits.wait(2, Some(deadline), Location::caller());
                send.send(served).unwrap();
            });
            while !is_waited_for(&permits) {
                thread::yield_now();
            }
            permits.add(1);
            permits.add(1);
            assert_eq!(answer.recv_timeout(LIMIT), Ok(true));
        });
    }

    #[test]
    fn too_many_are_refused() {
        let permits = permits(MAX);
        assert!(!permits.add_unordered(1));
        permits.give_back(1);
        assert_eq!(permits.available(), MAX);
        assert!(permits.try_take(MAX));
        permits.add(MAX);
    }
}
