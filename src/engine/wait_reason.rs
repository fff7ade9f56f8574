//! What a blocked thread needs somebody to do, where that is not to release a lock.

/// What a thread waits for at something that is no lock: the word that reports use.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::WaitReason;
///
/// assert_eq!(WaitReason::Message.of("`jobs`"), "a message of `jobs`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// A message from a channel.
    Message,
    /// An item from a queue.
    Item,
    /// Room for one more in a channel or a queue.
    Room,
    /// That somebody takes over what is sent, hand to hand.
    Partner,
    /// One of several operations: the branches of a select.
    Selection,
    /// Permits of a semaphore.
    Permit,
    /// That an event is set.
    Event,
    /// The other threads that are to meet at a barrier.
    Arrival,
    /// A notification of a condition variable.
    Notification,
    /// That all that was put into a queue, or given to a pool, is done.
    Tasks,
    /// The result of a job.
    Result,
    /// Something to do, in a worker of a pool that has nothing to do. It does not unwind out of there:
    /// nobody would be freed by that.
    Job,
    /// The end of an initialisation that another thread runs.
    Initialisation,
    /// To be unparked.
    Unpark,
    /// The end of a thread that is joined.
    End,
    /// The end of a thread whose scope is over otherwise. Nothing can be made to unwind out of there
    /// before that.
    ScopeEnd,
    /// That time passes.
    Time,
    /// That something happens which only the primitive has a name for.
    Other,
}

impl WaitReason {
    /// All of them, in the order of their numbers.
    const ALL: [WaitReason; 18] = [
        WaitReason::Message,
        WaitReason::Item,
        WaitReason::Room,
        WaitReason::Partner,
        WaitReason::Selection,
        WaitReason::Permit,
        WaitReason::Event,
        WaitReason::Arrival,
        WaitReason::Notification,
        WaitReason::Tasks,
        WaitReason::Result,
        WaitReason::Job,
        WaitReason::Initialisation,
        WaitReason::Unpark,
        WaitReason::End,
        WaitReason::ScopeEnd,
        WaitReason::Time,
        WaitReason::Other,
    ];

    /// Whether a thread that waits for it can be made to panic.
    pub(crate) fn can_unwind(self) -> bool {
        !matches!(self, WaitReason::Job | WaitReason::ScopeEnd)
    }

    /// The one whose discriminant this is.
    pub(crate) fn of_number(number: u32) -> WaitReason {
        let found = Self::ALL.get(number as usize);
        found.copied().unwrap_or(WaitReason::Other)
    }

    /// What is waited for, in words, if `resource` is the name of the thing.
    #[must_use]
    pub fn of(self, resource: &str) -> String {
        match self {
            WaitReason::Message => format!("a message of {resource}"),
            WaitReason::Item => format!("an item of {resource}"),
            WaitReason::Room => format!("room in {resource}"),
            WaitReason::Partner => format!("somebody who receives from {resource}"),
            // Where it is waited for says which.
            WaitReason::Selection => "one of the branches of its select".to_owned(),
            WaitReason::Permit => format!("a permit of {resource}"),
            WaitReason::Event => format!("{resource} to be set"),
            WaitReason::Arrival => format!("the others at {resource}"),
            WaitReason::Notification => format!("a notification of {resource}"),
            WaitReason::Tasks => format!("the tasks of {resource} to be done"),
            WaitReason::Result => format!("the result of a job of {resource}"),
            WaitReason::Job => format!("a job of {resource}"),
            WaitReason::Initialisation => format!("the initialisation of {resource}"),
            WaitReason::Unpark => "somebody who unparks it".to_owned(),
            WaitReason::End | WaitReason::ScopeEnd => format!("the end of {resource}"),
            WaitReason::Time => "time to pass".to_owned(),
            WaitReason::Other => resource.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_number() {
        for awaited in WaitReason::ALL {
            assert_eq!(WaitReason::of_number(awaited as u32), awaited);
        }
        assert_eq!(WaitReason::of_number(99), WaitReason::Other);
    }
}
