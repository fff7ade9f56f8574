//! What watching costs whole programs: wall time and peak memory, watched and not.
//!
//! `cargo bench --bench programs` measures every program; `-- PROGRAM` only those whose name
//! contains `PROGRAM`. Each run is a process of its own; in each round all programs run in both
//! flavours, in a random order. A line a program, ready for `docs/performance.md`: the medians of
//! wall time, of the time of all cores, and of the peak of memory, and their ratios.
//!
//! Where other processes use the cores too, wall time is mostly their doing. The time of all cores
//! is then the better witness.

// The same source stands under two sets of imports: that is the point.
#![allow(clippy::duplicate_mod)]

mod bare;
mod child;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/enabled.rs"]
mod enabled;
mod watched;

use child::{Flavour, Outcome};
use common::random::Random;
use common::rounds::Spread;

/// Runs of each program in each flavour.
const ROUNDS: usize = 15;
/// The ratio not to be passed, for time and for memory.
const GOAL: f64 = 1.05;

/// What `handover` hands over.
#[derive(Clone, Copy)]
enum Handover {
    /// So many items from each producer, through a buffer of one.
    Buffer(usize),
    /// So many tasks, through one receiver.
    Tasks(usize),
}

/// A program, in both flavours.
struct Program {
    name: &'static str,
    runs: [fn(); 2],
}

/// The program `$name`, as the module `$at` of both flavours runs it with `$settings`.
macro_rules! program {
    ($name:literal, $at:ident, $settings:expr) => {
        Program {
            name: $name,
            runs: [
                || {
                    use bare::$at as program;
                    program::bench($settings);
                },
                || {
                    use watched::$at as program;
                    program::bench($settings);
                },
            ],
        }
    };
}

const PROGRAMS: [Program; 5] = [
    program!("ledger", ledger, 60_000),
    program!("kv-server", kv_server, true),
    program!("kv-service", kv_server, false),
    program!("hand-over", handover, Handover::Buffer(3_000)),
    program!("tasks", handover, Handover::Tasks(1_000_000)),
];

fn main() {
    if let Some((name, flavour)) = child::asked_for() {
        let program = PROGRAMS.iter().find(|program| program.name == name);
        let program = program.expect("the parent asks for what there is");
        return child::run(program.runs[flavour as usize]);
    }
    enabled::ensure("programs", "always");
    let filter: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|part| name.contains(part));
    let mut rows: Vec<Row> = PROGRAMS
        .iter()
        .filter(|program| wanted(program.name))
        .map(|program| Row::new(program.name))
        .collect();
    let mut random = Random::new(0x10c4);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for _ in 0..ROUNDS {
        random.shuffle(&mut order);
        for &at in &order {
            let first = Flavour::ALL[random.below(2)];
            for flavour in [first, first.other()] {
                let outcome = child::start(rows[at].name, flavour);
                rows[at].outcomes[flavour as usize].push(outcome);
            }
        }
    }
    println!(
        "| program | wall ms, bare | watched | ratio | cpu ms, bare | watched | ratio | peak KB, bare | watched | ratio | goal |"
    );
    println!("|---|{}---|", "--:|".repeat(9));
    for row in &rows {
        row.print();
    }
}

/// The outcomes of a program, by flavour.
struct Row {
    name: &'static str,
    outcomes: [Vec<Outcome>; 2],
}

impl Row {
    fn new(name: &'static str) -> Self {
        let outcomes = [Vec::new(), Vec::new()];
        Self { name, outcomes }
    }

    fn median(&self, flavour: Flavour, figure: fn(&Outcome) -> f64) -> f64 {
        let figures: Vec<f64> = self.outcomes[flavour as usize].iter().map(figure).collect();
        Spread::of(&figures).median
    }

    fn print(&self) {
        let figures: [fn(&Outcome) -> f64; 3] = [
            |outcome| outcome.time.as_secs_f64() * 1e3,
            |outcome| outcome.cpu.as_secs_f64() * 1e3,
            |outcome| outcome.peak as f64,
        ];
        print!("| {}", self.name);
        let mut within = true;
        for figure in figures {
            let bare = self.median(Flavour::Bare, figure);
            let watched = self.median(Flavour::Watched, figure);
            let ratio = watched / bare;
            within &= ratio <= GOAL;
            print!(" | {bare:.0} | {watched:.0} | {ratio:.3}");
        }
        let verdict = if within { "within" } else { "over" };
        println!(" | {verdict} {GOAL} |");
    }
}
