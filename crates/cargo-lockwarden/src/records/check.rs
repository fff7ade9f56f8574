//! Records against a baseline: cycles that are not accepted, findings, new orders.

use std::collections::{BTreeSet, HashMap};

use super::baseline::{Baseline, Pair};
use super::merged::Records;
use super::orders::{Orders, Step};
use super::row::{FindingRow, Mode};

/// Verdicts of a process that fail a check.
const DENIED: [&str; 5] = [
    "Deadlock",
    "SelfDeadlock",
    "Inversion",
    "RecursiveRead",
    "Abandoned",
];

/// After so many cycles a check looks for no more: a program whose locks have no order at all is reported by
/// the first of them.
pub(crate) const CYCLES: usize = 200;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    /// Cycles over the orders of all processes, with at least one order that the baseline does not have.
    pub(crate) cycles: Vec<Cycle>,
    /// Findings of single processes that the baseline does not accept.
    pub(crate) findings: Vec<FindingRow>,
    /// Cycles that one of those findings is about.
    pub(crate) reported: Vec<Cycle>,
    /// How many further findings have the verdict and the lock classes of one of those.
    pub(crate) alike: usize,
    /// Cycles that are excused, with the reason.
    pub(crate) excused: Vec<(Cycle, String)>,
    /// Orders that the baseline does not have.
    pub(crate) new: Vec<Link>,
    /// Orders of the baseline that no process took.
    pub(crate) stale: Vec<Pair>,
}

impl Checked {
    /// What is wrong with each order, by its classes, that is part of a cycle that is not excused or of a finding: the
    /// baseline takes it with a reason alone.
    pub(crate) fn objections(&self) -> HashMap<(&str, &str), String> {
        let mut objections = HashMap::new();
        for cycle in self.cycles.iter().chain(&self.reported) {
            for Link { from, to, .. } in &cycle.links {
                let objection = || format!("it closes a cycle: {}", cycle.ring());
                objections.entry((&**from, &**to)).or_insert_with(objection);
            }
        }
        // Those of the instances of one class are no cycle of classes.
        for finding in &self.findings {
            for edge in &finding.edges {
                let objection = || format!("a process has found: {}", finding.title());
                objections
                    .entry((&*edge.from, &*edge.to))
                    .or_insert_with(objection);
            }
        }
        objections
    }
}

/// A cycle of lock classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// Each link ends at the class at which the next one starts. The first one is new.
    pub(crate) links: Vec<Link>,
}

/// One order, with the acquisition that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: String,
    pub(crate) from_mode: Mode,
    pub(crate) from_site: String,
    pub(crate) to: String,
    pub(crate) to_mode: Mode,
    pub(crate) to_site: String,
    pub(crate) gates: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) thread: String,
    pub(crate) test: String,
    pub(crate) binary: String,
    pub(crate) run: String,
    /// The functions in which the lock was taken, the innermost first.
    pub(crate) stack: Vec<String>,
    pub(crate) is_new: bool,
}

impl Link {
    pub(crate) fn of(records: &Records, step: Step<'_>, baseline: &Baseline) -> Self {
        let text = |name| records.names.text(name).to_owned();
        let Step { key, seen } = step;
        let witness = &seen.witness;
        let (from, to) = (text(key.from), text(key.to));
        Self {
            is_new: !baseline.has(&from, &to),
            from,
            from_mode: key.from_mode,
            from_site: text(witness.from_site),
            to,
            to_mode: key.to_mode,
            to_site: text(witness.to_site),
            gates: key.gates.iter().map(|gate| text(*gate)).collect(),
            roles: seen.roles.iter().map(|role| text(*role)).collect(),
            thread: text(witness.thread),
            test: text(witness.test),
            binary: text(witness.binary),
            run: text(witness.run),
            stack: text(witness.stack).lines().map(str::to_owned).collect(),
        }
    }

    /// The classes of the order.
    pub(crate) fn pair(&self) -> (&str, &str) {
        (&self.from, &self.to)
    }

    /// Who took the order: the test or the program, and the thread.
    pub(crate) fn taken_by(&self) -> String {
        let program = match (self.test.as_str(), self.binary.as_str()) {
            ("", "") => String::new(),
            ("", binary) => format!("program `{binary}`"),
            (test, "") => format!("test `{test}`"),
            (test, binary) => format!("test `{test}` of `{binary}`"),
        };
        match (self.thread.as_str(), program.as_str()) {
            ("", "") => "a thread without a name".to_owned(),
            ("", _) => program,
            (thread, "") => format!("thread `{thread}`"),
            // The thread of a test has the test's name.
            (thread, _) if thread == self.test => program,
            (thread, _) => format!("{program}, thread `{thread}`"),
        }
    }
}

impl Cycle {
    /// The classes, from the smallest one.
    pub(crate) fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<&str> = self.links.iter().map(|link| link.from.as_str()).collect();
        let first = (0..classes.len()).min_by_key(|at| classes[*at]);
        classes.rotate_left(first.unwrap_or_default());
        classes
    }

    /// `` `a` → `b` → `a` ``.
    pub(crate) fn ring(&self) -> String {
        let classes = self.classes();
        let ring = classes.iter().chain(classes.first());
        let names: Vec<String> = ring.map(|class| format!("`{class}`")).collect();
        names.join(" → ")
    }

    /// Whether all its orders were seen in one process.
    pub(crate) fn is_of_one_run(&self) -> bool {
        self.links.windows(2).all(|pair| pair[0].run == pair[1].run)
    }

    /// A number that stays the same as long as the classes and modes do.
    pub(crate) fn fingerprint(&self) -> String {
        let classes = self.classes();
        fingerprint(["cycle"].into_iter().chain(classes))
    }
}

/// A stable 64-bit hash (FNV-1a) of texts, in hexadecimal digits.
pub(crate) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        // A byte that is no part of a text keeps two texts apart.
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

impl FindingRow {
    /// A number that stays the same as long as the verdict and the classes do.
    pub(crate) fn fingerprint(&self) -> String {
        let mut classes: Vec<&str> = self.edges.iter().map(|edge| edge.from.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        let headline = if classes.is_empty() {
            self.headline.as_str()
        } else {
            ""
        };
        fingerprint([self.verdict.as_str(), headline].into_iter().chain(classes))
    }

    /// Where a reader begins: the last place at which a lock was asked for.
    pub(crate) fn place(&self) -> &str {
        self.edges.last().map_or("", |edge| edge.to_site.as_str())
    }

    /// The headline without the name of the library.
    pub(crate) fn title(&self) -> &str {
        self.headline
            .strip_prefix("lockwarden: ")
            .unwrap_or(&self.headline)
    }
}

/// Checks records against a baseline.
pub(crate) fn check(records: &Records, baseline: &Baseline) -> Checked {
    let orders = Orders::of(records);
    let mut checked = Checked::default();
    let mut seen = BTreeSet::new();
    for (from, to) in orders.pairs() {
        let (key, edge) = orders.edges(from, to)[0];
        let is_known = baseline.has(orders.class(from), orders.class(to));
        if !is_known {
            let step = Step { key, seen: edge };
            checked.new.push(Link::of(records, step, baseline));
        }
        let reason = baseline.reason_of(orders.class(from), orders.class(to));
        // A cycle is looked for from an order that is new, or that is known to close one.
        if (is_known && reason == Some(None)) || checked.cycles.len() >= CYCLES {
            continue;
        }
        let Some(ring) = orders.cycle(from, to) else {
            continue;
        };
        let links = ring
            .into_iter()
            .map(|step| Link::of(records, step, baseline));
        let cycle = Cycle {
            links: links.collect(),
        };
        let classes: Vec<String> = cycle.classes().into_iter().map(str::to_owned).collect();
        if !seen.insert(classes) {
            continue;
        }
        match excuse(records, &cycle, baseline) {
            Some(reason) => checked.excused.push((cycle, reason)),
            None => checked.cycles.push(cycle),
        }
    }
    for finding in records.findings.values() {
        let is_accepted = !finding.edges.is_empty()
            && finding
                .edges
                .iter()
                .all(|edge| baseline.has(&edge.from, &edge.to));
        if DENIED.contains(&finding.verdict.as_str()) && !is_accepted {
            checked.findings.push(finding.clone());
        }
    }
    // Many locks of one class give one mistake as many findings.
    let count = checked.findings.len();
    checked.findings.sort_by_key(|finding| finding.edges.len());
    let mut prints = BTreeSet::new();
    checked
        .findings
        .retain(|finding| prints.insert(finding.fingerprint()));
    checked.alike = count - checked.findings.len();
    // A cycle that a process has reported itself is reported once, with the data of the process.
    let reported: BTreeSet<BTreeSet<&str>> = checked
        .findings
        .iter()
        .map(|finding| {
            finding
                .edges
                .iter()
                .map(|edge| edge.from.as_str())
                .collect()
        })
        .collect();
    (checked.reported, checked.cycles) = std::mem::take(&mut checked.cycles)
        .into_iter()
        .partition(|cycle| reported.contains(&cycle.classes().into_iter().collect()));
    checked.stale = baseline
        .pairs
        .keys()
        .filter(|(from, to)| {
            let nodes = orders.node(from).zip(orders.node(to));
            nodes.is_none_or(|(from, to)| orders.edges(from, to).is_empty())
        })
        .cloned()
        .collect();
    checked
}

/// Why a cycle is no finding, if it is none.
fn excuse(records: &Records, cycle: &Cycle, baseline: &Baseline) -> Option<String> {
    if cycle.links.iter().all(|link| !link.is_new) {
        let reasons = cycle
            .links
            .iter()
            .filter_map(|link| baseline.reason_of(&link.from, &link.to)?);
        return Some(format!(
            "the baseline accepts it: {}",
            reasons.collect::<Vec<_>>().join("; ")
        ));
    }
    let is_single = |class: &str| {
        records
            .classes
            .get(class)
            .is_some_and(|seen| seen.is_single)
    };
    let gates = cycle.links[0].gates.iter();
    let common = gates
        .filter(|gate| cycle.links.iter().all(|link| link.gates.contains(gate)))
        .find(|gate| is_single(gate));
    if let Some(gate) = common {
        return Some(format!(
            "`{gate}`, which a process has one of, is held around every order"
        ));
    }
    let is_main = |link: &Link| link.roles == ["main"];
    if cycle.links.iter().all(is_main) {
        return Some("the main thread alone takes these locks in each process".to_owned());
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::row::{EdgeRow, Row};
    use super::*;

    /// Records of edges `from to from_mode to_mode gates role run`.
    pub(crate) fn records(edges: &[(&str, &str)]) -> Records {
        let mut records = Records::default();
        for (at, (from, to)) in edges.iter().enumerate() {
            let (from, from_mode) = mode_of(from);
            let (to, to_mode) = mode_of(to);
            let (to, gates) = to.split_once('@').unwrap_or((to, ""));
            let row = Row::Edge(EdgeRow {
                from: from.to_owned(),
                from_mode,
                from_site: "src/a.rs:1:1".to_owned(),
                to: to.to_owned(),
                to_mode,
                to_site: "src/a.rs:2:1".to_owned(),
                gates: gates.split_terminator(',').map(str::to_owned).collect(),
                role: "worker".to_owned(),
                thread: "worker 1".to_owned(),
                test: format!("test{at}"),
                binary: String::new(),
                run: format!("run{at}"),
                seen_ms: 0,
                stack: Vec::new(),
                first_ms: None,
                roles: Vec::new(),
                tests: Vec::new(),
                runs: Vec::new(),
            });
            records.add(row, &mut String::new());
        }
        records
    }

    fn mode_of(text: &str) -> (&str, Mode) {
        match text.strip_prefix("r:") {
            Some(text) => (text, Mode::Shared),
            None => (text, Mode::Exclusive),
        }
    }

    fn baseline(text: &str) -> Baseline {
        Baseline::parse(text, "locks.order").unwrap()
    }

    fn rings(checked: &Checked) -> Vec<String> {
        checked.cycles.iter().map(Cycle::ring).collect()
    }

    #[test]
    fn two_processes_that_take_two_orders_are_a_cycle() {
        let checked = check(&records(&[("b", "a"), ("a", "b")]), &Baseline::default());
        assert_eq!(rings(&checked), ["`a` → `b` → `a`"]);
        assert!(!checked.cycles[0].is_of_one_run());
        assert_eq!(checked.new.len(), 2);
    }

    #[test]
    fn a_cycle_needs_modes_that_exclude_each_other() {
        let readers = records(&[("r:a", "r:b"), ("r:b", "r:a")]);
        assert_eq!(rings(&check(&readers, &Baseline::default())), [""; 0]);
        let writer = records(&[("r:a", "b"), ("r:b", "a")]);
        assert_eq!(rings(&check(&writer, &Baseline::default())).len(), 1);
    }

    #[test]
    fn what_the_baseline_accepts_is_no_finding_and_a_new_order_is() {
        let both = records(&[("a", "b"), ("b", "a")]);
        let accepted = check(&both, &baseline("a < b\nb < a ! loop: at start\n"));
        assert_eq!(rings(&accepted), [""; 0]);
        assert_eq!(accepted.excused.len(), 1);
        let one = check(&both, &baseline("a < b\n"));
        assert_eq!(rings(&one).len(), 1);
        assert!(one.cycles[0].links[0].is_new);
        assert_eq!(one.new.len(), 1);
    }

    #[test]
    fn orders_that_were_not_taken_are_stale() {
        let checked = check(&records(&[("a", "b")]), &baseline("a < b\nb < c\n"));
        assert_eq!(checked.stale, [("b".to_owned(), "c".to_owned())]);
    }

    #[test]
    fn a_gate_counts_if_a_process_has_one_of_it() {
        let mut gated = records(&[("a", "b@g"), ("b", "a@g")]);
        assert_eq!(rings(&check(&gated, &Baseline::default())).len(), 1);
        gated.classes.entry("g".to_owned()).or_default().is_single = true;
        let checked = check(&gated, &Baseline::default());
        assert_eq!(rings(&checked), [""; 0]);
        assert_eq!(checked.excused.len(), 1);
    }

    #[test]
    fn a_ring_of_three_is_found_once() {
        let checked = check(
            &records(&[("a", "b"), ("b", "c"), ("c", "a")]),
            &Baseline::default(),
        );
        assert_eq!(rings(&checked), ["`a` → `b` → `c` → `a`"]);
        assert_eq!(checked.cycles[0].fingerprint().len(), 16);
    }
}
