//! Who holds the permits of a semaphore.

use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use lockwarden::instrument::Site;
use parking_lot::Mutex;

use super::notifications::Notifications;
use crate::agent::leaf;
use crate::agent::task::Stamp;

/// What is known of the permits of one semaphore.
#[derive(Debug)]
pub(crate) struct Permits {
    /// Where the semaphore was made.
    pub(crate) made: Site,
    /// How many permits it was made with.
    pub(crate) count: usize,
    /// Whether permits came or went otherwise than by an acquisition and its release: then nothing is
    /// known of how many there will be.
    is_open: AtomicBool,
    /// The additions, if it was made without permits. Each of its permits comes after the only one.
    added: Notifications,
    /// The stamps of the tasks that hold one permit each that no message can take elsewhere, in the first free cell;
    /// zero for none.
    /// The number of such an acquisition is that of its cell, from 1.
    cells: [AtomicU64; CELLS],
    /// Where each of these was asked for, for reports; of a cell that is taken anew it may be that of the task before.
    sites: [AtomicPtr<Location<'static>>; CELLS],
    /// All other acquisitions, with higher numbers.
    holders: Mutex<Vec<Holder>>,
    /// Where permits were forgotten first, and how many.
    forgotten: Mutex<Vec<(Site, usize)>>,
}

/// How many places are kept at which permits were forgotten.
const FORGOTTEN: usize = 4;

/// How many holders take no lock to be listed.
const CELLS: usize = 8;

/// One acquisition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The task that took the permits; `None` if that is not known, or they may be elsewhere.
    pub(crate) task: Option<Stamp>,
    pub(crate) permits: usize,
    /// Where it was asked for, if that is known.
    pub(crate) site: Option<Site>,
    /// Whether the permit could go to another task.
    pub(crate) is_loose: bool,
    /// When it was, on the clock of `leaf::next`.
    pub(crate) taken: u64,
    number: u64,
}

impl Permits {
    pub(crate) fn new(made: Site, count: usize) -> Self {
        Self {
            made,
            count,
            is_open: AtomicBool::new(false),
            added: Notifications::new(),
            cells: [const { AtomicU64::new(0) }; CELLS],
            sites: [const { AtomicPtr::new(ptr::null_mut()) }; CELLS],
            holders: Mutex::default(),
            forgotten: Mutex::default(),
        }
    }

    /// Permits are forgotten at this place.
    #[cold]
    pub(crate) fn forget(&self, site: Site, permits: usize) {
        let mut forgotten = self.forgotten.lock();
        if let Some((_, count)) = forgotten.iter_mut().find(|(known, _)| *known == site) {
            *count += permits;
        } else if forgotten.len() < FORGOTTEN {
            forgotten.push((site, permits));
        }
    }

    /// The first places at which permits were forgotten, and how many there.
    pub(crate) fn forgotten(&self) -> Vec<(Site, usize)> {
        self.forgotten.lock().clone()
    }

    /// Calls `add`, which adds permits.
    pub(crate) fn add_by<R>(&self, count: usize, add: impl FnOnce() -> R) -> R {
        match self.count {
            0 if count != 0 => self.added.notify(add),
            _ => add(),
        }
    }

    /// The calling task has acquired a permit of a semaphore that was made without any.
    #[cold]
    pub(crate) fn acquire_added(&self) {
        self.added.acquire_only(0);
    }

    /// Permits are added or taken away for good; whether that is so for the first time.
    pub(crate) fn open(&self) -> bool {
        !self.is_open.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Notes an acquisition, which was asked for at `site`; the number of it.
    #[inline]
    pub(crate) fn add(
        &self,
        task: Option<Stamp>,
        permits: usize,
        is_loose: bool,
        site: Option<Site>,
    ) -> u64 {
        if let Some(task) = task
            && permits == 1
            && !is_loose
        {
            // Release pairs with the Acquire in `holders`: a thread that reads the release of the permit by one
            // task also reads the task that took the permit next.
            let take = |cell: &AtomicU64| {
                cell.load(Ordering::Relaxed) == 0
                    && cell
                        .compare_exchange(0, task.word(), Ordering::Release, Ordering::Relaxed)
                        .is_ok()
            };
            if let Some(at) = self.cells.iter().position(take) {
                let site = site.map_or(ptr::null(), ptr::from_ref).cast_mut();
                // Relaxed: what it points at is there as long as the program runs.
                self.sites[at].store(site, Ordering::Relaxed);
                return at as u64 + 1;
            }
        }
        self.list(task, permits, is_loose, site)
    }

    #[cold]
    fn list(&self, task: Option<Stamp>, permits: usize, is_loose: bool, site: Option<Site>) -> u64 {
        let mut holders = self.holders.lock();
        let number = holders
            .last()
            .map_or(CELLS as u64 + 1, |last| last.number + 1);
        holders.push(Holder {
            task,
            permits,
            site,
            is_loose,
            // Of use only where the permit can go.
            taken: if is_loose { leaf::next() } else { 0 },
            number,
        });
        number
    }

    /// The task of an acquisition that is not over, if that cannot leave it, and where it was asked for.
    pub(crate) fn local_holder(&self, number: u64) -> (Option<Stamp>, Option<Site>) {
        let at = (number as usize).wrapping_sub(1);
        if let Some(cell) = self.cells.get(at) {
            // Relaxed: only who has the permit, which is the caller, changes it.
            let task = Stamp::from_word(cell.load(Ordering::Relaxed));
            return (task, self.site(at));
        }
        let holders = self.holders.lock();
        let holder = holders.iter().rfind(|holder| holder.number == number);
        holder.map_or((None, None), |holder| {
            (holder.task.filter(|_| !holder.is_loose), holder.site)
        })
    }

    /// Changes how many permits an acquisition stands for; none is the end of it. Its number from now on.
    #[inline]
    pub(crate) fn set(&self, number: u64, permits: usize) -> u64 {
        let at = (number as usize).wrapping_sub(1);
        let Some(cell) = self.cells.get(at) else {
            self.set_listed(number, permits);
            return number;
        };
        match permits {
            // Release as in `add`.
            0 => cell.store(0, Ordering::Release),
            1 => {}
            _ => {
                let task = Stamp::from_word(cell.load(Ordering::Relaxed));
                let number = self.list(task, permits, false, self.site(at));
                cell.store(0, Ordering::Release);
                return number;
            }
        }
        number
    }

    /// Where what the cell at this place has was asked for.
    #[allow(unsafe_code)]
    fn site(&self, at: usize) -> Option<Site> {
        // SAFETY: null, or a `Site`, and those are static.
        unsafe { self.sites[at].load(Ordering::Relaxed).as_ref() }
    }

    #[cold]
    fn set_listed(&self, number: u64, permits: usize) {
        let mut holders = self.holders.lock();
        if permits == 0 && holders.last().is_some_and(|last| last.number == number) {
            holders.pop();
            return;
        }
        let Some(at) = holders.iter().rposition(|holder| holder.number == number) else {
            return;
        };
        if permits == 0 {
            holders.remove(at);
        } else {
            holders[at].permits = permits;
        }
    }

    /// All acquisitions that are not over.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        let mut all = self.holders.lock().clone();
        for (at, cell) in self.cells.iter().enumerate() {
            let task = Stamp::from_word(cell.load(Ordering::Acquire));
            if task.is_some() {
                all.push(Holder {
                    task,
                    permits: 1,
                    site: self.site(at),
                    is_loose: false,
                    taken: 0,
                    number: 0,
                });
            }
        }
        all
    }
}
