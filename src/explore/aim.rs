//! A schedule that tries to reach a deadlock that was predicted.
//!
//! Each thread that comes to one of the nested acquisitions is held before it, until all of them have a
//! thread; then these make their acquisitions first. (So do DeadlockFuzzer, ConLock and ASN.) When the rest
//! of the threads cannot go on without one that is held, that one is let go, and what they wait for is the
//! reason.

use std::path::Path;
use std::{fs, io};

use super::strategy::Choose;
use crate::tracking::lock::class_key;
use crate::tracking::scheduled::{Nesting, Noted};

/// A nested acquisition of the prediction: a lock, and the one that is held around it. Locks are known by
/// their class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) held: (String, String),
    pub(crate) asked: (String, String),
}

impl Nested {
    fn is(&self, nesting: &Nesting) -> bool {
        nesting.asked == self.asked && nesting.held.contains(&self.held)
    }
}

impl Nested {
    /// Reads them from a file, one a line: the class of the lock that is held, the place, and the same of
    /// the one that is asked for, with tabs between.
    pub(crate) fn read(file: &Path) -> io::Result<Vec<Self>> {
        let text = fs::read_to_string(file)?;
        let nested = text.lines().filter_map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            let mut pair = || Some((parts.next()?, parts.next()?));
            Some(Self {
                held: pair()?,
                asked: pair()?,
            })
        });
        Ok(nested.collect())
    }
}

impl Sight {
    /// Returns the lines of the report file, one for each field that is set.
    pub(super) fn lines(&self) -> String {
        let mut text = String::from("begun\n");
        if self.seen.contains(&true) {
            text.push_str("seen\n");
        }
        if self.met {
            text.push_str("met\n");
        }
        if self.stuck {
            text.push_str("stuck\n");
        }
        if let Some(wait) = &self.waited {
            let site = wait.site.map(class_key::of_site).unwrap_or_default();
            text.push_str(&format!("waited\t{} {} at {site}\n", wait.verb, wait.what));
        }
        text
    }
}

/// Why a thread that was held had to be let go.
#[derive(Clone, Debug)]
struct LetGo {
    /// What the threads waited for, by their numbers.
    waits: Vec<Option<Noted>>,
}

/// What a schedule with an aim has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    /// For each nested acquisition, whether a thread came to it.
    pub(crate) seen: Vec<bool>,
    /// What the thread waited for that came to the last one too late.
    pub(crate) waited: Option<Noted>,
    /// Whether all had a thread at once.
    pub(crate) met: bool,
    /// Whether each of these threads waits for ever in its acquisition.
    pub(crate) stuck: bool,
}

/// The state of a schedule with an aim.
#[derive(Debug)]
pub(crate) struct Aim {
    nested: Vec<Nested>,
    /// The thread that is held before each.
    held: Vec<Option<usize>>,
    /// The threads that are to make their acquisitions now.
    firing: Vec<usize>,
    let_go: Option<LetGo>,
    /// How many times in succession nothing but threads that yield could go on.
    yields: usize,
    sight: Sight,
}

/// After so many yields in succession a held thread is let go.
const MOST_YIELDS: usize = 100;

impl Aim {
    pub(crate) fn new(nested: &[Nested]) -> Self {
        Self {
            nested: nested.to_vec(),
            held: vec![None; nested.len()],
            firing: Vec::new(),
            let_go: None,
            yields: 0,
            sight: Sight {
                seen: vec![false; nested.len()],
                waited: None,
                met: false,
                stuck: false,
            },
        }
    }

    pub(crate) fn sight(&self) -> Sight {
        self.sight.clone()
    }

    /// No thread can go on; `wait` has what a thread waits for.
    pub(crate) fn stuck(&mut self, wait: impl Fn(usize) -> Option<Noted>) {
        let is_there = |(nested, held): (&Nested, &Option<usize>)| {
            let site = held.and_then(&wait).and_then(|wait| wait.site);
            site.is_some_and(|site| class_key::of_site(site) == nested.asked.1)
        };
        self.sight.stuck = self.sight.met && self.nested.iter().zip(&self.held).all(is_there);
    }

    /// The thread is about to make an acquisition.
    pub(crate) fn comes(&mut self, thread: usize, nesting: &Nesting) {
        if self.sight.met {
            return;
        }
        let free = (0..self.nested.len())
            .filter(|at| self.nested[*at].is(nesting))
            .max_by_key(|at| self.held[*at].is_none());
        let Some(at) = free else { return };
        self.sight.seen[at] = true;
        if self.held[at].is_some() {
            return;
        }
        if let Some(let_go) = &self.let_go
            && self.sight.waited.is_none()
        {
            // One that was started later was waited for by the thread that started it: the body, in most
            // programs.
            let wait = let_go.waits.get(thread).or_else(|| let_go.waits.first());
            self.sight.waited = wait.cloned().flatten();
        }
        self.held[at] = Some(thread);
        if self.held.iter().all(Option::is_some) {
            self.sight.met = true;
            self.firing = self.held.iter().flatten().copied().collect();
        }
    }

    /// Those of `options` that may go on, and whether they are all that there are. `waits` has what each
    /// thread waits for.
    pub(crate) fn among(
        &mut self,
        options: Vec<usize>,
        only_yield: bool,
        chooser: &mut dyn Choose,
        waits: impl Fn() -> Vec<Option<Noted>>,
    ) -> Vec<usize> {
        if self.sight.met {
            let first: Vec<usize> = options
                .iter()
                .copied()
                .filter(|thread| self.firing.contains(thread))
                .collect();
            return if first.is_empty() { options } else { first };
        }
        self.yields = if only_yield { self.yields + 1 } else { 0 };
        let free: Vec<usize> = options
            .iter()
            .copied()
            .filter(|thread| !self.held.contains(&Some(*thread)))
            .collect();
        let held: Vec<usize> = self.held.iter().flatten().copied().collect();
        if held.is_empty() || (!free.is_empty() && self.yields < MOST_YIELDS) {
            return free;
        }
        self.yields = 0;
        let mut held = held;
        held.sort_unstable();
        let let_go = chooser.choose(None, &held);
        for place in &mut self.held {
            if *place == Some(let_go) {
                *place = None;
            }
        }
        self.let_go.get_or_insert_with(|| LetGo { waits: waits() });
        vec![let_go]
    }

    /// The thread was chosen.
    pub(crate) fn chosen(&mut self, thread: usize) {
        self.firing.retain(|firing| *firing != thread);
    }
}
