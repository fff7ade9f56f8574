//! Every example is run as a program, and its output and its exit code are checked.
//!
//! `cargo test` builds the examples beside the tests. With `cargo test --test examples` alone, run
//! `cargo build --examples` first.

#[path = "examples/actors.rs"]
mod actors;
#[path = "support/child.rs"]
mod child;
#[path = "examples/patterns.rs"]
mod patterns;
#[path = "examples/watched.rs"]
mod watched;

use std::fs;
use std::path::PathBuf;

use child::{Child, Exit};

/// Whether this build watches its locks, and so the examples theirs.
const WATCHED: bool = cfg!(any(debug_assertions, feature = "always"));

/// Runs an example to its end.
fn run(name: &str, arguments: &[&str]) -> Exit {
    let exit = Child::of(program(name)).args(arguments).run();
    assert!(!exit.timed_out, "{name} does not end: {exit}");
    exit
}

/// The examples stand beside the directory of this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own program");
    let profile = test.ancestors().nth(2).expect("it is in target/…/deps");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}

impl Exit {
    fn ends_with(&self, code: i32) -> &Self {
        assert_eq!(self.code(), Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    fn prints(&self, line: &str) -> &Self {
        let found = self.stdout.lines().any(|have| have == line);
        assert!(found, "no line {line:?} in:\n{}", self.stdout);
        self
    }

    /// The headlines of the reports, without the mark that they begin with.
    fn reports(&self) -> Vec<&str> {
        let verdict = |line: &&str| {
            let word = line.split(' ').next().unwrap_or_default();
            word.ends_with(':')
        };
        self.lines_of_ours().filter(verdict).collect()
    }

    /// Whether the report under `headline` says that `lock` is asked for or taken in the line of
    /// the example `file` that contains `code`.
    fn shows(&self, headline: &str, verb: &str, lock: &str, file: &str, code: &str) -> &Self {
        let start = self.stderr.find(headline).expect("the report is there");
        let report = &self.stderr[start..];
        let report = report.find("\nhow ").map_or(report, |end| &report[..end]);
        let site = format!(" {}:", site(file, code));
        let found = report
            .lines()
            .map(str::trim_start)
            .any(|line| line.starts_with(verb) && line.contains(lock) && line.contains(&site));
        assert!(found, "no {verb:?} of {lock} at {site:?} in:\n{report}");
        self
    }

    fn is_silent(&self) -> &Self {
        assert!(self.stderr.is_empty(), "{}", self.stderr);
        self
    }
}

/// The file and the number of the only line that contains `code`.
fn site(file: &str, code: &str) -> String {
    let path = format!("examples/{file}.rs");
    let source = fs::read_to_string(&path).expect("tests run in the directory of the package");
    let lines: Vec<usize> = (1..)
        .zip(source.lines())
        .filter(|(_, line)| line.contains(code))
        .map(|(number, _)| number)
        .collect();
    let [line] = lines[..] else {
        panic!("{code:?} stands {} times in {path}", lines.len());
    };
    format!("{path}:{line}")
}

#[test]
fn ledger_reports_the_inversion_and_balances_its_books() {
    let outcome = run("ledger", &[]);
    if !WATCHED {
        outcome.ends_with(2);
        return;
    }
    let headline = "Inversion: `account` \"account 4\" and `account` \"account 17\" are taken in \
                    both orders";
    outcome
        .ends_with(0)
        .shows(
            headline,
            "asks for",
            "account 17",
            "ledger",
            "let mut to = lock(to);",
        )
        .shows(
            headline,
            "holding",
            "account 4",
            "ledger",
            "let mut from = lock(from);",
        )
        .shows(
            headline,
            "asks for",
            "account 4",
            "ledger",
            "let mut to = lock(to);",
        )
        .shows(
            headline,
            "holding",
            "account 17",
            "ledger",
            "let mut from = lock(from);",
        )
        .prints("books:     2000000 before, 2000000 after: balanced");
    let reports = outcome.reports();
    assert_eq!(reports[0], headline);
    for other in &reports[1..] {
        assert!(other.starts_with("Deadlock: "), "{other}");
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("transfers: 4002 done, 0 refused, "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn ledger_finds_nothing_in_an_ordered_run() {
    let outcome = run("ledger", &["--ordered"]);
    let found = if WATCHED {
        "nothing was found"
    } else {
        "nothing is watched in this build"
    };
    outcome
        .ends_with(0)
        .is_silent()
        .prints("transfers: 4002 done, 0 refused, 0 broken off and sent again")
        .prints("books:     2000000 before, 2000000 after: balanced")
        .prints(&format!("reports:   {found}"));
}

#[test]
fn ledger_says_how_it_is_used() {
    let outcome = run("ledger", &["--sorted"]);
    outcome.ends_with(2);
    assert_eq!(outcome.stderr, "usage: ledger [--ordered]\n");
}

#[test]
fn lock_order_inversion_is_found_without_a_deadlock() {
    let outcome = run("lock_order_inversion", &[]);
    outcome.ends_with(0);
    if !WATCHED {
        outcome
            .is_silent()
            .prints("finished; inversions reported: 0");
        return;
    }
    let (example, headline) = (
        "lock_order_inversion",
        "Inversion: `ledger` and `audit` are taken in both orders",
    );
    assert_eq!(outcome.reports(), [headline]);
    outcome
        .shows(
            headline,
            "asks for",
            "`ledger`",
            example,
            "let ledger = LEDGER.lock()",
        )
        .shows(
            headline,
            "holding",
            "`audit`",
            example,
            "let audit = AUDIT.lock()",
        )
        .shows(
            headline,
            "asks for",
            "`audit`",
            example,
            "let mut audit = AUDIT.lock()",
        )
        .shows(
            headline,
            "holding",
            "`ledger`",
            example,
            "let mut ledger = LEDGER.lock()",
        )
        .prints("finished; inversions reported: 1");
}

#[test]
fn live_deadlock_is_named_and_ends() {
    let outcome = run("live_deadlock", &[]);
    if !WATCHED {
        outcome.ends_with(2);
        return;
    }
    let headline = "Deadlock: 2 threads wait for each other over `checking` and `savings`";
    outcome
        .ends_with(0)
        .shows(
            headline,
            "waits for",
            "`checking`",
            "live_deadlock",
            "let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);",
        )
        .shows(
            headline,
            "holding",
            "`savings`",
            "live_deadlock",
            "let mut from = from.lock().unwrap_or_else(PoisonError::into_inner);",
        )
        .shows(
            headline,
            "waits for",
            "`savings`",
            "live_deadlock",
            "let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);",
        )
        .shows(
            headline,
            "holding",
            "`checking`",
            "live_deadlock",
            "let mut from = from.lock().unwrap_or_else(PoisonError::into_inner);",
        )
        .prints("1 of 2 threads finished, the other one broke the deadlock")
        .prints("books: 200 in all");
    // The headline comes once more in the message of the panic.
    let reports = outcome.reports();
    assert_eq!(
        reports[0], headline,
        "the deadlock comes before what it could have shown"
    );
    // How long it took is printed, and not judged here: machines of tests are busy.
    assert!(
        outcome.stdout.contains("named after "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn philosophers_close_a_ring() {
    let outcome = run("philosophers", &[]);
    if !WATCHED || cfg!(feature = "send_guard") {
        outcome.ends_with(2);
        return;
    }
    outcome
        .ends_with(0)
        .prints("1000 meals were eaten with 2000 forks")
        .prints("the ring of 5 forks was found");
    let (taken, asked) = (
        "let mut left = left.lock();",
        "let mut right = right.lock();",
    );
    for fork in ["fork 0", "fork 1", "fork 2", "fork 3", "fork 4"] {
        outcome
            .shows("Inversion: ", "asks for", fork, "philosophers", asked)
            .shows("Inversion: ", "holding", fork, "philosophers", taken);
    }
}

#[test]
fn philosophers_dine_in_peace_with_acquire() {
    run("philosophers", &["--ordered"])
        .ends_with(0)
        .is_silent()
        .prints("1000 meals were eaten with 2000 forks")
        .prints("nothing was found");
}

#[test]
fn custom_lock_takes_part() {
    let outcome = run("custom_lock", &[]);
    outcome.ends_with(0);
    if !WATCHED {
        outcome
            .is_silent()
            .prints("log complete: true; inversions reported: 0");
        return;
    }
    let headline = "Inversion: `ticks` and `log` are taken in both orders";
    assert_eq!(outcome.reports(), [headline]);
    outcome
        .shows(
            headline,
            "asks for",
            "`ticks`",
            "custom_lock",
            "log.len() as u64 == *TICKS",
        )
        .shows(
            headline,
            "holding",
            "`log`",
            "custom_lock",
            "let log = LOG.lock()",
        )
        .shows(
            headline,
            "asks for",
            "`log`",
            "custom_lock",
            "LOG.lock().unwrap().push",
        )
        .shows(
            headline,
            "holding",
            "`ticks`",
            "custom_lock",
            "let mut ticks = TICKS.lock()",
        )
        .prints("log complete: true; inversions reported: 1");
}

#[test]
fn in_tests_tells_a_clean_check_from_a_bug_and_from_a_hang() {
    let outcome = run("in_tests", &[]);
    outcome.ends_with(0);
    let expected = if WATCHED {
        "transfers in one order:
nothing was found
transfers in any order:
Inversion: `account` \"mine\", `account` \"yours\"
  T1 holds `account` \"mine\" (exclusive) taken in in_tests.rs, asks for `account` \"yours\" (exclusive) in in_tests.rs
  T2 holds `account` \"yours\" (exclusive) taken in in_tests.rs, asks for `account` \"mine\" (exclusive) in in_tests.rs
a transfer that waits for an answer:
it hangs
  T1 holds `account` \"mine\" (exclusive) taken in in_tests.rs
and the process goes on
"
    } else {
        "transfers in one order:
nothing was found
transfers in any order:
nothing was found
a transfer that waits for an answer:
it hangs
and the process goes on
"
    };
    assert_eq!(outcome.stdout, expected);
    assert!(
        outcome.stderr.starts_with("it has not ended within 1s\n"),
        "{}",
        outcome.stderr
    );
    if WATCHED {
        let line = format!(
            "    holds `account` \"mine\"  exclusive  taken at {}:",
            site(
                "in_tests",
                "let _balance = account.balance.lock().unwrap();"
            )
        );
        assert!(outcome.stderr.contains(&line), "{}", outcome.stderr);
    }
    assert!(outcome.reports().is_empty(), "{}", outcome.stderr);
}

#[test]
fn drop_in_std_does_what_it_did() {
    let outcome = run("drop_in_std", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(outcome.stdout, "4 door\n3 gate\n3 key\n8 the\n");
}

#[test]
fn drop_in_parking_lot_does_what_it_did() {
    let outcome = run("drop_in_parking_lot", &[]);
    outcome.ends_with(0).is_silent();
    assert_eq!(
        outcome.stdout,
        "all names are resolved\nresolved 3 times\nada is at 294\ngrace is at 514\nedsger is at \
         634\n"
    );
}

#[test]
fn the_drop_ins_differ_by_their_import_alone() {
    for (example, import) in [
        ("drop_in_std", "use lockwarden::sync::"),
        ("drop_in_parking_lot", "use lockwarden::parking_lot::"),
    ] {
        let source = fs::read_to_string(format!("examples/{example}.rs")).expect("it is there");
        let names: Vec<&str> = source
            .lines()
            .filter(|line| !line.starts_with("//") && line.contains("lockwarden"))
            .collect();
        assert!(
            matches!(names[..], [line] if line.starts_with(import)),
            "{names:?}"
        );
    }
}
