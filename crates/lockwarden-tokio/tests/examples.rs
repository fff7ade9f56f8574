//! Every example says what it is meant to say.

#![cfg(all(feature = "full", any(debug_assertions, feature = "always")))]

use std::process::Command;

/// The output of an example, which cargo has built beside this test.
fn run(name: &str) -> String {
    let own = std::env::current_exe().expect("a program knows itself");
    let target = own.parent().and_then(|deps| deps.parent());
    let program = target
        .expect("a test lies in `deps`")
        .join("examples")
        .join(name);
    let output = Command::new(program)
        .env_remove("LOCKWARDEN")
        .output()
        .expect("cargo has built the examples");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {text}\n{errors}");
    text
}

#[test]
fn the_futurelock_is_found() {
    let text = run("futurelock");
    assert!(text.contains("lockwarden: SelfDeadlock: task"), "{text}");
    assert!(text.contains("in a future that it does not poll"), "{text}");
}

#[test]
fn the_pool_that_deadlocks_on_itself_is_found() {
    let text = run("pool");
    assert!(text.contains("lockwarden: Deadlock:"), "{text}");
    assert!(text.contains("a permit of"), "{text}");
}

#[test]
fn the_actors_that_ask_each_other_are_found() {
    let text = run("actors");
    assert!(text.contains("lockwarden: Deadlock:"), "{text}");
    assert!(text.contains("a message of"), "{text}");
}

#[test]
fn the_borrowed_value_is_found() {
    let text = run("borrowed_value");
    assert!(text.contains("lockwarden: Deadlock:"), "{text}");
    assert!(text.contains("watch channel"), "{text}");
}

#[test]
fn the_service_whose_pool_deadlocks_on_itself_is_found_and_goes_on() {
    let text = run("service");
    let (right, wrong) = text
        .split_once("/right: HTTP/1.1 200 OK, HTTP/1.1 200 OK")
        .expect(&text);
    assert!(!right.contains("lockwarden"), "{text}");
    for words in [
        "lockwarden: Deadlock: 2 tasks",
        "a permit of",
        "waits in service::Pool::take at",
        "in service::audit at",
        "/wrong: HTTP/1.1 200 OK, HTTP/1.1 500 Internal Server Error",
    ] {
        assert!(wrong.contains(words), "no {words:?} in\n{text}");
    }
}
