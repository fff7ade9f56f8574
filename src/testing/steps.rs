//! The steps of a turnstile: which are done, which threads wait for which, and why a wait cannot end.

use std::fmt::Write as _;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::engine::ids::Site;

/// The state of a turnstile. No method blocks.
#[derive(Debug)]
pub(super) struct Steps {
    names: Vec<String>,
    /// How many are done.
    done: usize,
    /// Whether a thread has arrived at each step.
    claimed: Vec<bool>,
    /// The thread that runs the next step.
    under_way: Option<ThreadId>,
    waiting: Vec<Waiter>,
    /// Why no thread can pass any more.
    broken: Option<String>,
}

#[derive(Debug)]
struct Waiter {
    name: Option<String>,
    step: usize,
    site: Site,
}

/// The result of an arrival at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The step may run.
    Turn,
    /// The thread has to wait for this step.
    Wait(usize),
}

impl Steps {
    #[inline]
    pub(super) fn new(names: Vec<String>) -> Self {
        Self {
            done: 0,
            claimed: vec![false; names.len()],
            under_way: None,
            waiting: Vec::new(),
            broken: None,
            names,
        }
    }

    /// Claims, for the calling thread, the first step of this name that no other thread has claimed.
    ///
    /// # Errors
    ///
    /// If the wait for that step could never end; the text says why.
    #[inline]
    pub(super) fn enter(&mut self, name: &str, site: Site) -> Result<Entry, String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let mut steps = self.names.iter().zip(&self.claimed);
        let Some(step) = steps.position(|(known, claimed)| known == name && !claimed) else {
            let at = at(site);
            let why = match self.names.iter().any(|known| known == name) {
                false => format!("the turnstile has no step {name:?}, for which {at} has come"),
                true => format!(
                    "every step {name:?} of the turnstile is done or waited for, and {at} has come \
                     for another"
                ),
            };
            return Err(self.break_off(&why));
        };
        self.claimed[step] = true;
        if step == self.done && self.under_way.is_none() {
            self.under_way = Some(thread::current().id());
            return Ok(Entry::Turn);
        }
        if self.under_way == Some(thread::current().id()) {
            let why = format!(
                "a thread has come for the step {name:?} of the turnstile, at {site}, within its \
                 turn {:?}, which would have to end first",
                self.names[self.done]
            );
            return Err(self.break_off(&why));
        }
        self.waiting.push(Waiter {
            name: thread::current().name().map(str::to_owned),
            step,
            site,
        });
        Ok(Entry::Wait(step))
    }

    /// Returns the end of the wait for `step`, if it has ended.
    #[inline]
    pub(super) fn look(&mut self, step: usize) -> Option<Result<(), String>> {
        if let Some(broken) = &self.broken {
            return Some(Err(broken.clone()));
        }
        if step != self.done || self.under_way.is_some() {
            return None;
        }
        self.wakes(step);
        self.under_way = Some(thread::current().id());
        Some(Ok(()))
    }

    #[inline]
    fn wakes(&mut self, step: usize) {
        self.waiting.retain(|waiter| waiter.step != step);
    }

    /// Ends the running step: it is done, or its thread panicked.
    #[inline]
    pub(super) fn end(&mut self, is_done: bool) {
        self.under_way = None;
        if is_done {
            self.done += 1;
        } else {
            let step = &self.names[self.done];
            let why = format!("a thread panicked in its turn {step:?} of the turnstile");
            self.break_off(&why);
        }
    }

    /// Records that the calling thread ends its wait for `step` by a panic.
    #[inline]
    pub(super) fn leave(&mut self, step: usize) {
        let why = format!(
            "a thread panicked while it waited for its turn {:?} of the turnstile",
            self.names[step]
        );
        self.break_off(&why);
        self.wakes(step);
    }

    /// Records that a thread has exceeded its limit, and returns the reason.
    #[inline]
    pub(super) fn give_up(&mut self, limit: Duration) -> String {
        let step = &self.names[self.done];
        let why = match self.under_way {
            None => {
                format!(
                    "no thread has come for the step {step:?} of the turnstile within {limit:?}"
                )
            }
            Some(_) => format!("the turn {step:?} of the turnstile has not ended within {limit:?}"),
        };
        self.break_off(&why)
    }

    /// Ends all waits. Returns the reason, with the waiting threads.
    #[inline]
    fn break_off(&mut self, why: &str) -> String {
        if let Some(broken) = &self.broken {
            return broken.clone();
        }
        let mut text = why.to_owned();
        for waiter in &self.waiting {
            let name = match &waiter.name {
                Some(name) => format!("thread `{name}`"),
                None => "a thread".to_owned(),
            };
            let step = &self.names[waiter.step];
            let _ = write!(text, "\n    {name} waits for {step:?} at {}", waiter.site);
        }
        text.push_str("\n    its steps: ");
        for (at, step) in self.names.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let done = if at < self.done { " (done)" } else { "" };
            let _ = write!(text, "{comma}{step:?}{done}");
        }
        self.broken = Some(text.clone());
        text
    }
}

/// Returns the name of the calling thread, with its place.
#[inline]
fn at(site: Site) -> String {
    match thread::current().name() {
        Some(name) => format!("thread `{name}` at {site}"),
        None => format!("a thread at {site}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    fn steps(names: &[&str]) -> Steps {
        Steps::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn steps_of_one_name_are_taken_in_their_order() {
        let mut steps = steps(&["a", "b", "a"]);
        let site = Location::caller();
        assert_eq!(steps.enter("a", site), Ok(Entry::Turn));
        steps.end(true);
        assert_eq!(steps.enter("a", site), Ok(Entry::Wait(2)));
        assert_eq!(steps.look(2), None);
        assert_eq!(steps.enter("b", site), Ok(Entry::Turn));
        assert_eq!(steps.look(2), None, "the turn before it is under way");
        steps.end(true);
        assert_eq!(steps.look(2), Some(Ok(())));
        steps.end(true);
        assert!(
            steps
                .enter("b", site)
                .unwrap_err()
                .contains("is done or waited for")
        );
    }

    #[test]
    fn once_broken_it_says_why_to_everybody() {
        let mut steps = steps(&["a", "b"]);
        let site = Location::caller();
        assert_eq!(steps.enter("b", site), Ok(Entry::Wait(1)));
        let why = steps.give_up(Duration::from_secs(3));
        assert!(
            why.starts_with("no thread has come for the step \"a\" of the turnstile within 3s\n")
        );
        assert!(why.contains(&format!("waits for \"b\" at {site}")), "{why}");
        assert!(why.ends_with("\n    its steps: \"a\", \"b\""), "{why}");
        assert_eq!(steps.look(1), Some(Err(why.clone())));
        assert_eq!(steps.enter("a", site), Err(why));
    }
}
