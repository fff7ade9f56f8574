//! A finding with names, places and stacks put to its ids.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::headline;
use super::lock::LockInfo;
use super::stack::Stack;
use super::stall::Stall;
use super::suggestion;
use super::thread::ThreadInfo;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::verdict::Verdict;

/// One finding, complete: what a callback is given and what the text is made of.
///
/// The same cycle is reported once, in one canonical rotation: the first edge starts at the
/// lowest lock id.
///
/// # Examples
///
/// ```
/// use lockwarden::report::{Report, Verdict};
///
/// fn page_someone(report: &Report) {
///     if report.verdict == Verdict::Deadlock {
///         let names: Vec<String> = report.locks.iter().map(ToString::to_string).collect();
///         eprintln!("deadlock on {}", names.join(", "));
///     }
/// }
/// # let _: fn(&Report) = page_someone;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The number of this report in the process, from 1. Findings that are ignored get none.
    pub sequence: u64,
    /// The number of the first report about the same source lines, if this is not the first: another
    /// cycle, of other locks that were made and taken in the same places.
    pub repeats: Option<u64>,
    /// What is claimed.
    pub verdict: Verdict,
    /// Whether the order was learnt from these locks, from their classes, or was declared.
    pub basis: Basis,
    /// Why the verdict is what it is, in a sentence without a full stop.
    pub reason: String,
    /// The locks of the edges, in the order of the edges, then every other lock that the report
    /// names: gates, and what the threads hold beside.
    pub locks: Vec<LockInfo>,
    /// The threads that take part, each once.
    pub threads: Vec<ThreadInfo>,
    /// The cycle: each edge ends at the lock at which the next one starts, and the last one
    /// closes on the first. Empty for a verdict that is not about an order.
    pub edges: Vec<Edge>,
    /// Where the order was declared that was broken, if the basis is a declaration; the edges are
    /// then those that break it.
    pub declared: Option<Site>,
    /// The position in [`edges`](Self::edges) of the edge that was seen last and closed the cycle.
    pub closing: Option<usize>,
    /// The locks that were held around every edge, which make the cycle
    /// [`Guarded`](Verdict::Guarded). Empty otherwise.
    pub guards: Vec<LockId>,
    /// Whether the cycle would be an [`Inversion`](Verdict::Inversion) if somebody wrote one of its
    /// locks: a reader waits for a reader only behind a writer that is queued between them, and nobody
    /// was seen to write the lock who could be there then.
    pub lacks_writers: bool,
    /// Where the thread that found it was. Of a stall, which nobody finds but the watchdog, where the
    /// thread is that it is about.
    pub stack: Option<Stack>,
    /// What does not go on, if the verdict is [`Stall`](Verdict::Stall).
    pub stall: Option<Stall>,
    /// What to change, in a sentence without a full stop.
    pub suggestion: Option<String>,
}

/// What an order was learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// From these very locks.
    Instances,
    /// From locks of the same classes: no two threads were seen to take the same instances in
    /// opposite orders. The ids in the report are those of classes; but if it is about two locks of one
    /// class, which has a single edge, they are those of the locks.
    Classes,
    /// From a declaration, which was broken. The ids in the report are those of classes if it was one
    /// by names (`lockwarden::declare_order`), and those of the locks if it named them
    /// ([`assert_order!`](crate::assert_order)).
    Declaration,
}

/// One side of a cycle: `thread` held `from` and asked for `to`.
///
/// In a [`Deadlock`](Verdict::Deadlock) it still holds the one and waits for the other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Edge {
    /// The lock that was held.
    pub from: LockId,
    /// How it was held.
    pub from_mode: Mode,
    /// Where it had been taken.
    pub from_site: Site,
    /// How it had been taken back there, if that was no call that locks.
    pub from_again: Option<Reacquisition>,
    /// The lock that was asked for.
    pub to: LockId,
    /// How it was asked for.
    pub to_mode: Mode,
    /// Where it was asked for.
    pub to_site: Site,
    /// How it was taken back there, if that was no call that locks.
    pub to_again: Option<Reacquisition>,
    /// The thread that did both, when this was first seen.
    pub thread: ThreadId,
    /// The other locks that the thread held, ascending.
    pub gates: Vec<LockId>,
    /// The stack with which the one place was first reached under the other, by whichever thread
    /// and with whichever locks that was.
    pub stack: Option<Stack>,
}

/// A report before it has a number and before words are put to it.
pub(crate) type Facts = Report;

impl Report {
    /// A report with this verdict of which nothing else is known; without a number and without words.
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self {
            sequence: 0,
            repeats: None,
            verdict,
            basis: Basis::Instances,
            reason: String::new(),
            locks: Vec::new(),
            threads: Vec::new(),
            edges: Vec::new(),
            declared: None,
            closing: None,
            guards: Vec::new(),
            lacks_writers: false,
            stack: None,
            stall: None,
            suggestion: None,
        }
    }

    /// The report number `sequence`, with a reason and a suggestion made from the facts.
    pub(crate) fn new(sequence: u64, facts: Facts) -> Self {
        let mut report = facts;
        report.sequence = sequence;
        report.put_words();
        report
    }

    /// The report of a stall.
    pub(crate) fn of_stall(facts: Facts, stall: Stall) -> Self {
        let mut report = facts;
        report.stall = Some(stall);
        report.put_words();
        report
    }

    /// The same report without the labels of its locks, which are data of the program's user.
    pub(crate) fn without_labels(&self) -> Self {
        let mut report = self.clone();
        for lock in &mut report.locks {
            lock.label = None;
        }
        report.put_words();
        report
    }

    fn put_words(&mut self) {
        self.reason = headline::reason(self);
        self.suggestion = suggestion::suggestion(self);
    }

    /// The first line of the text, without its end: `lockwarden: `, the verdict, and what it is
    /// about.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("lockwarden: {}", self.subject())
    }

    /// The first line without the mark at its beginning: the verdict, and what it is about.
    pub(crate) fn subject(&self) -> String {
        headline::headline(self)
    }

    /// The source lines that it is about, as one number: the verdict, and for each edge the class of
    /// the lock and both places, in whatever order.
    pub(crate) fn signature(&self) -> u64 {
        let mut edges: Vec<u64> = self
            .edges
            .iter()
            .map(|edge| {
                let made = self.lock(edge.from).map(|lock| (lock.name, lock.created));
                hash(&(made, edge.from_site, edge.to_site))
            })
            .collect();
        edges.sort_unstable();
        edges.dedup();
        hash(&(self.verdict, edges))
    }

    /// The call path on which it was found, where its lines may be those of a type that the program has
    /// put around its locks: all locks are made in one file and all places are in that file. Zero
    /// elsewhere, where the lines say enough.
    pub(crate) fn path(&self) -> u64 {
        match &self.stack {
            Some(stack) if self.is_wrapped() => stack.path(),
            _ => 0,
        }
    }

    /// Whether its lines may be those of a type that the program has put around its locks.
    pub(super) fn is_wrapped(&self) -> bool {
        let Some(first) = self.edges.first() else {
            return false;
        };
        let file = first.from_site.file();
        let is_there = |edge: &Edge| edge.from_site.file() == file && edge.to_site.file() == file;
        self.edges.iter().all(is_there)
            && self.locks.iter().all(|lock| lock.created.file() == file)
            && self
                .edges
                .iter()
                .any(|edge| std::ptr::eq(edge.from_site, edge.to_site) || self.shares_a_place(edge))
    }

    /// Whether another lock than that at the same end of an edge is taken at one of its places.
    fn shares_a_place(&self, edge: &Edge) -> bool {
        self.edges.iter().any(|other| {
            (other.from != edge.from && std::ptr::eq(other.from_site, edge.from_site))
                || (other.to != edge.to && std::ptr::eq(other.to_site, edge.to_site))
        })
    }

    /// What is known of the lock `id`, if the report names it.
    #[must_use]
    pub fn lock(&self, id: LockId) -> Option<&LockInfo> {
        self.locks.iter().find(|lock| lock.id == id)
    }

    /// What is known of the thread `id`, if the report names it.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&ThreadInfo> {
        self.threads.iter().find(|thread| thread.id == id)
    }

    /// The edges, beginning with the one that closed the cycle: the order in which the text shows
    /// them.
    pub(crate) fn edges_from_closing(&self) -> impl Iterator<Item = &Edge> {
        let start = self.closing.unwrap_or(0).min(self.edges.len());
        self.edges[start..].iter().chain(&self.edges[..start])
    }
}

/// A hash that is the same for the same value throughout the process.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
