//! The text of a dump.

use std::fmt;

use super::{Dump, DumpedThread};
use crate::engine::ids::LockId;
use crate::engine::lists;
use crate::report::{
    Escaped, LockInfo, Stack, WaitInfo, WaitsFor, counted, duration, place, wait_line,
};

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = counted(self.threads.len() as u64, "thread");
        writeln!(f, "{threads}, captured in {}", duration(self.took))?;
        self.write_threads(f, &|_| true)?;
        self.write_agents(f)
    }
}

impl Dump {
    /// Writes the paragraphs of the agents that are no threads.
    pub(crate) fn write_agents(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        for agent in &self.agents {
            writeln!(f, "\n{}", agent.trim_end())?;
        }
        Ok(())
    }

    /// Writes the threads that `is_meant` selects, each after an empty line.
    pub(crate) fn write_threads(
        &self,
        f: &mut dyn fmt::Write,
        is_meant: &dyn Fn(&DumpedThread) -> bool,
    ) -> fmt::Result {
        self.resolve();
        // Threads of a pool often have the same stack: it is written once.
        let mut shown: Vec<(&DumpedThread, &Stack)> = Vec::new();
        for thread in &self.threads {
            if !is_meant(thread) {
                continue;
            }
            writeln!(f, "\n{}: {}", thread.title(), self.doing(thread))?;
            match &thread.held {
                Some(held) => {
                    for held in held {
                        let (name, site) = (self.name(held.lock), place(held.site));
                        writeln!(f, "    holds {name} ({}), taken at {site}", held.mode)?;
                    }
                }
                None => writeln!(f, "    holds locks that changed all the time")?,
            }
            let stack = match &thread.stack {
                Ok(stack) => stack,
                Err(why) => {
                    writeln!(f, "    no stack: {why}")?;
                    continue;
                }
            };
            let same = |(_, other): &&(_, &Stack)| other.addresses() == stack.addresses();
            if let Some((first, _)) = shown.iter().find(same) {
                writeln!(f, "    in the same place as {}", first.title())?;
            } else {
                write!(f, "{stack}")?;
                shown.push((thread, stack));
            }
        }
        Ok(())
    }
}

impl DumpedThread {
    /// Returns the title of the thread: `` thread `ingest` (#3), 4711 to the system ``.
    pub(super) fn title(&self) -> String {
        let noun = if self.is_task { "task" } else { "thread" };
        let mut title = match (&self.name, self.id) {
            (Some(name), Some(id)) => format!("{noun} `{}` (#{})", Escaped(name), id.get()),
            (None, Some(id)) => format!("{noun} #{}", id.get()),
            (Some(name), None) => format!("{noun} `{}`", Escaped(name)),
            (None, None) => "a thread".to_owned(),
        };
        if let Some(os_id) = self.os_id {
            title += &format!(", {os_id} to the system");
        }
        title
    }
}

impl Dump {
    fn doing(&self, thread: &DumpedThread) -> String {
        match &thread.waits {
            Some(wait) => format!("{}; it {}", self.waits(wait), thread.activity),
            None => thread.activity.to_string(),
        }
    }

    fn waits(&self, wait: &WaitInfo) -> String {
        let what = match wait.what {
            WaitsFor::Lock { lock, mode } => format!("{} ({mode})", self.name(lock)),
            WaitsFor::Resource { resource, awaited } => awaited.of(&self.name(resource)),
        };
        wait_line(&what, self.lock(wait.subject()), wait.site, wait.since)
    }

    /// Returns the name of the lock, with its id if another lock has the same name.
    fn name(&self, id: LockId) -> String {
        let Some(lock) = self.lock(id) else {
            return format!("lock {id}");
        };
        let alike = |other: &LockInfo| {
            other.id != id
                && other.name == lock.name
                && other.label == lock.label
                && (lock.name.is_some() || lock.label.is_some() || other.created == lock.created)
        };
        let name = lock.in_a_sentence();
        if lists::any(&self.locks, &alike) {
            format!("{name} ({id})")
        } else {
            name
        }
    }
}
