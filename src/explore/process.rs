//! A whole process as one schedule, for tests that are not changed.
//!
//! With `process` in `LOCKWARDEN_EXPLORE`, the first thread that starts another one is the body. From
//! there on its threads have turns; `cargo lockwarden explore` starts one process for each schedule of
//! each test.

use std::sync::Arc;

use super::aim::{Aim, Nested};
use super::asked::{Asked, asked};
use super::session::{End, PATIENCE, Session, Settings};
use super::strategy::{Choose, Guided, Replay};
use super::timeout;
use crate::dump;
use crate::sink;
use crate::system;
use crate::tracking::scheduled::{self, Participant, Scheduler};

/// The exit code of a test that has failed, for a schedule in which no thread can go on.
const FAILED: i32 = 101;

pub(crate) fn from_environment() {
    if asked().is_some_and(|asked| asked.process) {
        scheduled::await_body(begin);
    }
}

/// Begins the schedule with the calling thread, which is about to start another one, as its body.
fn begin() -> Option<Participant> {
    let asked = asked()?;
    let mut chooser = chooser(asked);
    let _first = chooser.begin();
    let replay = asked.replay.as_ref();
    let before_releases = asked.releases || replay.is_some_and(|replay| replay.before_releases);
    let nested = asked.aim.as_ref().and_then(|file| Nested::read(file).ok());
    let aim = nested.map(|nested| Aim::new(Arc::new(nested), asked.seed.unwrap_or_default()));
    let session = Session::new(
        chooser,
        Settings {
            before_releases,
            is_noting: aim.is_some() || asked.table,
            shows: asked.table,
            reported: asked.reported.clone(),
            ..Settings::default()
        },
        aim,
    );
    session.begun();
    let body = Participant {
        thread: session.register(),
        scheduler: Arc::clone(&session) as _,
    };
    session.start();
    system::spawn("lockwarden explore", Box::new(move || supervise(&session))).ok()?;
    Some(body)
}

fn chooser(asked: &Asked) -> Box<dyn Choose> {
    match (&asked.replay, &asked.guided) {
        (Some(replay), _) => Box::new(Replay::new(replay.choices.clone())),
        (None, Some(runs)) => Box::new(Guided::new(runs)),
        (None, None) => {
            let strategy = asked.strategy.unwrap_or_default();
            strategy.chooser(asked.seed.unwrap_or_default())
        }
    }
}

fn supervise(session: &Session) {
    let limit = timeout::default();
    let end = session.supervise(limit, PATIENCE);
    let what = match end {
        End::Over => {
            session.release(false);
            return;
        }
        End::Stuck => "no thread can go on".to_owned(),
        End::Late => format!("it has not ended within {limit:?}"),
    };
    let mut text = format!("{what}\n");
    let written = dump::capture().write_threads(&mut text, &|thread| {
        thread.os_id.is_some_and(|id| session.has(id))
    });
    debug_assert!(written.is_ok(), "a string takes all text");
    let schedule = session.finish(true).schedule;
    sink::say(&format!("{text}the schedule: {schedule}"));
    std::process::exit(FAILED);
}
