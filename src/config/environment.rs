//! Applies the value of the environment variable `LOCKWARDEN` to a configuration; reads no environment itself.

use std::path::PathBuf;

use super::action::Action;
use super::builder::Config;
use super::did_you_mean::nearest;
use crate::engine::verdict::Verdict;

const ALL: &str = "all";
/// The key for findings that only class edges show.
const CLASSES: &str = "classes";
const STDERR: &str = "stderr";
const TRACING: &str = "tracing";
const MAX_REPORTS: &str = "max_reports";
const EXIT: &str = "exit";
const SUMMARY: &str = "summary";
const JSON: &str = "json";

/// A value, with its effect on the defaults, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Overrides {
    value: String,
    /// The configuration that applies while none is installed.
    pub(super) defaults: Config,
    /// A sentence for each part that was not understood.
    pub(super) problems: Vec<String>,
}

impl Overrides {
    pub(super) fn parse(value: String) -> Self {
        let mut defaults = Config::new();
        let problems = apply(&mut defaults, &value);
        Self {
            value,
            defaults,
            problems,
        }
    }
}

impl Config {
    /// Returns the configuration with the settings of the environment applied.
    pub(super) fn overridden(mut self, overrides: &Overrides) -> Self {
        apply(&mut self, &overrides.value);
        self
    }
}

/// Applies the parts of a value in their order; returns a sentence for each one that is not understood. Empty parts, such
/// as after a trailing comma, are skipped.
fn apply(config: &mut Config, value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for part in value.split([',', ';']) {
        let part = part.trim();
        if !part.is_empty()
            && let Err(why) = apply_part(config, part)
        {
            problems.push(format!("{part:?} is not understood: {why}"));
        }
    }
    problems
}

fn apply_part(config: &mut Config, part: &str) -> Result<(), String> {
    let Some((key, value)) = part.split_once('=') else {
        config.enabled = switch(part).ok_or_else(|| lone_word(part))?;
        return Ok(());
    };
    let (key, value) = (key.trim(), value.trim());
    for &verdict in Verdict::ALL {
        if verdict.name().eq_ignore_ascii_case(key) {
            config.actions.set(verdict, action(value)?);
            return Ok(());
        }
    }
    match key.to_ascii_lowercase().as_str() {
        ALL => config.actions.set_all(action(value)?),
        CLASSES => config.classes = action(value)?,
        STDERR => config.stderr = on_or_off(value)?,
        TRACING => config.tracing = on_or_off(value)?,
        MAX_REPORTS => config.max_reports = max_reports(value)?,
        EXIT => config.exit_code = Some(exit_code(value)?),
        SUMMARY => summary(config, value)?,
        JSON => config.json = Some(json(value)?),
        _ => return Err(no(key, "verdict or setting", &keys())),
    }
    Ok(())
}

/// Returns the names that are allowed before an equals sign.
fn keys() -> Vec<&'static str> {
    let mut names = Vec::new();
    for verdict in Verdict::ALL {
        names.push(verdict.name());
    }
    names.extend_from_slice(&[
        ALL,
        CLASSES,
        STDERR,
        TRACING,
        MAX_REPORTS,
        EXIT,
        SUMMARY,
        JSON,
    ]);
    names
}

/// Returns the error of a word that is none of the names of something.
fn no(word: &str, of: &str, names: &[&str]) -> String {
    let meant = match nearest(word, names) {
        Some(name) => format!(" (did you mean {name}?)"),
        None => String::new(),
    };
    let mut why = format!("{word:?} is no {of}{meant}; allowed are ");
    for (at, name) in names.iter().enumerate() {
        why += if at > 0 { ", " } else { "" };
        why += name;
    }
    why
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

fn max_reports(value: &str) -> Result<u64, String> {
    let max = u64::MAX;
    let reports = value.parse();
    reports.map_err(|_| format!("{value:?} is no whole number from 0 to {max}"))
}

fn exit_code(value: &str) -> Result<u8, String> {
    match value.parse::<u64>().map(u8::try_from) {
        Ok(Ok(0)) => {
            Err("the exit code 0 would hide the findings; allowed are 1 to 255".to_owned())
        }
        Ok(Ok(code)) => Ok(code),
        _ => Err(format!("{value:?} is no exit code: those are 1 to 255")),
    }
}

fn summary(config: &mut Config, value: &str) -> Result<(), String> {
    match (value, switch(value)) {
        ("", _) => {
            return Err(format!(
                "{SUMMARY} needs a value: 1, 0 or the path of a file"
            ));
        }
        ("1", _) | (_, Some(true)) => config.summary = true,
        ("0", _) | (_, Some(false)) => config.summary = false,
        // Else a file of that name would come to lie in the folder where the program runs.
        _ if matches!(
            &*value.to_ascii_lowercase(),
            "true" | "false" | "yes" | "no"
        ) =>
        {
            return Err(format!(
                "{value:?} is no value of {SUMMARY}: say 1, 0 or the path of a file"
            ));
        }
        _ => config.summary_file = Some(value.into()),
    }
    Ok(())
}

fn json(value: &str) -> Result<PathBuf, String> {
    match value {
        "" => Err(format!("{JSON} needs the path of a file")),
        _ if !cfg!(feature = "json") => {
            Err("this program was built without the feature `json`".to_owned())
        }
        _ => Ok(value.into()),
    }
}

fn action(value: &str) -> Result<Action, String> {
    let mut names = Vec::new();
    for &action in Action::ALL {
        if action.name().eq_ignore_ascii_case(value) {
            return Ok(action);
        }
        names.push(action.name());
    }
    Err(no(value, "action", &names))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Basis;

    fn parse(value: &str) -> Overrides {
        Overrides::parse(value.to_owned())
    }

    /// Every setting of a configuration.
    fn shown(config: &Config) -> String {
        format!("{config:?}")
    }

    #[test]
    fn parts_are_applied_in_their_order() {
        use Action::*;
        type Built = fn(Config) -> Config;
        let table: &[(&str, Built)] = &[
            ("", |config| config),
            (" , ;", |config| config),
            ("off", |config| config.enabled(false)),
            ("off, ON", |config| config.enabled(true)),
            ("Inversion=panic", |config| {
                config.on(Verdict::Inversion, Panic)
            }),
            ("inversion = PANIC", |config| {
                config.on(Verdict::Inversion, Panic)
            }),
            ("selfdeadlock=abort", |config| {
                config.on(Verdict::SelfDeadlock, Abort)
            }),
            ("Guarded=report;", |config| {
                config.on(Verdict::Guarded, Report)
            }),
            ("all=ignore,Deadlock=abort", |mut config| {
                config.actions.set_all(Ignore);
                config.on(Verdict::Deadlock, Abort)
            }),
            ("Stall=panic,all=ignore", |mut config| {
                config.actions.set_all(Ignore);
                config
            }),
            ("stderr=off; tracing=Off, stderr=on", |config| {
                config.tracing(false)
            }),
            ("max_reports=50", |config| config.max_reports(50)),
            ("Classes=report", |config| config.classes(Report)),
            ("exit=7", |config| config.exit_code(7)),
            ("summary=1", |config| config.summary(true)),
            ("summary=on, summary=0", |config| config.summary(false)),
            ("summary=a/b", |config| config.summary_file("a/b")),
        ];
        for (value, built) in table {
            let overrides = parse(value);
            let config = Config::new().overridden(&overrides);
            assert_eq!(shown(&config), shown(&built(Config::new())), "{value:?}");
            assert!(overrides.problems.is_empty(), "{value:?}");
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
                    "\"inversoin\" is no verdict or setting (did you mean Inversion?); allowed are {keys}"
                ),
            ),
            (
                "colour=on",
                format!("\"colour\" is no verdict or setting; allowed are {keys}"),
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
            let overrides = parse(part);
            let config = Config::new().overridden(&overrides);
            assert_eq!(shown(&config), shown(&Config::new()), "{part}");
            let problem = format!("{part:?} is not understood: {why}");
            assert_eq!(overrides.problems, [problem], "{part}");
        }
    }

    #[test]
    fn a_bad_part_leaves_the_others_in_force() {
        let overrides = parse("Inversion=panic, nonsense, stderr=off");
        let config = Config::new().overridden(&overrides);
        let built = Config::new()
            .on(Verdict::Inversion, Action::Panic)
            .stderr(false);
        assert_eq!(shown(&config), shown(&built));
        assert_eq!(overrides.problems.len(), 1);
    }

    #[test]
    fn the_environment_overrides_the_code() {
        let code = Config::new()
            .on(Verdict::Inversion, Action::Ignore)
            .on(Verdict::Stall, Action::Ignore)
            .max_reports(7);
        let config = code.overridden(&parse("Inversion=abort,tracing=off,off"));
        assert_eq!(
            config.action(Verdict::Inversion, Basis::Instances),
            Action::Abort
        );
        assert_eq!(
            config.action(Verdict::Stall, Basis::Instances),
            Action::Ignore
        );
        assert_eq!(config.max_reports, 7);
        assert!(!config.tracing);
        assert!(config.stderr);
        assert!(!config.enabled);
    }
}
