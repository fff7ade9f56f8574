//! The permits: how they are taken, waited for and added.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::release_order::{ReleaseOrder, TakerOrder};
use super::wait_queue::{Granted, ONE, WAITED_FOR, WaitQueue, Waiter};
use crate::instrument::{Counts, ON, Resource, Site, WaitReason, ensure_attached};

/// As many permits as there can be.
pub(super) const MAX: usize = usize::MAX / ONE;

/// The permits of a semaphore.
pub(super) struct Permits {
    /// How many there are, and whether they are waited for.
    ///
    /// | word | state |
    /// |---|---|
    /// | even | nobody waits; half of it are free, and whoever wants to changes it |
    /// | odd | the line is not empty; only who holds the line changes it |
    ///
    /// No wake-up is lost: a thread marks the word before it sleeps, with the line held, and only
    /// if it sees too few permits in the same word. Whoever adds some after that sees the mark, or
    /// fails to swap what it has seen, and serves the line.
    word: AtomicUsize,
    line: Mutex<WaitQueue>,
    /// How many were taken by somebody who will not give them back himself.
    forgotten: AtomicUsize,
    /// How many there were in the beginning.
    first: usize,
    pub(super) record: Resource,
}

// Nothing of the program's runs while they are changed, so no panic finds them half done.
impl UnwindSafe for Permits {}
impl RefUnwindSafe for Permits {}

impl Permits {
    /// # Panics
    ///
    /// If there are more than [`MAX`].
    pub(super) const fn new(first: usize, record: Resource) -> Self {
        assert!(first <= MAX, "a semaphore cannot have so many permits");
        Self {
            word: AtomicUsize::new(first * ONE),
            line: Mutex::new(WaitQueue::new()),
            forgotten: AtomicUsize::new(0),
            first,
            record,
        }
    }

    /// How many there were in the beginning.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// How many are free.
    pub(super) fn available(&self) -> usize {
        // Relaxed: a snapshot, which nobody can conclude anything from.
        self.word.load(Ordering::Relaxed) / ONE
    }

    /// Whether who takes permits comes after who added them. Such ones are not taken or added past
    /// the line, which knows of what came before.
    #[inline]
    fn orders(&self) -> bool {
        ON && self.first == 0
    }

    /// Takes permits if there are enough and nobody waits.
    #[inline]
    pub(super) fn try_take(&self, count: usize) -> bool {
        if count == 0 {
            return true;
        }
        if self.orders() {
            return self.try_take_in_line(count);
        }
        let mut word = self.word.load(Ordering::Relaxed);
        while let Some(less) = less(word, count) {
            // Acquire pairs with the Release of those who added: all of them, as every change of the
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

    /// Takes permits if there are enough and nobody waits; else leaves the word marked, if it is to
    /// be.
    fn take_with(&self, line: &mut WaitQueue, count: usize, mark: bool) -> Option<Granted> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (then, taken) = match less(word, count) {
                Some(less) => (less, true),
                None if mark => (word | WAITED_FOR, false),
                None => return None,
            };
            // Acquire: as in `try_take`. To mark it hands nothing over, and goes on with the Release of
            // those before, as a read-modify-write does.
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

    /// Takes permits, after those who came before; tells whether that was possible before
    /// `deadline`.
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
        let served = |limit| place.waiter.wait(limit).then_some(());
        match deadline {
            Some(deadline) => {
                let _ = self
                    .record
                    .wait_until(WaitReason::Permit, deadline, site, |left| {
                        served(Some(left))
                    });
            }
            None => {
                let counts = || Counts::new(count, self.available(), self.line.lock().len());
                self.record
                    .wait_counted(counts, WaitReason::Permit, site, served);
            }
        }
        place.leave()
    }

    /// Adds permits that somebody else may have taken.
    ///
    /// # Panics
    ///
    /// If there are too many then. Nothing is added.
    #[inline]
    pub(super) fn add(&self, count: usize) {
        if count == 0 {
            return;
        }
        let is_added = if self.orders() {
            ensure_attached();
            self.add_in_line(count, ReleaseOrder::add)
        } else {
            self.add_unordered(count)
        };
        assert!(is_added, "a semaphore cannot have so many permits");
    }

    /// Adds permits that the caller, or who sent him here, has taken. There is room for them, unless
    /// somebody has filled it meanwhile; then there are as many as there can be.
    #[inline]
    pub(super) fn give_back(&self, count: usize) {
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
            // Release pairs with the Acquire of those who take them.
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

    /// So many permits, which were taken, are not given back by who took them.
    #[inline]
    pub(super) fn forget(&self, count: usize) {
        // Relaxed: it stands for no other memory.
        self.forgotten.fetch_add(count, Ordering::Relaxed);
    }

    /// So many of those that were forgotten are about to be added; tells whether there were so many.
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

/// The word with so many permits less; `None` if there are not enough, or they are waited for.
#[inline]
fn less(word: usize, count: usize) -> Option<usize> {
    (word & WAITED_FOR == 0 && word / ONE >= count).then(|| word - count * ONE)
}

/// The word with so many permits more; `None` if those would be too many.
#[inline]
fn more(word: usize, count: usize) -> Option<usize> {
    (count <= MAX - word / ONE).then(|| word + count * ONE)
}

fn learn(news: Option<&TakerOrder>) {
    if let Some(news) = news {
        news.acquire();
    }
}

/// A thread's place in the line: left at the end of its wait, also when that panics.
struct Place<'a> {
    permits: &'a Permits,
    waiter: Arc<Waiter>,
    left: bool,
}

impl Place<'_> {
    /// Ends the wait; tells whether the permits are had.
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
        // It may have been served meanwhile; with the line held, that cannot happen any more.
        let granted = self.waiter.take();
        if granted.is_none() {
            line.leave(&self.waiter);
            // Those behind may need less; the word is marked, for there was somebody: this thread.
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
            // The wait has panicked, and nobody has what it was given.
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

    static KIND: LockKind = LockKind::new("Permits");
    /// Longer than any wait of a test that passes.
    const LIMIT: Duration = Duration::from_secs(20);

    fn permits(first: usize) -> Permits {
        Permits::new(first, Resource::new(&KIND))
    }

    /// Stands in line for `count` permits, which are not there.
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
    fn those_in_line_are_served_in_its_order_whatever_they_want() {
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
    fn who_leaves_the_line_lets_those_behind_have_what_is_there() {
        let permits = permits(1);
        let (two, one) = (stand(&permits, 2), stand(&permits, 1));
        assert!(!two.leave());
        assert!(one.leave());
        assert!(!is_waited_for(&permits));
        assert_eq!(permits.available(), 0);
    }

    #[test]
    fn who_is_served_and_does_not_live_to_see_it_gives_it_back() {
        for first in [0, 2] {
            let permits = permits(first);
            let three = stand(&permits, 3);
            permits.add(3 - first);
            assert_eq!(permits.available(), 0);
            drop(three);
            assert_eq!(permits.available(), 3);
            // And one who is not served takes nothing.
            drop(stand(&permits, 4));
            assert_eq!(permits.available(), 3);
            assert!(!is_waited_for(&permits));
        }
    }

    #[test]
    fn a_sleeper_is_woken_by_whom_it_has_waited_for() {
        let permits = permits(0);
        let (send, told) = mpsc::channel();
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
            assert_eq!(told.recv_timeout(LIMIT), Ok(true));
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
