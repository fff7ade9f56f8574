//! The two sides of a channel.

/// On which side of a channel a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It has something for whoever receives.
    Sending,
    /// It wants something of whoever sends.
    Receiving,
}

impl Side {
    /// The side on which those are that it waits for.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Side::Sending => Side::Receiving,
            Side::Receiving => Side::Sending,
        }
    }
}
