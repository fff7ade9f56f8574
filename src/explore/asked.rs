//! What the environment variable `LOCKWARDEN_EXPLORE` asks for.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::schedule::Schedule;
use super::strategy::Strategy;
use crate::sink;
use crate::variables::Variable;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether the process is one schedule, from the first thread that is started on.
    pub(crate) process: bool,
    pub(crate) schedules: Option<usize>,
    pub(crate) seed: Option<u64>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) replay: Option<Schedule>,
    /// The runs of a schedule, each a thread and the number of its own steps after which the run ends.
    pub(crate) guided: Option<Vec<(usize, usize)>>,
    /// Whether a thread that is about to release a lock is at a point.
    pub(crate) releases: bool,
    /// Whether a process shows what the threads have done, when its schedule is over.
    pub(crate) table: bool,
    /// The file in which a process says what its schedule has shown.
    pub(crate) reported: Option<PathBuf>,
    /// The file with the nested acquisitions that the schedule of a process tries to make meet.
    pub(crate) aim: Option<PathBuf>,
}

/// What the variable asks for; `None` if it is not set, or not understood, which is said once.
pub(crate) fn asked() -> Option<&'static Asked> {
    static ASKED: OnceLock<Option<Asked>> = OnceLock::new();
    ASKED
        .get_or_init(|| {
            let text = Variable::Explore.text();
            if text.trim().is_empty() {
                return None;
            }
            parse(&text)
                .inspect_err(|problem| {
                    let name = Variable::Explore.name();
                    sink::say(&format!("{name}: {problem}; nothing is explored"));
                })
                .ok()
        })
        .as_ref()
}

fn parse(text: &str) -> Result<Asked, String> {
    let mut asked = Asked::default();
    for part in text.split(',').map(str::trim) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            "process" if value.is_empty() => asked.process = true,
            "releases" if value.is_empty() => asked.releases = true,
            "table" if value.is_empty() => asked.table = true,
            "guided" => asked.guided = Some(runs(value)?),
            "reported" => asked.reported = Some(value.into()),
            "aim" => asked.aim = Some(value.into()),
            "seed" => asked.seed = Some(number(value)?),
            "strategy" => asked.strategy = Some(value.parse().map_err(|e| format!("{e}"))?),
            "replay" => asked.replay = Some(value.parse().map_err(|e| format!("{e}"))?),
            _ => asked.schedules = Some(number(part)?),
        }
    }
    Ok(asked)
}

/// The runs of a text such as `0<3 1<2 0<5`.
fn runs(text: &str) -> Result<Vec<(usize, usize)>, String> {
    let mut runs = Vec::new();
    for word in text.split_whitespace() {
        let (thread, until) = word.split_once('<').unwrap_or((word, ""));
        runs.push((number(thread)?, number(until)?));
    }
    Ok(runs)
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is not understood; say the number of schedules, then seed=7, strategy=pct:3, \
             or replay= with a schedule, as in 1000,seed=7"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_parsed() {
        let asked = parse("1000, seed=7,strategy=depth-first:2").unwrap();
        assert_eq!((asked.schedules, asked.seed), (Some(1000), Some(7)));
        assert_eq!(
            asked.strategy,
            Some(Strategy::DepthFirst { preemptions: 2 })
        );
        let asked = parse("process,replay=0*3 1,table").unwrap();
        assert!(asked.process && asked.replay.is_some() && asked.table);
        let asked = parse("guided=0<3 1<1").unwrap();
        assert_eq!(asked.guided, Some(vec![(0, 3), (1, 1)]));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, word) in [
            ("many", "\"many\""),
            ("10,seed=x", "\"x\""),
            ("strategy=luck", "\"luck\""),
            ("replay=0*", "\"0*\""),
            ("guided=0 1<2", "\"\""),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
    }
}
