//! A text of an outcome that is the same for every run with the same findings.
//!
//! Ids, and the order of findings, depend on the interleaving. So every cycle is rotated, and all
//! findings are sorted, by stable data: the verdict, the names of the locks or their places of
//! construction, and the places of acquisition. Only then are threads and nameless locks numbered.

use std::fmt::Write as _;

use super::found::subjects;
use super::outcome::Outcome;
use crate::detector::observe::Observed;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::sorting;
use crate::report::{Edge, LockInfo, Report, Verdict};

/// The stable data of a place: file, line and column.
type Place = (&'static str, u32, u32);
const NOWHERE: Place = ("", 0, 0);

/// The stable data of a lock: its name and label, and its place of construction.
type Key = (&'static str, String, Place);

/// The stable data of an edge, or of a lock with the place of its use.
type EdgeKey = (Option<Key>, Place, Place);

/// The verdict, edges and locks of a finding, or the wait, the holds and the name of a thread.
type SortKey = (Option<Verdict>, Vec<EdgeKey>, Vec<EdgeKey>, Option<String>);

impl Outcome {
    /// Returns a text of the findings that is the same for every run with the same findings: ready for
    /// a snapshot assertion.
    ///
    /// Threads are T1, T2 and so on, in the order in which the text names them. Locks have their names
    /// or, without one, are L1, L2. The text has no addresses, ids, times or line numbers, and of a
    /// path only the file name. The findings are sorted. Findings that are only counted are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::testing::check;
    ///
    /// assert_eq!(check(|| ()).snapshot(), "nothing was found\n");
    /// ```
    #[inline]
    #[must_use]
    pub fn snapshot(&self) -> String {
        let mut out = String::new();
        let mut names = Names::default();
        if let Some(hang) = &self.hang {
            out.push_str("it hangs\n");
            threads(&mut out, &mut names, &hang.threads);
        }
        if let Some(panicked) = &self.panicked {
            let first = panicked.message.lines().next().unwrap_or_default();
            let _ = writeln!(out, "it panicked: {first}");
        }
        let mut findings: Vec<&Report> = self.findings.iter().collect();
        sorting::sort_by_key(&mut findings, |report| key_of_finding(report));
        for report in &findings {
            finding(&mut out, &mut names, report);
        }
        if out.is_empty() {
            out.push_str("nothing was found\n");
        }
        out
    }
}

#[inline]
fn key(lock: &LockInfo) -> Key {
    let label = lock.label.clone().unwrap_or_default();
    (lock.name.unwrap_or_default(), label, place(lock.created))
}

#[inline]
fn place(site: Site) -> Place {
    (file(site), site.line(), site.column())
}

#[inline]
fn edge_key(report: &Report, edge: &Edge) -> EdgeKey {
    let lock = report.lock(edge.from).map(key);
    (lock, place(edge.from_site), place(edge.to_site))
}

#[inline]
fn key_of_finding(report: &Report) -> SortKey {
    let (mut edges, mut locks) = (Vec::new(), Vec::new());
    for edge in turned(report) {
        edges.push(edge_key(report, edge));
    }
    for lock in subjects(report) {
        locks.push((Some(key(lock)), NOWHERE, NOWHERE));
    }
    (Some(report.verdict), edges, locks, None)
}

#[inline]
fn key_of_thread(thread: &Observed) -> SortKey {
    let (mut waits, mut held) = (Vec::new(), Vec::new());
    if let Some(wait) = &thread.wait {
        waits.push((Some(key(&wait.lock)), place(wait.site), NOWHERE));
    }
    for hold in thread.holds() {
        held.push((Some(key(&hold.lock)), place(hold.info.site), NOWHERE));
    }
    (None, waits, held, thread.name.clone())
}

/// Returns the edges of a cycle, the least one first.
#[inline]
fn turned(report: &Report) -> Vec<&Edge> {
    let mut turned: Vec<&Edge> = report.edges.iter().collect();
    let mut least = 0;
    for at in 1..turned.len() {
        if edge_key(report, turned[at]) < edge_key(report, turned[least]) {
            least = at;
        }
    }
    turned.rotate_left(least);
    turned
}

#[inline]
fn finding(out: &mut String, names: &mut Names, report: &Report) {
    let edges = turned(report);
    let cycle = edges.iter().filter_map(|edge| report.lock(edge.from));
    let mut about: Vec<&LockInfo> = cycle.collect();
    if about.is_empty() {
        about = subjects(report);
    }
    let about: Vec<String> = about.iter().map(|lock| names.lock(lock)).collect();
    let _ = writeln!(out, "{}: {}", report.verdict, about.join(", "));
    for edge in &edges {
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
    for guard in &report.guards {
        if let Some(guard) = report.lock(*guard) {
            let _ = writeln!(out, "  guarded by {}", names.lock(guard));
        }
    }
}

/// Writes what each thread of a hang holds and waits for. Threads that do neither vary between runs,
/// and are left out.
#[inline]
fn threads(out: &mut String, names: &mut Names, threads: &[Observed]) {
    let busy = |thread: &&Observed| thread.wait.is_some() || !thread.holds().is_empty();
    let mut threads: Vec<&Observed> = threads.iter().filter(busy).collect();
    sorting::sort_by_key(&mut threads, |thread| key_of_thread(thread));
    for thread in &threads {
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

#[inline]
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
    #[inline]
    fn thread(&mut self, id: ThreadId) -> String {
        format!("T{}", number(&mut self.threads, id))
    }

    #[inline]
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
