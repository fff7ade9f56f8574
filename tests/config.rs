//! A program configures the detector: in a process of its own, because that works once.

#[path = "support/child.rs"]
mod child;

use std::panic::Location;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;

use child::{Child, Exit, PART};

/// Runs this one test again, as a child with this `LOCKWARDEN`.
fn child(test: &str, lockwarden: &str) -> Exit {
    let exit = Child::of_test(test).env(PART, "all");
    let exit = exit.env("LOCKWARDEN", lockwarden).run();
    assert!(exit.succeeded(), "{exit}");
    exit
}

#[test]
fn a_second_install_is_an_error_that_says_where_the_first_was() {
    if child::part().is_none() {
        let exit = child(
            "a_second_install_is_an_error_that_says_where_the_first_was",
            "",
        );
        assert_eq!(exit.lines_of_ours().next(), None, "{exit}");
        return;
    }
    let line = Location::caller().line();
    Config::new().install().expect("the first one");
    let error = Config::new()
        .on(Verdict::Inversion, Action::Abort)
        .install()
        .expect_err("the second one");
    assert_eq!(error.first().line(), line + 1);
    assert_eq!(error.first().file(), file!());
    assert_eq!(error.site().line(), line + 4);
    assert!(error.to_string().contains(&error.first().to_string()));
}

#[test]
fn what_the_environment_says_wrong_is_named_once() {
    if child::part().is_none() {
        let exit = child(
            "what_the_environment_says_wrong_is_named_once",
            "inversoin=panic, Stall=report; loud",
        );
        let lines: Vec<&str> = exit.lines_of_ours().collect();
        assert_eq!(lines.len(), 2, "{exit}");
        assert!(
            lines[0].starts_with(
                "LOCKWARDEN: \"inversoin=panic\" is not understood: \"inversoin\" is \
                 no verdict (did you mean Inversion?); allowed are Deadlock, "
            ),
            "{exit}"
        );
        assert!(lines[1].contains("\"loud\" is not understood"), "{exit}");
        return;
    }
    Config::new()
        .install()
        .expect("a bad environment is no reason to fail");
    Config::new().install().expect_err("the second one");
}
