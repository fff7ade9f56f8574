//! The program anew, in the same process.

#[cfg(unix)]
use super::super::signal;
use crate::sink;

/// Counts the restarts, from one program to the next.
const RESTARTS: &str = "LOCKWARDEN_RESTARTS";

/// Starts the program anew with the same arguments, unless that was done `times` times already.
#[cfg(unix)]
pub(super) fn restart(times: u32) {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let made = std::env::var(RESTARTS).ok();
    let made = made.and_then(|made| made.parse::<u32>().ok()).unwrap_or(0);
    if made >= times {
        sink::say(&format!(
            "watchdog: the program was restarted {made} {}, and is not any more",
            if made == 1 { "time" } else { "times" }
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
    let mut command = Command::new(&program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command
        .args(arguments)
        .env(RESTARTS, (made + 1).to_string());
    sink::say(&format!(
        "watchdog: the program is restarted: {} of {times}",
        made + 1
    ));
    // The new program would keep out whatever signals this thread does.
    signal::unshield();
    // Returns only if it fails.
    let error = command.exec();
    signal::shield();
    sink::say(&format!(
        "watchdog: the program cannot be restarted: {error}"
    ));
}

/// Says that this cannot be done here.
#[cfg(not(unix))]
pub(super) fn restart(_times: u32) {
    sink::say("watchdog: a program cannot be restarted in its process on this system");
}
