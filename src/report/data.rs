//! A finding with names, sites and stacks in place of ids.

use super::lock::LockInfo;
use super::stack::Stack;
use super::stall::Stall;
use super::thread::{ThreadInfo, WaitInfo};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::lists;
use crate::engine::mode::Mode;
use crate::engine::order_graph::hash_of;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::verdict::Verdict;

/// One finding, complete: the argument of a callback and the source of the text.
///
/// A cycle is reported once, in one canonical rotation: the first edge starts at the lowest lock id.
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
    /// The number of this report in the process, from 1. Ignored findings have no number.
    pub sequence: u64,
    /// The number of the first report about the same source lines, if this is not the first: another
    /// cycle or self-deadlock, of locks that were constructed and acquired at the same lines, or another deadlock whose
    /// threads wait at the same lines. Standard error shows it in two lines.
    pub repeats: Option<u64>,
    /// The claim of the report.
    pub verdict: Verdict,
    /// Whether the order was learnt from these locks, from their classes, or was declared.
    pub basis: Basis,
    /// The reason of the verdict, a sentence without a full stop.
    pub reason: String,
    /// The locks of the edges, in the order of the edges, then every other lock that the report names:
    /// gates, and other locks that the threads hold.
    pub locks: Vec<LockInfo>,
    /// The threads that take part, each once.
    pub threads: Vec<ThreadInfo>,
    /// The cycle: each edge ends at the lock at which the next one starts, and the last one
    /// closes on the first. Empty for a verdict that is not about an order.
    pub edges: Vec<Edge>,
    /// Where the violated order was declared, if the basis is a declaration; the edges are then those
    /// that violate it.
    pub declared: Option<Site>,
    /// The position in [`edges`](Self::edges) of the edge that was seen last and closed the cycle.
    pub closing: Option<usize>,
    /// The locks that were held around every edge, which make the cycle
    /// [`Guarded`](Verdict::Guarded). Empty otherwise.
    pub guards: Vec<LockId>,
    /// Whether the cycle would be an [`Inversion`](Verdict::Inversion) if a thread wrote one of its
    /// locks: a reader waits for a reader only behind a writer that is queued between them, and no
    /// thread was seen to write the lock that could be queued then.
    pub lacks_writers: bool,
    /// Whether no thread of a deadlock waits where a panic could be raised, so that the configuration
    /// cannot break it.
    pub unbreakable: bool,
    /// The stack of the thread that made the finding. For a stall, which the watchdog finds, the stack
    /// of the stalled thread.
    pub stack: Option<Stack>,
    /// The wait, hold or heartbeat that exceeded its limit, if the verdict is
    /// [`Stall`](Verdict::Stall).
    pub stall: Option<Stall>,
    /// What to change, in a sentence without a full stop.
    pub suggestion: Option<String>,
}

/// The source of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// These lock instances.
    Instances,
    /// Locks of the same classes: no two threads were seen to acquire the same instances in opposite
    /// orders. The ids in the report are those of classes; in a report about two locks of one class,
    /// which has a single edge, they are those of the locks.
    Classes,
    /// A declaration, which was violated. The ids in the report are those of classes if the declaration
    /// has names (`lockwarden::declare_order`), and those of the locks if it has locks
    /// ([`assert_order!`](crate::assert_order)).
    Declaration,
}

impl Basis {
    /// Returns the word of JSON and of records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Basis::Instances => "instances",
            Basis::Classes => "classes",
            Basis::Declaration => "declaration",
        }
    }
}

/// One edge of a cycle: `thread` held `from` and asked for `to`.
///
/// In a [`Deadlock`](Verdict::Deadlock) the thread still holds `from` and waits for `to`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Edge {
    /// The lock that was held.
    pub from: LockId,
    /// The mode of the hold.
    pub from_mode: Mode,
    /// Where the hold was acquired.
    pub from_site: Site,
    /// How the hold was reacquired there, if that was not a call that locks.
    pub from_again: Option<Reacquisition>,
    /// The lock that was asked for.
    pub to: LockId,
    /// The mode of the request.
    pub to_mode: Mode,
    /// Where the request was made.
    pub to_site: Site,
    /// How the lock was reacquired there, if that was not a call that locks.
    pub to_again: Option<Reacquisition>,
    /// The thread that took the edge first.
    pub thread: ThreadId,
    /// The other locks that the thread held, ascending.
    pub gates: Vec<LockId>,
    /// The stack of the first acquisition at `to_site` under a hold from `from_site`, by any thread and
    /// with any other locks.
    pub stack: Option<Stack>,
}

/// A report before it has a number, a reason and a suggestion.
pub(crate) type Facts = Report;

impl Report {
    /// Returns a report with this verdict and no other data, number or sentence.
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
            unbreakable: false,
            stack: None,
            stall: None,
            suggestion: None,
        }
    }

    /// Returns a hash of the source lines of the report: the verdict, and for each edge the class of
    /// the lock and both places, in any order.
    pub(crate) fn signature(&self) -> u64 {
        self.signature_as(self.verdict)
    }

    /// Returns the [`signature`](Self::signature) that a report of this verdict has with the same edges.
    pub(crate) fn signature_as(&self, verdict: Verdict) -> u64 {
        let mut edges: Vec<u64> = Vec::new();
        for edge in &self.edges {
            let made = self.lock(edge.from).map(|lock| (lock.name, lock.created));
            let edge = hash_of(&(made, edge.from_site, edge.to_site));
            lists::insert(&mut edges, edge);
        }
        hash_of(&(verdict, edges))
    }

    /// Returns a hash of the source lines of the waits for locks: for each the class of the lock and the places of the
    /// wait and of the holds; where there is none, of those for resources, without the place of the hold. The other waits
    /// of a deadlock are those of threads that happened to be idle.
    pub(crate) fn signature_of_waits(&self) -> u64 {
        let (mut of_locks, mut others) = (Vec::new(), Vec::new());
        for (_, wait) in self.waiting() {
            let subject = wait.subject();
            let made = self.lock(subject).map(|lock| (lock.name, lock.created));
            let mut holds: Vec<u64> = Vec::new();
            for thread in &self.threads {
                for held in &thread.held {
                    if held.lock == subject {
                        lists::insert(&mut holds, hash_of(&held.site));
                    }
                }
            }
            let list = match wait.reason() {
                None => &mut of_locks,
                Some(_) => &mut others,
            };
            lists::insert(list, hash_of(&(made, wait.site, holds)));
        }
        let lines = if of_locks.is_empty() {
            others
        } else {
            of_locks
        };
        hash_of(&("waits", lines))
    }

    /// Returns whether this is the inversion by whose orders the deadlock has formed.
    pub(crate) fn predicts(&self, deadlock: &Report) -> bool {
        self.verdict == Verdict::Inversion
            && deadlock.verdict == Verdict::Deadlock
            && deadlock.signature_as(self.verdict) == self.signature()
    }

    /// Returns a hash of the call path of the finding, where its lines may be those of a wrapper type
    /// of the program: all locks are constructed in one file and all places are in that file. Zero
    /// elsewhere, where the lines distinguish enough.
    pub(crate) fn path(&self) -> u64 {
        match &self.stack {
            Some(stack) if self.is_wrapped() => stack.path(),
            _ => 0,
        }
    }

    /// Returns whether its lines may be those of a wrapper type of the program.
    pub(super) fn is_wrapped(&self) -> bool {
        let Some(first) = self.edges.first() else {
            return false;
        };
        let file = first.from_site.file();
        let mut shares = false;
        for edge in &self.edges {
            if edge.from_site.file() != file || edge.to_site.file() != file {
                return false;
            }
            shares =
                shares || std::ptr::eq(edge.from_site, edge.to_site) || self.shares_a_place(edge);
        }
        shares && !lists::any(&self.locks, &|lock| lock.created.file() != file)
    }

    /// Returns whether one line takes all locks of the cycle: that of a function through which the program
    /// locks, or of a loop.
    pub(super) fn is_in_one_line(&self) -> bool {
        let Some(first) = self.edges.first() else {
            return false;
        };
        let is_other = |site| !std::ptr::eq(site, first.to_site);
        let leaves = |edge: &Edge| is_other(edge.from_site) || is_other(edge.to_site);
        self.edges.len() > 1 && !lists::any(&self.edges, &leaves)
    }

    /// Returns whether a lock other than that at the same end of `edge` is acquired at one of its
    /// places.
    fn shares_a_place(&self, edge: &Edge) -> bool {
        lists::any(&self.edges, &|other| {
            (other.from != edge.from && std::ptr::eq(other.from_site, edge.from_site))
                || (other.to != edge.to && std::ptr::eq(other.to_site, edge.to_site))
        })
    }

    /// Returns the lock `id`, if the report names it.
    #[must_use]
    pub fn lock(&self, id: LockId) -> Option<&LockInfo> {
        lists::find(&self.locks, &|lock| lock.id == id)
    }

    /// Returns the thread `id`, if the report names it.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&ThreadInfo> {
        lists::find(&self.threads, &|thread| thread.id == id)
    }

    /// Returns the edges, beginning with the one that closed the cycle: the order of the text.
    pub(crate) fn edges_from_closing(&self) -> Vec<&Edge> {
        let mut edges: Vec<&Edge> = self.edges.iter().collect();
        edges.rotate_left(self.closing.unwrap_or(0).min(self.edges.len()));
        edges
    }

    /// Returns the threads that wait, each with its wait.
    pub(super) fn waiting(&self) -> Vec<(&ThreadInfo, &WaitInfo)> {
        let mut waiting = Vec::new();
        for thread in &self.threads {
            if let Some(wait) = &thread.waits {
                waiting.push((thread, wait));
            }
        }
        waiting
    }
}
