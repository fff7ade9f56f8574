//! The environment variable `LOCKWARDEN_WATCHDOG`, and the start of a watchdog by the program over that of the variable.

use std::time::Duration;

use parking_lot::Mutex;

use super::action::Action;
use super::builder::Builder;
use super::error::Error;
use super::handle::Watchdog;
use crate::config::time;
use crate::sink;
use crate::system::signal::Choice;
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

impl Builder {
    /// Starts the watchdog. It ends when the result is dropped.
    ///
    /// A watchdog that the environment variable has started is replaced. If the locks are not watched, as in a build
    /// with neither debug assertions nor the feature `always`, heartbeats alone are watched; standard error says so
    /// if a limit for waits, for holds or for progress was set.
    ///
    /// # Errors
    ///
    /// If a limit is out of range, a file cannot be written, the program handles the signal itself,
    /// another watchdog runs already, or the system cannot start a thread. The error says which;
    /// nothing was started then.
    pub fn spawn(self) -> Result<Watchdog, Error> {
        let builder = read(self.clone()).unwrap_or(self);
        let started = STARTED.lock().take();
        drop(started);
        builder.start()
    }
}

/// Applies the variable; `None` if it is not set, is `off`, or is not understood, which is written to standard error.
fn read(mut to: Builder) -> Option<Builder> {
    let is_asked = apply(&mut to, &Variable::Watchdog.text()).unwrap_or_else(|error| {
        say(&error);
        false
    });
    is_asked.then_some(to)
}

fn say(error: &Error) {
    sink::say(&format!("{NAME}: {error}; the variable has no effect"));
}

/// Applies a value of the variable; returns `false` if it is empty, or has the part `off`.
fn apply(to: &mut Builder, value: &str) -> Result<bool, Error> {
    let mut is_set = false;
    for part in value.split([',', ';']) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        if part.eq_ignore_ascii_case("off") {
            return Ok(false);
        }
        if let Err(why) = apply_part(to, part) {
            let part = part.to_owned();
            return Err(Error::Environment { part, why });
        }
        is_set = true;
    }
    Ok(is_set)
}

fn apply_part(to: &mut Builder, part: &str) -> Result<(), String> {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    let limits = &mut to.settings.limits;
    match key.as_str() {
        "wait" => limits.set_wait(limit(value)?),
        "events" => limits.event = Some(limit(value)?),
        "hold" => limits.hold = limit(value)?,
        "progress" => limits.progress = limit(value)?,
        "signal" if value.eq_ignore_ascii_case("off") => to.signal = Choice::Off,
        "signal" => {
            let number = number(value).ok_or("say signal= with a number, or signal=off")?;
            to.signal = Choice::Number(number);
        }
        "quit" if value.is_empty() => to.settings.quit = true,
        "stderr" if value.is_empty() => to.actions.push(Action::Stderr),
        "event" if value.is_empty() => to.actions.push(Action::Event),
        "json" if !value.is_empty() => to.actions.push(json(value)?),
        "abort" if value.is_empty() => to.actions.push(Action::Abort),
        "exit" => match number(value) {
            Some(code @ 0..=255) => to.actions.push(Action::Exit(code)),
            _ => return Err("say exit= with a code from 0 to 255".to_owned()),
        },
        "restart" => {
            let times = number(value).ok_or("say restart= with a count, such as restart=3")?;
            to.actions.push(Action::Restart(times.unsigned_abs()));
        }
        _ if part.as_bytes()[0].is_ascii_digit() => limits.set_wait(limit(part)?),
        _ => {
            return Err(
                "allowed are a limit such as 10s, wait=, events=, hold= and progress= with a limit or \
                 off, signal= with a number or off, quit, stderr, event, json= with a path, abort, \
                 exit= with a code, restart= with a count, and off"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

#[cfg(feature = "json")]
fn json(path: &str) -> Result<Action, String> {
    Ok(Action::Json(path.into()))
}

#[cfg(not(feature = "json"))]
fn json(_path: &str) -> Result<Action, String> {
    Err("this program was built without the feature `json`".to_owned())
}

fn number(value: &str) -> Option<i32> {
    // By a type that is parsed elsewhere: each has a parser of its own.
    let number = value.parse::<u64>().ok()?;
    i32::try_from(number).ok()
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

    fn applied(value: &str) -> Builder {
        let mut builder = Builder::new();
        assert_eq!(apply(&mut builder, value).ok(), Some(true), "{value}");
        builder
    }

    #[test]
    fn a_time_alone_is_the_limit_for_a_wait() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(applied("10s").settings.limits.wait, seconds(10));
        assert_eq!(applied(" 2m ").settings.limits.wait, seconds(120));
        let builder = applied("500ms; Events=off, hold=1h,progress=1.5s");
        let limits = builder.settings.limits;
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
        assert!(builder.settings.quit && matches!(builder.signal, Choice::Off));
        assert!(matches!(applied("signal=40").signal, Choice::Number(40)));
    }

    #[test]
    #[cfg(feature = "json")]
    fn lines_of_json_stand_in_their_place() {
        let builder = applied("stderr,json=/tmp/x,abort");
        let actions = format!("{:?}", builder.actions);
        assert_eq!(actions, "[Stderr, Json(\"/tmp/x\"), Abort]");
    }

    #[test]
    fn off_and_nothing_start_none() {
        for value in ["", "10s,off"] {
            assert_eq!(apply(&mut Builder::new(), value).ok(), Some(false));
        }
    }

    #[test]
    fn a_bad_part_is_an_error_with_its_reason() {
        let all = "10 10x s wait= wait=1e3s quit=3 exit= exit=256 exit=-1 restart=-1 nonsense \
                   hold=9999999999999999999999h json";
        for value in all.split(' ') {
            let error = apply(&mut Builder::new(), value).unwrap_err();
            assert!(matches!(error, Error::Environment { .. }), "{value}");
            assert!(error.to_string().contains("is not understood"), "{error}");
        }
    }

    #[test]
    fn a_part_without_its_number_is_told_what_is_missing() {
        for (value, wanted) in [
            ("exit", "say exit= with a code from 0 to 255"),
            ("restart", "say restart= with a count"),
            ("signal=SIGUSR1", "say signal= with a number"),
        ] {
            let error = apply(&mut Builder::new(), value).unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
}
