//! All tasks, as they stand.

use std::fmt;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use lockwarden::instrument::{self, Site};

use crate::agent::leaf::{Target, Wait};
use crate::agent::origin;
use crate::agent::probe;
use crate::agent::registry;
use crate::agent::task::{Joined, Kind, Task};

/// What every task of this crate does at this moment: [`dump`].
///
/// Displayed as a list of the tasks, each with where it was spawned and what it waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// The tasks that have held a lock or waited for something that is watched, in the order in which
    /// they first did.
    pub tasks: Vec<TaskState>,
    /// All other tasks, by the place of the spawn.
    pub others: Vec<OtherTasks>,
}

/// Tasks of a [`Dump`] that have held no lock and waited for nothing that is watched.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherTasks {
    /// Where they were spawned.
    pub spawned: Site,
    /// How many they are.
    pub count: usize,
}

/// One task of a [`Dump`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskState {
    /// Its name in reports, with its number.
    pub name: String,
    /// Where it was spawned.
    pub spawned: Site,
    /// Whether a thread polled it.
    pub is_running: bool,
    /// How often it was polled.
    pub polls: u64,
    /// What it waited for that this crate watches. A task without any is suspended in something else:
    /// in time, in I/O, or in a future of another crate.
    pub waits: Vec<TaskWait>,
}

/// One wait of a task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskWait {
    /// What is waited for, in words.
    pub what: String,
    /// Where it is awaited.
    pub site: Site,
    /// For how long.
    pub since: Duration,
    /// The functions in which it is awaited, innermost first, each with its place; empty if no probe
    /// has asked the task yet ([`dump_within`] does).
    pub stack: Vec<String>,
    /// Whether the task has polled the future the last time that it was polled itself. If not, the
    /// future is alive and not looked after.
    pub is_polled: bool,
}

/// What every task of this crate does at this moment.
///
/// Costs some hundred nanoseconds a task, and takes no lock for longer than it takes to look at one.
#[must_use]
pub fn dump() -> Dump {
    Dump {
        tasks: registry::all().iter().map(state).collect(),
        others: origin::anonymous()
            .iter()
            .map(|origin| OtherTasks {
                spawned: origin.spawned,
                count: origin.anonymous.load(Ordering::Relaxed),
            })
            .collect(),
    }
}

/// Captures every task like [`dump`], with the await stacks of the tasks that wait for something watched. Each of
/// these is probed first, and has `patience` to be polled; a task whose thread is blocked (that of the caller,
/// for one) is not polled, and has no stack.
#[must_use]
pub fn dump_within(patience: Duration) -> Dump {
    let start = Instant::now();
    let since = probe::sequence_now();
    let asked: Vec<Arc<Task>> = registry::all()
        .into_iter()
        .filter(|task| task.polls() % 2 == 0)
        .filter(|task| {
            let wait = task.waits.lock().last().cloned();
            if let Some(wait) = &wait
                && task.ask_for_probe()
            {
                wait.wake_task();
            }
            wait.is_some()
        })
        .collect();
    let has_answered = |task: &Arc<Task>| {
        let probed = task.waits.lock().probed;
        task.has_ended() || probed.is_some_and(|probed| probed.sequence > since)
    };
    while start.elapsed() < patience && !asked.iter().all(has_answered) {
        std::thread::sleep(Duration::from_millis(1));
    }
    dump()
}

/// Lets the dumps of lockwarden show tasks, too.
pub(crate) fn announce() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| instrument::describe_agents_with(paragraphs));
}

/// A paragraph for each task, for the dumps of lockwarden.
fn paragraphs() -> Vec<String> {
    let dump = dump_within(Duration::from_millis(100));
    let others = dump.others.iter().map(OtherTasks::to_string);
    dump.tasks
        .iter()
        .map(TaskState::to_string)
        .chain(others)
        .collect()
}

fn state(task: &Arc<Task>) -> TaskState {
    let polls = task.polls();
    let last = polls.saturating_sub(1);
    let waits: Vec<Arc<Wait>> = task.waits.lock().iter().cloned().collect();
    TaskState {
        name: task.info().to_string(),
        spawned: task.spawned,
        is_running: polls % 2 == 1,
        polls: if task.kind == Kind::Blocking {
            0
        } else {
            polls.div_ceil(2)
        },
        waits: waits
            .iter()
            .map(|wait| TaskWait {
                what: what(wait),
                site: wait.site(),
                since: wait.since.elapsed(),
                stack: wait.stack(),
                is_polled: polls % 2 == 1 || wait.last_poll() == last,
            })
            .collect(),
    }
}

fn what(wait: &Wait) -> String {
    match &wait.target {
        Target::Lock(lock, mode, _) => format!("{lock} ({mode})"),
        Target::Permits(permits, 1) => format!("a permit of Semaphore made at {}", permits.made),
        Target::Permits(permits, count) => {
            format!("{count} permits of Semaphore made at {}", permits.made)
        }
        Target::End(tasks) => match tasks.as_slice() {
            [(_, Joined::Known(task))] => format!("the end of {}", task.info()),
            [(_, joined)] => format!("the end of a task spawned at {}", joined.spawned()),
            many => format!("the end of one of {} tasks", many.len()),
        },
        Target::Room(..) | Target::Message(..) | Target::Set(_) | Target::AnyAgent(_) => {
            wait.target.thing().map_or_else(String::new, |thing| {
                let name = format!("{} made at {}", thing.noun, thing.made);
                thing.awaited.of(&name)
            })
        }
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: usize = self.others.iter().map(|others| others.count).sum();
        writeln!(f, "{} tasks", self.tasks.len() + others)?;
        for task in &self.tasks {
            write!(f, "\n{task}")?;
        }
        for others in &self.others {
            write!(f, "\n{others}")?;
        }
        Ok(())
    }
}

impl fmt::Display for OtherTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = if self.count == 1 { "task" } else { "tasks" };
        writeln!(
            f,
            "{} {tasks} spawned at {}: used no lock, and waited for nothing that is watched",
            self.count, self.spawned
        )
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.is_running, self.polls) {
            (true, _) => "is being polled".to_owned(),
            (false, 0) => "was never polled".to_owned(),
            (false, polls) => format!("is suspended after {polls} polls"),
        };
        writeln!(f, "{}, spawned at {}: {state}", self.name, self.spawned)?;
        if !self.is_running && self.waits.is_empty() && self.polls > 0 {
            writeln!(f, "    waits for something that is not watched")?;
        }
        for wait in &self.waits {
            let how = if wait.is_polled {
                "waits"
            } else {
                "does not poll a wait"
            };
            let (what, site, since) = (&wait.what, wait.site, wait.since);
            writeln!(f, "    {how} for {what} at {site}, for {since:?}")?;
            for place in &wait.stack {
                writeln!(f, "        in {place}")?;
            }
        }
        Ok(())
    }
}
