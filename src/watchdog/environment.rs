//! The environment variable `LOCKWARDEN_WATCHDOG`.

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

/// Starts the watchdog that the variable asks for, if it does. An error is written to standard error,
/// and the program continues.
pub(super) fn from_environment() {
    let Some(builder) = read(Builder::new()) else {
        return;
    };
    match builder.start() {
        Ok(watchdog) => *STARTED.lock() = Some(watchdog),
        // The program starts its own watchdog at this moment.
        Err(Error::AlreadyRunning) => {}
        Err(error) => say(&error),
    }
}

/// Returns `builder` with the settings of the variable applied. A value that is not understood is
/// written to standard error, and `builder` is returned unchanged.
pub(super) fn put_over(builder: Builder) -> Builder {
    read(builder.clone()).unwrap_or(builder)
}

/// Applies the variable; `None` if it is not set, is `off`, or is not understood, which is written to standard error.
fn read(to: Builder) -> Option<Builder> {
    let applied = apply(to, &Variable::Watchdog.text());
    applied.unwrap_or_else(|error| {
        say(&error);
        None
    })
}

fn say(error: &Error) {
    sink::say(&format!("{NAME}: {error}"));
}

/// Stops the watchdog that the environment variable has started, so that the program can start its own.
pub(super) fn give_way() {
    let started = STARTED.lock().take();
    drop(started);
}

/// Applies a value of the variable; `None` if it is empty, or has the part `off`.
fn apply(mut to: Builder, value: &str) -> Result<Option<Builder>, Error> {
    let mut is_set = false;
    for part in value.split([',', ';']) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        if part.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        to = match apply_part(to, part) {
            Ok(to) => to,
            Err(why) => {
                let part = part.to_owned();
                return Err(Error::Environment { part, why });
            }
        };
        is_set = true;
    }
    Ok(is_set.then_some(to))
}

fn apply_part(to: Builder, part: &str) -> Result<Builder, String> {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    Ok(match key.as_str() {
        "wait" => to.wait_limit(limit(value)?),
        "events" => to.event_limit(limit(value)?),
        "hold" => to.hold_limit(limit(value)?),
        "progress" => to.progress_limit(limit(value)?),
        "signal" if value.eq_ignore_ascii_case("off") => to.without_signals(),
        "signal" => to.signal(number(value)?),
        "quit" if value.is_empty() => to.dump_on_quit(),
        "stderr" if value.is_empty() => to.stderr(),
        "event" if value.is_empty() => to.tracing(),
        "json" if !value.is_empty() => json(to, value)?,
        "abort" if value.is_empty() => to.abort(),
        "exit" => match number(value)? {
            code @ 0..=255 => to.exit(code),
            _ => return Err(format!("{value:?} is no exit code: those are 0 to 255")),
        },
        "restart" => match u32::try_from(number(value)?) {
            Ok(times) => to.restart(times),
            Err(_) => return Err(format!("{value:?} is no count")),
        },
        _ if part.as_bytes()[0].is_ascii_digit() => to.wait_limit(limit(part)?),
        _ => {
            return Err(
                "allowed are a limit such as 10s, wait=, events=, hold= and progress= with a limit or \
                 off, signal= with a number or off, quit, stderr, event, json= with a path, abort, \
                 exit= with a code, restart= with a count, and off"
                    .to_owned(),
            );
        }
    })
}

#[cfg(feature = "json")]
fn json(to: Builder, path: &str) -> Result<Builder, String> {
    Ok(to.json_lines(path))
}

#[cfg(not(feature = "json"))]
fn json(_to: Builder, _path: &str) -> Result<Builder, String> {
    Err("this program was built without the feature `json`".to_owned())
}

fn number(value: &str) -> Result<i32, String> {
    // By a type that is parsed elsewhere: each has a parser of its own.
    let number = value.parse::<i64>().ok();
    number
        .and_then(|number| i32::try_from(number).ok())
        .ok_or_else(|| format!("{value:?} is no number"))
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
    use crate::system::signal::Choice;

    fn applied(value: &str) -> Builder {
        apply(Builder::new(), value).unwrap().unwrap()
    }

    #[test]
    fn a_time_alone_is_the_limit_for_a_wait() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(applied("10s").limits.wait, seconds(10));
        assert_eq!(applied(" 2m ").limits.wait, seconds(120));
        let limits = applied("500ms; Events=off, hold=1h,progress=1.5s").limits;
        assert_eq!(limits.wait, Some(Duration::from_millis(500)));
        assert_eq!(limits.event, Some(None));
        assert_eq!(limits.hold, seconds(3600));
        assert_eq!(limits.progress, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn actions_stand_in_their_order() {
        let builder = applied("1s,event,stderr,quit,signal=off,exit=3,restart=2");
        assert_eq!(
            format!("{:?}", builder.actions),
            "[Event, Stderr, Exit(3), Restart(2)]"
        );
        assert!(builder.quit && matches!(builder.signal, Choice::Off));
        assert!(matches!(applied("signal=40").signal, Choice::Number(40)));
    }

    #[test]
    #[cfg(feature = "json")]
    fn lines_of_json_stand_in_their_place() {
        let builder = applied("stderr,json=/tmp/x,abort");
        assert_eq!(builder.json, [(1, "/tmp/x".into())]);
    }

    #[test]
    fn off_and_nothing_start_none() {
        assert!(apply(Builder::new(), "").unwrap().is_none());
        assert!(apply(Builder::new(), "10s,off").unwrap().is_none());
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
            let error = apply(Builder::new(), value).map(|_| value).unwrap_err();
            assert!(matches!(error, Error::Environment { .. }), "{value}");
            assert!(error.to_string().contains("is not understood"), "{error}");
        }
    }
}
