//! Lock modes, and how long an acquisition may wait.

use std::fmt;

/// The mode in which a lock is held or requested. Its number fits into two bits of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// One holder alone: a mutex, or the writer of a reader-writer lock.
    Exclusive,
    /// Any number of holders: a reader.
    Shared,
    /// One holder beside readers, which may upgrade to the writer.
    Upgradable,
}

impl Mode {
    /// Returns whether a hold in this mode excludes every hold for which a request in mode `asked` of the
    /// same lock would have to wait. If so, a thread with this hold never waits for another thread by such a
    /// request.
    ///
    /// An upgradable hold admits readers, for which an upgrade waits; a shared hold admits an upgradable one.
    /// A writer queued behind a shared hold is a different case: it waits for that very hold, and a reader
    /// behind it is a `RecursiveRead` and not a matter of lock order.
    pub(crate) fn keeps_out(self, asked: Mode) -> bool {
        match self {
            Mode::Exclusive => true,
            Mode::Upgradable => asked != Mode::Exclusive,
            Mode::Shared => asked == Mode::Shared,
        }
    }

    /// Returns the mode with this number.
    pub(crate) const fn of_number(number: usize) -> Self {
        match number {
            0 => Mode::Exclusive,
            1 => Mode::Shared,
            _ => Mode::Upgradable,
        }
    }

    /// Returns the word that reports and records use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Mode::Exclusive => "exclusive",
            Mode::Shared => "shared",
            Mode::Upgradable => "upgradable",
        }
    }

    /// Returns whether two threads cannot hold a lock at the same time in these modes.
    ///
    /// Readers coexist with each other and with the one upgradable holder, so neither pair is a gate; treating it
    /// as one would hide a deadlock.
    pub(crate) fn excludes(self, other: Mode) -> bool {
        let one_alone = self == Mode::Exclusive || other == Mode::Exclusive;
        one_alone || (self == Mode::Upgradable && other == Mode::Upgradable)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long an acquisition may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcquireKind {
    /// Without a limit. Only such an acquisition can be the wait of a thread in a deadlock.
    Blocking,
    /// Not at all.
    Try,
    /// Until a deadline.
    Timed,
}

/// Whether a second reader may overtake a waiting writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadPolicy {
    /// A queued writer blocks new readers, so a reader can wait for a reader. `RwLock` of this
    /// crate, of `parking_lot` and of the standard library.
    WriterBlocksReaders,
    /// A reader waits for nothing but a writer that holds the lock: `RecursiveRwLock`.
    ReadersPass,
}
