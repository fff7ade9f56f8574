//! What a strategy has to do: to make the choices of schedules.

use crate::tracking::scheduled::Next;

/// Makes the choices of one schedule after the other.
pub(crate) trait Choose: Send {
    /// Begins a schedule; `false` if there is no further one.
    fn begin(&mut self) -> bool;

    /// Chooses one of `options`, threads in ascending order, of which there is at least one.
    /// `current` made the last step.
    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize;

    /// Called before each choice, with the next step of each thread, and the joins that were made since the
    /// last choice: the thread, and the one that it has joined.
    fn see(&mut self, _next: &[Next], _joins: &[(usize, usize)]) {}

    /// The last choice was none: the thread cannot go on after all. The same choice is made again among
    /// the rest, unless that is empty.
    fn take_back(&mut self, _thread: usize) {}

    /// Whether the schedule was not the one that was asked for. One that `has_deadlocked` over something
    /// other than locks may end in another way: whether the detector reports that before all threads are
    /// stuck, and a panic goes on in a thread, depends on the other threads of the process.
    fn has_diverged(&self, _has_deadlocked: bool) -> bool {
        false
    }
}
