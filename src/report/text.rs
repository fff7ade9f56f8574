//! The text of a report.
//!
//! Plain ASCII except for names that the program gave, without colours, and the same for the same data.

use std::fmt;

use super::data::{Edge, Report};
use super::duration::duration;
use super::headline;
use super::interleaving;
use super::lock::comma;
use super::names::and_list;
use super::owner;
use super::place::{is_own, place};
use super::snippet::{self, Mark, Spot};
use super::source::Sources;
use super::stack::{Call, Stack};
use super::stall_text;
use super::suggestion::in_one_function;
use super::thread::{FreedBy, HeldInfo, ThreadInfo, WaitInfo, WaitsFor};
use super::width::width;
use super::wrap::wrapped;
use crate::engine::ids::{LockId, Site};
use crate::engine::mode::Mode;
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
    /// stack of a process can take hundreds in a build without optimisation.
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

    /// Returns the line for a stall that is over.
    pub(crate) fn past(&self) -> String {
        stall_text::past(self)
    }

    /// Returns the text of a report about the same source lines as the report number `first`.
    pub(crate) fn brief(&self, first: u64) -> String {
        let threads: Vec<String> = headline::distinct_threads(self)
            .iter()
            .map(|id| self.thread_name(*id))
            .collect();
        format!(
            "{}\n  on the same lines as report {first}, by {}\n",
            self.headline(),
            and_list(&threads)
        )
    }

    /// Returns whether there is a stack to show.
    pub(crate) fn has_stacks(&self) -> bool {
        self.all_stacks().next().is_some()
    }

    /// Looks up the names of the stacks; calls `between` after each address.
    pub(crate) fn resolve(&self, between: impl Fn()) {
        Stack::resolve_all(self.all_stacks(), between);
    }

    fn all_stacks(&self) -> impl Iterator<Item = &Stack> {
        // The dump of all threads has the stack of a stall.
        let own = self.stack.iter().filter(|_| self.verdict != Verdict::Stall);
        let threads = self
            .threads
            .iter()
            .filter_map(|thread| thread.stack.as_ref());
        own.chain(self.edges.iter().filter_map(|edge| edge.stack.as_ref()))
            .chain(threads)
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
    for (at, edge) in report.edges_from_closing().enumerate() {
        let newest = at == 0 && report.closing.is_some();
        let caller = caller(report, edge);
        let lines = (edge.from_site, edge.to_site);
        let known = shown.contains(&lines);
        let thread = report.thread(edge.thread).filter(|thread| !thread.ended);
        out.push_str(&format!(
            "\n{}{}{}{}\n",
            report.thread_name(edge.thread),
            thread.map(ThreadInfo::circumstance).unwrap_or_default(),
            circumstances(report, newest),
            if known { " (the same lines)" } else { "" }
        ));
        let asked = report.lock_name(edge.to);
        let held = report.lock_name(edge.from);
        let wide = width(&asked).max(width(&held));
        let taken = match edge.from_again {
            None => "taken at",
            Some(_) => "taken back at",
        };
        for (verb, name, mode, word, site) in [
            (asks(report), &asked, edge.to_mode, "at", edge.to_site),
            ("holding", &held, edge.from_mode, taken, edge.from_site),
        ] {
            let pad = " ".repeat(wide - width(name));
            let mode = mode.to_string();
            out.push_str(&format!(
                "    {verb:<9} {name}{pad}  {mode:<9}  {word:<8} {}\n",
                place(site)
            ));
        }
        callers(out, report, edge, caller.as_ref());
        for (again, lock) in [(edge.from_again, &held), (edge.to_again, &asked)] {
            if let Some(again) = again {
                out.push_str(&format!("    {}\n", headline::taken_back(again, lock)));
            }
        }
        // An upgrade asks for a lock that is held.
        let gates = edge.gates.iter().filter(|&&id| id != edge.to);
        let names: Vec<String> = gates.map(|&id| report.lock_name(id)).collect();
        if !names.is_empty() {
            out.push_str(&format!("    and       {}\n", names.join(", ")));
        }
        let mut marks = Vec::from_iter(caller.and_then(|call| outside_mark(report, edge, call)));
        if !known {
            marks.extend(edge_marks(report, edge));
            shown.push(lines);
        }
        snippet::show(out, sources, &marks);
    }
}

/// Returns the call of the program behind a line that says too little: that of a type or a function through which
/// it locks, of a dependency, or of a function that locks and calls back.
fn caller(report: &Report, edge: &Edge) -> Option<Call> {
    let stack = stack_of(report, edge)?;
    // A thread of a deadlock waits for this text, and a lookup of names is slow.
    let is_waited_for = report.verdict == Verdict::Deadlock;
    if is_twice(report, edge) || report.is_wrapped() || (report.is_in_one_line() && !is_waited_for)
    {
        stack.caller_of(edge.to_site)
    } else if !is_waited_for && !is_own(edge.to_site.file()) {
        stack.own_caller()
    } else {
        None
    }
}

/// Writes that call, and that of the function that called back.
fn callers(out: &mut String, report: &Report, edge: &Edge, caller: Option<&Call>) {
    let Some(caller) = caller else { return };
    out.push_str(&format!("    called by {caller}\n"));
    if is_twice(report, edge)
        && let Some(outer) =
            stack_of(report, edge).and_then(|stack| stack.outer_caller_of(edge.to_site))
    {
        out.push_str(&format!("    inside the call by {outer}, which holds it\n"));
    }
}

fn stack_of<'a>(report: &'a Report, edge: &'a Edge) -> Option<&'a Stack> {
    let of_thread = || report.thread(edge.thread)?.stack.as_ref();
    // The stack of the report is that of the thread that found it, whose edge is the closing one.
    let is_newest = match report.closing {
        Some(at) => report
            .edges
            .get(at)
            .is_some_and(|it| std::ptr::eq(it, edge)),
        None => report.edges.len() == 1,
    };
    let of_finder = || report.stack.as_ref().filter(|_| is_newest);
    edge.stack.as_ref().or_else(of_thread).or_else(of_finder)
}

/// Returns whether one line takes a lock a second time.
fn is_twice(report: &Report, edge: &Edge) -> bool {
    let verdicts = [Verdict::SelfDeadlock, Verdict::RecursiveRead];
    verdicts.contains(&report.verdict) && std::ptr::eq(edge.from_site, edge.to_site)
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

/// Returns the mark of the call behind an edge whose own lines are the same for all locks: those of a type or a
/// function through which the program locks, and not those of one function that takes both.
fn outside_mark(report: &Report, edge: &Edge, call: Call) -> Option<Mark> {
    let (from, to) = (edge.from_site, edge.to_site);
    let is_of_wrapper = report.is_in_one_line()
        || (report.edges.len() > 1
            && report.is_wrapped()
            && (std::ptr::eq(from, to)
                || !(in_one_function(from, to) || in_one_function(to, from))));
    let (true, Some(column)) = (is_of_wrapper, call.column) else {
        return None;
    };
    Some(Mark {
        spot: Spot {
            file: call.file.into(),
            line: call.line,
            column,
        },
        label: format!("{} {}", asks(report), report.short_name(edge.to)),
        primary: true,
    })
}

fn edge_marks(report: &Report, edge: &Edge) -> Vec<Mark> {
    let (held, asked) = (report.short_name(edge.from), report.short_name(edge.to));
    let (first, second, both) = match report.verdict {
        Verdict::SelfDeadlock => (
            format!("first takes {held}, and keeps it"),
            format!("then asks for {asked} again"),
            format!("takes {held}, then asks for it again"),
        ),
        Verdict::RecursiveRead => (
            format!("first reads {held}, and keeps it"),
            format!("then reads {asked} again"),
            format!("reads {held}, then reads it again"),
        ),
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
            (
                format!("first {takes} {held}"),
                format!("then {asks} {asked}"),
                format!("{takes} {held}, then {asks} {asked}"),
            )
        }
    };
    if edge.from_site == edge.to_site {
        return vec![mark(edge.to_site, &both, true)];
    }
    vec![
        mark(edge.to_site, &second, true),
        mark(edge.from_site, &first, false),
    ]
}

fn mark(site: Site, label: &str, primary: bool) -> Mark {
    Mark {
        spot: site.into(),
        label: label.to_owned(),
        primary,
    }
}

/// How many threads are shown in full where each has source lines of its own.
const BYSTANDERS: usize = 12;

/// Writes what the threads hold and wait for, in a report without edges.
fn bystanders(out: &mut String, sources: &mut Sources, report: &Report) {
    if !report.edges.is_empty() {
        return;
    }
    let concerned = |thread: &&ThreadInfo| {
        let says_something = thread.waits.is_some() || !thread.held.is_empty() || thread.panicked;
        says_something && !thread.is_idle()
    };
    let mut threads: Vec<&ThreadInfo> = report.threads.iter().filter(concerned).collect();
    // A panicked thread comes first: it is often the one that the others wait for.
    sorting::sort_by_key(&mut threads, |thread| !thread.panicked);
    for thread in threads.iter().take(BYSTANDERS) {
        out.push_str(&format!("\n{thread}{}\n", thread.circumstance()));
        state(out, report, thread);
        let mut marks = Vec::new();
        if let Some(wait) = &thread.waits {
            let label = match wait.what {
                WaitsFor::Lock { lock, .. } => format!("waits for {}", report.short_name(lock)),
                WaitsFor::Resource { .. } => format!("waits for {}", report.awaited(wait)),
            };
            marks.push(mark(wait.site, &label, true));
        }
        for held in &thread.held {
            let label = format!("takes {}", report.short_name(held.lock));
            marks.push(mark(held.site, &label, marks.is_empty()));
        }
        snippet::show(out, sources, &marks);
    }
    if threads.len() > BYSTANDERS {
        out.push_str(&format!(
            "\nand {} threads more\n",
            threads.len() - BYSTANDERS
        ));
    }
    for line in headline::idle(report) {
        out.push_str(&format!("\n{line}\n"));
    }
}

/// Writes the stacks, that of the finder first, each once.
fn stacks(out: &mut String, report: &Report) {
    let mut shown: Vec<&Stack> = Vec::new();
    // The dump of all threads has the stack of a stall.
    let is_stall = report.verdict == Verdict::Stall;
    if let Some(stack) = report.stack.as_ref().filter(|_| !is_stall) {
        let finder = match report.edges_from_closing().next() {
            Some(edge) if report.closing.is_some() || report.edges.len() == 1 => {
                format!(" of {}", report.thread_name(edge.thread))
            }
            _ => String::new(),
        };
        out.push_str(&format!("\nstack{finder}, where it was found:\n{stack}"));
        shown.push(stack);
    }
    for (at, edge) in report.edges_from_closing().enumerate() {
        let Some(stack) = &edge.stack else { continue };
        // The stack of the closing edge was shown above; and places that several threads or locks have
        // in common have one stack, the first one.
        let newest = at == 0 && report.closing.is_some() && report.stack.is_some();
        if newest || shown.iter().any(|other| other.is(stack)) {
            continue;
        }
        out.push_str(&format!(
            "\nstack where {} was first reached under {}:\n{stack}",
            place(edge.to_site),
            place(edge.from_site)
        ));
        shown.push(stack);
    }
    for thread in &report.threads {
        if let Some(stack) = &thread.stack {
            out.push_str(&format!("\nstack of {thread}, where it waits:\n{stack}"));
        }
    }
}

/// Writes every thread with all locks that it holds. Left out where the body has them already.
fn held_locks(out: &mut String, report: &Report) {
    if report.edges.is_empty() || report.threads.is_empty() {
        return;
    }
    out.push_str("\nlocks held by these threads now:\n");
    for thread in &report.threads {
        let circumstance = match thread.ended {
            true => String::new(),
            false => thread.circumstance(),
        };
        out.push_str(&format!("  {thread}{circumstance}\n"));
        state(out, report, thread);
        if thread.held.is_empty() {
            // Whether the thread has ended by now depends on microseconds, and is not shown.
            out.push_str("    holds nothing\n");
        }
    }
}

/// Writes what one thread waits for and holds, a line each.
fn state(out: &mut String, report: &Report, thread: &ThreadInfo) {
    if let Some(wait) = &thread.waits {
        let since = match wait.since {
            Some(since) => format!(", for {} now", duration(since)),
            None => String::new(),
        };
        let awaited = report.awaited(wait);
        let comma = comma(&awaited, report.lock(wait.subject()));
        let site = place(wait.site);
        out.push_str(&format!(
            "    waits for {awaited}{comma} at {site}{since}\n"
        ));
        if let (Some(again), WaitsFor::Lock { lock, .. }) = (wait.again, wait.what) {
            let line = headline::taken_back(again, &report.lock_name(lock));
            out.push_str(&format!("    {line}\n"));
        }
        if let Some(counts) = headline::counts(report, wait) {
            out.push_str(&format!("    {counts}\n"));
        }
        if let Some(by) = headline::ended_by(report, wait) {
            out.push_str(&format!("    {by}\n"));
        }
    }
    for note in &thread.notes {
        out.push_str(&format!("    {note}\n"));
    }
    // In the order of acquisition; the columns are as wide as the widest entry.
    let names: Vec<String> = thread
        .held
        .iter()
        .map(|held| report.lock_name(held.lock))
        .collect();
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(0);
    for (HeldInfo { mode, site, .. }, name) in thread.held.iter().zip(&names) {
        let pad = " ".repeat(wide - width(name));
        out.push_str(&format!(
            "    holds {name}{pad}  {mode:<9}  taken at {}\n",
            place(site)
        ));
    }
}

impl Report {
    /// Returns what a thread waits for, as text.
    pub(super) fn awaited(&self, wait: &WaitInfo) -> String {
        match wait.what {
            // The upgrade is a mode; a lock that a wait or a call released is reacquired in the mode it
            // had.
            WaitsFor::Lock { lock, mode } => match wait.again {
                Some(Reacquisition::Wait | Reacquisition::Unlocked) => {
                    format!("{} back", self.lock_in_mode(lock, mode))
                }
                Some(Reacquisition::Upgrade) | None => self.lock_in_mode(lock, mode),
            },
            WaitsFor::Resource { resource, awaited } => match &wait.by {
                Some(FreedBy::Threads(threads))
                    if matches!(awaited, WaitReason::End | WaitReason::ScopeEnd) =>
                {
                    let names: Vec<String> =
                        threads.iter().map(|id| self.thread_name(*id)).collect();
                    awaited.of(&and_list(&names))
                }
                _ => awaited.of(&self.the_lock(resource)),
            },
        }
    }

    fn lock_in_mode(&self, lock: LockId, mode: Mode) -> String {
        format!("{} ({mode})", self.the_lock(lock))
    }
}
