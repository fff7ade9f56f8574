//! Sets of the threads that can end a wait.

use crate::detector::deadlock;
use crate::engine::ids::ThreadId;
use crate::tracking::process::resource_state;
use crate::tracking::thread::slot::Slot;
use crate::watchdog::startup::attach;

/// Set of threads of which one has to act before a wait can end, such as the workers of a pool.
///
/// If any other thread could end the wait too, use [`Resource::wait`](super::Resource::wait).
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Providers;
/// use lockwarden::thread;
///
/// static WORKERS: Providers = Providers::new();
///
/// WORKERS.expect(1);
/// thread::spawn(|| {
///     WORKERS.enter();
///     // Serves requests.
///     WORKERS.leave();
/// })
/// .join()
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Providers {
    pub(super) party: resource_state::LazyResourceState,
}

impl Providers {
    /// Creates an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            party: resource_state::LazyResourceState::new(),
        }
    }

    /// Announces that `count` more threads will [`enter`](Self::enter), or else be [given
    /// up](Self::give_up). Until then no wait for this set is reported as stuck.
    pub fn expect(&self, count: usize) {
        self.party.get_or_take().change().unknown += count;
    }

    /// Records that `count` of the expected threads will not enter.
    pub fn give_up(&self, count: usize) {
        let mut members = self.party.get_or_take().change();
        members.unknown = members.unknown.saturating_sub(count);
    }

    /// Adds the calling thread to the set, until it [leaves](Self::leave), in place of one of the
    /// expected threads if there are any.
    pub fn enter(&self) {
        if let Some(id) = attach().and_then(Slot::thread) {
            self.add(id);
        }
    }

    /// Adds the thread as [`enter`](Self::enter) adds the calling one.
    pub(super) fn add(&self, id: ThreadId) {
        let mut members = self.party.get_or_take().change();
        members.unknown = members.unknown.saturating_sub(1);
        members.threads.push(id);
    }

    /// Removes the calling thread from the set, and reports the waits that can no longer end. What
    /// the thread has done has to be [`provided`](super::Resource::provided) before this.
    pub fn leave(&self) {
        let Some(slot) = attach() else {
            return;
        };
        let party = self.party.get_or_take();
        let mut members = party.change();
        let mut ids = members.threads.iter();
        if let Some(at) = ids.position(|id| Some(*id) == slot.thread()) {
            members.threads.swap_remove(at);
            drop(members);
            deadlock::provider_left(slot, party);
        }
    }
}

impl Default for Providers {
    fn default() -> Self {
        Self::new()
    }
}
