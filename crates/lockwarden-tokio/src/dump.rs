//! All tasks, as they stand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockwarden::instrument::Site;

use crate::agent::leaf::{Target, Wait};
use crate::agent::registry;
use crate::agent::task::{Kind, Task};

/// What every task of this crate does at this moment: [`dump`].
///
/// Displayed as a list of the tasks, each with where it was spawned and what it waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// The tasks, in the order in which they were spawned.
    pub tasks: Vec<TaskState>,
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
    }
}

fn state(task: &Arc<Task>) -> TaskState {
    let polls = task.polls();
    let last = polls.saturating_sub(1);
    let waits = task.waits.lock().all.clone();
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
                is_polled: polls % 2 == 1 || wait.last_poll() == last,
            })
            .collect(),
    }
}

fn what(wait: &Wait) -> String {
    match &wait.target {
        Target::Lock(lock, mode) => format!("{lock} ({mode})"),
        Target::Permits(permits, 1) => format!("a permit of Semaphore made at {}", permits.made),
        Target::Permits(permits, count) => {
            format!("{count} permits of Semaphore made at {}", permits.made)
        }
        Target::End(tasks) => match tasks.as_slice() {
            [task] => format!("the end of {}", task.info()),
            many => format!("the end of one of {} tasks", many.len()),
        },
        Target::Anyone(thing) => {
            let name = format!("{} made at {}", thing.noun, thing.made);
            thing.awaited.of(&name)
        }
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} tasks", self.tasks.len())?;
        for task in &self.tasks {
            let state = match (task.is_running, task.polls) {
                (true, _) => "is being polled".to_owned(),
                (false, 0) => "was never polled".to_owned(),
                (false, polls) => format!("is suspended after {polls} polls"),
            };
            writeln!(f, "\n{}, spawned at {}: {state}", task.name, task.spawned)?;
            if !task.is_running && task.waits.is_empty() && task.polls > 0 {
                writeln!(f, "    waits for something that is not watched")?;
            }
            for wait in &task.waits {
                let how = if wait.is_polled {
                    "waits"
                } else {
                    "does not poll a wait"
                };
                writeln!(
                    f,
                    "    {how} for {} at {}, for {:?}",
                    wait.what, wait.site, wait.since
                )?;
            }
        }
        Ok(())
    }
}
