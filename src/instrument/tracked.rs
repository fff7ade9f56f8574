//! The way from a lock to its record.

use std::rc::Rc;
use std::sync::Arc;

use super::Lock;

/// A lock that keeps a record: every lock of this crate, and what leads to one.
///
/// The assertions of [`testing`](crate::testing) take what implements it. A lock of your own takes
/// part if it does.
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
    /// The record that the lock keeps.
    fn record(&self) -> &Lock;
}

impl Tracked for Lock {
    fn record(&self) -> &Lock {
        self
    }
}

/// What leads to a lock stands for it.
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
