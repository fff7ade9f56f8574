//! A program configures the detector: in a process of its own, because that works once.

use std::panic::Location;
use std::process::Command;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;

/// Tells the child what to do, in place of the test.
const CHILD: &str = "LOCKWARDEN_TEST_CHILD";

/// Runs this one test again, as a child with this `LOCKWARDEN`, and returns its standard error.
fn child(test: &str, lockwarden: &str) -> String {
    let program = std::env::current_exe().expect("the test knows its own program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("LOCKWARDEN", lockwarden)
        .output()
        .expect("the test can start itself");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    stderr
}

fn in_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn ours(stderr: &str) -> Vec<&str> {
    stderr
        .lines()
        .filter(|line| line.starts_with("lockwarden: "))
        .collect()
}

#[test]
fn a_second_install_is_an_error_that_says_where_the_first_was() {
    if !in_child() {
        let stderr = child(
            "a_second_install_is_an_error_that_says_where_the_first_was",
            "",
        );
        assert_eq!(ours(&stderr), [""; 0], "{stderr}");
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
    if !in_child() {
        let stderr = child(
            "what_the_environment_says_wrong_is_named_once",
            "inversoin=panic, Stall=report; loud",
        );
        let lines = ours(&stderr);
        assert_eq!(lines.len(), 2, "{stderr}");
        assert!(
            lines[0].starts_with(
                "lockwarden: LOCKWARDEN: \"inversoin=panic\" is not understood: \"inversoin\" is \
                 no verdict (did you mean Inversion?); allowed are Deadlock, "
            ),
            "{stderr}"
        );
        assert!(lines[1].contains("\"loud\" is not understood"), "{stderr}");
        return;
    }
    Config::new()
        .install()
        .expect("a bad environment is no reason to fail");
    Config::new().install().expect_err("the second one");
}
