//! What a run says, and the code that it ends with.

use std::fs;
use std::path::Path;

use crate::{Answer, Project};

#[test]
fn an_inversion_between_a_lock_of_the_program_and_one_of_a_dependency_names_both() {
    Project::copy("inversion", "both")
        .call(&["run"])
        .ends_with(100)
        .says("Inversion")
        .says("src/main.rs:7:29")
        .says("store/src/lib.rs:11:23")
        .says("1 finding, in full above:")
        .says("the Mutex `inversion::LEDGER` made at src/main.rs:7:29")
        .says("`store::Store.names` made at store/src/lib.rs:11:23")
        .says("2 in the ledger");
}

#[test]
#[cfg(target_os = "linux")]
fn a_deadlock_over_a_queue_of_a_dependency_that_parks_is_found() {
    Project::copy("parks", "found")
        .call(&["run"])
        .ends_with(100)
        .says("Deadlock: both threads wait: ")
        .says("thread `main` (#1) for a thread that unparks it")
        .says("the Mutex `parks::main::total` made at src/main.rs:8:26")
        .says("release the Mutex `parks::main::total`")
        .says("0 in all");
}

/// With `LOCKWARDEN_BLESS` in the environment, the README is brought up to date.
#[test]
fn the_readme_shows_what_the_command_prints() {
    let answer = Project::copy("inversion", "readme").call(&["run"]);
    let text = &answer.ends_with(100).err;
    let (_, report) = text
        .split_once("\nlockwarden: Inversion")
        .expect("it is found");
    // The README leaves out the table of the interleaving, the held locks and the stacks.
    let (body, _) = report
        .split_once("\nlocks held by these threads")
        .expect("they follow");
    let (sides, rest) = body
        .split_once("how it deadlocks:\n")
        .expect("the table follows the sides");
    let (_, why) = rest.split_once("why: ").expect("the reason follows");
    let (_, end) = text
        .split_once("\nlockwarden: watched ")
        .expect("the run is summed up");
    let printed = format!(
        "lockwarden: Inversion{sides}why: {}\n\nlockwarden: watched {end}",
        why.trim_end()
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).expect("it is there");
    let command = "cargo lockwarden run\n";
    let (before, rest) = readme.split_once(command).expect("the README runs it");
    let (shown, after) = rest.split_once("```").expect("the block ends");
    if std::env::var_os("LOCKWARDEN_BLESS").is_some() {
        let readme = format!("{before}{command}{printed}```{after}");
        fs::write(path, readme).expect("the README can be written");
    } else {
        assert_eq!(
            shown, printed,
            "set LOCKWARDEN_BLESS to bring the README up to date"
        );
    }
}

#[test]
fn a_clean_program_ends_with_its_own_code_and_the_counts() {
    let project = Project::copy("clean", "counts");
    project
        .call(&["run"])
        .ends_with(0)
        .says("lockwarden: watched ")
        .says("lockwarden: nothing found");
    project.call(&["run", "--", "7"]).ends_with(7);
}

#[test]
fn a_run_in_which_nothing_was_watched_is_distinguished_from_one_in_which_nothing_was_found() {
    let project = Project::copy("nothing", "nothing");
    project
        .call(&["run"])
        .ends_with(4)
        .says("no lock was watched");
    project
        .call(&["check"])
        .ends_with(4)
        .says("records: the last `cargo lockwarden` run watched no lock");
    project.call(&["run", "--", "7"]).ends_with(7);
    let answer = project.call(&["build"]);
    answer.ends_with(0);
    let (_, below) = answer
        .err
        .split_once("the watched programs are below ")
        .expect("the folder of the programs is said");
    let (below, _) = below.split_once("; ").unwrap();
    assert!(Path::new(below).join("debug").is_dir(), "{below}");
    project.call(&["test", "--no-run"]).ends_with(0);
}

#[test]
fn a_child_process_is_watched() {
    Project::copy("child", "child")
        .call(&["run"])
        .ends_with(100)
        .says("the Mutex `child::FIRST` made at src/main.rs:10:")
        .says("1 finding");
}

#[test]
fn what_a_child_process_finds_is_shown_in_full_where_its_output_is_kept() {
    let project = Project::copy("child", "child");
    let shown = project.call(&["run"]);
    let kept = project.call(&["run", "--", "keeps"]);
    for answer in [shown, kept] {
        answer.ends_with(100).says("1 finding, in full above:");
        assert_eq!(answer.err.matches("how it deadlocks:").count(), 1);
    }
}

#[test]
fn what_a_child_process_finds_counts_if_it_is_killed() {
    Project::copy("child", "child")
        .call(&["run", "--", "kills"])
        .ends_with(100)
        .says("how it deadlocks:")
        .says("1 process that did not end in order")
        .says("1 finding, in full above:");
}

#[test]
fn locks_of_a_wrapper_are_instances_and_the_callers_of_both_orders_are_named() {
    let project = Project::copy("wrapper", "paths");
    project.call(&["run"]).ends_with(0).says("nothing found");
    project
        .call(&["run", "--", "refunds"])
        .ends_with(100)
        .says("called by wrapper::Shop::refund, src/main.rs:28")
        .says("28 |         self.stock.lock().push(1);")
        .says("called by wrapper::Shop::sell, src/main.rs:22")
        .says("22 |         *self.bills.lock() += price;")
        .says("the Mutex<u64> made at src/guarded.rs:8:14")
        .says("the Mutex<Vec<u64>> made at src/guarded.rs:8:14");
    // The order of classes compares lines of construction, of which there is one for all, and what the locks hold.
    let classes = |argument| {
        let mut command = project.command();
        command
            .args(["run", "--", argument])
            .env("LOCKWARDEN", "classes=report");
        Answer::of(&mut command)
    };
    classes("").ends_with(0).says("nothing found");
    classes("refunds").ends_with(100).says("1 finding");
    classes("transfers")
        .ends_with(100)
        .says("against the order within their class")
        .says("is the constructor of a type of your own, put `#[track_caller]` on it");
}

/// The detector has modules of the same names, and takes a lock that is made there for one that is made by a call of a
/// library, as `.map(Mutex::new)` is.
#[test]
fn a_lock_is_made_at_its_line_in_a_module_of_the_name_of_one_of_the_detector() {
    Project::copy("rooms", "modules")
        .call(&["run"])
        .ends_with(100)
        .says("the Mutex `rooms::sync::LEDGER` made at src/sync/mod.rs:3:33")
        .says("the Mutex made at src/sync/mod.rs:9:14")
        .says("the Mutex made at src/main.rs:15:11")
        .says("2 findings");
}

#[test]
fn an_inversion_of_wrapped_locks_is_found_over_two_processes_and_their_hierarchy_is_none() {
    let project = Project::copy("wrapper", "records");
    let records = project.folder().join("records");
    let _ = fs::remove_dir_all(&records);
    let _ = fs::remove_file(project.folder().join("locks.order"));
    let recorded = |argument, code| {
        let mut command = project.command();
        command
            .args(["run", "--", argument])
            .env("LOCKWARDEN_RECORD", &records);
        Answer::of(&mut command).ends_with(code);
    };
    recorded("", 0);
    // In CI no baseline is written.
    let mut accept = project.command();
    accept.args(["accept", "records"]).env_remove("CI");
    Answer::of(&mut accept).ends_with(0).says("2 orders added");
    // The file is the same whether the records have one type of the wrapper or all of them.
    let order = fs::read_to_string(project.folder().join("locks.order")).unwrap();
    for line in [
        "src/guarded.rs:8:14 of u64 < src/guarded.rs:8:14 of alloc::string::String\n",
        "src/guarded.rs:8:14 of alloc::vec::Vec(u64) < src/guarded.rs:8:14 of u64\n",
    ] {
        assert!(order.contains(line), "{line:?} is not in\n{order}");
    }
    project.call(&["check", "records"]).ends_with(0);
    recorded("refunds-alone", 0);
    project
        .call(&["check", "records"])
        .ends_with(100)
        .says("of alloc::vec::Vec(u64)");
    // A process reads the accepted orders, and finds the wrong one by itself.
    let mut command = project.command();
    command
        .args(["run", "--", "refunds-alone"])
        .env("LOCKWARDEN_ORDER", project.folder().join("locks.order"));
    Answer::of(&mut command)
        .ends_with(100)
        .says("src/guarded.rs:8:14 of u64");
}

/// A server is ended from the keyboard, by a signal to the whole group of processes.
#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_says_what_was_found() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    let project = Project::copy("child", "child");
    let mut command = project.command();
    command
        .args(["run", "--", "waits"])
        .process_group(0)
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("how it deadlocks:") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    let group = format!("-{}", child.id());
    let status = Command::new("kill")
        .args(["-s", "INT", "--", &group])
        .status();
    assert!(status.unwrap().success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(100), "{rest}");
    assert!(rest.contains("1 finding, in full above:"), "{rest}");
}

/// The wait of the thread that closes the deadlock is in a dependency with unsafe code, which lends what is on that
/// thread's stack.
#[test]
fn no_panic_is_raised_out_of_a_wait_in_unsafe_code_of_a_dependency() {
    Project::copy("borrows", "deadlock")
        .call(&["run"])
        .ends_with(100)
        .says("Deadlock: ")
        .says("thread `keeper` panics at src/main.rs:")
        .says("seen: 1");
}

#[test]
fn channels_of_crossbeam_are_watched_as_those_of_std_are() {
    let project = Project::copy("channels", "kinds");
    let run = |kind| project.call(&["run", "--", kind]);
    for kind in ["answers", "pool"] {
        run(kind).ends_with(0).says("ended").says("nothing found");
    }
    run("cycle")
        .ends_with(100)
        .says("Deadlock: both threads wait: ")
        .says("thread `main` (#1) for a message of the channel made at src/main.rs:83:29")
        .says("for a message of the channel made at src/main.rs:82:30")
        .says("1 finding, in full above:");
    run("room")
        .ends_with(100)
        .says("thread `main` (#1) for room in the channel made at src/main.rs:95:30")
        .says("which is full, with room for 1 message, and has 1 receiver")
        .says("for the Mutex `channels::LEDGER` made at src/main.rs:");
    run("selects")
        .ends_with(100)
        .says("thread `main` (#1) waits for one of the branches of its select");
}

#[test]
fn values_of_once_cell_are_watched_as_those_of_std_are() {
    let project = Project::copy("oncecell", "values");
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, project.folder().join("Cargo.lock")).unwrap();
    let run = |kind| project.call(&["run", "--", kind]);
    run("clean").ends_with(0).says("nothing found");
    run("itself")
        .ends_with(100)
        .says("SelfDeadlock: thread `main` (#1) is about to wait for the initialisation of the Lazy `oncecell::ITSELF` ")
        .says("made at src/main.rs:17:30, which only it could bring about");
    run("inversion")
        .ends_with(100)
        .says("Inversion: the Lazy `oncecell::TABLE` made at src/main.rs:")
        .says("and the Mutex `oncecell::NAMES` made at src/main.rs:")
        .says("1 finding");
    run("failed")
        .ends_with(100)
        .says("Inversion: the OnceCell `oncecell::CONFIG` made at src/main.rs:")
        .says("1 finding");
    run("crossed")
        .ends_with(100)
        .says("Deadlock: 2 threads wait for each other: ")
        .says("for the initialisation of the Lazy `oncecell::LEFT` made at src/main.rs:")
        .says("for the initialisation of the Lazy `oncecell::RIGHT` made at src/main.rs:");
    run("waits")
        .ends_with(100)
        .says("Deadlock: thread `main` (#1) waits for the initialisation of the OnceCell `oncecell::CONFIG` made at src/");
    // A thread that waits for another one's initialiser waits in the record whatever the original waits by.
    project
        .call(&["run", "--features", "parking_lot", "--", "crossed"])
        .ends_with(100)
        .says("Deadlock: 2 threads wait for each other: ");
    project
        .call(&["run", "--exclude", "once_cell", "--", "inversion"])
        .ends_with(0)
        .says("not watched: once_cell 1.")
        .says("nothing found");
}

#[test]
fn a_fork_of_rayon_orders_its_jobs_and_has_the_locks_of_its_caller_around() {
    let project = Project::copy("forks", "rayon");
    let run = |kind| project.call(&["run", "--", kind]);
    run("clean").ends_with(0).says("nothing found");
    for kind in ["inversion", "around"] {
        run(kind)
            .ends_with(100)
            .says("Inversion: the Mutex `forks::LEFT` made at src/main.rs:")
            .says("and the Mutex `forks::RIGHT` made at src/main.rs:")
            .says("1 finding");
    }
    // What the orders above rest on.
    project
        .call(&["run", "--exclude", "rayon-core", "--", "clean"])
        .ends_with(100)
        .says("not watched: rayon-core 1.")
        .says("Inversion: the Mutex `forks::LEFT`");
}

#[test]
fn a_raw_lock_behind_lock_api_is_watched_and_its_guards_leave_nothing_behind() {
    Project::copy("rawlock", "raw")
        .call(&["run"])
        .ends_with(100)
        .says("store/src/lib.rs")
        .says("1 finding, in full above:\n  Inversion");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_and_its_plug_in_say_once_that_each_has_a_detector() {
    let project = Project::copy("plugin", "copies");
    project.call(&["build", "--workspace"]).ends_with(0);
    let answer = project.call(&["run"]);
    answer
        .ends_with(0)
        .says("1 2")
        .says("2 copies of the detector are in this process: 0.1.0 in the program, 0.1.0 in ")
        .says("libextension.so");
    assert_eq!(answer.err.matches("copies of the detector").count(), 1);
}

#[test]
fn findings_of_a_runner_that_hides_what_passing_tests_print_are_shown_in_full() {
    let project = Project::copy("inversion", "nextest");
    let version = Answer::of(project.cargo().args(["nextest", "--version"]));
    if version.code != Some(0) {
        eprintln!("not run: cargo-nextest is not installed");
        return;
    }
    project
        .call(&["nextest", "run"])
        .ends_with(100)
        .says("1 passed")
        .says("how it deadlocks:")
        .says("1 finding, in full above:");
}

#[test]
fn places_of_a_test_are_those_in_the_workspace() {
    Project::copy("member", "places")
        .call(&["test", "-p", "checks", "--lib", "--", "--test-threads", "1"])
        .ends_with(100)
        .says("Inversion: the Mutex `member::STOCK` made at src/lib.rs:5:28")
        .says("10 |     *TILL.lock().unwrap() += 1;\n")
        .says("at src/lib.rs:10:11\n   1: checks::sells\n          at checks/src/lib.rs:5:5\n");
}
