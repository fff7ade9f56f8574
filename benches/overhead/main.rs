//! What watching costs: bare locks and watched ones, side by side in one process.
//!
//! `cargo bench --bench overhead` measures everything in under three minutes; `-- CASE` only the
//! cases whose name contains `CASE`. A line a case: the median of the watched locks and of the bare
//! ones in nanoseconds an operation, their ratio, and the same for the smallest samples.

#[path = "../common/mod.rs"]
mod common;
mod deadlock;
#[path = "../common/enabled.rs"]
mod enabled;
mod memory;
mod subscriber;

use std::time::Duration;

use common::cases;
use common::random::Random;
use common::rounds::{self, Row, Run};
use lockwarden::watchdog::Watchdog;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

subject!(
    /// `parking_lot`, bare.
    Bare: parking_lot in ::parking_lot
);
subject!(
    /// `parking_lot`, watched.
    Ours: parking_lot in ::lockwarden::parking_lot
);
subject!(
    /// std, bare.
    BareStd: std in ::std::sync
);
subject!(
    /// std, watched.
    OursStd: std in ::lockwarden::sync
);

/// Samples a case.
const ROUNDS: usize = 41;
/// Samples of a case that takes long.
const FEW_ROUNDS: usize = 21;
/// Children that get a new edge from one parent.
const CHILDREN: u64 = 100_000;

/// A case for both flavours.
macro_rules! row {
    ($name:literal, $case:ident, $time:literal, $goal:expr) => {
        [
            row!(@flavour $name, "parking_lot", $case, Ours, Bare, $time, $goal),
            row!(@flavour $name, "std", $case, OursStd, BareStd, $time, $goal),
        ]
    };
    (@flavour $name:literal, $flavour:literal, $case:ident, $ours:ident, $bare:ident, $time:literal, $goal:expr) => {
        Case {
            name: concat!($name, "/", $flavour),
            runs: [cases::$case::<$ours>, cases::$case::<$bare>],
            sample: Duration::from_micros($time),
            // The budget is that of `parking_lot`; std's own locks are only shown beside ours.
            goal: if $flavour == "parking_lot" { $goal } else { None },
        }
    };
}

struct Case {
    name: &'static str,
    runs: [Run; 2],
    sample: Duration,
    goal: Option<f64>,
}

/// Every case that is a ratio, with its budget.
fn ratios() -> Vec<Case> {
    [
        row!("lock", lock, 1000, Some(1.10)),
        row!("pair", pair, 1000, Some(1.15)),
        row!("deep-8", deep, 1000, Some(1.25)),
        row!("read", read, 1000, Some(1.15)),
        row!("write", write, 1000, Some(1.15)),
        row!("create-lock-drop", create, 1000, Some(2.0)),
        row!("fresh", fresh, 1000, Some(3.0)),
        row!("fresh-two", fresh_two, 3000, Some(3.0)),
        row!("two-parents", two_parents, 1000, None),
        row!("rows-100", rows_100, 1000, None),
        row!("rows-16000", rows_16000, 1000, None),
        row!("private-pairs", private_pairs, 3000, Some(1.15)),
        row!("shared-pair", shared_pair, 20000, None),
        row!("one-lock", one_lock, 20000, Some(1.0 / 0.95)),
        row!(
            "one-lock-and-work",
            one_lock_and_work,
            20000,
            Some(1.0 / 0.95)
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() {
    if let Some(pairs) = deadlock::asked_for() {
        return deadlock::form(pairs);
    }
    enabled::ensure("overhead", "always");
    let filter: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|part| name.contains(part));
    let mut random = Random::new(0x10c4);
    println!(
        "{:<40} {:>9} {:>9} {:>6}  {:>9} {:>9} {:>6}",
        "case", "ours_ns", "bare_ns", "ratio", "least", "least", "ratio"
    );
    measure("", &wanted, &mut random);
    // It looks often enough to tell of what lasts a second not much later.
    let watchdog = Watchdog::builder()
        .wait_limit(Duration::from_secs(1))
        .hold_limit(Duration::from_secs(1))
        .spawn()
        .expect("the watchdog can be started");
    measure("+watchdog", &wanted, &mut random);
    drop(watchdog);
    subscriber::install();
    measure("+tracing", &wanted, &mut random);
}

fn measure(phase: &str, wanted: &dyn Fn(&str) -> bool, random: &mut Random) {
    let named = |name: &str| format!("{name}{phase}");
    let mut rows: Vec<Row> = ratios()
        .into_iter()
        .filter(|case| wanted(&named(case.name)))
        .map(|case| {
            let mut row = Row::calibrated(named(case.name), case.runs, case.sample);
            row.goal = case.goal;
            row
        })
        .collect();
    rounds::run(&mut rows, ROUNDS, random);
    let mut few: Vec<Row> = row!("new-edge", new_edges, 0, None)
        .into_iter()
        .filter(|case| wanted(&named(case.name)))
        .map(|case| Row::counted(named(case.name), case.runs, CHILDREN))
        .collect();
    rounds::run(&mut few, FEW_ROUNDS, random);
    for row in rows.iter().chain(&few) {
        print(row);
    }
    for (name, run) in [
        (
            "bytes-of-an-edge/parking_lot",
            memory::edges::<Ours> as fn(u64) -> memory::Bytes,
        ),
        ("bytes-of-an-edge/std", memory::edges::<OursStd>),
    ] {
        if wanted(&named(name)) {
            println!("{:<40} {}", named(name), run(CHILDREN));
        }
    }
    for pairs in [1, 100] {
        let name = named(&format!("deadlock-of-{pairs}"));
        if wanted(&name) {
            println!(
                "{name:<40} {}",
                deadlock::measure(pairs, phase == "+tracing")
            );
        }
    }
}

fn print(row: &Row) {
    let figures = row.figures();
    let (ours, bare) = (figures.ours, figures.bare);
    let ratio = ours.median / bare.median;
    let verdict = match row.goal {
        Some(goal) if ratio > goal => format!("  over {goal:.2}"),
        Some(goal) => format!("  within {goal:.2}"),
        None => String::new(),
    };
    println!(
        "{:<40} {:>9.2} {:>9.2} {:>6.3}  {:>9.2} {:>9.2} {:>6.3}{verdict}",
        row.name,
        ours.median,
        bare.median,
        ratio,
        ours.least,
        bare.least,
        ours.least / bare.least,
    );
}
