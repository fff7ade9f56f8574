//! Restarts the program in the same process.

#[cfg(unix)]
use crate::report::counted;
use crate::sink;
#[cfg(unix)]
use crate::system::signal;

/// Restarts the program with the same arguments, unless that was done `times` times in a row already.
#[cfg(unix)]
pub(super) fn restart(times: u32) {
    use std::mem::ManuallyDrop;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::restarts::{RESTARTS, Restarts};

    let now = std::time::SystemTime::now();
    let made = Restarts::of_environment(now);
    if made.in_a_row >= times {
        let made = counted(made.in_a_row.into(), "time");
        sink::say(&format!(
            "watchdog: the program was restarted {made}, and is not any more"
        ));
        return;
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            sink::say(&format!(
                "watchdog: the program cannot be restarted: {error}"
            ));
            return;
        }
    };
    let mut arguments = std::env::args_os();
    // Never dropped: the drop would bring a copy of the code of a `BTreeMap` into each build.
    let mut command = ManuallyDrop::new(Command::new(&program));
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let made = made.one_more(now);
    command.args(arguments).env(RESTARTS, made.to_string());
    sink::say(&format!(
        "watchdog: the program is restarted: {} of {times}",
        made.in_a_row
    ));
    sink::flush(sink::LAST);
    // The signal mask survives `exec`: the new program would block whatever this thread blocks.
    signal::unshield();
    // `exec` returns only if it fails.
    let error = command.exec();
    signal::shield();
    sink::say(&format!(
        "watchdog: the program cannot be restarted: {error}"
    ));
}

#[cfg(not(unix))]
pub(super) fn restart(_times: u32) {
    sink::say("watchdog: a program cannot be restarted in its process on this system");
}
