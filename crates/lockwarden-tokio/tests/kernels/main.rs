//! Tasks that wait for ever, and those that only look so, in processes of their own.
//!
//! Without arguments, this program runs each kernel as a child of itself and looks at what that
//! says; with the name of a kernel, it is that kernel; with the part of a name, it runs those.

mod alike;
mod executors;
mod expect;
mod field;
mod local;
mod outside;
#[cfg(target_os = "linux")]
mod programs;
mod rings;
mod rooms;
mod runtimes;
mod single;
mod snoozed;
mod threads;
mod world;

use expect::Case;

fn main() -> std::process::ExitCode {
    let groups: &[&[Case]] = &[
        alike::CASES,
        executors::CASES,
        field::CASES,
        local::CASES,
        outside::CASES,
        #[cfg(target_os = "linux")]
        programs::CASES,
        rings::CASES,
        rooms::CASES,
        runtimes::CASES,
        single::CASES,
        snoozed::CASES,
        threads::CASES,
        world::CASES,
    ];
    expect::run(&groups.concat())
}
