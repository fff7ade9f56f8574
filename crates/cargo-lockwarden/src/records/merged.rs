//! Records of any number of processes, joined.
//!
//! Each value is a join-semilattice: a minimum, a maximum, a logical or, or the smallest few elements of a
//! union. So the order, the grouping and the repetition of what is joined do not matter.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use super::names::{Name, Names};
use super::row::{ClassRow, EdgeRow, FindingRow, Mode, Row, RunRow};
use super::times::Times;

/// How many elements of a set of names are kept: the smallest ones, so that a join stays a join.
const KEPT: usize = 8;

/// What distinguishes two edges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EdgeKey {
    pub(crate) from: Name,
    pub(crate) from_mode: Mode,
    pub(crate) to: Name,
    pub(crate) to_mode: Mode,
    /// Sorted by their texts.
    pub(crate) gates: Box<[Name]>,
}

/// One acquisition that stands for all of an edge: the smallest one by its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Witness {
    pub(crate) from_site: Name,
    pub(crate) to_site: Name,
    pub(crate) thread: Name,
    pub(crate) test: Name,
    pub(crate) binary: Name,
    pub(crate) run: Name,
    /// The functions, a line each.
    pub(crate) stack: Name,
}

impl Witness {
    fn texts<'a>(&self, names: &'a Names) -> [&'a str; 7] {
        [
            self.from_site,
            self.to_site,
            self.test,
            self.binary,
            self.thread,
            self.run,
            self.stack,
        ]
        .map(|name| names.text(name))
    }
}

/// What is known of an edge.
#[derive(Clone, Debug)]
pub(crate) struct EdgeSeen {
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    pub(crate) witness: Witness,
    pub(crate) roles: Vec<Name>,
    pub(crate) tests: Vec<Name>,
    pub(crate) runs: Vec<Name>,
}

/// What is known of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSeen {
    pub(crate) kinds: Vec<String>,
    pub(crate) sites: Vec<String>,
    /// Whether the program gave the name.
    pub(crate) is_named: bool,
    /// Whether the source shows that a process has one lock of the class at most.
    pub(crate) is_single: bool,
    /// The type of what its locks hold, where that tells it from other classes of its places: filled when symbols
    /// are looked up.
    pub(crate) content: Option<String>,
}

impl ClassSeen {
    /// What the process calls the class at each of its places, if it has no name: the form that a baseline has.
    pub(crate) fn places(&self) -> impl Iterator<Item = String> {
        let content = self.content.as_deref();
        self.sites.iter().map(move |site| match content {
            Some(content) => format!("{site}{OF}{content}"),
            None => site.clone(),
        })
    }
}

/// What the library writes between a place and the type of what a lock holds.
pub(crate) const OF: &str = " of ";

/// The records of any number of processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    pub(crate) names: Names,
    pub(crate) edges: HashMap<EdgeKey, EdgeSeen>,
    pub(crate) classes: BTreeMap<String, ClassSeen>,
    pub(crate) runs: BTreeMap<String, RunRow>,
    /// By all that distinguishes two findings: the verdict, the basis and the edges.
    pub(crate) findings: BTreeMap<String, FindingRow>,
    pub(crate) times: Times,
    /// What the source calls the classes that have another key: filled when symbols are looked up.
    pub(crate) symbols: HashMap<String, String>,
}

impl Records {
    /// Takes in one row. `run` is the run of the file, for rows that do not name theirs.
    pub(crate) fn add(&mut self, row: Row, run: &mut String) {
        match row {
            Row::Run(row) => {
                run.clone_from(&row.run);
                self.add_run(row);
            }
            Row::Class(row) => self.add_class(row),
            Row::Edge(row) => self.add_edge(&row),
            Row::Finding(row) => self.add_finding(row),
            Row::Time(row) => self.times.add_time(row),
            Row::Blocked(row) => self.times.add_blocked(row),
            Row::Stack(row) => self.times.add_stack(row),
            Row::Event(row) => {
                self.times.events.insert(row);
            }
            Row::Full(row) => {
                let run = if row.run.is_empty() { run } else { &row.run };
                self.run(run).full = true;
            }
            Row::End(row) => {
                let run = if row.run.is_empty() { run } else { &row.run };
                self.run(run).ended = true;
            }
            Row::Unknown => {}
        }
    }

    /// The name of a class: the symbol in the source, if it was looked up, or else the key.
    pub(crate) fn name_of(&self, class: &str) -> String {
        let symbol = self.symbols.get(class);
        symbol.map_or_else(|| class.to_owned(), Clone::clone)
    }

    fn run(&mut self, run: &str) -> &mut RunRow {
        self.runs.entry(run.to_owned()).or_insert_with(|| RunRow {
            run: run.to_owned(),
            ..RunRow::default()
        })
    }

    fn add_run(&mut self, row: RunRow) {
        let known = self.run(&row.run);
        let longer = |known: &mut String, new: String| {
            if *known < new {
                *known = new;
            }
        };
        longer(&mut known.binary, row.binary);
        longer(&mut known.test, row.test);
        longer(&mut known.service, row.service);
        longer(&mut known.revision, row.revision);
        known.started_ms = known.started_ms.max(row.started_ms);
        known.ended |= row.ended;
        known.full |= row.full;
    }

    fn add_class(&mut self, row: ClassRow) {
        let is_named = row.name.is_some();
        self.join_class(
            row.class,
            ClassSeen {
                kinds: vec![row.kind],
                sites: vec![row.site],
                is_named,
                ..ClassSeen::default()
            },
        );
    }

    pub(crate) fn join_class(&mut self, class: String, new: ClassSeen) {
        let known = self.classes.entry(class).or_default();
        keep_smallest(&mut known.kinds, new.kinds, usize::MAX);
        // All places are kept: each of them may be asked for.
        keep_smallest(&mut known.sites, new.sites, usize::MAX);
        known.is_named |= new.is_named;
        known.is_single |= new.is_single;
        if known.content.is_none() {
            known.content = new.content;
        }
    }

    fn add_edge(&mut self, row: &EdgeRow) {
        let witness = Witness {
            from_site: self.names.intern(&row.from_site),
            to_site: self.names.intern(&row.to_site),
            thread: self.names.intern(&row.thread),
            test: self.names.intern(&row.test),
            binary: self.names.intern(&row.binary),
            run: self.names.intern(&row.run),
            stack: self.names.intern(&row.stack.join("\n")),
        };
        let mut set = |many: &[String], one: &str| -> Vec<Name> {
            let one = (many.is_empty() && !one.is_empty()).then_some(one);
            let all = many.iter().map(String::as_str).chain(one);
            all.map(|text| self.names.intern(text)).collect()
        };
        let seen = EdgeSeen {
            first_ms: row.first_ms.unwrap_or(row.seen_ms),
            last_ms: row.seen_ms,
            witness,
            roles: set(&row.roles, &row.role),
            tests: set(&row.tests, &row.test),
            runs: set(&row.runs, &row.run),
        };
        let mut gates: Vec<&str> = row.gates.iter().map(String::as_str).collect();
        gates.sort_unstable();
        gates.dedup();
        let key = EdgeKey {
            from: self.names.intern(&row.from),
            from_mode: row.from_mode,
            to: self.names.intern(&row.to),
            to_mode: row.to_mode,
            gates: gates.iter().map(|gate| self.names.intern(gate)).collect(),
        };
        self.join_edge(key, seen);
    }

    /// Joins an edge whose names are of this set of records.
    pub(crate) fn join_edge(&mut self, key: EdgeKey, new: EdgeSeen) {
        let names = &self.names;
        let Some(known) = self.edges.get_mut(&key) else {
            self.edges.insert(key, new);
            return;
        };
        known.first_ms = known.first_ms.min(new.first_ms);
        known.last_ms = known.last_ms.max(new.last_ms);
        if new.witness.texts(names) < known.witness.texts(names) {
            known.witness = new.witness;
        }
        for (known, new) in [
            (&mut known.roles, new.roles),
            (&mut known.tests, new.tests),
            (&mut known.runs, new.runs),
        ] {
            if new.iter().all(|name| known.contains(name)) {
                continue;
            }
            known.extend(new);
            known.sort_unstable_by_key(|name| names.text(*name));
            known.dedup();
            known.truncate(KEPT);
        }
    }

    pub(crate) fn add_finding(&mut self, row: FindingRow) {
        let key = format!("{} {} {:?}", row.verdict, row.basis, row.edges);
        match self.findings.get_mut(&key) {
            Some(known) if *known <= row => {}
            Some(known) => *known = row,
            None => {
                self.findings.insert(key, row);
            }
        }
    }

    /// Joins other records into these.
    #[cfg(test)]
    pub(crate) fn join(&mut self, other: &Records) {
        let mut run = String::new();
        for row in other.rows() {
            self.add(row, &mut run);
        }
    }

    /// The rows of a merged file, sorted.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        let text = |name: &Name| self.names.text(*name).to_owned();
        let texts = move |names: &[Name]| names.iter().map(text).collect::<Vec<_>>();
        let runs = self.runs.values().cloned().map(Row::Run);
        let classes = self.classes.iter().flat_map(|(class, seen)| {
            seen.sites.iter().flat_map(move |site| {
                seen.kinds.iter().map(move |kind| {
                    Row::Class(ClassRow {
                        class: class.clone(),
                        kind: kind.clone(),
                        name: seen.is_named.then(|| class.clone()),
                        site: site.clone(),
                    })
                })
            })
        });
        let mut edges: Vec<_> = self.edges.iter().collect();
        edges.sort_unstable_by(|(a, _), (b, _)| self.compare(a, b));
        let edges = edges.into_iter().map(move |(key, seen)| {
            Row::Edge(EdgeRow {
                from: text(&key.from),
                from_mode: key.from_mode,
                from_site: text(&seen.witness.from_site),
                to: text(&key.to),
                to_mode: key.to_mode,
                to_site: text(&seen.witness.to_site),
                gates: texts(&key.gates),
                role: String::new(),
                thread: text(&seen.witness.thread),
                test: text(&seen.witness.test),
                binary: text(&seen.witness.binary),
                run: text(&seen.witness.run),
                seen_ms: seen.last_ms,
                stack: self
                    .names
                    .text(seen.witness.stack)
                    .lines()
                    .map(str::to_owned)
                    .collect(),
                first_ms: Some(seen.first_ms),
                roles: texts(&seen.roles),
                tests: texts(&seen.tests),
                runs: texts(&seen.runs),
            })
        });
        let findings = self.findings.values().cloned().map(Row::Finding);
        let times = self.times.rows();
        runs.chain(classes)
            .chain(edges)
            .chain(findings)
            .chain(times)
    }

    /// The order of two edges by their texts.
    pub(crate) fn compare(&self, a: &EdgeKey, b: &EdgeKey) -> Ordering {
        let text = |name: Name| self.names.text(name);
        let gates = |key: &'_ EdgeKey| key.gates.iter().map(|gate| text(*gate)).collect::<Vec<_>>();
        text(a.from)
            .cmp(text(b.from))
            .then_with(|| text(a.to).cmp(text(b.to)))
            .then_with(|| (a.from_mode, a.to_mode).cmp(&(b.from_mode, b.to_mode)))
            .then_with(|| gates(a).cmp(&gates(b)))
    }

    /// The same rows as lines of JSON.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.rows().map(|row| {
            let text = serde_json::to_string(&row).expect("a row is plain data");
            // The version stands first, so that a reader can tell early.
            format!("{{\"v\":1,{}\n", &text[1..])
        })
    }
}

fn keep_smallest(known: &mut Vec<String>, new: Vec<String>, limit: usize) {
    known.extend(new.into_iter().filter(|text| !text.is_empty()));
    known.sort_unstable();
    known.dedup();
    known.truncate(limit);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::row::{BlockedRow, EventRow, StackRow, TimeRow};
    use super::*;

    fn mode() -> impl Strategy<Value = Mode> {
        prop_oneof![Just(Mode::Exclusive), Just(Mode::Shared)]
    }

    fn name(prefix: &'static str, count: u8) -> impl Strategy<Value = String> {
        (0..count).prop_map(move |n| format!("{prefix}{n}"))
    }

    fn edge() -> impl Strategy<Value = Row> {
        (
            (name("l", 3), mode(), name("l", 3), mode()),
            proptest::collection::vec(name("g", 3), 0..3),
            (name("r", 20), name("t", 20), name("s", 4), 0..50_u64),
        )
            .prop_map(
                |((from, from_mode, to, to_mode), gates, (run, test, site, seen_ms))| {
                    Row::Edge(EdgeRow {
                        from,
                        from_mode,
                        from_site: site.clone(),
                        to,
                        to_mode,
                        to_site: site,
                        gates,
                        role: test.clone(),
                        thread: test.clone(),
                        test,
                        binary: String::new(),
                        run,
                        seen_ms,
                        stack: Vec::new(),
                        first_ms: None,
                        roles: Vec::new(),
                        tests: Vec::new(),
                        runs: Vec::new(),
                    })
                },
            )
    }

    fn row() -> impl Strategy<Value = Row> {
        prop_oneof![
            6 => edge(),
            1 => (name("r", 5), name("t", 3), any::<bool>()).prop_map(|(run, test, ended)| {
                Row::Run(RunRow { run, test, ended, ..RunRow::default() })
            }),
            1 => (name("l", 3), name("s", 4)).prop_map(|(class, site)| {
                Row::Class(ClassRow { class, kind: "Mutex".into(), name: None, site })
            }),
            1 => (name("r", 2), name("l", 3), 0..9_u64, 0..9_u64).prop_map(|(run, class, waits, wait_ns)| {
                Row::Time(TimeRow { longest_wait_site: format!("s{waits}"), longest_wait_ns: wait_ns / 2,
                    run, class, waits, wait_ns, ..TimeRow::default() })
            }),
            1 => (name("r", 2), name("s", 2), 0..9_u64).prop_map(|(run, site, wait_ns)| {
                Row::Blocked(BlockedRow { run, site, wait_ns, ..BlockedRow::default() })
            }),
            1 => (name("r", 2), name("f", 2), 0..9_u64).prop_map(|(run, frame, wait_ns)| {
                Row::Stack(StackRow { run, frames: vec![frame], wait_ns, ..StackRow::default() })
            }),
            1 => (name("r", 2), 0..9_u64).prop_map(|(run, at_ns)| {
                Row::Event(EventRow { run, at_ns, ..EventRow::default() })
            }),
            1 => (name("v", 2), name("h", 3)).prop_map(|(verdict, headline)| {
                Row::Finding(FindingRow { verdict, headline, ..FindingRow::default() })
            }),
        ]
    }

    fn records() -> impl Strategy<Value = Records> {
        proptest::collection::vec(row(), 0..30).prop_map(|rows| {
            let (mut records, mut run) = (Records::default(), String::new());
            for row in rows {
                records.add(row, &mut run);
            }
            records
        })
    }

    fn joined(parts: &[&Records]) -> String {
        let mut all = Records::default();
        for part in parts {
            all.join(part);
        }
        all.lines().collect()
    }

    proptest! {
        #[test]
        fn a_join_is_commutative(a in records(), b in records()) {
            prop_assert_eq!(joined(&[&a, &b]), joined(&[&b, &a]));
        }

        #[test]
        fn a_join_is_idempotent(a in records(), b in records()) {
            prop_assert_eq!(joined(&[&a, &b]), joined(&[&a, &b, &a, &b]));
        }

        #[test]
        fn a_join_is_associative(a in records(), b in records(), c in records()) {
            let (mut left, mut right) = (Records::default(), Records::default());
            left.join(&a);
            left.join(&b);
            right.join(&b);
            right.join(&c);
            prop_assert_eq!(joined(&[&left, &c]), joined(&[&a, &right]));
        }
    }
}
