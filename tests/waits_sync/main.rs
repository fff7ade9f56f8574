//! Semaphores, events, barriers and initialisations that are waited for for ever, or only for long,
//! in processes of their own: see `stuck`, whose way of running kernels this is.

#[path = "../stuck/child.rs"]
mod child;
#[allow(dead_code)] // Not all that can be expected is expected here.
#[path = "../stuck/expect.rs"]
mod expect;

mod barriers;
mod events;
mod initialisation;
mod semaphores;
mod steps;

use expect::{Case, Told};

fn main() {
    let cases: Vec<Case> = [
        barriers::CASES,
        events::CASES,
        initialisation::CASES,
        semaphores::CASES,
    ]
    .concat();
    let mut arguments = std::env::args().skip(1);
    if let Some(name) = arguments.next()
        && let Some(case) = cases.iter().find(|case| case.name == name)
    {
        (case.run)();
        return;
    }
    let instrumented = cfg!(any(debug_assertions, feature = "always"));
    let mut failed = 0;
    let mut count = 0;
    for case in &cases {
        if !instrumented && case.told != Told::Nothing {
            // It would hang.
            continue;
        }
        count += 1;
        let outcome = child::run(case.name);
        match case.check(&outcome) {
            Ok(()) => println!("kernel {} ... ok", case.name),
            Err(why) => {
                failed += 1;
                println!("kernel {} ... FAILED: {why}\n{outcome}", case.name);
            }
        }
    }
    println!("\n{count} kernels, {failed} failed");
    if failed > 0 {
        std::process::exit(1);
    }
}
