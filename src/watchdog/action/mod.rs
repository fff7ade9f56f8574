//! The actions of an alert.

mod event;
#[cfg(feature = "json")]
mod json;
mod restart;
#[cfg(unix)]
mod restarts;

#[cfg(feature = "json")]
use std::path::PathBuf;

use super::alert::Alert;
use super::backoff::Phase;
use super::error::Error;
use crate::config::Callback;
use crate::sink;

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// A `tracing` event.
    Event,
    /// Text on standard error.
    Stderr,
    /// A line of JSON, appended to a file.
    #[cfg(feature = "json")]
    Json(PathBuf),
    /// A callback of the program.
    Call(Callback<Alert>),
    /// The process aborts, with a core dump where the system writes one.
    Abort,
    /// The process ends with this code.
    Exit(i32),
    /// The program restarts in this process, at most so many times in a row.
    Restart(u32),
}

impl Action {
    /// Returns why the action cannot be done, if that is known before; creates the file of lines.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Action::Exit(code @ (i32::MIN..=-1 | 256..)) => Err(Error::ExitCode { code: *code }),
            _ => Ok(()),
        }
    }

    /// Makes the file that the action writes.
    pub(super) fn open(&self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "json")]
            Action::Json(path) => match sink::open_lines(path) {
                Ok(_) => Ok(()),
                Err(source) => Err(Error::File {
                    path: path.clone(),
                    source,
                }),
            },
            _ => Ok(()),
        }
    }

    /// Whether the action runs code of the program, which may end a wait.
    pub(super) fn calls_program(&self) -> bool {
        matches!(self, Action::Event | Action::Call(_))
    }

    /// Runs the action. A panic of the program's code is caught. With `printed`, standard error has the
    /// text of the report already.
    pub(super) fn run(&self, alert: &Alert, printed: bool) {
        // An action that ends the process runs once: when the stall begins.
        let begins = alert.phase == Phase::Began;
        let _call = self.calls_program().then(sink::ProgramCall::begin);
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
            Action::Json(path) => {
                if let Err(error) = sink::append_line(path, &json::line(alert)) {
                    sink::say(&format!("watchdog: a line of JSON is lost: {error}"));
                }
            }
            Action::Call(callback) => {
                sink::guarded("the callback of the watchdog", &mut || (callback.0)(alert));
            }
            Action::Abort if begins => end(&|| std::process::abort()),
            Action::Exit(code) if begins => end(&|| exit(*code)),
            Action::Restart(times) if begins => end(&|| restart::restart(*times)),
            Action::Abort | Action::Exit(_) | Action::Restart(_) => {}
        }
    }
}

/// Calls `how`, which ends the process, when all texts are written; does nothing if the process ends already, and waits
/// for this alert.
pub(super) fn end(how: &dyn Fn()) {
    sink::flush(sink::LAST);
    if !sink::is_ending() {
        how();
    }
}

/// Ends the process at once: exit handlers might wait for a lock that is never released.
#[cfg(unix)]
#[allow(unsafe_code)]
fn exit(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition; it ends the process and runs no code of it before.
    unsafe { libc::_exit(code) }
}

#[cfg(not(unix))]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
