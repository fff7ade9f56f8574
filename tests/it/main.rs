//! Tests of the public interface: one binary, one file a subject.

mod acquire;
mod agents;
mod barrier;
#[cfg(feature = "channel")]
mod channel_of_crossbeam;
#[cfg(feature = "channel")]
mod channel_of_lockwarden;
mod event;
mod many_holds;
#[cfg(all(any(debug_assertions, feature = "always"), not(feature = "send_guard")))]
mod next_deadlock;
#[cfg(feature = "arc_lock")]
mod parking_lot_arc;
mod parking_lot_condvar;
mod parking_lot_mutex;
mod parking_lot_once;
mod parking_lot_remutex;
mod parking_lot_rwlock;
#[cfg(feature = "serde")]
mod parking_lot_serde;
mod parking_lot_traits;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "queue")]
mod queue;
mod semaphore;
mod sync_against_std;
mod sync_of_lockwarden;
mod sync_of_std;
mod thread_against_std;
mod thread_of_lockwarden;
mod thread_of_std;
#[cfg(feature = "timer")]
mod timer;
mod traits_against_theirs;
