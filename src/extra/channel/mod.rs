//! The channels of the crate `crossbeam-channel`, watched.
//!
//! Every name of `crossbeam-channel` 0.5 is here, with the same signatures and the same behaviour:
//! to adopt the detector, write `lockwarden::channel` where `crossbeam_channel` stood. The channels
//! underneath are the originals, and the error types are theirs.
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
//! A channel belongs to a class, which is the place where it was made, or the name given to
//! [`bounded_named`] or [`unbounded_named`]. `set_label`, at either end, names one channel. Both
//! stand in reports alone.
//!
//! # What it sees
//!
//! Order between threads:
//!
//! - What a thread did before it sent a message comes before all that the thread does that
//!   received it, be it by a [`select!`]. What the sender does after the send does not.
//! - When a receiver is told that all senders are gone, what they did before they were dropped
//!   comes before what it does next; and the same the other way round.
//!
//! Opposite lock orders on both sides of such a point are
//! [`Ordered`](crate::report::Verdict::Ordered), as observed.
//!
//! Waits without a limit of time: for a message, for room, for somebody who takes over what is sent
//! through a channel that holds none, or for one of the branches of a selection. It is not known
//! which threads have an end of a channel, so any of them could end such a wait. It is reported
//! once all threads of the process wait for something, without a limit of time: a
//! [`Deadlock`](crate::report::Verdict::Deadlock), which panics in the thread that completed it.
//! That includes waits at [`never`](never()).
//!
//! A wait with a limit is never reported, nor is one for a message of [`after`], [`at`] or [`tick`],
//! or a selection with such a branch.
//!
//! # What it cannot see
//!
//! - That nobody will ever send to a thread that waits, as long as another thread runs.
//! - That a channel made by [`after`] has had its only message, and that a wait for another is for
//!   ever.
//! - A sender that goes on since a receiver made room for its message has learnt that there was a
//!   receiver. That orders nothing here.
//! - That an operation [is ready](Select::ready) orders nothing: only to do it does.
//!
//! # Differences from the original
//!
//! - [`Sender`] and [`Receiver`] are types of their own, and are not accepted by
//!   `crossbeam_channel::select!`: use that of this module.
//! - In an instrumented build, a thread that waits long looks up now and then, and is then no more
//!   among those that wait there: `try_send` and `try_recv` at a channel that holds no messages may
//!   find nobody at such a moment, and threads that wait are served in another order. Neither is
//!   promised by the original.
//!
//! # Cost
//!
//! Without instrumentation, that of the original, except that [`select!`] over more than one
//! operation allocates, as [`Select`] does. With it, a message carries one word more, and a send and
//! a receive together cost some 8 nanoseconds more, or some tens if the sender has done something new
//! since its last message; after a nested acquisition, both threads also look anew at each nested
//! acquisition that follows, once.

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
