//! The record beside a raw lock, and the holds in its guards.

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicBool, Ordering};

use lockwarden::instrument::{AcquireKind, CondvarRecord, FailedTry, Hold, Lock, LockKind, Mode, Scheduled, Site, Wake};

/// The record of a lock.
pub(crate) struct Record {
    pub(crate) lock: Lock,
    /// Set once the raw lock was handed out: what happens to it is not seen any more.
    is_handed_out: AtomicBool,
}

/// What a guard knows of its acquisition.
pub(crate) enum Held {
    /// It is not tracked.
    Untracked,
    /// It is listed by this hold.
    Listed(SentHold),
    /// It is listed, and its hold was lost with another guard.
    Unlisted,
}

/// A hold that goes where its guard goes.
pub(crate) struct SentHold(Hold);

// SAFETY: a hold refers to the slot of its thread, which lives for ever. What is done with it in
// another thread is to give it to `released_by_any`, which is meant for that, or to
// `converted`, which looks whose it is.
unsafe impl Send for SentHold {}
// SAFETY: nothing is done through a shared reference but what is done above.
unsafe impl Sync for SentHold {}

std::thread_local! {
    /// Set while this thread waits for a condition variable, which uses the raw lock as the record
    /// expects.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Calls `undo` if what it guards unwinds.
struct Undo<F: FnOnce()>(ManuallyDrop<F>);

impl<F: FnOnce()> Undo<F> {
    fn new(undo: F) -> Self {
        Self(ManuallyDrop::new(undo))
    }

    fn disarm(mut self) {
        // SAFETY: the value is not dropped again, since `self` is forgotten.
        unsafe { ManuallyDrop::drop(&mut self.0) };
        core::mem::forget(self);
    }
}

impl<F: FnOnce()> Drop for Undo<F> {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        (unsafe { ManuallyDrop::take(&mut self.0) })();
    }
}

impl Record {
    #[track_caller]
    pub(crate) const fn new(kind: &'static LockKind) -> Self {
        Self::of(Lock::new(kind))
    }

    /// The record of a lock around a value of type `T`.
    #[track_caller]
    pub(crate) const fn around<T>(kind: &'static LockKind) -> Self {
        Self::of(Lock::around::<T>(kind))
    }

    const fn of(lock: Lock) -> Self {
        Self {
            lock,
            is_handed_out: AtomicBool::new(false),
        }
    }

    fn is_tracked(&self) -> bool {
        // Relaxed: the caller of `raw` sees to it that others do not use the lock meanwhile.
        !self.is_handed_out.load(Ordering::Relaxed)
    }

    /// Takes the lock: at once by `tried`, else by `wait`, which says whether it was had. `undo`
    /// releases it if what the record shows is answered with a panic.
    #[inline]
    pub(crate) fn acquire(
        &self,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
        tried: impl Fn() -> bool,
        wait: impl FnOnce() -> bool,
        undo: impl FnOnce(),
    ) -> Option<Held> {
        let turn = Scheduled::if_any();
        if let Some(turn) = &turn {
            self.point(turn, mode, kind, site);
        }
        if tried() {
            let held = self.acquired(mode, kind, site, undo);
            self.had(turn, mode, site);
            return Some(held);
        }
        if kind == AcquireKind::Try {
            return None;
        }
        if !self.is_tracked() {
            return wait().then_some(Held::Untracked);
        }
        let attempt = self.lock.attempt_with_retry(&tried, mode, kind, site);
        if !attempt.is_granted() && !self.wait_in(&turn, kind, site, &tried, wait) {
            return None;
        }
        let held = Held::Listed(SentHold(attempt.acquired()));
        self.had(turn, mode, site);
        Some(held)
    }

    /// A thread of an exploration is about to ask for the lock.
    #[cold]
    fn point(&self, turn: &Scheduled, mode: Mode, kind: AcquireKind, site: Site) {
        if kind == AcquireKind::Blocking {
            return turn.point_before(&self.lock, mode, site);
        }
        turn.note_try();
        if kind == AcquireKind::Try {
            turn.point_of_try(&self.lock);
        } else {
            turn.point();
        }
    }

    /// The thread has acquired the lock.
    #[inline]
    fn had(&self, turn: Option<Scheduled>, mode: Mode, site: Site) {
        if let Some(turn) = turn {
            let verb = if mode == Mode::Shared { "reads" } else { "takes" };
            turn.note_lock(verb, &self.lock, site);
            turn.acquired();
        }
    }

    /// Waits for the lock: by `wait`, or in the turns of an exploration; whether it was had.
    fn wait_in(
        &self,
        turn: &Option<Scheduled>,
        kind: AcquireKind,
        site: Site,
        tried: impl Fn() -> bool,
        wait: impl FnOnce() -> bool,
    ) -> bool {
        let Some(turn) = turn else { return wait() };
        if kind != AcquireKind::Blocking {
            turn.lapse();
            return tried();
        }
        turn.note_wait(&self.lock, site);
        while turn.wait(FailedTry::Unseen, true) {
            if tried() {
                return true;
            }
        }
        wait()
    }

    /// A thread is about to ask for the lock as a reader who passes a writer that waits.
    #[inline]
    pub(crate) fn point_of_reader(&self, kind: AcquireKind, site: Site) {
        if let Some(turn) = Scheduled::if_any() {
            self.point(&turn, Mode::Shared, kind, site);
        }
    }

    /// Records an acquisition that did not wait.
    #[inline]
    pub(crate) fn acquired(&self, mode: Mode, kind: AcquireKind, site: Site, undo: impl FnOnce()) -> Held {
        if !self.is_tracked() {
            return Held::Untracked;
        }
        let undo = Undo::new(undo);
        let hold = self.lock.acquired(mode, kind, site);
        undo.disarm();
        Held::Listed(SentHold(hold))
    }

    /// Takes back, where a guard is owed, a lock that was just released.
    pub(crate) fn reacquire(
        &self,
        mode: Mode,
        site: Site,
        tried: impl Fn() -> bool,
        wait: impl FnOnce(),
    ) -> Held {
        if !self.is_tracked() {
            wait();
            return Held::Untracked;
        }
        let turn = Scheduled::if_any();
        if let Some(turn) = &turn {
            turn.point_before(&self.lock, mode, site);
        }
        let hold = if tried() {
            self.lock.reacquired(mode, site)
        } else {
            let attempt = self.lock.attempt_reacquire(mode, AcquireKind::Blocking, site);
            // A guard is owed, so the thread does not unwind.
            let in_turn = |turn: &Scheduled| {
                while turn.wait(FailedTry::Unseen, false) {
                    if tried() {
                        return true;
                    }
                }
                false
            };
            if !turn.as_ref().is_some_and(in_turn) {
                wait();
            }
            attempt.acquired()
        };
        Held::Listed(SentHold(hold))
    }

    /// Records a release, right before it.
    #[inline]
    pub(crate) fn released(&self, held: Held) {
        match held {
            Held::Untracked => {}
            Held::Listed(hold) => self.lock.released_by_any(hold.0),
            Held::Unlisted => self.lock.released_without_hold(),
        }
    }

    /// Records that the hold has another mode.
    pub(crate) fn converted(&self, held: &Held, mode: Mode) {
        if let Held::Listed(hold) = held {
            self.lock.converted(&hold.0, mode);
        }
    }

    /// Makes an upgradable hold exclusive: at once by `tried`, else by `wait`.
    pub(crate) fn upgrade(
        &self,
        held: &Held,
        kind: AcquireKind,
        site: Site,
        tried: impl Fn() -> bool,
        wait: impl FnOnce() -> bool,
    ) -> bool {
        let turn = Scheduled::if_any();
        if let Some(turn) = &turn {
            self.point(turn, Mode::Exclusive, kind, site);
        }
        let hold = match held {
            Held::Listed(hold) => &hold.0,
            _ => return tried() || wait(),
        };
        if tried() {
            if kind == AcquireKind::Blocking {
                self.lock.upgraded(hold, site);
            } else {
                self.lock.converted(hold, Mode::Exclusive);
            }
            return true;
        }
        if kind == AcquireKind::Try {
            return false;
        }
        let attempt = self.lock.attempt_upgrade(hold, kind, site);
        let had = self.wait_in(&turn, kind, site, &tried, wait);
        if had {
            attempt.upgraded(hold);
        }
        had
    }

    /// The raw lock is handed out: what the calling thread holds of it ends for the record.
    pub(crate) fn hand_out(&self) {
        if WAITS.try_with(Cell::get).unwrap_or(false) {
            return;
        }
        self.is_handed_out.store(true, Ordering::Relaxed);
        self.lock.released_without_hold();
    }

    /// Waits by `wait` for a condition variable with the record `signal`, with a guard whose `held`
    /// is given back afterwards. `wait` says whether a notification ended it, or `wake`.
    pub(crate) fn wait(
        &self,
        held: Held,
        (signal, wake): (&CondvarRecord, Option<Wake>),
        kind: AcquireKind,
        site: Site,
        give_back: impl FnOnce(Held),
        wait: impl FnOnce() -> bool,
    ) -> bool {
        let hold = match held {
            Held::Listed(hold) => hold,
            other => {
                give_back(other);
                return waiting(wait);
            }
        };
        // Also if the wait unwinds, the guard holds the lock.
        let mut guarded = GiveBack {
            hold: ManuallyDrop::new(hold),
            give_back: ManuallyDrop::new(give_back),
        };
        let mut waits = signal.waiting_or(wake, &self.lock, &mut guarded.hold.0, kind, site);
        let notified = waiting(wait);
        if notified {
            waits.notified();
        }
        notified
    }
}

/// Runs a wait during which the raw lock may be asked for.
fn waiting(wait: impl FnOnce() -> bool) -> bool {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            let _ = WAITS.try_with(|waits| waits.set(false));
        }
    }
    let _ = WAITS.try_with(|waits| waits.set(true));
    let _reset = Reset;
    wait()
}

struct GiveBack<F: FnOnce(Held)> {
    hold: ManuallyDrop<SentHold>,
    give_back: ManuallyDrop<F>,
}

impl<F: FnOnce(Held)> Drop for GiveBack<F> {
    fn drop(&mut self) {
        // SAFETY: both are taken once, here.
        let (hold, give_back) = unsafe {
            (
                ManuallyDrop::take(&mut self.hold),
                ManuallyDrop::take(&mut self.give_back),
            )
        };
        give_back(Held::Listed(hold));
    }
}
