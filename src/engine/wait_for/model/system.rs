//! What there is in a system, and how it stands.

/// The most threads that a system has, and the most things.
pub(super) const THREADS: usize = 6;
pub(super) const THINGS: usize = 5;

/// The place of a thread that the reduction does not know, after all others.
pub(super) const STRANGER: usize = THREADS;

/// Threads, by their places.
pub(super) type Threads = [bool; THREADS + 1];

/// A system at its first moment.
#[derive(Clone, Debug)]
pub(super) struct System {
    /// How many threads it has, the stranger not counted.
    pub(super) count: usize,
    pub(super) things: Vec<Thing>,
    /// What each thread waits for that is blocked.
    pub(super) waits: Vec<Wait>,
    /// Whether threads that run take what is there, which helps nobody.
    pub(super) takes: bool,
    pub(super) begin: State,
}

/// Something that threads wait for.
#[derive(Clone, Debug)]
pub(super) enum Thing {
    /// Whoever holds it lets it go, or anyone does if its holder has ended.
    Lock {
        /// Whether those who want to share it wait for those who want it for themselves.
        queues: bool,
    },
    /// Only who has some can give them back.
    Permits,
    /// Anyone can set it.
    Event,
    /// The result of a job, which one of these does.
    Job { by: Threads },
    /// Messages, of which so many find room.
    Channel {
        room: u8,
        senders: Threads,
        receivers: Threads,
    },
    /// So many have to come.
    Barrier { size: u8 },
    /// Anyone can notify.
    Condvar,
}

/// What a thread waits for, which is at the place `at`.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    Lock { at: usize, exclusive: bool },
    Permits { at: usize, count: u8 },
    Event { at: usize },
    Job { at: usize },
    Branches(Vec<Branch>),
    Barrier { at: usize },
    Condvar { at: usize, mutex: usize },
    End { of: usize },
}

/// An operation on a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    pub(super) at: usize,
    pub(super) sends: bool,
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// There is no such thread.
    None,
    Runs,
    /// In the wait that it began with; without a limit, or with one.
    Blocked,
    Timed,
    /// It was notified, and waits for the mutex.
    Relocks,
    /// It has run, and has come to the barrier at this place.
    Came(usize),
    Ended,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    /// The permits that are left, the messages that are there, the threads that a barrier lacks; one
    /// for an event that is set and for a job that is done.
    pub(super) level: u8,
    /// What each thread has of it: so many permits; of a lock [`SHARED`] or [`EXCLUSIVE`].
    pub(super) held: [u8; THREADS + 1],
}

pub(super) const SHARED: u8 = 1;
pub(super) const EXCLUSIVE: u8 = 2;

/// How everything stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) phases: [Phase; THREADS + 1],
    pub(super) things: [Standing; THINGS],
}

impl State {
    /// Whether a thread is in its wait for something.
    pub(super) fn is_blocked(&self, thread: usize) -> bool {
        matches!(self.phases[thread], Phase::Blocked | Phase::Timed)
    }

    /// Whether there is such a thread, and it has not ended.
    pub(super) fn lives(&self, thread: usize) -> bool {
        !matches!(self.phases[thread], Phase::None | Phase::Ended)
    }

    /// Those who hold a lock in a way that keeps others out who want it so.
    pub(super) fn keepers(&self, at: usize, exclusive: bool) -> Vec<usize> {
        let held = self.things[at].held.iter().enumerate();
        let keeps = |held: u8| held == EXCLUSIVE || (exclusive && held == SHARED);
        held.filter(|(_, held)| keeps(**held))
            .map(|(thread, _)| thread)
            .collect()
    }
}

impl System {
    /// What a thread waits for, if it is in its first wait in this state.
    pub(super) fn wait(&self, state: &State, thread: usize) -> Option<&Wait> {
        state.is_blocked(thread).then(|| &self.waits[thread])
    }

    /// Those who wait to have a lock for themselves.
    pub(super) fn writers(&self, state: &State, lock: usize) -> Vec<usize> {
        let wants = |thread: &usize| matches!(self.wait(state, *thread), Some(Wait::Lock { at, exclusive: true }) if *at == lock);
        (0..self.count).filter(wants).collect()
    }

    /// Those who wait for a message of a channel, or to send one.
    pub(super) fn at_channel(&self, state: &State, branch: Branch) -> Vec<usize> {
        let is_there = |thread: &usize| matches!(self.wait(state, *thread), Some(Wait::Branches(all)) if all.contains(&branch));
        (0..self.count).filter(is_there).collect()
    }

    /// Those who have the other end of a channel, and live.
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

    /// Whether an operation of `thread` can be done without anybody else, or with one who waits.
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

    /// Somebody else who waits at a channel to do the opposite.
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
