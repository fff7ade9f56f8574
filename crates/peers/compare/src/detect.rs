//! What the peers say in each scenario, every one in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{BARE, Peer, Profile};

/// How long a scenario may take before its process is killed. `no_deadlocks` looks after a second,
/// and then resolves stacks before it says anything: on a busy machine that takes seconds more.
const LIMIT: Duration = Duration::from_secs(20);

/// How long more, once something was said.
const AFTER: Duration = Duration::from_secs(1);

/// What a detector should do in a scenario.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Expected {
    /// Nothing has happened, but could: a prediction is wanted.
    Prediction,
    /// The threads are blocked for ever.
    Deadlock,
    /// Nothing can happen as the program runs.
    Silence,
}

/// Something that happens with the locks.
pub(crate) struct Scenario {
    /// What the binaries call it.
    name: &'static str,
    /// What the table says.
    pub(crate) title: &'static str,
    expected: Expected,
}

/// Every scenario, in the order of the table.
pub(crate) const SCENARIOS: [Scenario; 11] = {
    use Expected::{Deadlock, Prediction, Silence};
    const fn new(name: &'static str, title: &'static str, expected: Expected) -> Scenario {
        Scenario {
            name,
            title,
            expected,
        }
    }
    [
        new("inversion", "A→B and B→A, got through", Prediction),
        new(
            "read-outside",
            "read R→lock M and M→write R, got through",
            Prediction,
        ),
        new(
            "read-inside",
            "lock M→read R and write R→M, got through",
            Prediction,
        ),
        new(
            "philosophers-in-turn",
            "three philosophers, got through",
            Prediction,
        ),
        new("deadlock", "A→B and B→A, deadlocked", Deadlock),
        new(
            "philosophers-at-once",
            "three philosophers, deadlocked",
            Deadlock,
        ),
        new("self", "a thread locks A twice", Deadlock),
        new("gate", "A→B and B→A, always under G", Silence),
        new("single-thread", "A→B and B→A, by one thread", Silence),
        new("joined", "A→B, join, spawn, B→A", Silence),
        new("readers", "read A→read B and B→A, nobody writes", Silence),
    ]
};

/// What the peers but the bare locks did, as the table says it: for each scenario, of each peer.
pub(crate) fn all(peers: &[Peer]) -> Vec<Vec<String>> {
    let peers = &peers[BARE + 1..];
    SCENARIOS
        .iter()
        .map(|scenario| peers.iter().map(|peer| one(peer, scenario)).collect())
        .collect()
}

fn one(peer: &Peer, scenario: &Scenario) -> String {
    let Some(mut command) = peer.command(Profile::Release, ["detect", scenario.name]) else {
        return "–".to_owned();
    };
    let heard = match command.spawn() {
        Ok(child) => listen(child),
        Err(error) => return error.to_string(),
    };
    let verdict = verdict(peer.predicts, scenario.expected, &heard);
    eprintln!("{}, {}: {verdict} {heard:?}", peer.name, scenario.name);
    verdict
}

/// What a process said.
#[derive(Debug, Default)]
struct Heard {
    reports: Vec<String>,
    panics: Vec<String>,
    /// Whether all threads came back.
    done: bool,
}

fn listen(mut child: Child) -> Heard {
    let mut heard = Heard::default();
    let out = child.stdout.take().expect("it is piped");
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        for line in lines {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut end = Instant::now() + LIMIT;
    while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
        match line.split_once(' ') {
            Some(("report", text)) => heard.reports.push(text.to_owned()),
            Some(("panic", text)) => heard.panics.push(text.to_owned()),
            Some(("done", _)) => heard.done = true,
            _ => continue,
        }
        end = end.min(Instant::now() + AFTER);
    }
    // An error means that it has ended already.
    let _ = child.kill();
    let _ = child.wait();
    let _ = reader.join();
    heard
}

fn verdict(predicts: bool, expected: Expected, heard: &Heard) -> String {
    let said = match (!heard.reports.is_empty(), !heard.panics.is_empty()) {
        (false, false) => None,
        (true, false) => Some("reports"),
        (false, true) => Some("panics"),
        (true, true) => Some("reports, panics"),
    };
    match (expected, said) {
        (Expected::Silence, Some(how)) => format!("**false alarm** ({how})"),
        (_, Some(how)) => format!("found ({how})"),
        (Expected::Silence, None) if !heard.done => "hangs".to_owned(),
        (Expected::Silence, None) => "silent".to_owned(),
        (Expected::Prediction, None) if !predicts => "n.a.".to_owned(),
        (_, None) => "**missed**".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_right_or_wrong_by_what_is_expected() {
        let said = Heard {
            panics: vec!["cycle".to_owned()],
            ..Heard::default()
        };
        let found = verdict(true, Expected::Prediction, &said);
        assert_eq!(found, "found (panics)");
        let alarm = verdict(true, Expected::Silence, &said);
        assert_eq!(alarm, "**false alarm** (panics)");
    }

    #[test]
    fn silence_is_no_miss_of_one_who_does_not_predict() {
        let none = Heard::default();
        assert_eq!(verdict(false, Expected::Prediction, &none), "n.a.");
        assert_eq!(verdict(true, Expected::Prediction, &none), "**missed**");
        assert_eq!(verdict(false, Expected::Deadlock, &none), "**missed**");
    }
}
