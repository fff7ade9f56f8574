//! Threads that wait for ever for something else than a lock, in processes of their own.
//!
//! Whether anyone is left who could end a wait depends on all threads of the process, so these
//! cannot be tests among others: libtest has threads of its own, of which the detector knows
//! nothing. Without arguments, this program runs each kernel as a child of itself and looks at what
//! that says; with the name of a kernel, it is that kernel.

mod channels;
mod child;
mod expect;
mod joins;
#[cfg(feature = "pool")]
mod pools;
#[cfg(feature = "queue")]
mod queues;
#[cfg(feature = "channel")]
mod select;
mod signals;
#[cfg(feature = "timer")]
mod timers;

use expect::{Case, Told};

fn main() {
    let kernels: &[&[Case]] = &[
        channels::CASES,
        joins::CASES,
        #[cfg(feature = "pool")]
        pools::CASES,
        #[cfg(feature = "queue")]
        queues::CASES,
        #[cfg(feature = "channel")]
        select::CASES,
        signals::CASES,
        #[cfg(feature = "timer")]
        timers::CASES,
    ];
    let cases = kernels.concat();
    let mut arguments = std::env::args().skip(1);
    if let Some(name) = arguments.next()
        && let Some(case) = cases.iter().find(|case| case.name == name)
    {
        (case.run)();
        return;
    }
    if !cfg!(any(debug_assertions, feature = "always")) {
        println!("not instrumented: nothing is stuck that would be told");
        return;
    }
    let mut failed = 0;
    for case in &cases {
        let outcome = child::run(case.name);
        match case.check(&outcome) {
            Ok(()) => println!("kernel {} ... ok", case.name),
            Err(why) => {
                failed += 1;
                println!("kernel {} ... FAILED: {why}\n{outcome}", case.name);
            }
        }
    }
    println!("\n{} kernels, {failed} failed", cases.len());
    if failed > 0 {
        std::process::exit(1);
    }
    let silent = cases.iter().filter(|case| case.told == Told::Nothing);
    println!("{} of them are not stuck and were not told", silent.count());
}
