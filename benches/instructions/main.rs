//! Runs one case a given number of times, to be counted from outside: see `benches/instructions.sh`.
//!
//! `instructions CASE SUBJECT COUNT`, where the subject is `ours` or `bare`. With `--list` it names
//! the cases, with `--status` it says whether the locks are watched.

#[path = "../common/mod.rs"]
mod common;

use std::process::exit;

use common::cases;
use common::rounds::Run;

subject!(
    /// Bare.
    Bare: parking_lot in ::parking_lot
);
subject!(
    /// Watched, or not, as the build has it.
    Ours: parking_lot in ::lockwarden::parking_lot
);

const CASES: [(&str, Run, Run); 7] = [
    ("lock", cases::lock::<Ours>, cases::lock::<Bare>),
    ("pair", cases::pair::<Ours>, cases::pair::<Bare>),
    ("deep-8", cases::deep::<Ours>, cases::deep::<Bare>),
    ("read", cases::read::<Ours>, cases::read::<Bare>),
    ("write", cases::write::<Ours>, cases::write::<Bare>),
    (
        "create-lock-drop",
        cases::create::<Ours>,
        cases::create::<Bare>,
    ),
    ("fresh", cases::fresh::<Ours>, cases::fresh::<Bare>),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--status"] => println!(
            "{}",
            if lockwarden::status().is_on() {
                "on"
            } else {
                "off"
            }
        ),
        ["--list"] => CASES.iter().for_each(|(name, ..)| println!("{name}")),
        [case, subject, count] => {
            let known = CASES.iter().find(|(name, ..)| *name == case);
            let (Some((_, ours, bare)), Ok(count)) = (known, count.parse()) else {
                usage()
            };
            match subject {
                "ours" => ours(count),
                "bare" => bare(count),
                _ => usage(),
            };
        }
        // What `cargo bench` passes: there is nothing to time here.
        ["--bench"] => println!("run `benches/instructions.sh`"),
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: instructions CASE ours|bare COUNT");
    exit(2);
}
