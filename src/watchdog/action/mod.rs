//! What is done about an alert.

mod event;
mod exit;
#[cfg(feature = "json")]
mod json;
mod restart;
#[cfg(unix)]
mod restarts;

use std::fmt;
use std::sync::Arc;

use super::alert::Alert;
use super::backoff::Phase;
use crate::sink;

type Callback = Arc<dyn Fn(&Alert) + Send + Sync>;

/// One thing to do.
#[derive(Clone)]
pub(super) enum Action {
    /// An event of `tracing`.
    Event,
    /// Text on standard error.
    Stderr,
    /// A line of JSON at the end of a file.
    #[cfg(feature = "json")]
    Json(sink::LinesFile),
    /// A function of the program.
    Call(Callback),
    /// The end of the process, with a core where the system writes one.
    Abort,
    /// The end of the process with this code.
    Exit(i32),
    /// The program anew in this process, at most so many times in a row.
    Restart(u32),
}

impl Action {
    /// Does it. Nothing that the program does comes back as a panic. With `printed`, the text of the
    /// report stands on standard error already.
    pub(super) fn run(&self, alert: &Alert, printed: bool) {
        // What ends the process does so once: when it begins.
        let begins = alert.phase == Phase::Began;
        match self {
            Action::Event => {
                sink::guarded("the `tracing` subscriber", || event::emit(alert));
            }
            Action::Stderr => {
                let text = || match printed {
                    true => alert.below_the_report(),
                    false => alert.to_string(),
                };
                sink::guarded("the text", || sink::print(format!("{}\n", text())));
            }
            #[cfg(feature = "json")]
            Action::Json(file) => {
                if let Err(error) = file.append(&json::line(alert)) {
                    sink::say(&format!("watchdog: a line of JSON is lost: {error}"));
                }
            }
            Action::Call(callback) => {
                sink::guarded("the callback of the watchdog", || callback(alert));
            }
            Action::Abort if begins => {
                sink::flush(sink::LAST);
                std::process::abort()
            }
            Action::Exit(code) if begins => {
                sink::flush(sink::LAST);
                exit::exit(*code)
            }
            Action::Restart(times) if begins => restart::restart(*times),
            Action::Abort | Action::Exit(_) | Action::Restart(_) => {}
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Event => f.write_str("Event"),
            Action::Stderr => f.write_str("Stderr"),
            #[cfg(feature = "json")]
            Action::Json(file) => f.debug_tuple("Json").field(file).finish(),
            Action::Call(_) => f.write_str("Call(Fn(&Alert))"),
            Action::Abort => f.write_str("Abort"),
            Action::Exit(code) => f.debug_tuple("Exit").field(code).finish(),
            Action::Restart(times) => f.debug_tuple("Restart").field(times).finish(),
        }
    }
}
