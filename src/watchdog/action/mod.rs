//! The actions of an alert.

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

/// One action.
#[derive(Clone)]
pub(super) enum Action {
    /// A `tracing` event.
    Event,
    /// Text on standard error.
    Stderr,
    /// A line of JSON, appended to a file.
    #[cfg(feature = "json")]
    Json(sink::LinesFile),
    /// A callback of the program.
    Call(Callback),
    /// The process aborts, with a core dump where the system writes one.
    Abort,
    /// The process ends with this code.
    Exit(i32),
    /// The program restarts in this process, at most so many times in a row.
    Restart(u32),
}

impl Action {
    /// Whether the action runs code of the program, which may end a wait.
    pub(super) fn calls_program(&self) -> bool {
        matches!(self, Action::Event | Action::Call(_))
    }

    /// Runs the action. A panic of the program's code is caught. With `printed`, standard error has the
    /// text of the report already.
    pub(super) fn run(&self, alert: &Alert, printed: bool) {
        // An action that ends the process runs once: when the stall begins.
        let begins = alert.phase == Phase::Began;
        match self {
            Action::Event => {
                sink::guarded("the `tracing` subscriber", &mut || event::emit(alert));
            }
            Action::Stderr => {
                let text = || match printed {
                    true => alert.below_the_report(),
                    false => alert.to_string(),
                };
                sink::guarded("the text", &mut || sink::print(format!("{}\n", text())));
            }
            #[cfg(feature = "json")]
            Action::Json(file) => {
                if let Err(error) = file.append(&json::line(alert)) {
                    sink::say(&format!("watchdog: a line of JSON is lost: {error}"));
                }
            }
            Action::Call(callback) => {
                sink::guarded("the callback of the watchdog", &mut || callback(alert));
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
