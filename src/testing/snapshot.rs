//! A text of an outcome that is the same for every run with the same findings.
//!
//! Ids, and the order of findings, depend on the interleaving. So every cycle is rotated, and all
//! findings are sorted, by stable data: the verdict, the names of the locks or their places of
//! construction, and the places of acquisition. Only then are threads and nameless locks numbered.

use std::fmt::Write as _;

use super::found::subjects;
use super::parts::Parts;
use crate::detector::observe::Observed;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::report::{Edge, LockInfo, Report};

/// The stable data of a lock: its name and label, and its place of construction.
type Key = (&'static str, String, (&'static str, u32, u32));

pub(super) fn of(parts: &Parts) -> String {
    let mut out = String::new();
    let mut names = Names::default();
    if let Some(hang) = &parts.hang {
        out.push_str("it hangs\n");
        threads(&mut out, &mut names, hang.threads());
    }
    if let Some(panicked) = &parts.panicked {
        let first = panicked.message.lines().next().unwrap_or_default();
        let _ = writeln!(out, "it panicked: {first}");
    }
    let mut findings: Vec<(Vec<&Edge>, &Report)> = parts
        .findings
        .iter()
        .map(|report| (turned(report), report))
        .collect();
    findings.sort_by_cached_key(|(edges, report)| {
        let subjects: Vec<Key> = subjects(report).into_iter().map(key).collect();
        let edges: Vec<_> = edges.iter().map(|edge| edge_key(report, edge)).collect();
        (report.verdict, edges, subjects)
    });
    for (edges, report) in findings {
        finding(&mut out, &mut names, report, &edges);
    }
    if out.is_empty() {
        out.push_str("nothing was found\n");
    }
    out
}

fn key(lock: &LockInfo) -> Key {
    let label = lock.label.clone().unwrap_or_default();
    (lock.name.unwrap_or_default(), label, place(lock.created))
}

fn place(site: Site) -> (&'static str, u32, u32) {
    (file(site), site.line(), site.column())
}

type EdgeKey = (
    Option<Key>,
    (&'static str, u32, u32),
    (&'static str, u32, u32),
);

fn edge_key(report: &Report, edge: &Edge) -> EdgeKey {
    let lock = report.lock(edge.from).map(key);
    (lock, place(edge.from_site), place(edge.to_site))
}

/// Returns the edges of a cycle, the least one first.
fn turned(report: &Report) -> Vec<&Edge> {
    let mut edges: Vec<&Edge> = report.edges.iter().collect();
    let least = (0..edges.len()).min_by_key(|&at| edge_key(report, edges[at]));
    edges.rotate_left(least.unwrap_or(0));
    edges
}

fn finding(out: &mut String, names: &mut Names, report: &Report, edges: &[&Edge]) {
    let cycle: Vec<&LockInfo> = edges
        .iter()
        .filter_map(|edge| report.lock(edge.from))
        .collect();
    let about = if cycle.is_empty() {
        subjects(report)
    } else {
        cycle
    };
    let about: Vec<String> = about.into_iter().map(|lock| names.lock(lock)).collect();
    let _ = writeln!(out, "{}: {}", report.verdict, about.join(", "));
    for edge in edges {
        let thread = names.thread(edge.thread);
        let name =
            |names: &mut Names, id| report.lock(id).map_or("?".to_owned(), |l| names.lock(l));
        let (from, to) = (name(names, edge.from), name(names, edge.to));
        let _ = writeln!(
            out,
            "  {thread} holds {from} ({}) taken in {}, asks for {to} ({}) in {}",
            edge.from_mode,
            file(edge.from_site),
            edge.to_mode,
            file(edge.to_site)
        );
    }
    for guard in report.guards.iter().filter_map(|&id| report.lock(id)) {
        let _ = writeln!(out, "  guarded by {}", names.lock(guard));
    }
}

/// Writes what each thread of a hang holds and waits for. Threads that do neither vary between runs,
/// and are left out.
fn threads(out: &mut String, names: &mut Names, threads: &[Observed]) {
    let busy = |thread: &&Observed| thread.wait.is_some() || !thread.holds().is_empty();
    let mut threads: Vec<&Observed> = threads.iter().filter(busy).collect();
    threads.sort_by_cached_key(|thread| {
        let waits = thread.wait.as_ref();
        let waits = waits.map(|wait| (key(&wait.lock), place(wait.site)));
        let held = thread.holds().iter();
        let held: Vec<_> = held
            .map(|hold| (key(&hold.lock), place(hold.info.site)))
            .collect();
        (waits, held, thread.name.clone())
    });
    for thread in threads {
        let mut says = Vec::new();
        if let Some(wait) = &thread.wait {
            let what = wait.describe(&names.lock(&wait.lock));
            says.push(format!("waits for {what} in {}", file(wait.site)));
        }
        for hold in thread.holds() {
            let lock = names.lock(&hold.lock);
            says.push(format!(
                "holds {lock} ({}) taken in {}",
                hold.info.mode,
                file(hold.info.site)
            ));
        }
        let _ = writeln!(out, "  {} {}", names.thread(thread.thread), says.join(", "));
    }
}

/// Returns the file name of a path.
fn file(site: Site) -> &'static str {
    let path = site.file();
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The numbers of threads and locks in one text.
#[derive(Default)]
struct Names {
    threads: Vec<ThreadId>,
    locks: Vec<LockId>,
}

impl Names {
    fn thread(&mut self, id: ThreadId) -> String {
        format!("T{}", number(&mut self.threads, id))
    }

    fn lock(&mut self, lock: &LockInfo) -> String {
        if lock.name.is_some() || lock.label.is_some() {
            return lock.to_string();
        }
        format!("L{}", number(&mut self.locks, lock.id))
    }
}

fn number<T: PartialEq>(known: &mut Vec<T>, id: T) -> usize {
    match known.iter().position(|other| *other == id) {
        Some(at) => at + 1,
        None => {
            known.push(id);
            known.len()
        }
    }
}
