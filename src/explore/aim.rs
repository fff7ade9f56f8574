//! A schedule that tries to reach a deadlock that was predicted.
//!
//! Each thread that comes to one of the nested acquisitions is held before it, until all of them have a
//! thread and each of these would wait for the next one; then these make their acquisitions first. (So do
//! DeadlockFuzzer, ConLock and ASN.) When the rest of the threads cannot go on without one that is held, that
//! one is let go, and what they wait for is the reason.
//!
//! The first thread that comes to an acquisition may be the wrong one, and a thread that is held may keep others
//! from coming. So there are schedules in which only every other thread that comes is held, and some in which
//! none is: the strategy alone has to reach the deadlock. And a prediction has one place for each acquisition,
//! of several at which the program makes it: in half of the schedules, threads are held at all of them.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use crate::engine::lists;
use crate::engine::mode::Mode;
use crate::engine::random::Random;
use crate::tracking::lock::class_key;
use crate::tracking::scheduled::{Claim, Nesting, Noted};

/// A nested acquisition of the prediction: a lock, and the one that is held around it, each with the place. Locks
/// are known by their class. The next one of a prediction holds what this one asks for.
#[derive(Clone)]
pub(crate) struct Nested {
    pub(crate) held: (String, String),
    pub(crate) asked: (String, String),
}

/// Where threads make the acquisitions of a prediction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// At those that it names.
    Named,
    Any,
}

impl Places {
    fn are(self, found: &(String, String), named: &(String, String)) -> bool {
        found.0 == named.0 && (self == Self::Any || found.1 == named.1)
    }
}

impl Nested {
    fn is(&self, nesting: &Nesting, places: Places) -> bool {
        let is_around = |held: &Claim| places.are(&held.class, &self.held);
        places.are(&nesting.asked.class, &self.asked) && nesting.held.iter().any(is_around)
    }

    /// Whether it is of the same locks.
    pub(crate) fn has_locks_of(&self, other: &Self) -> bool {
        self.held.0 == other.held.0 && self.asked.0 == other.asked.0
    }

    /// Reads them from a file, one a line: the class of the lock that is held, the place, and the same of
    /// the one that is asked for, with tabs between.
    pub(crate) fn read(file: &Path) -> io::Result<Vec<Self>> {
        let text = fs::read_to_string(file)?;
        let mut nested = Vec::new();
        for line in text.lines() {
            let mut parts = line.split('\t');
            let mut part = || parts.next().map(str::to_owned);
            if let (Some(held), Some(at), Some(asked), Some(there)) =
                (part(), part(), part(), part())
            {
                nested.push(Self {
                    held: (held, at),
                    asked: (asked, there),
                });
            }
        }
        Ok(nested)
    }
}

/// Which of the threads that come to an acquisition are held before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holding {
    Each,
    EveryOther,
    None,
}

/// What a schedule with an aim has shown.
#[derive(Clone, Default)]
pub(crate) struct Sight {
    /// For each nested acquisition, whether a thread came to it.
    pub(crate) seen: Vec<bool>,
    /// What the thread waited for that came to the last one too late.
    pub(crate) waited: Option<Noted>,
    /// Whether a thread came for another instance of a class than the one that was held.
    pub(crate) others: bool,
    /// Whether all had a thread at once.
    pub(crate) met: bool,
    /// Whether each has a thread that waits for ever in it, for a lock that the next one holds.
    pub(crate) stuck: bool,
    /// Whether each thread that came was held, if it could be: what the schedule shows is a reason.
    pub(crate) explains: bool,
}

impl Sight {
    /// Returns the lines of the report file, one for each field that is set.
    pub(super) fn lines(&self) -> String {
        let mut text = String::from("begun\n");
        let said = [
            (self.seen.contains(&true), "seen\n"),
            (self.others, "others\n"),
            (self.met, "met\n"),
            (self.stuck, "stuck\n"),
            (self.explains, "explains\n"),
        ];
        for &(is, line) in &said {
            if is {
                text.push_str(line);
            }
        }
        if let Some(wait) = &self.waited {
            let site = wait.site.map(class_key::of_site).unwrap_or_default();
            text.push_str(&format!("waited\t{} {} at {site}\n", wait.verb, wait.what));
        }
        text
    }
}

/// The state of a schedule with an aim.
pub(crate) struct Aim {
    nested: Arc<Vec<Nested>>,
    holding: Holding,
    places: Places,
    random: Random,
    /// What each thread has asked for last, and held then.
    asks: Vec<Option<Nesting>>,
    /// The thread that is held before each.
    held: Vec<Option<usize>>,
    /// The threads that are to make their acquisitions now.
    firing: Vec<usize>,
    /// What the threads waited for, by their numbers, when one that was held had to be let go for the first time.
    let_go: Option<Vec<Option<Noted>>>,
    /// How many times in succession nothing but threads that yield could go on.
    yields: usize,
    sight: Sight,
}

/// After so many yields in succession a held thread is let go.
const MOST_YIELDS: usize = 100;

impl Aim {
    /// The aim of the schedule with this number.
    pub(crate) fn new(nested: Arc<Vec<Nested>>, number: u64) -> Self {
        // Two schedules in a row hold alike, since the strategies (random and PCT) alternate from one to the next.
        let holding = match number / 2 % 4 {
            1 => Holding::EveryOther,
            3 => Holding::None,
            _ => Holding::Each,
        };
        let places = match number / 8 % 2 {
            0 => Places::Named,
            _ => Places::Any,
        };
        Self {
            holding,
            places,
            random: Random::new(number),
            asks: Vec::new(),
            held: vec![None; nested.len()],
            firing: Vec::new(),
            let_go: None,
            yields: 0,
            sight: Sight {
                seen: vec![false; nested.len()],
                explains: holding == Holding::Each && places == Places::Named,
                ..Sight::default()
            },
            nested,
        }
    }

    pub(crate) fn sight(&self) -> Sight {
        self.sight.clone()
    }

    /// A thread has begun to wait; `waits` has what each thread waits for.
    pub(crate) fn waits(&mut self, waits: &[Option<Noted>]) {
        self.sight.stuck |= self.has_cycle(&mut Vec::new(), waits);
    }

    /// Whether threads wait for each other in the acquisitions of the prediction.
    pub(crate) fn is_reached(&self) -> bool {
        self.sight.stuck
    }

    /// Whether these threads, which wait in the first of the nested acquisitions, and some further ones form a cycle.
    fn has_cycle(&self, threads: &mut Vec<usize>, waits: &[Option<Noted>]) -> bool {
        let at = threads.len();
        if at == self.nested.len() {
            return self.is_cycle(threads, waits);
        }
        for (thread, wait) in waits.iter().enumerate() {
            if let Some(Noted {
                site: Some(site), ..
            }) = wait
                && let Some(Some(nesting)) = self.asks.get(thread)
                && class_key::of_site(site) == nesting.asked.class.1
                && self.nested[at].is(nesting, Places::Any)
                && !threads.contains(&thread)
            {
                threads.push(thread);
                let has = self.has_cycle(threads, waits);
                threads.pop();
                if has {
                    return true;
                }
            }
        }
        false
    }

    /// The lock that a thread asks for, and how another one holds it around the next of the nested acquisitions.
    fn meeting(&self, at: usize, asker: usize, holder: usize) -> Option<(&Claim, &Claim)> {
        let asked = &self.asks[asker].as_ref()?.asked;
        let next = &self.nested[(at + 1) % self.nested.len()];
        let mut holds = self.asks[holder].as_ref()?.held.iter();
        let is_it = |held: &&Claim| held.class.0 == next.held.0 && held.lock == asked.lock;
        Some((asked, holds.find(is_it)?))
    }

    /// Whether each of these threads, one for each nested acquisition, would wait for another one.
    fn is_cycle(&self, threads: &[usize], waits: &[Option<Noted>]) -> bool {
        let mut holders = Vec::with_capacity(threads.len());
        for (at, thread) in threads.iter().enumerate() {
            let next = threads[(at + 1) % threads.len()];
            match self.meeting(at, *thread, next) {
                // Two threads of one scope, around which its owner holds both locks, wait for that one.
                Some((asked, held))
                    if self.blocks(asked, held, waits) && !holders.contains(&held.thread) =>
                {
                    holders.push(held.thread);
                }
                _ => return false,
            }
        }
        true
    }

    /// Whether a request has to wait for another thread's hold of the lock.
    fn blocks(&self, asked: &Claim, held: &Claim, waits: &[Option<Noted>]) -> bool {
        // Two readers exclude each other if a writer waits between them.
        let writes = |(asks, wait): (&Option<Nesting>, &Option<Noted>)| {
            let asked_too = asks.as_ref().map(|nesting| &nesting.asked);
            let is_writer = |it: &Claim| it.lock == asked.lock && it.mode == Mode::Exclusive;
            wait.is_some() && asked_too.is_some_and(is_writer)
        };
        asked.mode.excludes(held.mode) || self.asks.iter().zip(waits).any(writes)
    }

    /// Whether the thread and those that are held before the neighbours of this acquisition are about the same locks.
    fn fits(&self, at: usize, thread: usize) -> bool {
        let (before, after) = (
            (at + self.nested.len() - 1) % self.nested.len(),
            (at + 1) % self.nested.len(),
        );
        let asks = self.held[before].is_none_or(|it| self.meeting(before, it, thread).is_some());
        asks && self.held[after].is_none_or(|it| self.meeting(at, thread, it).is_some())
    }

    /// The thread is about to make an acquisition; whether that changes what was seen.
    pub(crate) fn comes(&mut self, thread: usize, nesting: Nesting) -> bool {
        while self.asks.len() <= thread {
            self.asks.push(None);
        }
        let mut free = Vec::new();
        let mut is_seen = false;
        for (at, nested) in self.nested.iter().enumerate() {
            if nested.is(&nesting, self.places) {
                self.sight.seen[at] = true;
                is_seen = true;
                if self.held[at].is_none() {
                    free.push(at);
                }
            }
        }
        self.asks[thread] = Some(nesting);
        let is_held = match self.holding {
            Holding::Each => true,
            Holding::EveryOther => self.random.below(2) == 0,
            Holding::None => false,
        };
        if !is_held || free.is_empty() || !self.firing.is_empty() {
            return is_seen;
        }
        let Some(&at) = lists::find(&free, &|at| self.fits(*at, thread)) else {
            self.sight.others = true;
            return true;
        };
        if let Some(let_go) = &self.let_go
            && self.sight.waited.is_none()
        {
            // One that was started later was waited for by the thread that started it: the body, in most
            // programs.
            let wait = let_go.get(thread).or_else(|| let_go.first());
            self.sight.waited = wait.cloned().flatten();
        }
        self.held[at] = Some(thread);
        true
    }

    /// Those of `options` that may go on; `only_yield` is whether they are threads that let others go first.
    /// `waits` has what each thread waits for.
    pub(crate) fn among(
        &mut self,
        mut options: Vec<usize>,
        only_yield: bool,
        waits: &dyn Fn() -> Vec<Option<Noted>>,
    ) -> Vec<usize> {
        self.yields = if only_yield { self.yields + 1 } else { 0 };
        let mut held = Vec::new();
        for thread in &self.held {
            held.extend(*thread);
        }
        let mut free = Vec::new();
        for thread in &options {
            if !held.contains(thread) {
                free.push(*thread);
            }
        }
        let goes_on = !free.is_empty() && self.yields < MOST_YIELDS;
        if held.len() == self.nested.len() {
            let waits = waits();
            let meets = self.is_cycle(&held, &waits);
            // Readers that meet need a writer that waits; none comes if no other thread can go on.
            if meets || !goes_on {
                self.sight.met = true;
                self.held.fill(None);
                self.firing.clone_from(&held);
            }
        }
        if !self.firing.is_empty() {
            lists::retain(&mut options, &|thread| self.firing.contains(thread));
            return options;
        }
        if held.is_empty() || goes_on {
            return free;
        }
        self.yields = 0;
        let let_go = held[self.random.below(held.len())];
        for place in &mut self.held {
            if *place == Some(let_go) {
                *place = None;
            }
        }
        if self.let_go.is_none() {
            self.let_go = Some(waits());
        }
        vec![let_go]
    }

    pub(crate) fn chosen(&mut self, thread: usize) {
        lists::retain(&mut self.firing, &|firing| *firing != thread);
    }
}
