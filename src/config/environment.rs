//! Parses the value of the environment variable `LOCKWARDEN`; reads no environment itself.

use std::path::PathBuf;

use super::action::Action;
use super::builder::Config;
use super::did_you_mean::nearest;
use crate::engine::verdict::Verdict;

/// The key for every verdict.
const ALL: &str = "all";
/// The key for findings that only class edges show.
const CLASSES: &str = "classes";
const STDERR: &str = "stderr";
const TRACING: &str = "tracing";
const MAX_REPORTS: &str = "max_reports";
const EXIT: &str = "exit";
const SUMMARY: &str = "summary";
const JSON: &str = "json";

/// One parsed part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Enabled(bool),
    On(Verdict, Action),
    All(Action),
    Classes(Action),
    Stderr(bool),
    Tracing(bool),
    MaxReports(u64),
    ExitCode(u8),
    Summary(bool),
    SummaryFile(PathBuf),
    Json(PathBuf),
}

impl Setting {
    pub(super) fn apply(self, config: &mut Config) {
        match self {
            Setting::Enabled(on) => config.enabled = on,
            Setting::On(verdict, action) => config.actions.set(verdict, action),
            Setting::All(action) => config.actions.set_all(action),
            Setting::Classes(action) => config.classes = action,
            Setting::Stderr(on) => config.stderr = on,
            Setting::Tracing(on) => config.tracing = on,
            Setting::MaxReports(reports) => config.max_reports = reports,
            Setting::ExitCode(code) => config.exit_code = Some(code),
            Setting::Summary(on) => config.summary = on,
            Setting::SummaryFile(path) => config.summary_file = Some(path),
            Setting::Json(path) => config.json = Some(path),
        }
    }
}

/// One parsed value: the settings in their order, and the errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Overrides {
    settings: Vec<Setting>,
    problems: Vec<String>,
}

impl Overrides {
    /// Parses a value. Empty parts, such as after a trailing comma, are skipped.
    pub(super) fn parse(value: &str) -> Self {
        let mut overrides = Self::default();
        for part in value.split([',', ';']).map(str::trim) {
            if part.is_empty() {
                continue;
            }
            match parse_part(part) {
                Ok(setting) => overrides.settings.push(setting),
                Err(why) => overrides
                    .problems
                    .push(format!("{part:?} is not understood: {why}")),
            }
        }
        overrides
    }

    pub(super) fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns a sentence for each part that was not understood.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl Config {
    /// Returns the configuration with the settings of the environment applied.
    pub(super) fn overridden(mut self, overrides: &Overrides) -> Self {
        for setting in overrides.settings() {
            setting.clone().apply(&mut self);
        }
        self
    }
}

fn parse_part(part: &str) -> Result<Setting, String> {
    let Some((key, value)) = part.split_once('=') else {
        return switch(part)
            .map(Setting::Enabled)
            .ok_or_else(|| lone_word(part));
    };
    let (key, value) = (key.trim(), value.trim());
    if key.eq_ignore_ascii_case(ALL) {
        return action(value).map(Setting::All);
    }
    if key.eq_ignore_ascii_case(CLASSES) {
        return action(value).map(Setting::Classes);
    }
    if key.eq_ignore_ascii_case(STDERR) {
        return on_or_off(value).map(Setting::Stderr);
    }
    if key.eq_ignore_ascii_case(TRACING) {
        return on_or_off(value).map(Setting::Tracing);
    }
    if key.eq_ignore_ascii_case(MAX_REPORTS) {
        return value
            .parse()
            .map(Setting::MaxReports)
            .map_err(|_| format!("{value:?} is no whole number from 0 to {}", u64::MAX));
    }
    if key.eq_ignore_ascii_case(EXIT) {
        return exit_code(value).map(Setting::ExitCode);
    }
    if key.eq_ignore_ascii_case(SUMMARY) {
        return summary(value);
    }
    if key.eq_ignore_ascii_case(JSON) {
        return json(value);
    }
    let verdict = Verdict::ALL
        .iter()
        .copied()
        .find(|verdict| verdict.name().eq_ignore_ascii_case(key));
    match verdict {
        Some(verdict) => Ok(Setting::On(verdict, action(value)?)),
        None => {
            let names = keys();
            Err(format!(
                "{key:?} is no verdict{}; allowed are {}",
                meant(key, &names),
                names.join(", ")
            ))
        }
    }
}

/// Returns the names that are allowed before an equals sign.
fn keys() -> Vec<&'static str> {
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict.name());
    verdicts
        .chain([ALL, CLASSES, STDERR, TRACING, MAX_REPORTS])
        .chain([EXIT, SUMMARY, JSON])
        .collect()
}

fn switch(word: &str) -> Option<bool> {
    match word {
        _ if word.eq_ignore_ascii_case("on") => Some(true),
        _ if word.eq_ignore_ascii_case("off") => Some(false),
        _ => None,
    }
}

fn on_or_off(value: &str) -> Result<bool, String> {
    switch(value).ok_or_else(|| format!("{value:?} is neither on nor off"))
}

fn exit_code(value: &str) -> Result<u8, String> {
    match value.parse() {
        Ok(0) => Err("the exit code 0 would hide the findings; allowed are 1 to 255".to_owned()),
        Ok(code) => Ok(code),
        Err(_) => Err(format!("{value:?} is no exit code: those are 1 to 255")),
    }
}

fn summary(value: &str) -> Result<Setting, String> {
    match value {
        "" => Err(format!(
            "{SUMMARY} needs a value: 1, 0 or the path of a file"
        )),
        "1" => Ok(Setting::Summary(true)),
        "0" => Ok(Setting::Summary(false)),
        // Else a file of that name would come to lie in the folder where the program runs.
        _ if ["true", "false", "yes", "no"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word)) =>
        {
            Err(format!(
                "{value:?} is no value of {SUMMARY}: say 1, 0 or the path of a file"
            ))
        }
        _ => Ok(match switch(value) {
            Some(on) => Setting::Summary(on),
            None => Setting::SummaryFile(value.into()),
        }),
    }
}

fn json(value: &str) -> Result<Setting, String> {
    match value {
        "" => Err(format!("{JSON} needs the path of a file")),
        _ if !cfg!(feature = "json") => {
            Err("this program was built without the feature `json`".to_owned())
        }
        _ => Ok(Setting::Json(value.into())),
    }
}

fn action(value: &str) -> Result<Action, String> {
    Action::ALL
        .iter()
        .copied()
        .find(|action| action.name().eq_ignore_ascii_case(value))
        .ok_or_else(|| {
            let names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
            format!(
                "{value:?} is no action{}; allowed are {}",
                meant(value, &names),
                names.join(", ")
            )
        })
}

fn lone_word(word: &str) -> String {
    let names = keys();
    match nearest(word, &names) {
        Some(name) if name == STDERR || name == TRACING => {
            format!("{name} needs a value, as in {name}=off")
        }
        Some(EXIT) => format!("{EXIT} needs a value, as in {EXIT}=100"),
        Some(SUMMARY) => format!("{SUMMARY} needs a value, as in {SUMMARY}=1"),
        Some(JSON) => format!("{JSON} needs the path of a file"),
        Some(MAX_REPORTS) => format!("{MAX_REPORTS} needs a value, as in {MAX_REPORTS}=50"),
        Some(name) => format!("{name} needs an action, as in {name}=panic"),
        None => "allowed are on, off, and pairs such as Inversion=panic".to_owned(),
    }
}

/// Returns a hint at the nearest name.
fn meant(word: &str, names: &[&str]) -> String {
    match nearest(word, names) {
        Some(name) => format!(" (did you mean {name}?)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Basis;

    #[test]
    fn parts_are_parsed_in_their_order() {
        use Action::*;
        use Setting::{All, Classes, Enabled, MaxReports, On, Stderr, Tracing};
        let table: &[(&str, &[Setting])] = &[
            ("", &[]),
            (" , ;", &[]),
            ("off", &[Enabled(false)]),
            ("ON", &[Enabled(true)]),
            ("Inversion=panic", &[On(Verdict::Inversion, Panic)]),
            ("inversion = PANIC", &[On(Verdict::Inversion, Panic)]),
            ("selfdeadlock=abort", &[On(Verdict::SelfDeadlock, Abort)]),
            ("Guarded=report;", &[On(Verdict::Guarded, Report)]),
            (
                "all=ignore,Deadlock=abort",
                &[All(Ignore), On(Verdict::Deadlock, Abort)],
            ),
            (
                "stderr=off; tracing=Off, stderr=on",
                &[Stderr(false), Tracing(false), Stderr(true)],
            ),
            ("max_reports=50", &[MaxReports(50)]),
            ("Classes=report", &[Classes(Report)]),
        ];
        for (value, settings) in table {
            let overrides = Overrides::parse(value);
            assert_eq!(overrides.settings(), *settings, "{value:?}");
            assert_eq!(overrides.problems(), &[] as &[String], "{value:?}");
        }
    }

    #[test]
    fn a_bad_part_is_named_with_the_allowed_ones() {
        let keys = "Deadlock, SelfDeadlock, Inversion, Guarded, SingleThread, Ordered, \
                    RecursiveRead, Stall, Abandoned, HeldAcrossAwait, all, classes, stderr, \
                    tracing, max_reports, exit, summary, json";
        let table = [
            (
                "inversoin=panic",
                format!(
                    "\"inversoin\" is no verdict (did you mean Inversion?); allowed are {keys}"
                ),
            ),
            (
                "colour=on",
                format!("\"colour\" is no verdict; allowed are {keys}"),
            ),
            (
                "Stall=panick",
                "\"panick\" is no action (did you mean panic?); allowed are ignore, report, \
                 panic, abort"
                    .to_owned(),
            ),
            (
                "Stall=",
                "\"\" is no action; allowed are ignore, report, panic, abort".to_owned(),
            ),
            ("stderr=yes", "\"yes\" is neither on nor off".to_owned()),
            (
                "summary=True",
                "\"True\" is no value of summary: say 1, 0 or the path of a file".to_owned(),
            ),
            (
                "max_reports=-1",
                "\"-1\" is no whole number from 0 to 18446744073709551615".to_owned(),
            ),
            (
                "Deadlock",
                "Deadlock needs an action, as in Deadlock=panic".to_owned(),
            ),
            (
                "tracing",
                "tracing needs a value, as in tracing=off".to_owned(),
            ),
            (
                "please",
                "allowed are on, off, and pairs such as Inversion=panic".to_owned(),
            ),
        ];
        for (part, why) in table {
            let overrides = Overrides::parse(part);
            assert_eq!(overrides.settings(), [], "{part}");
            let problem = format!("{part:?} is not understood: {why}");
            assert_eq!(overrides.problems(), [problem], "{part}");
        }
    }

    #[test]
    fn a_bad_part_leaves_the_others_in_force() {
        let overrides = Overrides::parse("Inversion=panic, nonsense, stderr=off");
        assert_eq!(overrides.settings().len(), 2);
        assert_eq!(overrides.problems().len(), 1);
    }

    #[test]
    fn the_environment_overrides_the_code() {
        let code = Config::new()
            .on(Verdict::Inversion, Action::Ignore)
            .on(Verdict::Stall, Action::Ignore)
            .max_reports(7);
        let config = code.overridden(&Overrides::parse("Inversion=abort,tracing=off,off"));
        assert_eq!(
            config.action(Verdict::Inversion, Basis::Instances),
            Action::Abort
        );
        assert_eq!(
            config.action(Verdict::Stall, Basis::Instances),
            Action::Ignore
        );
        assert_eq!(config.get_max_reports(), 7);
        assert!(!config.emits_tracing());
        assert!(config.writes_stderr());
        assert!(!config.is_enabled());
    }

    #[test]
    fn later_parts_win() {
        let config = Config::new().overridden(&Overrides::parse("Stall=panic,all=ignore"));
        assert_eq!(
            config.action(Verdict::Stall, Basis::Instances),
            Action::Ignore
        );
        let config = Config::new().overridden(&Overrides::parse("all=ignore,Stall=panic"));
        assert_eq!(
            config.action(Verdict::Stall, Basis::Instances),
            Action::Panic
        );
        assert_eq!(
            config.action(Verdict::Deadlock, Basis::Instances),
            Action::Ignore
        );
    }
}
