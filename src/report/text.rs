//! The text of a report.
//!
//! Plain ASCII except for names that the program gave, without colours, and the same for the same data.

use std::fmt;
use std::fmt::Write as _;

use super::agents::agents;
use super::data::{Edge, Report};
use super::headline;
use super::interleaving;
use super::lock::wait_line;
use super::owner;
use super::place::{is_own, place};
use super::snippet::{self, Mark};
use super::source::Sources;
use super::stack::{Call, Stack};
use super::stall_text;
use super::suggestion::in_one_function;
use super::thread::{FreedBy, ThreadInfo, WaitInfo, WaitsFor};
use super::width::width;
use super::wrap::wrapped;
use crate::engine::ids::Site;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::sorting;
use crate::engine::verdict::Verdict;
use crate::engine::wait_reason::WaitReason;

impl fmt::Display for Report {
    /// Writes the whole text: the [body](Report::body), then the stacks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body())?;
        match self.stacks() {
            stacks if stacks.is_empty() => Ok(()),
            stacks => write!(f, "\n{stacks}"),
        }
    }
}

impl Report {
    /// Returns the text without the stacks.
    ///
    /// Reads the source files that the report names, which takes a millisecond or two, where the first
    /// stack of a process can take hundreds in a build without optimisation. The names of a stack are
    /// looked up only where the lines of the locks say too little, and for a thread that sleeps in a wait which is not watched.
    #[must_use]
    pub fn body(&self) -> String {
        let mut out = self.headline();
        let sources = &mut Sources::default();
        out.push('\n');
        links(&mut out, sources, self);
        bystanders(&mut out, sources, self);
        stall_text::show(&mut out, self);
        interleaving::show(&mut out, self);
        out.push('\n');
        if !self.reason.is_empty() {
            wrapped(&mut out, "why:  ", &self.reason);
        }
        if let Some(whose) = owner::whose(self) {
            wrapped(&mut out, "code: ", &whose);
        }
        if let Some(suggestion) = &self.suggestion {
            wrapped(&mut out, "help: ", suggestion);
        }
        held_locks(&mut out, self);
        out
    }

    /// Returns the text of a report about the same source lines as another one.
    pub(crate) fn brief(&self, other: impl fmt::Display) -> String {
        let mut threads = headline::distinct_threads(self);
        if self.edges.is_empty() {
            threads.extend(self.waiting().into_iter().map(|(thread, _)| thread.id));
        }
        format!(
            "{}\n  on the same lines as {other}, by {}\n",
            self.headline(),
            self.threads_named(&threads)
        )
    }

    pub(crate) fn has_stacks(&self) -> bool {
        !self.all_stacks().is_empty()
    }

    /// Looks up the names of the stacks; calls `between` after each address.
    pub(crate) fn resolve(&self, between: &dyn Fn()) {
        Stack::resolve_all(&self.all_stacks(), between);
    }

    /// Returns the stack of the finder. The dump of all threads has that of a stall.
    fn stack_of_finder(&self) -> Option<&Stack> {
        let stack = self.stack.as_ref();
        stack.filter(|_| self.verdict != Verdict::Stall)
    }

    /// Returns the stack at the acquisition of an edge, if there is one.
    pub(super) fn stack_of<'a>(&'a self, edge: &'a Edge) -> Option<&'a Stack> {
        let of_thread = || self.thread(edge.thread)?.stack.as_ref();
        // The stack of the report is that of the thread that found it, whose edge is the closing one.
        let is_newest = match self.closing {
            Some(at) => self.edges.get(at).is_some_and(|it| std::ptr::eq(it, edge)),
            None => self.edges.len() == 1,
        };
        let of_finder = || self.stack.as_ref().filter(|_| is_newest);
        edge.stack.as_ref().or_else(of_thread).or_else(of_finder)
    }

    fn all_stacks(&self) -> Vec<&Stack> {
        let mut stacks = Vec::new();
        stacks.extend(self.stack_of_finder());
        for edge in &self.edges {
            stacks.extend(&edge.stack);
        }
        for thread in &self.threads {
            stacks.extend(&thread.stack);
        }
        stacks
    }

    /// Returns the stacks with their heading, or nothing if there is none.
    pub(crate) fn stacks(&self) -> String {
        let mut out = String::new();
        stacks(&mut out, self);
        if out.is_empty() {
            return out;
        }
        // Other reports may stand between the body and the stacks, so these name their report.
        format!("stacks for {}\n{out}", self.subject())
    }
}

/// Writes every edge: the request, the locks held meanwhile, and the source lines of both.
fn links(out: &mut String, sources: &mut Sources, report: &Report) {
    let mut shown: Vec<(Site, Site)> = Vec::new();
    for (at, edge) in report.edges_from_closing().iter().enumerate() {
        let newest = at == 0 && report.closing.is_some();
        let lines = (edge.from_site, edge.to_site);
        let known = shown.contains(&lines);
        let _ = write!(out, "\n{}", report.thread_name(edge.thread));
        if let Some(thread) = report.thread(edge.thread) {
            let _ = write!(out, "{}{}", thread.origin(), thread.state_before_end());
        }
        out.push_str(circumstances(report, newest));
        out.push_str(if known { " (the same lines)\n" } else { "\n" });
        link(out, sources, report, edge, known);
        if !known {
            shown.push(lines);
        }
    }
}

/// Writes the lines of an edge, with their source if it is not `known`.
fn link(out: &mut String, sources: &mut Sources, report: &Report, edge: &Edge, known: bool) {
    lock_lines(out, report, edge);
    let caller = caller(report, edge);
    callers(out, report, edge, caller.as_ref());
    for (again, lock) in &[(edge.from_again, edge.from), (edge.to_again, edge.to)] {
        if let Some(again) = again {
            headline::taken_back(out, report, *again, *lock);
        }
    }
    let mut separator = "    and       ";
    for &gate in &edge.gates {
        // An upgrade asks for a lock that is held.
        if gate != edge.to {
            let _ = write!(out, "{separator}{}", report.lock_name(gate));
            separator = ", ";
        }
    }
    if separator == ", " {
        out.push('\n');
    }
    let mut marks = Vec::new();
    if let Some(call) = caller {
        outside_mark(&mut marks, report, edge, call);
    }
    if !known {
        edge_marks(&mut marks, report, edge);
    }
    snippet::show(out, sources, &marks);
}

/// Writes a line for each lock of an edge, in columns.
fn lock_lines(out: &mut String, report: &Report, edge: &Edge) {
    let asked = report.lock_name(edge.to).to_string();
    let held = report.lock_name(edge.from).to_string();
    let wide = width(&asked).max(width(&held));
    let taken = match edge.from_again {
        None => "taken at",
        Some(_) => "taken back at",
    };
    let _ = writeln!(
        out,
        "    {:<9} {}  {:<9}  at       {}",
        asks(report),
        padded(&asked, wide),
        edge.to_mode.name(),
        place(edge.to_site)
    );
    let _ = writeln!(
        out,
        "    holding   {}  {:<9}  {taken} {}",
        padded(&held, wide),
        edge.from_mode.name(),
        place(edge.from_site)
    );
}

/// Returns the text in this many columns.
fn padded(text: &str, wide: usize) -> impl fmt::Display {
    let pad = wide - width(text);
    fmt::from_fn(move |f| write!(f, "{text}{:pad$}", ""))
}

/// Returns the call of the program behind a line that says too little: that of a type or a function through which
/// it locks, of a dependency, or of a function that locks and calls back.
fn caller(report: &Report, edge: &Edge) -> Option<Call> {
    let stack = report.stack_of(edge)?;
    // A thread of a deadlock waits for this text, and a lookup of names is slow: only what a line of a dependency does not
    // say is worth it.
    let is_waited_for = report.verdict == Verdict::Deadlock;
    if is_twice(report, edge) || report.is_wrapped() || (report.is_in_one_line() && !is_waited_for)
    {
        stack.caller_of(edge.to_site)
    } else if !is_own(edge.to_site.file()) {
        stack.own_caller()
    } else {
        None
    }
}

/// Writes that call, and that of the function that called back.
fn callers(out: &mut String, report: &Report, edge: &Edge, caller: Option<&Call>) {
    let Some(caller) = caller else { return };
    let _ = writeln!(out, "    called by {caller}");
    if is_twice(report, edge)
        && let Some(stack) = report.stack_of(edge)
        && let Some(outer) = stack.outer_caller_of(edge.to_site)
    {
        let _ = writeln!(out, "    inside the call by {outer}, which holds it");
    }
}

/// Returns whether one line takes a lock a second time.
fn is_twice(report: &Report, edge: &Edge) -> bool {
    matches!(
        report.verdict,
        Verdict::SelfDeadlock | Verdict::RecursiveRead
    ) && std::ptr::eq(edge.from_site, edge.to_site)
}

fn asks(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Deadlock => "waits for",
        _ => "asks for",
    }
}

/// Returns when the edge was seen.
fn circumstances(report: &Report, newest: bool) -> &'static str {
    match report.verdict {
        Verdict::SelfDeadlock | Verdict::RecursiveRead => "",
        Verdict::Deadlock if newest => ", which has just closed the ring",
        Verdict::Deadlock => "",
        _ if newest => ", just now",
        _ => ", where this order was first seen",
    }
}

/// Adds the mark of the call behind an edge whose own lines are the same for all locks: those of a type or a
/// function through which the program locks, and not those of one function that takes both.
fn outside_mark(marks: &mut Vec<Mark>, report: &Report, edge: &Edge, call: Call) {
    let (from, to) = (edge.from_site, edge.to_site);
    let is_of_wrapper = report.is_in_one_line()
        || (report.edges.len() > 1
            && report.is_wrapped()
            && (std::ptr::eq(from, to)
                || !(in_one_function(from, to) || in_one_function(to, from))));
    if let (true, Some(column)) = (is_of_wrapper, call.column) {
        marks.push(Mark {
            file: call.file.into(),
            line: call.line,
            column,
            label: format!("{} {}", asks(report), report.short_name(edge.to)),
            primary: true,
        });
    }
}

/// Adds the marks of the two lines of an edge, or the mark of the line that has both calls.
fn edge_marks(marks: &mut Vec<Mark>, report: &Report, edge: &Edge) {
    let (held, asked) = (report.short_name(edge.from), report.short_name(edge.to));
    let (first, second, keeps, again) = match report.verdict {
        Verdict::SelfDeadlock => ("takes", "asks for", ", and keeps it", " again"),
        Verdict::RecursiveRead => ("reads", "reads", ", and keeps it", " again"),
        _ => {
            let takes = match edge.from_again {
                None => "takes",
                Some(_) => "takes back",
            };
            let asks = match (edge.to_again, report.verdict) {
                (None, _) => asks(report),
                (Some(_), Verdict::Deadlock) => "waits to take back",
                (Some(_), _) => "takes back",
            };
            (takes, asks, "", "")
        }
    };
    if edge.from_site == edge.to_site {
        let label = match again {
            "" => format!("{first} {held}, then {second} {asked}"),
            _ => format!("{first} {held}, then {second} it{again}"),
        };
        marks.push(Mark::at(edge.to_site, label, true));
        return;
    }
    let label = format!("then {second} {asked}{again}");
    marks.push(Mark::at(edge.to_site, label, true));
    let label = format!("first {first} {held}{keeps}");
    marks.push(Mark::at(edge.from_site, label, false));
}

/// How many threads are shown in full where each has source lines of its own.
const BYSTANDERS: usize = 12;

/// Writes what the threads hold and wait for, in a report without edges.
fn bystanders(out: &mut String, sources: &mut Sources, report: &Report) {
    if !report.edges.is_empty() {
        return;
    }
    let mut threads: Vec<&ThreadInfo> = Vec::new();
    for thread in &report.threads {
        let says_something = thread.waits.is_some()
            || !thread.held.is_empty()
            || thread.is_asleep
            || thread.panicked;
        if says_something && !thread.is_idle() {
            threads.push(thread);
        }
    }
    // A panicked thread comes first: it is often the one that the others wait for.
    sorting::sort_by_key(&mut threads, |thread| !thread.panicked);
    for thread in threads.iter().take(BYSTANDERS) {
        let _ = writeln!(out, "\n{thread}{}{}", thread.origin(), thread.state());
        state(out, report, thread);
        snippet::show(out, sources, &marks_of(report, thread));
    }
    if threads.len() > BYSTANDERS {
        let more = threads.len() - BYSTANDERS;
        let _ = writeln!(out, "\nand {more} threads more");
    }
    headline::idle(out, report);
}

/// Returns the marks of the lines at which the thread waits and took its locks.
fn marks_of(report: &Report, thread: &ThreadInfo) -> Vec<Mark> {
    let mut marks = Vec::new();
    if let Some(wait) = &thread.waits {
        let label = match wait.what {
            WaitsFor::Lock { lock, .. } => format!("waits for {}", report.short_name(lock)),
            WaitsFor::Resource { .. } => format!("waits for {}", report.awaited(wait)),
        };
        marks.push(Mark::at(wait.site, label, true));
    }
    if let Some(call) = thread.called_in()
        && let Some(column) = call.column
    {
        let label = if thread.is_asleep {
            "sleeps"
        } else {
            "calls it"
        };
        marks.push(Mark {
            file: call.file.into(),
            line: call.line,
            column,
            label: label.to_owned(),
            primary: true,
        });
    }
    for held in &thread.held {
        let label = format!("takes {}", report.short_name(held.lock));
        marks.push(Mark::at(held.site, label, marks.is_empty()));
    }
    marks
}

/// Writes the stacks, that of the finder first, each once.
fn stacks(out: &mut String, report: &Report) {
    let mut shown: Vec<&Stack> = Vec::new();
    let edges = report.edges_from_closing();
    if let Some(stack) = report.stack_of_finder() {
        out.push_str("\nstack");
        if let Some(edge) = edges.first()
            && (report.closing.is_some() || edges.len() == 1)
        {
            let _ = write!(out, " of {}", report.thread_name(edge.thread));
        }
        let _ = write!(out, ", where it was found:\n{stack}");
        shown.push(stack);
    }
    for (at, edge) in edges.iter().enumerate() {
        let Some(stack) = &edge.stack else { continue };
        // The stack of the closing edge was shown above; and places that several threads or locks have
        // in common have one stack, the first one.
        let newest = at == 0 && report.closing.is_some() && report.stack.is_some();
        if newest || shown.iter().any(|other| other.is(stack)) {
            continue;
        }
        let (asked, held) = (place(edge.to_site), place(edge.from_site));
        let _ = write!(
            out,
            "\nstack where {asked} was first reached under {held}:\n{stack}"
        );
        shown.push(stack);
    }
    for thread in &report.threads {
        if let Some(stack) = &thread.stack {
            let _ = write!(out, "\nstack of {thread}, where it waits:\n{stack}");
        }
    }
}

/// Writes every thread with all locks that it holds. Left out where the body has them already.
fn held_locks(out: &mut String, report: &Report) {
    if report.edges.is_empty() || report.threads.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nlocks held by these {} now:", agents(report));
    for thread in &report.threads {
        let (origin, state_now) = (thread.origin(), thread.state_before_end());
        let _ = writeln!(out, "  {thread}{origin}{state_now}");
        state(out, report, thread);
        if thread.held.is_empty() {
            out.push_str("    holds nothing\n");
        }
    }
}

/// Writes what one thread waits for and holds, a line each.
fn state(out: &mut String, report: &Report, thread: &ThreadInfo) {
    if let Some(wait) = &thread.waits {
        waits(out, report, wait);
    }
    for note in &thread.notes {
        let _ = writeln!(out, "    {note}");
    }
    if let Some(call) = thread.called_in() {
        let _ = writeln!(out, "    called by {call}");
    }
    // In the order of acquisition; the columns are as wide as the widest entry.
    let (mut names, mut wide) = (Vec::new(), 0);
    for held in &thread.held {
        let name = report.lock_name(held.lock).to_string();
        wide = wide.max(width(&name));
        names.push(name);
    }
    for (at, held) in thread.held.iter().enumerate() {
        let (name, mode, site) = (padded(&names[at], wide), held.mode, place(held.site));
        let _ = writeln!(out, "    holds {name}  {mode}  taken at {site}");
    }
}

/// Writes what a thread waits for, and what is known of that, a line each.
fn waits(out: &mut String, report: &Report, wait: &WaitInfo) {
    let awaited = report.awaited(wait).to_string();
    let line = wait_line(&awaited, report.lock(wait.subject()), wait.site, wait.since);
    let _ = writeln!(out, "    {line}");
    if let (Some(again), WaitsFor::Lock { lock, .. }) = (wait.again, wait.what) {
        headline::taken_back(out, report, again, lock);
    }
    if let Some(counts) = headline::counts(report, wait) {
        let _ = writeln!(out, "    {counts}");
    }
    if let Some(by) = headline::ended_by(report, wait) {
        let _ = writeln!(out, "    {by}");
    }
}

impl Report {
    /// Returns what a thread waits for, as text.
    pub(super) fn awaited(&self, wait: &WaitInfo) -> impl fmt::Display {
        fmt::from_fn(|f| match (wait.what, &wait.by) {
            (WaitsFor::Lock { lock, mode }, _) => {
                write!(f, "{} ({mode})", self.the_lock(lock))?;
                // The upgrade is a mode; a lock that a wait or a call released is reacquired in the mode
                // it had.
                match wait.again {
                    Some(Reacquisition::Wait | Reacquisition::Unlocked) => f.write_str(" back"),
                    Some(Reacquisition::Upgrade) | None => Ok(()),
                }
            }
            (
                WaitsFor::Resource {
                    awaited: awaited @ (WaitReason::End | WaitReason::ScopeEnd),
                    ..
                },
                Some(FreedBy::Threads(threads)),
            ) => f.write_str(&awaited.of(&self.threads_named(threads).to_string())),
            (WaitsFor::Resource { resource, awaited }, _) => {
                f.write_str(&awaited.of(&self.the_lock(resource).to_string()))
            }
        })
    }
}
