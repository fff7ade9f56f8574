//! Wait reasons: what a blocked thread waits for, other than the release of a lock.

/// What a thread waits for at a resource that is no lock: the word that reports use.
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
    /// Room for one more element in a channel or a queue.
    Room,
    /// A receiver that takes over the sent value directly (a rendezvous channel).
    Partner,
    /// One of several operations: the branches of a select.
    Selection,
    /// Permits of a semaphore.
    Permit,
    /// An event to be set.
    Event,
    /// The missing threads of a barrier.
    Arrival,
    /// A notification of a condition variable.
    Notification,
    /// The completion of everything that was put into a queue or submitted to a pool.
    Tasks,
    /// The result of a job.
    Result,
    /// A job, in an idle worker of a pool. The panic of a report is not raised out of this wait, since it
    /// would free no other thread.
    Job,
    /// The end of an initialisation that another thread runs.
    Initialisation,
    /// An unpark. The panic of a report is not raised out of this wait: the code that parks a thread does not expect
    /// one, and may have listed what is on the stack for another thread.
    Unpark,
    /// The end of a thread that is joined.
    End,
    /// The end of a scoped thread whose scope is over otherwise. No panic can be raised out of this wait,
    /// since the scope may not return before the thread has ended.
    ScopeEnd,
    /// The passage of time.
    Time,
    /// An event for which only the primitive has a name.
    Other,
}

impl WaitReason {
    /// All reasons, in the order of their discriminants.
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

    /// Returns whether a thread in this wait can be made to panic.
    pub(crate) fn can_unwind(self) -> bool {
        !matches!(
            self,
            WaitReason::Job | WaitReason::ScopeEnd | WaitReason::Unpark
        )
    }

    /// Returns the reason with this discriminant.
    pub(crate) fn of_number(number: u32) -> WaitReason {
        let found = Self::ALL.get(number as usize);
        found.copied().unwrap_or(WaitReason::Other)
    }

    /// Describes what the thread waits for; `resource` is the name of the resource.
    #[must_use]
    pub fn of(self, resource: &str) -> String {
        match self {
            WaitReason::Message => format!("a message of {resource}"),
            WaitReason::Item => format!("an item of {resource}"),
            WaitReason::Room => format!("room in {resource}"),
            WaitReason::Partner => format!("a thread that receives from {resource}"),
            // The source location of the wait identifies the select.
            WaitReason::Selection => "one of the branches of its select".to_owned(),
            WaitReason::Permit => format!("a permit of {resource}"),
            WaitReason::Event => format!("{resource} to be set"),
            WaitReason::Arrival => format!("the others at {resource}"),
            WaitReason::Notification => format!("a notification of {resource}"),
            WaitReason::Tasks => format!("the tasks of {resource} to be done"),
            WaitReason::Result => format!("the result of a job of {resource}"),
            WaitReason::Job => format!("a job of {resource}"),
            WaitReason::Initialisation => format!("the initialisation of {resource}"),
            WaitReason::Unpark => "a thread that unparks it".to_owned(),
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
