//! Order between threads.

use crate::detector::succession;
use crate::engine::acquisition::Inherited;
use crate::engine::clock::Segment;

/// All that has happened up to one point in the life of a thread, for another thread to learn of.
///
/// A spawn, a join and a hand-over of a message order what comes before them before what comes
/// after: two opposite lock orders on both sides of such a point cannot deadlock. The releasing
/// side takes a `Past` and hands it on; the receiving side calls [`arrive`](Self::arrive).
///
/// The release of a lock and its next acquisition order nothing: the other thread might have been
/// first.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Past;
///
/// let past = Past::here();
/// std::thread::spawn(move || {
///     past.arrive();
///     // Nothing that the parent did before the spawn is concurrent with what follows.
/// }).join().unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "hand it to the thread that goes on from here"]
pub struct Past(Option<Segment>);

impl Past {
    /// All that has happened up to here.
    ///
    /// Costs a few nanoseconds, and that each nested acquisition that follows is looked at anew
    /// the first time.
    pub fn here() -> Self {
        Self(succession::here())
    }

    /// The calling thread has learnt of it: what follows comes after it.
    ///
    /// Costs, when the news is new, a merge of two lists as long as the threads that they name.
    pub fn arrive(&self) {
        if let Some(segment) = &self.0 {
            succession::arrive(segment);
        }
    }
}

/// The locks that the calling thread holds for as long as other threads run: around a scope, or a
/// parallel iterator.
///
/// Whatever those threads take, they take under these locks.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Surroundings;
///
/// let around = Surroundings::here();
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let _within = around.enter();
///     });
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "enter them in the threads that run within"]
pub struct Surroundings(Vec<Inherited>);

impl Surroundings {
    /// The locks that the calling thread holds, with those that are held around it.
    pub fn here() -> Self {
        Self(succession::held_around())
    }

    /// The calling thread runs within them until the result is dropped.
    pub fn enter(&self) -> Within {
        if self.0.is_empty() {
            return Within { before: None };
        }
        Within {
            before: Some(succession::surround(self.0.clone())),
        }
    }
}

/// A thread that runs within the critical sections of another. Made by [`Surroundings::enter`].
#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct Within {
    before: Option<Vec<Inherited>>,
}

impl Drop for Within {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            succession::surround(before);
        }
    }
}
