//! Times of waits and holds over any number of processes, joined.
//!
//! A process writes totals since its start, so the largest ones of a process are its last ones. They are added up
//! over processes only where they are shown.

use std::collections::{BTreeMap, BTreeSet};

use super::row::{BlockedRow, EventRow, Row, StackRow, TimeRow};

/// The times of a set of records, each by what distinguishes two rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    classes: BTreeMap<[String; 2], TimeRow>,
    blocked: BTreeMap<[String; 5], BlockedRow>,
    stacks: BTreeMap<(String, String, Vec<String>), StackRow>,
    pub(crate) events: BTreeSet<EventRow>,
}

/// A number of times, their sum, and the longest one with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) ns: u64,
    pub(crate) longest_ns: u64,
    pub(crate) longest_site: String,
}

impl Sum {
    fn add(&mut self, count: u64, ns: u64, longest_ns: u64, site: &str) {
        self.count += count;
        self.ns = self.ns.saturating_add(ns);
        if longest_ns > self.longest_ns {
            self.longest_ns = longest_ns;
            site.clone_into(&mut self.longest_site);
        }
    }
}

/// Who kept whom waiting: two lines of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) site: String,
    /// Empty if the holder was not found.
    pub(crate) by_site: String,
    pub(crate) by_role: String,
}

/// The times of one lock class over all processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassTimes {
    pub(crate) class: String,
    pub(crate) waits: Sum,
    pub(crate) holds: Sum,
    /// The longest waits first.
    pub(crate) pairs: Vec<(Pair, Sum)>,
}

impl ClassTimes {
    /// How many of a hundred acquisitions had to wait; `None` if none was timed.
    pub(crate) fn contention(&self) -> Option<f64> {
        // A wait that was given up has no hold, and a hold may last.
        let all = self.holds.count.max(self.waits.count);
        (all > 0).then(|| self.waits.count as f64 * 100.0 / all as f64)
    }
}

impl Times {
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.events.is_empty()
    }

    pub(crate) fn add_time(&mut self, row: TimeRow) {
        let key = [row.run.clone(), row.class.clone()];
        let Some(known) = self.classes.get_mut(&key) else {
            self.classes.insert(key, row);
            return;
        };
        known.waits = known.waits.max(row.waits);
        known.wait_ns = known.wait_ns.max(row.wait_ns);
        known.holds = known.holds.max(row.holds);
        known.hold_ns = known.hold_ns.max(row.hold_ns);
        if (known.longest_wait_ns, &known.longest_wait_site)
            < (row.longest_wait_ns, &row.longest_wait_site)
        {
            known.longest_wait_ns = row.longest_wait_ns;
            known.longest_wait_site = row.longest_wait_site;
        }
        if (known.longest_hold_ns, &known.longest_hold_site)
            < (row.longest_hold_ns, &row.longest_hold_site)
        {
            known.longest_hold_ns = row.longest_hold_ns;
            known.longest_hold_site = row.longest_hold_site;
        }
    }

    pub(crate) fn add_blocked(&mut self, row: BlockedRow) {
        let key = [&row.run, &row.class, &row.site, &row.by_role, &row.by_site].map(Clone::clone);
        let Some(known) = self.blocked.get_mut(&key) else {
            self.blocked.insert(key, row);
            return;
        };
        known.waits = known.waits.max(row.waits);
        known.wait_ns = known.wait_ns.max(row.wait_ns);
        known.longest_wait_ns = known.longest_wait_ns.max(row.longest_wait_ns);
    }

    pub(crate) fn add_stack(&mut self, row: StackRow) {
        let key = (row.run.clone(), row.class.clone(), row.frames.clone());
        let Some(known) = self.stacks.get_mut(&key) else {
            self.stacks.insert(key, row);
            return;
        };
        known.waits = known.waits.max(row.waits);
        known.wait_ns = known.wait_ns.max(row.wait_ns);
    }

    /// The rows of a merged file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        let classes = self.classes.values().cloned().map(Row::Time);
        let blocked = self.blocked.values().cloned().map(Row::Blocked);
        let stacks = self.stacks.values().cloned().map(Row::Stack);
        let events = self.events.iter().cloned().map(Row::Event);
        classes.chain(blocked).chain(stacks).chain(events)
    }

    /// The keys of the classes that have times; the same key may come several times.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.values().map(|row| &row.class[..])
    }

    /// The times of each class over all processes, under the name that `name_of` gives it: those that threads
    /// waited for longest first.
    pub(crate) fn by_class(&self, name_of: impl Fn(&str) -> String) -> Vec<ClassTimes> {
        let mut classes: BTreeMap<String, ClassTimes> = BTreeMap::new();
        let mut pairs: BTreeMap<(String, Pair), Sum> = BTreeMap::new();
        for row in self.classes.values() {
            let name = name_of(&row.class);
            let class = classes.entry(name.clone()).or_insert_with(|| ClassTimes {
                class: name,
                ..ClassTimes::default()
            });
            class.waits.add(
                row.waits,
                row.wait_ns,
                row.longest_wait_ns,
                &row.longest_wait_site,
            );
            class.holds.add(
                row.holds,
                row.hold_ns,
                row.longest_hold_ns,
                &row.longest_hold_site,
            );
        }
        for row in self.blocked.values() {
            let pair = Pair {
                site: row.site.clone(),
                by_site: row.by_site.clone(),
                by_role: row.by_role.clone(),
            };
            let sum = pairs.entry((name_of(&row.class), pair)).or_default();
            sum.add(row.waits, row.wait_ns, row.longest_wait_ns, &row.site);
        }
        for ((class, pair), sum) in pairs {
            if let Some(class) = classes.get_mut(&class) {
                class.pairs.push((pair, sum));
            }
        }
        let mut classes: Vec<ClassTimes> = classes.into_values().collect();
        for class in &mut classes {
            class
                .pairs
                .sort_by_key(|(_, sum)| std::cmp::Reverse(sum.ns));
        }
        classes.sort_by_key(|class| std::cmp::Reverse((class.waits.ns, class.holds.longest_ns)));
        classes
    }

    /// Lines of `frame;frame;waits for lock microseconds`, which flame graphs are made of.
    pub(crate) fn folded(&self, name_of: impl Fn(&str) -> String) -> String {
        let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
        for row in self.stacks.values() {
            let mut line = String::new();
            for frame in &row.frames {
                // The two characters that have a meaning in the form.
                line.push_str(&frame.replace(';', ":"));
                line.push(';');
            }
            line.push_str(&format!(
                "waits for {}",
                name_of(&row.class).replace(';', ":")
            ));
            let ns = stacks.entry(line).or_default();
            *ns = ns.saturating_add(row.wait_ns);
        }
        let lines = stacks
            .into_iter()
            .map(|(line, ns)| format!("{line} {}\n", ns.div_ceil(1_000)));
        lines.collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn time(run: &str, class: &str, waits: u64, wait_ns: u64) -> TimeRow {
        TimeRow {
            run: run.to_owned(),
            class: class.to_owned(),
            waits,
            wait_ns,
            longest_wait_ns: wait_ns,
            longest_wait_site: "src/a.rs:1:1".to_owned(),
            holds: waits * 4,
            hold_ns: 8,
            longest_hold_ns: 8,
            longest_hold_site: "src/a.rs:2:1".to_owned(),
        }
    }

    #[test]
    fn the_last_totals_of_a_process_count_and_processes_are_added() {
        let mut times = Times::default();
        for row in [
            time("r1", "a", 1, 10),
            time("r1", "a", 3, 70),
            time("r1", "a", 3, 70),
            time("r2", "a", 1, 5),
            time("r2", "b", 1, 500),
        ] {
            times.add_time(row);
        }
        for run in ["r1", "r2"] {
            times.add_blocked(BlockedRow {
                run: run.to_owned(),
                class: "a".to_owned(),
                site: "src/a.rs:1:1".to_owned(),
                by_role: "worker".to_owned(),
                by_site: "src/a.rs:9:1".to_owned(),
                waits: 1,
                wait_ns: 5,
                longest_wait_ns: 5,
            });
        }
        let classes = times.by_class(str::to_owned);
        let names: Vec<&str> = classes.iter().map(|class| class.class.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!((classes[1].waits.count, classes[1].waits.ns), (4, 75));
        assert_eq!(classes[1].contention(), Some(25.0));
        assert_eq!(classes[1].pairs.len(), 1);
        assert_eq!(classes[1].pairs[0].1.count, 2);
    }

    #[test]
    fn stacks_are_folded_with_the_lock_at_the_end() {
        let mut times = Times::default();
        times.add_stack(StackRow {
            run: "r".to_owned(),
            class: "a".to_owned(),
            frames: vec!["main".to_owned(), "pay<[u8; 4]>".to_owned()],
            waits: 1,
            wait_ns: 12_345,
        });
        assert_eq!(
            times.folded(|_| "bank::LEDGER".to_owned()),
            "main;pay<[u8: 4]>;waits for bank::LEDGER 13\n"
        );
    }
}
