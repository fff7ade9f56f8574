//! What sort of lock a record stands for.

use crate::engine::mode::ReadPolicy;

/// The sort of a lock: the word that reports use, and the rules that its verdicts need.
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
}

impl LockKind {
    /// A mutual-exclusion lock.
    pub const MUTEX: LockKind = LockKind::new("Mutex");
    /// A mutual-exclusion lock that hands itself to its longest waiter.
    pub const FAIR_MUTEX: LockKind = LockKind::new("FairMutex");
    /// A mutual-exclusion lock that its holder may take again.
    pub const REENTRANT_MUTEX: LockKind = LockKind::new("ReentrantMutex");
    /// A reader-writer lock whose queued writer blocks new readers.
    pub const RW_LOCK: LockKind = LockKind::writer_blocks_readers("RwLock");
    /// A reader-writer lock whose readers pass a queued writer.
    pub const RECURSIVE_RW_LOCK: LockKind = LockKind::readers_pass("RecursiveRwLock");

    /// The mutex of the std flavour, whose guards stay in their thread whatever the features.
    pub(crate) const STD_MUTEX: LockKind = LockKind::MUTEX.pinned();
    /// The reader-writer lock of the std flavour, whose guards stay in their thread.
    pub(crate) const STD_RW_LOCK: LockKind = LockKind::RW_LOCK.pinned();

    /// The same kind for a lock whose guards stay in their thread, also with the feature `send_guard`. The
    /// thread that took the lock is then known to be the one that holds it.
    #[must_use]
    pub const fn pinned(self) -> Self {
        Self {
            sendable: false,
            ..self
        }
    }

    /// The same kind of lock, whose guards may be sent to another thread: no thread is taken for
    /// stuck only because it took such a lock, and none has abandoned one when it ends.
    #[must_use]
    pub const fn with_sendable_guards(self) -> Self {
        Self {
            sendable: true,
            ..self
        }
    }

    /// Something that is initialised once, called `noun` in reports: its initialiser holds it for as
    /// long as it runs, in its own thread.
    pub(crate) const fn initialised_once(noun: &'static str) -> Self {
        Self {
            initialises: true,
            ..Self::new(noun).pinned()
        }
    }

    /// Whether a hold is that of an initialiser.
    pub(crate) const fn is_initialised_once(&self) -> bool {
        self.initialises
    }

    /// Whether a guard may be sent to another thread, so that who took the lock need not be the one
    /// who lets it go.
    pub(crate) const fn is_sendable(&self) -> bool {
        self.sendable
    }

    /// A kind of lock called `noun` in reports, which is only ever held exclusively.
    #[must_use]
    pub const fn new(noun: &'static str) -> Self {
        Self {
            noun,
            // Nobody reads it, so nobody waits for a reader.
            policy: ReadPolicy::ReadersPass,
            readers: false,
            sendable: cfg!(feature = "send_guard"),
            initialises: false,
        }
    }

    /// A kind of reader-writer lock called `noun` in reports, in which a writer that waits blocks
    /// new readers, so that a reader can wait for a reader.
    #[must_use]
    pub const fn writer_blocks_readers(noun: &'static str) -> Self {
        Self {
            policy: ReadPolicy::WriterBlocksReaders,
            readers: true,
            ..Self::new(noun)
        }
    }

    /// A kind of reader-writer lock called `noun` in reports, whose readers wait for a writer that
    /// holds the lock and never for one that is queued.
    #[must_use]
    pub const fn readers_pass(noun: &'static str) -> Self {
        Self {
            readers: true,
            ..Self::new(noun)
        }
    }

    /// The same kind, of locks whose guards may be sent to another thread and dropped there. What is
    /// true only while the thread that took such a lock still holds it (`Deadlock`, `SelfDeadlock`,
    /// `Abandoned`) is not reported of it. Its holds go back through
    /// [`Lock::released_by_any`](crate::instrument::Lock::released_by_any).
    #[must_use]
    pub const fn sendable(self) -> Self {
        Self {
            sendable: true,
            ..self
        }
    }

    /// The word that reports use.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        self.noun
    }

    /// Whether a second reader may pass a writer that waits.
    #[must_use]
    pub const fn policy(&self) -> ReadPolicy {
        self.policy
    }

    /// Whether a reader of the lock can wait for another one, behind a queued writer: then it is of
    /// interest who writes it, and when.
    pub(crate) const fn readers_wait(&self) -> bool {
        matches!(self.policy, ReadPolicy::WriterBlocksReaders)
    }

    /// Whether the lock can be held in another mode than exclusive.
    #[must_use]
    pub const fn has_readers(&self) -> bool {
        self.readers
    }
}
