//! Tracked channels with the interface of the crate `crossbeam-channel`.
//!
//! The module has every name of `crossbeam-channel` 0.5, with the same signature and behaviour: to
//! adopt the detector, replace `crossbeam_channel` by `lockwarden::channel`. The underlying
//! channels are the originals, and the error types are re-exported.
//!
//! Available with the feature `channel`.
//!
//! # Examples
//!
//! ```
//! use lockwarden::channel::{bounded_named, select, unbounded};
//! use lockwarden::thread;
//!
//! let (jobs, queue) = bounded_named("jobs", 4);
//! let (stop, stopped) = unbounded::<()>();
//! let worker = thread::spawn(move || {
//!     let mut sum = 0;
//!     loop {
//!         select! {
//!             recv(queue) -> job => sum += job.unwrap_or(0),
//!             recv(stopped) -> _ => break sum,
//!         }
//!     }
//! });
//! for n in 1..4 {
//!     jobs.send(n).unwrap();
//! }
//! while !jobs.is_empty() {
//!     thread::yield_now();
//! }
//! drop(stop);
//! assert!(worker.join().unwrap() >= 1);
//! ```
//!
//! # Beyond the original
//!
//! A channel belongs to a class, which is the construction site, or the name given to
//! [`bounded_named`] or [`unbounded_named`]. `set_label`, at either end, names one channel. Both
//! appear in reports only.
//!
//! # What it sees
//!
//! Happens-before order between threads:
//!
//! - What a thread did before it sent a message happens before all that the receiving thread does
//!   after the receipt, also by a [`select!`]. What the sender does after the send does not.
//! - When a receiver observes that all senders are dropped, what they did before that happens
//!   before what the receiver does next. The converse holds for a sender that observes that all
//!   receivers are dropped.
//!
//! Opposite lock orders on the two sides of such a point are
//! [`Ordered`](crate::report::Verdict::Ordered), as observed.
//!
//! Waits without a time limit: for a message, for room, for a receiver at a channel of capacity
//! zero, or for one of the branches of a selection. The detector does not know which threads have
//! an endpoint of a channel, so any thread could end such a wait. The wait is reported once all
//! threads of the process wait for something without a time limit: a
//! [`Deadlock`](crate::report::Verdict::Deadlock), which panics in the thread that completed it.
//! That includes waits at [`never`](never()).
//!
//! A wait with a time limit is never reported, nor is one for a message of [`after`], [`at`] or
//! [`tick`], or a selection with such a branch.
//!
//! # What it cannot see
//!
//! - A wait that no thread will ever end, as long as any other thread runs.
//! - A wait under a lock that the other end of the channel needs, in a run in which it does not hang:
//!   orders of locks are predicted, and waits for messages or room are not.
//! - An endless wait for a second message of a channel created by [`after`].
//! - The order from a receiver to a sender that then continues, since the receiver made room or, with a
//!   capacity of zero, took the message.
//! - Order by the result that an operation [is ready](Select::ready): only performing the operation
//!   establishes one.
//!
//! # Differences from the original
//!
//! - [`Sender`] and [`Receiver`] are separate types, which `crossbeam_channel::select!` does not
//!   accept: use the macro of this module.
//! - In an instrumented build, a thread that waits long leaves the wait from time to time to check
//!   for a deadlock. `try_send` and `try_recv` on a channel of capacity zero may find no
//!   counterpart at such a moment, and waiting threads are served in another order. The original
//!   specifies neither.
//! - [`never`](never()) is no `const fn`, which it is from `crossbeam-channel` 0.5.16 on.
//!
//! # Cost
//!
//! Without instrumentation, that of the original, except that [`select!`] over more than one
//! operation allocates, as [`Select`] does. With it, a message carries one word more, and a send
//! and a receive together cost some 8 nanoseconds more, or some tens if the clock of the sender has
//! changed since its last message; after a nested acquisition, both threads also check each nested
//! acquisition that follows anew, once.

mod branches;
mod iter;
mod macros;
mod make;
mod receiver;
mod select;
mod selected;
mod sender;
mod source;
mod watch;

pub use crossbeam_channel::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError,
    SendTimeoutError, TryReadyError, TryRecvError, TrySelectError, TrySendError,
};

#[doc(inline)]
pub use crate::{__channel_select as select, __channel_select_biased as select_biased};

pub use self::iter::{IntoIter, Iter, TryIter};
pub use self::make::{after, at, bounded, bounded_named, never, tick, unbounded, unbounded_named};
pub use self::receiver::Receiver;
pub use self::select::Select;
pub use self::selected::SelectedOperation;
pub use self::sender::Sender;
