//! What a primitive counts, as a thread that waits there saw it.

/// The numbers behind a wait: why there is not enough of what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counts {
    /// How much is wanted: the permits that the thread asks for, or the threads that a barrier is made for.
    pub wanted: u32,
    /// How much is there: the permits that are free, or the threads that have arrived.
    pub available: u32,
    /// How many threads are queued for the same thing, with the one that waits.
    pub queued: u32,
}

impl Counts {
    /// The counts, each of which is cut off at the largest `u32`.
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
