//! A small bank whose locks only return the place of the call. The snapshots show its lines: lines that
//! move here move there.

use crate::engine::ids::Site;

/// A lock that returns the place of the call.
struct Lock;

impl Lock {
    #[track_caller]
    const fn new() -> (Self, Site) {
        (Self, std::panic::Location::caller())
    }

    #[track_caller]
    fn lock(&self) -> Site {
        std::panic::Location::caller()
    }

    #[track_caller]
    fn read(&self) -> Site {
        std::panic::Location::caller()
    }
}

static LEDGER: (Lock, Site) = Lock::new();
static AUDIT: (Lock, Site) = Lock::new();

/// Returns where the two locks were constructed.
pub(super) fn created() -> (Site, Site) {
    (LEDGER.1, AUDIT.1)
}

/// Ledger first, then audit.
pub(super) fn post() -> (Site, Site) {
    let (ledger, audit) = (&LEDGER.0, &AUDIT.0);

    let book = ledger.lock();
    let amount = "the amount is checked while the book is held";
    assert!(!amount.is_empty());
    let log = audit.lock();
    (book, log)
}

/// Audit first, then ledger.
pub(super) fn reconcile() -> (Site, Site) {
    let (ledger, audit) = (&LEDGER.0, &AUDIT.0);

    let log = audit.lock();
    let book = ledger.lock();
    (log, book)
}

/// A ledger that is read twice.
pub(super) fn balance() -> (Site, Site) {
    let ledger = &LEDGER.0;

    let book = ledger.read();
    let rate = ledger.read();
    (book, rate)
}

/// One line that takes a lock, called for each of two.
pub(super) fn transfer() -> Site {
    let account = &LEDGER.0;

    account.lock()
}

/// The line of a dependency that takes a lock.
pub(super) fn shard() -> Site {
    include!("testdata/registry/src/index-1/cache-2.1.0/src/shard.in")
}
