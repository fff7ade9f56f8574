//! The counts of a primitive (permits, arrivals, queue length) as a waiting thread read them.

/// The numbers behind a wait: how much is missing of what the thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counts {
    /// The amount wanted: the permits that the thread requests, the threads that a barrier is made for, or
    /// the messages or items that a channel or a queue has places for (zero if their number has no bound).
    pub wanted: u32,
    /// The amount available: the free permits, the threads that have arrived, or the messages or items in a
    /// channel or a queue.
    pub available: u32,
    /// The number of threads queued for the same resource, the waiting thread included. For a channel: the
    /// number of ends on the other side of it.
    pub queued: u32,
}

impl Counts {
    /// Returns the counts, each saturated at `u32::MAX`.
    #[must_use]
    pub fn new(wanted: usize, available: usize, queued: usize) -> Self {
        let short = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            wanted: short(wanted),
            available: short(available),
            queued: short(queued),
        }
    }
}
