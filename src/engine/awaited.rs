//! What a blocked thread needs somebody to do, where that is not to release a lock.

/// What a thread waits for at something that is no lock: the word that reports use.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Awaited;
///
/// assert_eq!(Awaited::Message.of("`jobs`"), "a message of `jobs`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
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

impl Awaited {
    /// All of them, in the order of their numbers.
    const ALL: [Awaited; 18] = [
        Awaited::Message,
        Awaited::Item,
        Awaited::Room,
        Awaited::Partner,
        Awaited::Selection,
        Awaited::Permit,
        Awaited::Event,
        Awaited::Arrival,
        Awaited::Notification,
        Awaited::Tasks,
        Awaited::Result,
        Awaited::Job,
        Awaited::Initialisation,
        Awaited::Unpark,
        Awaited::End,
        Awaited::ScopeEnd,
        Awaited::Time,
        Awaited::Other,
    ];

    /// Whether a thread that waits for it can be made to panic.
    pub(crate) fn can_unwind(self) -> bool {
        !matches!(self, Awaited::Job | Awaited::ScopeEnd)
    }

    /// The one whose discriminant this is.
    pub(crate) fn of_number(number: u32) -> Awaited {
        let found = Self::ALL.get(number as usize);
        found.copied().unwrap_or(Awaited::Other)
    }

    /// What is waited for, in words, if `resource` is the name of the thing.
    #[must_use]
    pub fn of(self, resource: &str) -> String {
        match self {
            Awaited::Message => format!("a message of {resource}"),
            Awaited::Item => format!("an item of {resource}"),
            Awaited::Room => format!("room in {resource}"),
            Awaited::Partner => format!("somebody who receives from {resource}"),
            // Where it is waited for says which.
            Awaited::Selection => "one of the branches of its select".to_owned(),
            Awaited::Permit => format!("a permit of {resource}"),
            Awaited::Event => format!("{resource} to be set"),
            Awaited::Arrival => format!("the others at {resource}"),
            Awaited::Notification => format!("a notification of {resource}"),
            Awaited::Tasks => format!("the tasks of {resource} to be done"),
            Awaited::Result => format!("the result of a job of {resource}"),
            Awaited::Job => format!("a job of {resource}"),
            Awaited::Initialisation => format!("the initialisation of {resource}"),
            Awaited::Unpark => "somebody who unparks it".to_owned(),
            Awaited::End | Awaited::ScopeEnd => format!("the end of {resource}"),
            Awaited::Time => "time to pass".to_owned(),
            Awaited::Other => resource.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_number() {
        for awaited in Awaited::ALL {
            assert_eq!(Awaited::of_number(awaited as u32), awaited);
        }
        assert_eq!(Awaited::of_number(99), Awaited::Other);
    }
}
