//! What watching costs as a program grows: the time of a new edge and of a known acquisition, and
//! the memory, against the number of locks, of edges, of threads, and the depth.
//!
//! `cargo bench --bench scale` measures everything; `-- SHAPE` only the shapes whose name contains
//! `SHAPE`; `-- --csv=FILE` writes the figures to a file. `benches/scale.sh` makes the tables and
//! plots of `docs/performance.md` of them.
//!
//! Each row is measured in a process of its own, by a thread with a small stack, on which nothing
//! that recurses along a chain of locks would get far.

#[path = "../common/allocator.rs"]
mod allocator;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/enabled.rs"]
mod enabled;
mod figures;
mod herd;
mod nest;
mod plan;
mod threads;
mod turns;

use std::process::Command;
use std::{env, fs, thread};

use figures::Figures;
use lockwarden::config::{Config, Limit, Status};
use plan::Plan;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

subject!(
    /// `parking_lot`, bare.
    Bare: parking_lot in ::parking_lot
);
subject!(
    /// `parking_lot`, watched.
    Ours: parking_lot in ::lockwarden::parking_lot
);

/// The stack of every thread that measures, in bytes.
const SMALL_STACK: usize = 128 * 1024;
/// Set for a child: the shape and the size.
const TASK: &str = "LOCKWARDEN_BENCH_SCALE";

/// A shape with its sizes.
struct Shape {
    name: &'static str,
    sizes: &'static [usize],
    measure: fn(usize) -> Figures,
}

const DECADES: &[usize] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// Every shape.
const SHAPES: [Shape; 19] = [
    shape("alone", DECADES, |n| nest::measure(&Plan::alone(n))),
    shape("star", DECADES, |n| nest::measure(&Plan::star(n))),
    shape("fan-in", DECADES, |n| nest::measure(&Plan::fan_in(n))),
    shape("chain-head-first", DECADES, |n| {
        nest::measure(&Plan::chain_head_first(n))
    }),
    shape("chain-tail-first", DECADES, |n| {
        nest::measure(&Plan::chain_tail_first(n))
    }),
    shape("halves", DECADES, |n| nest::measure(&Plan::halves(n))),
    shape("random-order", DECADES, |n| {
        nest::measure(&Plan::random_order(n))
    }),
    shape("cliques-of-45", &[1, 10, 100, 1_000], |n| {
        nest::measure(&Plan::cliques(n))
    }),
    shape("rotations", &[3, 10, 20, 45], |n| {
        nest::measure(&Plan::rotations(n))
    }),
    shape("depth", &[1, 2, 4, 8, 16, 32, 64], |n| {
        nest::measure(&Plan::depth(n))
    }),
    shape("threads-private", &[1, 2, 10, 100, 1_000], |n| {
        threads::measure(n, false)
    }),
    shape("threads-shared", &[1, 2, 10, 100, 1_000], |n| {
        threads::measure(n, true)
    }),
    shape("learning", &[1, 2, 4, 8], threads::learning),
    shape("learning-inner", &[1, 2, 4, 8], threads::learning_inner),
    shape("nest-in-turn", &[25, 50, 100, 200], threads::nest_in_turn),
    shape(
        "nest-of-classes-in-turn",
        &[4, 8, 16, 32, 64],
        threads::nest_of_classes_in_turn,
    ),
    shape("herd", &[100, 1_000, 4_000], herd::measure),
    shape("threads-in-turn", &[10, 100, 1_000, 10_000], turns::in_turn),
    shape("loaded", &[1, 10, 100, 1_000], turns::loaded),
];

const fn shape(
    name: &'static str,
    sizes: &'static [usize],
    measure: fn(usize) -> Figures,
) -> Shape {
    Shape {
        name,
        sizes,
        measure,
    }
}

fn main() {
    if let Ok(task) = env::var(TASK) {
        return child(&task);
    }
    enabled::ensure("scale", "always");
    let arguments: Vec<String> = env::args().skip(1).collect();
    let file = arguments
        .iter()
        .find_map(|word| word.strip_prefix("--csv="));
    let filter: Vec<&String> = arguments
        .iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let mut lines = vec![figures::COLUMNS.to_owned()];
    for shape in &SHAPES {
        if !filter.is_empty() && !filter.iter().any(|part| shape.name.contains(*part)) {
            continue;
        }
        println!(
            "{:<18} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>12} {:>9}",
            shape.name, "locks", "edges", "new_ns", "known_ns", "bare_ns", "ratio", "bytes", "kept"
        );
        for &size in shape.sizes {
            let line = row(shape.name, size);
            print(&line);
            lines.push(line);
        }
    }
    if let Some(file) = file {
        fs::write(file, lines.join("\n") + "\n").expect("the file can be written");
    }
}

/// Measures in a child, and returns the line of the file.
fn row(shape: &str, size: usize) -> String {
    let output = Command::new(env::current_exe().expect("a bench knows its own program"))
        .env(TASK, format!("{shape} {size}"))
        .env_remove("LOCKWARDEN")
        .output()
        .expect("the bench starts once more");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shape} {size} failed:\n{said}");
    eprint!("{said}");
    let figures = String::from_utf8_lossy(&output.stdout);
    format!("{shape},{size},{}", figures.trim())
}

fn print(line: &str) {
    let fields: Vec<&str> = line.split(',').collect();
    let [_, size, locks, edges, _, _, new, known, bare, bytes, kept] = fields[..] else {
        panic!("not a line of the file: {line}");
    };
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let ratio = number(known) / number(bare);
    println!(
        "{size:>18} {locks:>9} {edges:>9} {new:>9} {known:>9} {bare:>9} {ratio:>7.2} {bytes:>12} \
         {kept:>9}"
    );
}

/// Measures one row in this process.
fn child(task: &str) {
    let (name, size) = task.split_once(' ').expect("the parent gives both");
    let shape = SHAPES.iter().find(|shape| shape.name == name);
    let shape = shape.expect("the parent asks for what there is");
    let size = size.parse().expect("the parent gives a number");
    Config::new()
        .stderr(false)
        .install()
        .expect("nothing is installed yet");
    let figures = thread::Builder::new()
        .stack_size(SMALL_STACK)
        .spawn(move || (shape.measure)(size))
        .expect("there is room for a thread")
        .join()
        .expect("nothing here panics");
    println!("{figures}");
    let Status::On(activity) = lockwarden::status() else {
        panic!("nothing was watched");
    };
    // What was left out would make the figures too good, but for contexts, of which an edge is
    // meant to have too many here.
    if activity
        .limits
        .iter()
        .any(|limit| *limit != Limit::ContextsPerEdge)
    {
        eprintln!("{name} {size}: {activity}");
    }
    assert!(
        name == "rotations" || activity.reports == 0,
        "a false alarm: {activity}"
    );
}
