//! Suppressions, in a process of their own.

use std::fs;
use std::sync::Mutex as Plain;
use std::thread;

use lockwarden::config::{Config, Status};
use lockwarden::suppress::{self, Rule, Subject};
use lockwarden::sync::Mutex;

static FOUND: Plain<Vec<String>> = Plain::new(Vec::new());

fn invert(a: &Mutex<()>, b: &Mutex<()>) {
    for (outer, inner) in [(a, b), (b, a)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _outer = outer.lock().unwrap();
                let _inner = inner.lock().unwrap();
            });
        });
    }
}

// Not inlined, so that a build without debug information has its name in the stack.
#[inline(never)]
fn behind_a_wall(outer: &Mutex<()>, inner: &Mutex<()>) {
    let _outer = outer.lock().unwrap();
    let _inner = inner.lock().unwrap();
}

fn invert_behind_a_wall(a: &Mutex<()>, b: &Mutex<()>) {
    for (outer, inner) in [(a, b), (b, a)] {
        thread::scope(|scope| {
            scope.spawn(|| behind_a_wall(outer, inner));
        });
    }
}

fn found() -> Vec<String> {
    std::mem::take(&mut *FOUND.lock().unwrap())
}

#[test]
fn what_a_rule_fits_is_counted_and_not_reported() {
    let folder = std::env::temp_dir().join(format!("lockwarden-suppress-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("rules");
    fs::write(
        &file,
        "# rules\nlock ledger\nlock audit : known since the first release\n",
    )
    .unwrap();
    let errors = suppress::add_file(&file).unwrap_err();
    assert_eq!(errors.len(), 1);
    let error = errors[0].to_string();
    assert!(
        error.contains("rules:2: the reason is missing, and is required"),
        "{error}"
    );
    assert!(suppress::add_file(folder.join("no such file")).is_err());
    fs::remove_dir_all(&folder).unwrap();
    let unused = "function suppress::behind_a_wall : reported before";
    suppress::add(Rule::new(
        Subject::Function,
        "suppress::behind_a_wall",
        "reported before",
    ))
    .unwrap();
    let listed: Vec<String> = suppress::unused().iter().map(ToString::to_string).collect();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        listed[1],
        format!("the suppression `{unused}` was not used")
    );
    if !lockwarden::status().is_on() {
        return;
    }

    Config::new()
        .stderr(false)
        .callback(|report| FOUND.lock().unwrap().push(report.headline()))
        .install()
        .unwrap();
    invert(&Mutex::named("audit", ()), &Mutex::named("stats", ()));
    assert_eq!(found(), [] as [&str; 0]);
    invert(&Mutex::named("ledger", ()), &Mutex::named("stats", ()));
    let reported = found();
    assert_eq!(reported.len(), 1);
    assert!(reported[0].contains("`ledger` and `stats`"), "{reported:?}");
    invert_behind_a_wall(&Mutex::named("one", ()), &Mutex::named("two", ()));
    assert_eq!(found(), [] as [&str; 0]);
    assert!(suppress::unused().is_empty());
    let Status::On(activity) = lockwarden::status() else {
        unreachable!("it was on above")
    };
    assert_eq!((activity.suppressed, activity.reports), (2, 1));
}
