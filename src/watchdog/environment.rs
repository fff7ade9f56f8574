//! The environment variable `LOCKWARDEN_WATCHDOG`.

use std::path::PathBuf;
use std::time::Duration;

use parking_lot::Mutex;

use super::builder::Builder;
use super::error::Error;
use super::handle::Watchdog;
use crate::config::time;
use crate::sink;
use crate::variables::Variable;

const NAME: &str = Variable::Watchdog.name();

/// The watchdog that the environment variable has started.
static STARTED: Mutex<Option<Watchdog>> = Mutex::new(None);

/// The parsed value of the variable.
#[derive(Debug, Default)]
struct Environment(Vec<Setting>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Setting {
    Wait(Option<Duration>),
    Events(Option<Duration>),
    Hold(Option<Duration>),
    Progress(Option<Duration>),
    Signal(Option<i32>),
    Quit,
    Stderr,
    Event,
    Json(PathBuf),
    Abort,
    Exit(i32),
    Restart(u32),
}

/// Parses the variable; `None` if it is not set, or is `off`.
fn read() -> Result<Option<Environment>, Error> {
    parse(&Variable::Watchdog.text())
}

/// Starts the watchdog that the variable asks for, if it does. An error is written to standard error,
/// and the program continues.
pub(super) fn from_environment() {
    let started = read().and_then(|environment| match environment {
        Some(environment) => environment.apply(Builder::new())?.start().map(Some),
        None => Ok(None),
    });
    match started {
        Ok(Some(watchdog)) => *STARTED.lock() = Some(watchdog),
        // The program starts its own watchdog at this moment.
        Ok(None) | Err(Error::AlreadyRunning) => {}
        Err(error) => sink::say(&format!("{NAME}: {error}")),
    }
}

/// Returns `builder` with the settings of the variable applied. A value that is not understood is
/// written to standard error, and `builder` is returned unchanged.
pub(super) fn put_over(builder: Builder) -> Builder {
    let put = read().and_then(|environment| match environment {
        Some(environment) => environment.apply(builder.clone()).map(Some),
        None => Ok(None),
    });
    match put {
        Ok(put) => put.unwrap_or(builder),
        Err(error) => {
            sink::say(&format!("{NAME}: {error}"));
            builder
        }
    }
}

/// Stops the watchdog that the environment variable has started, so that the program can start its own.
pub(super) fn give_way() {
    let started = STARTED.lock().take();
    drop(started);
}

impl Environment {
    /// Applies the settings of the variable.
    fn apply(self, mut to: Builder) -> Result<Builder, Error> {
        for setting in self.0 {
            to = match setting {
                Setting::Wait(limit) => to.wait_limit(limit),
                Setting::Events(limit) => to.event_limit(limit),
                Setting::Hold(limit) => to.hold_limit(limit),
                Setting::Progress(limit) => to.progress_limit(limit),
                Setting::Signal(Some(signal)) => to.signal(signal),
                Setting::Signal(None) => to.without_signals(),
                Setting::Quit => to.dump_on_quit(),
                Setting::Stderr => to.stderr(),
                Setting::Event => to.tracing(),
                Setting::Json(path) => json(to, path)?,
                Setting::Abort => to.abort(),
                Setting::Exit(code) => to.exit(code),
                Setting::Restart(times) => to.restart(times),
            };
        }
        Ok(to)
    }
}

#[cfg(feature = "json")]
fn json(to: Builder, path: PathBuf) -> Result<Builder, Error> {
    Ok(to.json_lines(path))
}

#[cfg(not(feature = "json"))]
fn json(_to: Builder, path: PathBuf) -> Result<Builder, Error> {
    Err(Error::Environment {
        part: format!("json={}", path.display()),
        why: "this program was built without the feature `json`".to_owned(),
    })
}

fn parse(value: &str) -> Result<Option<Environment>, Error> {
    let mut settings = Vec::new();
    let parts = value.split([',', ';']).map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        if part.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        let setting = setting(part).map_err(|why| Error::Environment {
            part: part.to_owned(),
            why,
        })?;
        settings.push(setting);
    }
    Ok((!settings.is_empty()).then_some(Environment(settings)))
}

fn setting(part: &str) -> Result<Setting, String> {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    let number = || value.parse().map_err(|_| format!("{value:?} is no number"));
    match key.as_str() {
        "wait" => limit(value).map(Setting::Wait),
        "events" => limit(value).map(Setting::Events),
        "hold" => limit(value).map(Setting::Hold),
        "progress" => limit(value).map(Setting::Progress),
        "signal" if value.eq_ignore_ascii_case("off") => Ok(Setting::Signal(None)),
        "signal" => number().map(|signal| Setting::Signal(Some(signal))),
        "quit" if value.is_empty() => Ok(Setting::Quit),
        "stderr" if value.is_empty() => Ok(Setting::Stderr),
        "event" if value.is_empty() => Ok(Setting::Event),
        "json" if !value.is_empty() => Ok(Setting::Json(value.into())),
        "abort" if value.is_empty() => Ok(Setting::Abort),
        "exit" => number().and_then(|code| {
            let code = u8::try_from(code)
                .map_err(|_| format!("{value:?} is no exit code: those are 0 to 255"))?;
            Ok(Setting::Exit(code.into()))
        }),
        "restart" => number().and_then(|times| {
            let times = u32::try_from(times).map_err(|_| format!("{value:?} is no count"))?;
            Ok(Setting::Restart(times))
        }),
        _ if part.starts_with(|first: char| first.is_ascii_digit()) => {
            limit(part).map(Setting::Wait)
        }
        _ => Err(
            "allowed are a limit such as 10s, wait=, events=, hold= and progress= with a limit or \
             off, signal= with a number or off, quit, stderr, event, json= with a path, abort, \
             exit= with a code, restart= with a count, and off"
                .to_owned(),
        ),
    }
}

fn limit(value: &str) -> Result<Option<Duration>, String> {
    if value.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    time::parse(value).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(value: &str) -> Vec<Setting> {
        parse(value).unwrap().map_or(Vec::new(), |e| e.0)
    }

    #[test]
    fn a_time_alone_is_the_limit_for_a_wait() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(settings("10s"), [Setting::Wait(seconds(10))]);
        assert_eq!(settings(" 2m "), [Setting::Wait(seconds(120))]);
        assert_eq!(
            settings("500ms; Events=off, hold=1h,progress=1.5s"),
            [
                Setting::Wait(Some(Duration::from_millis(500))),
                Setting::Events(None),
                Setting::Hold(seconds(3600)),
                Setting::Progress(Some(Duration::from_millis(1_500))),
            ]
        );
    }

    #[test]
    fn actions_stand_in_their_order() {
        assert_eq!(
            settings("1s,json=/tmp/x,stderr,quit,signal=off,exit=3,restart=2"),
            [
                Setting::Wait(Some(Duration::from_secs(1))),
                Setting::Json("/tmp/x".into()),
                Setting::Stderr,
                Setting::Quit,
                Setting::Signal(None),
                Setting::Exit(3),
                Setting::Restart(2),
            ]
        );
    }

    #[test]
    fn off_and_nothing_start_none() {
        assert!(parse("").unwrap().is_none());
        assert!(parse("10s,off").unwrap().is_none());
    }

    #[test]
    fn a_bad_part_is_an_error_with_its_reason() {
        for value in [
            "10",
            "10x",
            "s",
            "wait=",
            "wait=1e3s",
            "quit=3",
            "exit=",
            "exit=256",
            "exit=300",
            "exit=-1",
            "restart=-1",
            "nonsense",
            "hold=9999999999999999999999h",
            "json",
        ] {
            let error = parse(value).map(|_| value).unwrap_err();
            assert!(matches!(error, Error::Environment { .. }), "{value}");
            assert!(error.to_string().contains("is not understood"), "{error}");
        }
    }
}
