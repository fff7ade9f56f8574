//! The kind of lock that a record stands for.

use crate::engine::mode::ReadPolicy;

/// The kind of a lock: the word that reports use, and the rules that its verdicts need.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{Lock, LockKind};
///
/// static SPIN: LockKind = LockKind::new("SpinLock");
/// static TABLE: Lock = Lock::named(&SPIN, "page table");
/// assert_eq!(SPIN.noun(), "SpinLock");
/// # let _ = &TABLE;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockKind {
    noun: &'static str,
    policy: ReadPolicy,
    readers: bool,
    sendable: bool,
    initialises: bool,
    resource: bool,
}

impl LockKind {
    /// A mutual-exclusion lock.
    pub const MUTEX: LockKind = LockKind::new("Mutex");
    /// A mutual-exclusion lock that hands itself to its longest waiter.
    pub const FAIR_MUTEX: LockKind = LockKind::new("FairMutex");
    /// A mutual-exclusion lock that its holder may acquire again.
    pub const REENTRANT_MUTEX: LockKind = LockKind::new("ReentrantMutex");
    /// A reader-writer lock whose queued writer blocks new readers.
    pub const RW_LOCK: LockKind = LockKind::writer_blocks_readers("RwLock");
    /// A reader-writer lock whose readers overtake a queued writer.
    pub const RECURSIVE_RW_LOCK: LockKind = LockKind::readers_pass("RecursiveRwLock");

    /// The mutex of the std flavour, whose guards stay in their thread whatever the features.
    pub const STD_MUTEX: LockKind = LockKind::MUTEX.pinned();
    /// The reader-writer lock of the std flavour, whose guards stay in their thread.
    pub const STD_RW_LOCK: LockKind = LockKind::RW_LOCK.pinned();

    /// Returns this kind for locks whose guards stay in their thread, also with the feature `send_guard`. The
    /// thread that acquired such a lock is then known to be its holder.
    #[must_use]
    pub const fn pinned(self) -> Self {
        Self {
            sendable: false,
            ..self
        }
    }

    /// Returns the kind of a value that is initialised once, called `noun` in reports: its initialiser holds
    /// it while it runs, in its own thread.
    pub const fn initialised_once(noun: &'static str) -> Self {
        Self {
            initialises: true,
            ..Self::new(noun).pinned()
        }
    }

    /// Returns this kind for a [`Resource`](crate::instrument::Resource), which threads wait for and none holds: the
    /// [totals](crate::config::Totals) do not count it as a lock.
    #[must_use]
    pub const fn resource(self) -> Self {
        Self {
            resource: true,
            ..self
        }
    }

    pub(in crate::tracking) const fn is_resource(&self) -> bool {
        self.resource
    }

    /// Returns whether a hold is that of an initialiser.
    pub(crate) const fn is_initialised_once(&self) -> bool {
        self.initialises
    }

    /// Returns whether a guard may be sent to another thread, so that the lock may be released by another
    /// thread than the one that acquired it.
    pub(crate) const fn is_sendable(&self) -> bool {
        self.sendable
    }

    /// Returns a kind of lock called `noun` in reports, which is only ever held exclusively.
    #[must_use]
    pub const fn new(noun: &'static str) -> Self {
        Self {
            noun,
            // It has no readers, so no thread waits for a reader.
            policy: ReadPolicy::ReadersPass,
            readers: false,
            sendable: cfg!(feature = "send_guard"),
            initialises: false,
            resource: false,
        }
    }

    /// Returns a kind of reader-writer lock called `noun` in reports, in which a waiting writer blocks new
    /// readers, so that a reader can wait for a reader.
    #[must_use]
    pub const fn writer_blocks_readers(noun: &'static str) -> Self {
        Self {
            policy: ReadPolicy::WriterBlocksReaders,
            readers: true,
            ..Self::new(noun)
        }
    }

    /// Returns a kind of reader-writer lock called `noun` in reports, whose readers wait for a writer that
    /// holds the lock and never for a queued one.
    #[must_use]
    pub const fn readers_pass(noun: &'static str) -> Self {
        Self {
            readers: true,
            ..Self::new(noun)
        }
    }

    /// Returns this kind for locks whose guards may be sent to another thread and dropped there. Verdicts
    /// that hold only while the acquiring thread still holds such a lock (`Deadlock`, `SelfDeadlock`,
    /// `Abandoned`) are not reported of it. Its holds are released with
    /// [`Lock::released_by_any`](crate::instrument::Lock::released_by_any).
    #[must_use]
    pub const fn sendable(self) -> Self {
        Self {
            sendable: true,
            ..self
        }
    }

    /// Returns the word that reports use.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        self.noun
    }

    /// Returns whether a second reader may overtake a waiting writer.
    #[must_use]
    pub const fn policy(&self) -> ReadPolicy {
        self.policy
    }

    /// Returns whether a reader of the lock can wait for another one, behind a queued writer: then its
    /// writers are recorded.
    pub(crate) const fn readers_wait(&self) -> bool {
        matches!(self.policy, ReadPolicy::WriterBlocksReaders)
    }

    /// Returns whether the lock can be held in another mode than exclusive.
    #[must_use]
    pub const fn has_readers(&self) -> bool {
        self.readers
    }
}
