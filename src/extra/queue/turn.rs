//! Mutual exclusion of threads that change the items of a queue, where that runs code of the
//! program.
//!
//! A `PriorityQueue` compares its items, and a comparison can do anything: lock, wait, use the
//! queue itself. So comparisons run without the internal lock of the queue, and a tracked lock
//! excludes other threads meanwhile. A comparison that uses its own queue is therefore a
//! [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock), and one that waits for a thread which
//! waits for the queue a [`Deadlock`](crate::report::Verdict::Deadlock).

use parking_lot::{Mutex, MutexGuard};

use crate::instrument::{AcquireKind, FailedTry, Hold, Lock, LockKind, Mode, Scheduled, Site};

/// Lock that a thread acquires before it changes the items.
pub(crate) trait Turn {
    /// Whether changing the items runs code of the program: in that case the items are taken out of
    /// the queue, and the queue is not locked meanwhile.
    const COMPARES: bool;

    /// The guard that is held while the items are changed.
    type Taken<'a>
    where
        Self: 'a;

    /// Waits for the turn and takes it, for the call at `site`.
    fn take(&self, site: Site) -> Self::Taken<'_>;
}

/// No turn: the internal lock of the queue suffices, since no code of the program runs under it.
impl Turn for () {
    const COMPARES: bool = false;

    type Taken<'a> = ();

    fn take(&self, _: Site) {}
}

/// Tracked lock around the comparisons of a queue.
pub(crate) struct Comparisons {
    record: Lock,
    bare: Mutex<()>,
}

impl Comparisons {
    /// Creates the lock of a queue that is constructed at the caller's line.
    #[track_caller]
    pub(crate) const fn new() -> Self {
        static KIND: LockKind = LockKind::new("order of a PriorityQueue").pinned();
        Self {
            record: Lock::new(&KIND),
            bare: Mutex::new(()),
        }
    }
}

impl Turn for Comparisons {
    const COMPARES: bool = true;

    type Taken<'a> = Comparing<'a>;

    fn take(&self, site: Site) -> Comparing<'_> {
        let turn = Scheduled::here();
        if let Some(turn) = &turn {
            turn.point_before(&self.record, Mode::Exclusive, site);
        }
        let (guard, hold) = match self.bare.try_lock() {
            Some(guard) => {
                let hold = self
                    .record
                    .acquired(Mode::Exclusive, AcquireKind::Blocking, site);
                (guard, hold)
            }
            None => {
                if let Some(turn) = &turn {
                    turn.note_wait(&self.record, site);
                }
                let attempt = self
                    .record
                    .attempt(Mode::Exclusive, AcquireKind::Blocking, site);
                let has_turn = || {
                    let mut turns = turn.iter();
                    turns.any(|turn| turn.wait(FailedTry::Unseen, true))
                };
                let guard = loop {
                    if !has_turn() {
                        break self.bare.lock();
                    }
                    if let Some(guard) = self.bare.try_lock() {
                        break guard;
                    }
                };
                (guard, attempt.acquired())
            }
        };
        Comparing {
            record: &self.record,
            hold: Some(hold),
            _guard: guard,
        }
    }
}

/// Guard of the comparison lock. Returned by [`Comparisons`].
pub(crate) struct Comparing<'a> {
    record: &'a Lock,
    hold: Option<Hold>,
    /// Dropped after the release is recorded.
    _guard: MutexGuard<'a, ()>,
}

impl Drop for Comparing<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.record.released(hold);
        }
    }
}
