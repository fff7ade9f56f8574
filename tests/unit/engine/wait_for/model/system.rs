//! The threads and resources of a system, and their state.

/// The most threads of a system, and the most resources.
pub(super) const THREADS: usize = 6;
pub(super) const THINGS: usize = 5;

/// The index of a thread that the reduction does not know, after all others.
pub(super) const STRANGER: usize = THREADS;

/// A set of threads, by index.
pub(super) type Threads = [bool; THREADS + 1];

/// A system with its initial state.
#[derive(Clone, Debug)]
pub(super) struct System {
    /// The number of threads, without the unknown one.
    pub(super) count: usize,
    pub(super) things: Vec<Thing>,
    /// The wait of each thread that is blocked.
    pub(super) waits: Vec<Wait>,
    /// Whether running threads acquire what is available, which ends no wait.
    pub(super) takes: bool,
    pub(super) begin: State,
}

/// A resource that threads wait for.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    /// Its holder releases it, or any thread does if the holder has ended.
    Lock {
        /// Whether readers wait for queued writers.
        queues: bool,
    },
    /// Only a thread that has a permit can return it.
    Permits,
    /// Any thread can set it.
    Event,
    /// The result of a job, which one of these threads runs.
    Job { by: Threads },
    /// A channel with room for this many messages.
    Channel {
        room: u8,
        senders: Threads,
        receivers: Threads,
    },
    /// Any thread can notify it.
    Condvar,
}

/// What a thread waits for; `at` is the index of the resource.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    Lock { at: usize, exclusive: bool },
    Permit { at: usize },
    Event { at: usize },
    Job { at: usize },
    Branches(Vec<Branch>),
    Condvar { at: usize, mutex: usize },
    End { of: usize },
}

/// An operation on a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    pub(super) at: usize,
    pub(super) sends: bool,
}

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// There is no such thread.
    None,
    Runs,
    /// It is in its initial wait; without a timeout, or with one.
    Blocked,
    Timed,
    /// It was notified, and waits for the mutex.
    Relocks,
    Ended,
}

/// The state of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    /// The permits or messages that are available; one for an event that is set and for a job that is done.
    pub(super) level: u8,
    /// What each thread has of it: its permits; of a lock [`SHARED`] or [`EXCLUSIVE`].
    pub(super) held: [u8; THREADS + 1],
}

pub(super) const SHARED: u8 = 1;
pub(super) const EXCLUSIVE: u8 = 2;

/// The state of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) phases: [Phase; THREADS + 1],
    pub(super) things: [Standing; THINGS],
}

impl State {
    /// Returns whether a thread is in its initial wait.
    pub(super) fn is_blocked(&self, thread: usize) -> bool {
        matches!(self.phases[thread], Phase::Blocked | Phase::Timed)
    }

    /// Returns whether a thread exists and has not ended.
    pub(super) fn lives(&self, thread: usize) -> bool {
        !matches!(self.phases[thread], Phase::None | Phase::Ended)
    }

    /// Returns the holders of a lock that block an exclusive or a shared request.
    pub(super) fn keepers(&self, at: usize, exclusive: bool) -> Vec<usize> {
        let held = self.things[at].held.iter().enumerate();
        let keeps = |held: u8| held == EXCLUSIVE || (exclusive && held == SHARED);
        held.filter(|(_, held)| keeps(**held))
            .map(|(thread, _)| thread)
            .collect()
    }
}

impl System {
    /// Returns the initial wait of a thread, if it is still in it in this state.
    pub(super) fn wait(&self, state: &State, thread: usize) -> Option<&Wait> {
        state.is_blocked(thread).then(|| &self.waits[thread])
    }

    /// Returns the threads that wait for a lock exclusively.
    pub(super) fn writers(&self, state: &State, lock: usize) -> Vec<usize> {
        let wants = |thread: &usize| matches!(self.wait(state, *thread), Some(Wait::Lock { at, exclusive: true }) if *at == lock);
        (0..self.count).filter(wants).collect()
    }

    /// Returns the threads that wait in this operation on a channel.
    pub(super) fn at_channel(&self, state: &State, branch: Branch) -> Vec<usize> {
        let is_there = |thread: &usize| matches!(self.wait(state, *thread), Some(Wait::Branches(all)) if all.contains(&branch));
        (0..self.count).filter(is_there).collect()
    }

    /// Returns the live threads that have the other end of a channel.
    pub(super) fn partners(&self, state: &State, branch: Branch) -> Vec<usize> {
        let Thing::Channel {
            senders, receivers, ..
        } = &self.things[branch.at]
        else {
            return Vec::new();
        };
        let ends = if branch.sends { receivers } else { senders };
        let has = |thread: &usize| ends[*thread] && state.lives(*thread);
        (0..=STRANGER).filter(has).collect()
    }

    /// Returns whether an operation of `thread` can complete by itself or with a thread that waits.
    pub(super) fn is_ready(&self, state: &State, thread: usize, branch: Branch) -> bool {
        let Thing::Channel { room, .. } = self.things[branch.at] else {
            return false;
        };
        let level = state.things[branch.at].level;
        let by_itself = if branch.sends {
            level < room
        } else {
            level > 0
        };
        by_itself
            || self.partners(state, branch).is_empty()
            || (room == 0 && self.opposite(state, thread, branch).is_some())
    }

    /// Returns another thread that waits at a channel in the opposite operation.
    pub(super) fn opposite(&self, state: &State, thread: usize, branch: Branch) -> Option<usize> {
        let other = Branch {
            sends: !branch.sends,
            ..branch
        };
        self.at_channel(state, other)
            .into_iter()
            .find(|at| *at != thread)
    }
}
