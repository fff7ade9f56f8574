//! Threads that wait for ever for something else than a lock, in processes of their own.
//!
//! Whether anyone is left who could end a wait depends on all threads of the process, so these
//! cannot be tests among others: libtest has threads of its own, of which the detector knows
//! nothing. This program runs each kernel as a child of itself and looks at what that says; it takes
//! the arguments of libtest, so filters and cargo-nextest work.

#[cfg(feature = "pool")]
mod advice;
#[cfg(feature = "pool")]
mod advice_dependencies;
#[cfg(feature = "pool")]
mod advice_field;
#[cfg(feature = "pool")]
mod advice_orders;
#[cfg(feature = "pool")]
mod advice_waits;
#[cfg(feature = "pool")]
mod advice_workers;
mod barriers;
mod chains;
mod channels;
#[path = "../support/child.rs"]
mod child;
mod crowd;
mod events;
mod expect;
mod field;
mod initialisation;
mod joins;
mod limits;
mod parks;
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
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod unwatched;
mod unwinding;
mod watched;
mod words;

use libtest_mimic::{Arguments, Failed, Trial};

use child::{Child, PART};
use expect::{Case, Expected};

fn main() {
    let kernels: &[&[Case]] = &[
        #[cfg(feature = "pool")]
        advice::CASES,
        #[cfg(feature = "pool")]
        advice_dependencies::CASES,
        #[cfg(feature = "pool")]
        advice_field::CASES,
        #[cfg(feature = "pool")]
        advice_orders::CASES,
        #[cfg(feature = "pool")]
        advice_waits::CASES,
        #[cfg(feature = "pool")]
        advice_workers::CASES,
        barriers::CASES,
        chains::CASES,
        channels::CASES,
        crowd::CASES,
        events::CASES,
        field::CASES,
        initialisation::CASES,
        joins::CASES,
        limits::CASES,
        parks::CASES,
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
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        unwatched::CASES,
        unwinding::CASES,
        watched::CASES,
        words::CASES,
    ];
    let cases = kernels.concat();
    if let Some(name) = child::part() {
        let case = cases.iter().find(|case| case.name == name);
        (case.expect("a parent names a kernel that there is").run)();
        return;
    }
    let trials = cases.into_iter().map(|case| {
        // Without instrumentation, a kernel that deadlocks would hang.
        let hangs = !steps::WATCHED && case.expected != Expected::Nothing;
        let run = move || {
            let exit = Child::of_this_program().env(PART, case.name).run();
            case.check(&exit)
                .map_err(|why| Failed::from(format!("{why}\n{exit}")))
        };
        Trial::test(case.name, run).with_ignored_flag(hangs)
    });
    let mut arguments = Arguments::from_args();
    // A case waits for most of its time.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
