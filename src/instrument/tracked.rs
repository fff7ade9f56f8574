//! Access from a lock to its record.

use std::rc::Rc;
use std::sync::Arc;

use super::Lock;

/// Lock with a detector record: every lock of this crate, and every pointer to one.
///
/// The assertions of [`testing`](crate::testing) take any type that implements this trait, so a
/// lock of another crate can implement it to be accepted.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::{Lock, LockKind, Tracked};
///
/// static SPIN: LockKind = LockKind::new("SpinLock");
///
/// struct SpinLock { record: Lock }
///
/// impl Tracked for SpinLock {
///     fn record(&self) -> &Lock {
///         &self.record
///     }
/// }
///
/// let lock = SpinLock { record: Lock::new(&SPIN) };
/// lockwarden::assert_not_held!(lock);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no lock that is watched",
    note = "the locks of `lockwarden::sync` and `lockwarden::parking_lot` are"
)]
pub trait Tracked {
    /// Returns the record of the lock.
    fn record(&self) -> &Lock;
}

impl Tracked for Lock {
    fn record(&self) -> &Lock {
        self
    }
}

/// Implements the trait for pointers to a lock.
macro_rules! leads_to_a_lock {
    ($($Pointer:ty),+) => {
        $(
            impl<L: Tracked + ?Sized> Tracked for $Pointer {
                fn record(&self) -> &Lock {
                    (**self).record()
                }
            }
        )+
    };
}

leads_to_a_lock!(&L, &mut L, Box<L>, Rc<L>, Arc<L>);
