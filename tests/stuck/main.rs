//! Threads that wait for ever for something else than a lock, in processes of their own.
//!
//! Whether anyone is left who could end a wait depends on all threads of the process, so these
//! cannot be tests among others: libtest has threads of its own, of which the detector knows
//! nothing. Without arguments, this program runs each kernel as a child of itself and looks at what
//! that says; with a part of a name, those kernels; with the name of a kernel, it is that kernel.

mod advice;
mod barriers;
mod chains;
mod channels;
mod child;
mod crowd;
mod events;
mod expect;
mod initialisation;
mod joins;
mod limits;
#[cfg(feature = "pool")]
mod pools;
#[cfg(feature = "queue")]
mod queues;
#[cfg(feature = "channel")]
mod select;
mod semaphores;
mod signals;
mod steps;
mod strangers;
#[cfg(feature = "timer")]
mod timers;
mod watched;

use expect::{Case, Told};

fn main() {
    let kernels: &[&[Case]] = &[
        advice::CASES,
        barriers::CASES,
        chains::CASES,
        channels::CASES,
        crowd::CASES,
        events::CASES,
        initialisation::CASES,
        joins::CASES,
        limits::CASES,
        #[cfg(feature = "pool")]
        pools::CASES,
        #[cfg(feature = "queue")]
        queues::CASES,
        #[cfg(feature = "channel")]
        select::CASES,
        semaphores::CASES,
        signals::CASES,
        strangers::CASES,
        #[cfg(feature = "timer")]
        timers::CASES,
        watched::CASES,
    ];
    let cases = kernels.concat();
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_default();
    if let Some(case) = cases.iter().find(|case| case.name == part) {
        (case.run)();
        return;
    }
    let (mut count, mut failed) = (0, 0);
    for case in cases.iter().filter(|case| case.name.contains(&part)) {
        if !steps::WATCHED && case.told != Told::Nothing {
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
