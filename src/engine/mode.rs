//! How a lock is asked for: its mode, and for how long the caller is ready to wait.

use std::fmt;

/// The mode in which a lock is held or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// One holder, alone: a mutex, or the writer of a reader-writer lock.
    Exclusive,
    /// Any number of holders: a reader.
    Shared,
    /// One holder beside readers, who may become the writer.
    Upgradable,
}

impl Mode {
    /// Whether a hold of a lock in this mode keeps out every hold for which a request in mode `asked`
    /// of the same lock would have to wait: then a thread that has the hold never waits for another
    /// one by such a request.
    ///
    /// An upgradable hold admits readers, for which an upgrade waits; a shared one admits an upgradable
    /// one. A writer that is queued behind a shared hold is another matter: it waits for that very
    /// hold, and a reader behind it is a `RecursiveRead` and not a matter of order.
    pub(crate) fn keeps_out(self, asked: Mode) -> bool {
        match self {
            Mode::Exclusive => true,
            Mode::Upgradable => asked != Mode::Exclusive,
            Mode::Shared => asked == Mode::Shared,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Exclusive => "exclusive",
            Mode::Shared => "shared",
            Mode::Upgradable => "upgradable",
        })
    }
}

/// For how long an acquisition is ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcquireKind {
    /// For ever. Only such an acquisition can be part of a deadlock as the one that waits.
    Blocking,
    /// Not at all.
    Try,
    /// Until a deadline.
    Timed,
}

/// Whether a second reader may pass a writer that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadPolicy {
    /// A queued writer blocks new readers, so a reader can wait for a reader. `RwLock` of this
    /// crate, of `parking_lot` and of the standard library.
    WriterBlocksReaders,
    /// A reader waits for a writer that holds the lock and for nothing else: `RecursiveRwLock`.
    ReadersPass,
}
