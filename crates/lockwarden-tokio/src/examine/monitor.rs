//! The thread that looks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::instrument::{self, Observation, Site, ThreadId};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::canary::{Answer, Canaries};
use super::closing;
use super::graph::{Graph, Unpolled};
use super::hang;
use super::held;
use super::report;
use crate::agent::census;
use crate::agent::probe::{self, WokenBy};
use crate::agent::registry;
use crate::agent::task::Task;
use crate::world;

/// How long the thread sleeps between two looks while tasks wait for each other.
const PACE: Duration = Duration::from_millis(4);
/// The same, when nothing has shown for a while.
const SLOW: Duration = Duration::from_millis(100);
/// How long a wait has to last before anything is made of it.
const YOUNG: Duration = Duration::from_millis(2);
/// How often a task that turned out to wait for something unknown is left alone, in looks: it
/// doubles up to this.
const LONGEST_REST: u32 = 256;

/// In how many looks in turn a set is not seen that is forgotten then.
const MOST_MISSED: u32 = 50;

/// How many looks in turn are made, without news, at a test or program that may hang.
const LOOKS_AT_HANG: u32 = 50;

/// Whether a task may wait for a lock that blocks its thread.
static BLOCKS: AtomicBool = AtomicBool::new(false);
static BEGAN: AtomicBool = AtomicBool::new(false);
static ASLEEP: Mutex<bool> = Mutex::new(false);
static WAKE: Condvar = Condvar::new();

/// A task has begun to wait.
pub(crate) fn wait_began(task: &Task) {
    if registry::waiting_count() != 0 || world::is_closable(task.check) {
        wake();
    }
}

/// A check has begun: its tasks are looked at from now on, though none of them may come to list a wait.
pub(crate) fn look_out() {
    wake();
}

/// A task has begun to wait for a lock that blocks its thread. Another thread may wait for the end of that one, which the
/// core does not take for blocked.
pub(crate) fn agent_blocks() {
    if !BLOCKS.load(Ordering::Relaxed) && !BLOCKS.swap(true, Ordering::Relaxed) {
        wake();
    }
}

/// Forgets that a task has begun to wait for a lock that blocks its thread, unless one still does.
fn forget_blocked_agents() {
    if BLOCKS.swap(false, Ordering::Relaxed) {
        let is_blocked = |one: &Observation| one.thread.is_task && one.thread.waits.is_some();
        if instrument::observe_all().iter().any(is_blocked) {
            BLOCKS.store(true, Ordering::Relaxed);
        }
    }
}

/// Wakes the thread, or starts it.
pub(super) fn wake() {
    if !BEGAN.swap(true, Ordering::Relaxed) {
        start();
    }
    let mut asleep = ASLEEP.lock();
    if *asleep {
        *asleep = false;
        WAKE.notify_one();
    }
}

/// Keeps the thread from being started, for a test that looks by itself.
#[cfg(test)]
pub(super) fn keep_from_starting() {
    BEGAN.store(true, Ordering::Relaxed);
}

fn start() {
    let started = thread::Builder::new()
        .name("lockwarden-tokio".to_owned())
        .spawn(|| {
            instrument::mark_observer();
            Monitor::new(YOUNG, report::report, world::closed_checks).run();
        });
    if started.is_err() {
        // Tried again at the next wait.
        BEGAN.store(false, Ordering::Relaxed);
    }
}

/// Sleeps until another thread has cleared `asleep`, or until the moment that `next` says has come.
fn sleep(asleep: &mut MutexGuard<'_, bool>, wake: &Condvar, next: impl Fn() -> Option<Instant>) {
    while **asleep {
        match next() {
            Some(next) => {
                if wake.wait_until(asleep, next).timed_out() {
                    **asleep = false;
                }
            }
            None => wake.wait(asleep),
        }
    }
}

/// Looks at all tasks again and again.
pub(super) struct Monitor {
    /// How long a wait has to last before anything is made of it.
    young: Duration,
    /// Is given the sets of tasks that are stuck.
    report: fn(&Graph, &[usize]),
    /// The checks whose tasks and threads are all known.
    closed_checks: fn() -> Vec<u64>,
    /// Sets of tasks that were found stuck, with their polls then, and the number that probes have to
    /// be younger than.
    candidates: HashMap<Vec<u64>, Candidate>,
    /// Tasks that wait for something unknown, and for how many looks they are left alone.
    resting: HashMap<u64, Rest>,
    /// The sets that were reported.
    reported: Vec<Vec<Reported>>,
    /// Holds of suspended tasks that were reported: where the lock was made, and where it was taken.
    held: Vec<(Site, Site)>,
    /// Of runtimes whose workers all seem to be blocked.
    canaries: Canaries,
    looks_without_news: u32,
    /// How many looks are still made at tests, or a program, that may hang.
    looks_at_hang: u32,
}

/// A task or thread of a set that was reported, and when its wait began, if that is one of tasks.
type Reported = (u64, Option<Instant>);

struct Candidate {
    since: u64,
    seen: bool,
    /// In how many looks in turn it was not seen.
    missed: u32,
}

struct Rest {
    left: u32,
    next: u32,
}

impl Monitor {
    /// A monitor that has not looked yet.
    pub(super) fn new(
        young: Duration,
        report: fn(&Graph, &[usize]),
        closed_checks: fn() -> Vec<u64>,
    ) -> Self {
        Self {
            young,
            report,
            closed_checks,
            candidates: HashMap::new(),
            resting: HashMap::new(),
            reported: Vec::new(),
            held: Vec::new(),
            canaries: Canaries::default(),
            looks_without_news: 0,
            looks_at_hang: 0,
        }
    }

    fn run(&mut self) {
        loop {
            let news = self.look();
            self.looks_without_news = if news {
                0
            } else {
                self.looks_without_news.saturating_add(1)
            };
            let mut asleep = ASLEEP.lock();
            if !self.is_needed() && !BLOCKS.load(Ordering::Relaxed) {
                *asleep = true;
                self.candidates.clear();
                self.resting.clear();
                sleep(&mut asleep, &WAKE, hang::next);
                self.looks_without_news = 0;
            }
            drop(asleep);
            // A task that waits for a lock of threads is looked at seldom: most of them get it soon.
            let is_urgent = news || self.is_needed();
            thread::sleep(match is_urgent && self.looks_without_news < 50 {
                true => PACE,
                false => SLOW,
            });
            forget_blocked_agents();
        }
    }

    /// Whether tasks wait for each other, or may come to.
    fn is_needed(&self) -> bool {
        registry::waiting_count() != 0
            || held::count() != 0
            || closing::count() != 0
            || world::any_closable()
            || self.looks_at_hang != 0
    }

    /// Looks once; whether something is on its way.
    pub(super) fn look(&mut self) -> bool {
        census::take_regularly();
        self.looks_at_hang = match hang::may_have_begun() {
            true => LOOKS_AT_HANG,
            false => self.looks_at_hang.saturating_sub(1),
        };
        let graph = self.graph();
        for candidate in self.candidates.values_mut() {
            candidate.seen = false;
        }
        // Those of sets that are reported, or may come to be.
        let mut claimed: Vec<ThreadId> = Vec::new();
        let mut news = false;
        let mut done = vec![false; graph.nodes.len()];
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for at in 0..graph.nodes.len() {
            if !graph.stuck[at] || done[at] || !graph.is_in_ring(at) {
                continue;
            }
            let set = graph.closed_set(at);
            set.iter().for_each(|&at| done[at] = true);
            sets.push(set);
        }
        let may_release = |set: &Vec<usize>| {
            graph.may_be_kept_by_a_test(set) == Some(false) && !self.is_reported(&graph, set)
        };
        let is_released = sets.iter().any(may_release);
        for set in &sets {
            // The test that may have it comes first: it releases it when it fails.
            let is_put_off = is_released && graph.may_be_kept_by_a_test(set) == Some(true);
            let is_on_its_way = is_put_off || self.consider(&graph, set);
            if is_on_its_way || self.is_reported(&graph, set) {
                claimed.extend(set.iter().map(|&at| graph.nodes[at].id));
            }
            news |= is_on_its_way;
        }
        // Many tasks that were asked for a probe keep their threads up for longer than the time between two looks.
        self.candidates.retain(|_, candidate| {
            candidate.missed += u32::from(!candidate.seen);
            candidate.missed <= MOST_MISSED
        });
        news |= self.candidates.values().any(|one| !one.seen);
        held::look(&graph, &claimed, &mut self.held);
        for rest in self.resting.values_mut() {
            rest.left = rest.left.saturating_sub(1);
        }
        news
    }

    /// The state of all tasks at this moment.
    fn graph(&self) -> Graph {
        Graph::new((self.closed_checks)(), self.looks_at_hang != 0)
    }

    fn consider(&mut self, graph: &Graph, set: &[usize]) -> bool {
        let nodes = || set.iter().map(|&at| &graph.nodes[at]);
        let is_of_threads = !nodes().any(|node| node.task.is_some());
        if is_of_threads || set.iter().all(|&at| graph.is_seen_by_core(at)) {
            // Those find out by themselves.
            return false;
        }
        let waits = || nodes().flat_map(|node| &node.waits);
        if waits().any(|wait| wait.since.elapsed() < self.young) {
            return true;
        }
        if self.is_reported(graph, set) {
            return false;
        }
        let mut key: Vec<u64> = nodes().map(|node| node.id.get()).collect();
        key.sort_unstable();
        let candidate = self.candidates.entry(key).or_insert_with(|| Candidate {
            since: probe::sequence_now(),
            seen: true,
            missed: 0,
        });
        candidate.seen = true;
        candidate.missed = 0;
        let since = candidate.since;
        let mut is_complete = true;
        for node in nodes() {
            let Some(task) = &node.task else { continue };
            if node.unpolled.is_some() || node.polls % 2 == 1 || task.has_ended() {
                // Its thread is blocked, or it would be polled by one that is; or it is over.
                continue;
            }
            match &node.probed {
                // Of one that waits for something else the graph has said whether that counts.
                Some(probed) if probed.woken_by != WokenBy::Itself && probed.sequence > since => {}
                _ => {
                    is_complete = false;
                    self.ask(task);
                }
            }
        }
        if !is_complete {
            return true;
        }
        let without_workers = nodes()
            .filter(|node| node.unpolled == Some(Unpolled::Workers))
            .filter_map(|node| node.task.as_ref()?.runtime.as_ref());
        for runtime in without_workers {
            match self.canaries.ask(runtime) {
                Answer::Silent => {}
                Answer::Waiting => return true,
                Answer::Runs => return false,
            }
        }
        // Once more, for the two looks to have the same counts of polls on both sides of what they
        // read in between.
        let again = self.graph();
        if !report::is_same(graph, set, &again) {
            return true;
        }
        let reported = set.iter().flat_map(|&at| {
            let node = &graph.nodes[at];
            let waits = node.waits.iter().map(|wait| Some(wait.since));
            let none = node.waits.is_empty().then_some(None);
            waits.chain(none).map(|since| (node.id.get(), since))
        });
        self.reported.push(reported.collect());
        if self.reported.len() > 64 {
            self.reported.remove(0);
        }
        (self.report)(graph, set);
        true
    }

    /// Whether all of these waits were reported.
    fn is_reported(&self, graph: &Graph, set: &[usize]) -> bool {
        let is_in = |known: &Vec<Reported>, id: ThreadId, since| known.contains(&(id.get(), since));
        self.reported.iter().any(|known| {
            set.iter().all(|&at| {
                let node = &graph.nodes[at];
                let mut waits = node.waits.iter().map(|wait| Some(wait.since));
                if node.waits.is_empty() {
                    is_in(known, node.id, None)
                } else {
                    waits.all(|since| is_in(known, node.id, since))
                }
            })
        })
    }

    /// Asks a task for a probe, unless the last ones have shown that it waits for something unknown.
    fn ask(&mut self, task: &Arc<Task>) {
        let probed = task.waits.lock().probed;
        if let Some(probed) = probed
            && probed.woken_by != WokenBy::Waits
        {
            let rest = self
                .resting
                .entry(task.id.get())
                .or_insert(Rest { left: 1, next: 2 });
            if rest.left > 0 {
                return;
            }
            rest.left = rest.next;
            rest.next = (rest.next * 2).min(LONGEST_REST);
        }
        if task.ask_for_probe() {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn who_sleeps_until_a_moment_is_woken_before_it() {
        let (asleep, wake) = (Mutex::new(true), Condvar::new());
        let sleeps = AtomicUsize::new(0);
        let next = || {
            let before = sleeps.fetch_add(1, Ordering::Relaxed);
            assert_eq!(before, 0, "it sleeps again after it was woken");
            Some(Instant::now() + Duration::from_secs(600))
        };
        thread::scope(|scope| {
            scope.spawn(|| sleep(&mut asleep.lock(), &wake, next));
            loop {
                let mut asleep = asleep.lock();
                if wake.notify_one() {
                    *asleep = false;
                    break;
                }
                drop(asleep);
                thread::yield_now();
            }
        });
    }

    #[test]
    fn who_sleeps_until_a_moment_wakes_up_then() {
        let asleep = Mutex::new(true);
        sleep(&mut asleep.lock(), &Condvar::new(), || Some(Instant::now()));
        assert!(!*asleep.lock());
    }
}
