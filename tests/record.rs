//! Records: each child process writes what it learnt to a file of its own.
#![cfg(any(debug_assertions, feature = "always"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::sync::{Arc, Mutex, RwLock};

/// A directory that is removed at the end of its test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lockwarden-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// The lines of all files in it.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in fs::read_dir(&self.0).expect("a record was written") {
            let text = fs::read_to_string(entry.expect("it can be read").path()).unwrap();
            assert!(text.ends_with('\n'), "a line is written whole");
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    fn rows(&self, kind: &str) -> Vec<String> {
        let start = format!("{{\"v\":1,\"row\":\"{kind}\"");
        let mut lines = self.lines();
        lines.retain(|line| line.starts_with(&start));
        lines
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs one of the ignored tests below in a process of its own.
fn child(name: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test runs"));
    command
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env("LOCKWARDEN_RECORD", directory)
        .env_remove("LOCKWARDEN")
        .env_remove("LOCKWARDEN_RECORD_MAX")
        .env_remove("LOCKWARDEN_RECORD_STACKS")
        .env_remove("LOCKWARDEN_RECORD_TIMES")
        .env_remove("NEXTEST_TEST_NAME")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the child starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    stderr
}

fn nest() {
    let ledger = Mutex::named("ledger", 0);
    let audit = RwLock::named("audit", 0);
    let unnamed = Mutex::new(0);
    for _ in 0..3 {
        let _ledger = ledger.lock().unwrap();
        let _audit = audit.read().unwrap();
        let _unnamed = unnamed.lock().unwrap();
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn child_nests() {
    nest();
}

#[test]
#[ignore = "a child of the other tests"]
fn child_nests_and_is_killed() {
    nest();
    std::process::abort();
}

#[test]
#[ignore = "a child of the other tests"]
fn child_inverts() {
    let (a, b) = (
        Arc::new(Mutex::named("a", 0)),
        Arc::new(Mutex::named("b", 0)),
    );
    a.set_label("of a customer");
    let named = thread::Builder::new().name("worker 7".to_owned());
    for (thread, first, second) in [(named, &a, &b), (thread::Builder::new(), &b, &a)] {
        let (first, second) = (Arc::clone(first), Arc::clone(second));
        // A std thread: its join orders nothing that the detector sees.
        thread
            .spawn(move || {
                let _first = first.lock().unwrap();
                let _second = second.lock().unwrap();
            })
            .unwrap()
            .join()
            .unwrap();
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn child_emits() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .json()
        .with_writer(std::io::stderr)
        .init();
    nest();
}

/// Takes `ledger` in a thread, and again in another that has to wait for it.
fn contend() {
    let ledger = Arc::new(Mutex::named("ledger", 0));
    let held = ledger.lock().unwrap();
    let waits = {
        let ledger = Arc::clone(&ledger);
        lockwarden::thread::Builder::new()
            .name("clerk 2".to_owned())
            .spawn(move || wait_for_the_ledger(&ledger))
            .unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let is_waiting = || {
        let threads = lockwarden::watchdog::dump().threads;
        threads.iter().any(|thread| thread.waits.is_some())
    };
    while !is_waiting() {
        assert!(Instant::now() < deadline, "the other thread waits");
        thread::yield_now();
    }
    drop(held);
    waits.join().unwrap();
    // Another lock of the name, from another line.
    let other = Mutex::named("ledger", 0);
    *other.lock().unwrap() += 1;
}

#[inline(never)]
fn wait_for_the_ledger(ledger: &Mutex<i32>) {
    *ledger.lock().unwrap() += 1;
}

#[test]
#[ignore = "a child of the other tests"]
fn child_contends() {
    contend();
}

#[test]
#[ignore = "a child of the other tests"]
fn child_contends_and_is_killed() {
    contend();
    std::process::abort();
}

#[cfg(unix)]
#[test]
#[ignore = "a child of the other tests"]
fn child_contends_and_forks() {
    contend();
    #[allow(unsafe_code)]
    // SAFETY: the child runs on this thread alone, which holds no lock, and leaves by `_exit`.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(20);
            nest();
            lockwarden::write_times();
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}

/// Closes what it has not opened, as a daemon does, and writes a file of its own under the next free number.
#[cfg(unix)]
#[test]
#[ignore = "a child of the other tests"]
fn child_closes_descriptors() {
    use std::io::Write as _;

    let directory = std::env::var_os("LOCKWARDEN_RECORD").unwrap();
    let outer = Mutex::named("outer", 0);
    drop((
        outer.lock().unwrap(),
        Mutex::named("inner", 0).lock().unwrap(),
    ));
    for descriptor in 3..64 {
        #[allow(unsafe_code)]
        // SAFETY: this process has no thread that reads or writes a file.
        unsafe {
            libc::close(descriptor);
        }
    }
    let own = Path::new(&directory).with_extension("own");
    let mut file = fs::File::create(&own).unwrap();
    std::env::set_current_dir("/").unwrap();
    nest();
    file.write_all(b"mine\n").unwrap();
    assert_eq!(fs::read_to_string(&own).unwrap(), "mine\n");
    fs::remove_file(own).unwrap();
}

#[cfg(unix)]
#[test]
#[ignore = "a child of the other tests"]
fn child_has_no_descriptor_left() {
    nest();
    let limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    #[allow(unsafe_code)]
    // SAFETY: the limit is a valid one, and is read only.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(result, 0);
    drop((
        Mutex::named("later", 0).lock().unwrap(),
        Mutex::named("last", 0).lock().unwrap(),
    ));
}

#[cfg(unix)]
#[test]
#[ignore = "a child of the other tests"]
fn child_forks() {
    nest();
    #[allow(unsafe_code)]
    // SAFETY: the child runs on this thread alone, which holds no lock, and leaves by `_exit`.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(20);
            nest();
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}

#[test]
fn each_edge_is_written_once_with_modes_places_and_gates() {
    let directory = Directory::new("edges");
    run(&mut child("child_nests", &directory.0));
    assert_eq!(directory.rows("run").len(), 1);
    let edges = directory.rows("edge");
    assert_eq!(edges.len(), 3, "{edges:#?}");
    let has = |parts: &[&str]| {
        let fits = |line: &&String| parts.iter().all(|part| line.contains(part));
        assert_eq!(
            edges.iter().filter(fits).count(),
            1,
            "{parts:?} in {edges:#?}"
        );
    };
    has(&[
        r#""from":"ledger","from_mode":"exclusive""#,
        r#""to":"audit","to_mode":"shared""#,
        r#""gates":[]"#,
        r#""from_site":"tests/record.rs:"#,
    ]);
    has(&[
        r#""from":"audit","from_mode":"shared""#,
        r#""to":"tests/record.rs:"#,
        r#""gates":["ledger"]"#,
    ]);
    assert_eq!(directory.rows("class").len(), 3);
    assert_eq!(directory.rows("end").len(), 1);
}

#[test]
fn a_process_that_dies_loses_no_line_that_it_wrote() {
    let directory = Directory::new("killed");
    let output = child("child_nests_and_is_killed", &directory.0)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(directory.rows("edge").len(), 3);
}

#[test]
fn a_finding_is_written_with_its_threads_and_without_labels_and_the_role_without_numbers() {
    let directory = Directory::new("finding");
    run(&mut child("child_inverts", &directory.0));
    let findings = directory.rows("finding");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains(r#""verdict":"Inversion""#));
    for thread in ["worker 7", "#"] {
        let thread = format!(r#""thread":"{thread}"#);
        assert!(findings[0].contains(&thread), "{}", findings[0]);
    }
    assert!(!directory.lines().concat().contains("customer"));
    assert!(directory.rows("edge")[0].contains(r#""role":"worker""#));
}

#[test]
fn the_test_of_nextest_is_named() {
    let directory = Directory::new("nextest");
    run(child("child_nests", &directory.0)
        .env("NEXTEST_TEST_NAME", "bank::pays")
        .env("NEXTEST_BINARY_ID", "bank::it"));
    for line in directory.rows("edge") {
        assert!(
            line.contains(r#""test":"bank::pays","binary":"bank::it""#),
            "{line}"
        );
    }
}

#[test]
fn the_revision_and_the_job_of_the_ci_are_named() {
    for (revision, job) in [("GITHUB_SHA", "GITHUB_JOB"), ("CI_COMMIT_SHA", "CI_JOB_ID")] {
        let directory = Directory::new(job);
        let mut command = child("child_nests", &directory.0);
        for variable in ["GITHUB_SHA", "GITHUB_JOB", "CI_COMMIT_SHA", "CI_JOB_ID"] {
            command.env_remove(variable);
        }
        run(command.env(revision, "0a1b2c").env(job, "linux"));
        let [run] = &directory.rows("run")[..] else {
            panic!("one process");
        };
        assert!(run.contains(r#""revision":"0a1b2c""#), "{run}");
        assert!(run.contains(r#""ci_job":"linux""#), "{run}");
    }
}

#[test]
fn orders_of_the_baseline_are_not_recorded() {
    let directory = Directory::new("known");
    let baseline = std::env::temp_dir().join(format!("lockwarden-known-{}", std::process::id()));
    fs::write(&baseline, "ledger < audit ! loop: old\n").unwrap();
    run(child("child_nests", &directory.0).env("LOCKWARDEN_RECORD_KNOWN", &baseline));
    fs::remove_file(baseline).unwrap();
    let edges = directory.rows("edge");
    assert_eq!(edges.len(), 2, "{edges:#?}");
    assert!(!edges.concat().contains("\"to\":\"audit\""));
}

#[test]
fn a_subscriber_that_asks_for_orders_gets_an_event_for_each() {
    let directory = Directory::new("events");
    let mut command = child("child_emits", &directory.0);
    let stderr = run(command.env_remove("LOCKWARDEN_RECORD"));
    let orders: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("\"target\":\"lockwarden::order\""))
        .collect();
    assert_eq!(orders.len(), 3, "{stderr}");
    let ledger = orders
        .iter()
        .find(|line| line.contains("\"lock.to\":\"audit\""));
    let ledger = ledger.expect("the order is emitted");
    for part in [
        "\"lock.from\":\"ledger\"",
        "\"lock.to_mode\":\"shared\"",
        "\"lock.gates\":\"\"",
    ] {
        assert!(ledger.contains(part), "{part} in {ledger}");
    }
}

#[test]
fn a_full_file_says_so_and_takes_no_more_orders() {
    let directory = Directory::new("full");
    let stderr = run(child("child_nests", &directory.0).env("LOCKWARDEN_RECORD_MAX", "900"));
    assert_eq!(directory.rows("full").len(), 1);
    assert!(directory.rows("edge").len() < 3);
    assert_eq!(directory.rows("end").len(), 1, "the process has ended");
    assert_eq!(
        stderr.matches("has reached its limit of 900 bytes").count(),
        1,
        "{stderr}"
    );
}

#[test]
fn a_full_file_takes_findings() {
    let directory = Directory::new("full_findings");
    run(child("child_inverts", &directory.0).env("LOCKWARDEN_RECORD_MAX", "10"));
    assert_eq!(directory.rows("full").len(), 1);
    assert_eq!(directory.rows("edge").len(), 0);
    assert!(!directory.rows("finding").is_empty());
}

#[test]
fn a_record_that_cannot_be_written_disturbs_nothing_and_is_said_once() {
    let directory = Directory::new("unwritable");
    fs::write(&directory.0, "no directory").unwrap();
    let stderr = run(&mut child("child_nests", &directory.0));
    assert_eq!(stderr.matches("are not recorded").count(), 1, "{stderr}");
    assert!(stderr.contains("(it is no directory)"), "{stderr}");
    fs::remove_file(&directory.0).unwrap();
}

#[cfg(unix)]
#[test]
fn a_program_without_a_descriptor_left_is_recorded() {
    let directory = Directory::new("none_left");
    run(&mut child("child_has_no_descriptor_left", &directory.0));
    assert_eq!(directory.rows("edge").len(), 4);
    assert_eq!(directory.rows("end").len(), 1);
}

#[cfg(unix)]
#[test]
fn a_program_that_closes_all_descriptors_keeps_its_files_and_is_recorded() {
    let directory = Directory::new("descriptors");
    run(&mut child("child_closes_descriptors", &directory.0));
    assert_eq!(directory.rows("edge").len(), 4);
    assert_eq!(directory.rows("end").len(), 1);
}

#[cfg(unix)]
#[test]
fn the_child_of_a_fork_writes_a_file_of_its_own() {
    let directory = Directory::new("fork");
    run(&mut child("child_forks", &directory.0));
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 2);
    let runs = directory.rows("run");
    assert_eq!(
        runs.iter()
            .filter(|row| row.contains("\"parent\":"))
            .count(),
        1
    );
    assert_eq!(directory.rows("edge").len(), 6);
}

#[cfg(unix)]
#[test]
fn the_child_of_a_fork_records_where_the_file_of_its_parent_is_full() {
    let directory = Directory::new("fork-full");
    run(child("child_forks", &directory.0).env("LOCKWARDEN_RECORD_MAX", "10"));
    assert_eq!(directory.rows("run").len(), 2);
    assert_eq!(directory.rows("full").len(), 2);
}

/// The rows of a kind that have all these parts.
fn rows_with(directory: &Directory, kind: &str, parts: &[&str]) -> usize {
    let rows = directory.rows(kind);
    let fits = |row: &&String| parts.iter().all(|part| row.contains(part));
    rows.iter().filter(fits).count()
}

#[test]
fn times_of_waits_and_holds_are_recorded_on_request() {
    let directory = Directory::new("times");
    run(child("child_contends", &directory.0).env("LOCKWARDEN_RECORD_TIMES", "on"));
    let ledger = r#""class":"ledger""#;
    // The first wait is written at once, and everything at the end.
    assert_eq!(
        rows_with(
            &directory,
            "time",
            &[ledger, r#""waits":1,"#, r#""holds":3,"#]
        ),
        1
    );
    let by = [ledger, r#""by_site":"tests/record.rs:"#, r#""waits":1,"#];
    assert_eq!(rows_with(&directory, "blocked", &by), 2);
    let frames = [ledger, r#"wait_for_the_ledger""#, r#""waits":1,"#];
    assert_eq!(rows_with(&directory, "stack", &frames), 1);
    let wait = [r#""what":"wait""#, ledger, r#""thread":"clerk 2""#];
    assert_eq!(rows_with(&directory, "event", &wait), 1);
    assert_eq!(
        rows_with(&directory, "event", &[r#""what":"hold""#, ledger]),
        3
    );
}

#[test]
fn without_the_request_no_times_are_recorded() {
    let directory = Directory::new("no-times");
    run(&mut child("child_contends", &directory.0));
    for kind in ["time", "blocked", "stack", "event"] {
        assert_eq!(rows_with(&directory, kind, &[]), 0, "{kind}");
    }
}

#[test]
fn a_process_that_dies_keeps_the_times_that_were_written() {
    let directory = Directory::new("killed-times");
    let output = child("child_contends_and_is_killed", &directory.0)
        .env("LOCKWARDEN_RECORD_TIMES", "16")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(rows_with(&directory, "time", &[r#""waits":1,"#]), 1);
}

#[cfg(unix)]
#[test]
fn the_child_of_a_fork_has_times_of_its_own() {
    let directory = Directory::new("fork-times");
    run(child("child_contends_and_forks", &directory.0).env("LOCKWARDEN_RECORD_TIMES", "16"));
    let of_child = [r#""class":"audit""#, r#""waits":0,"#, r#""holds":3,"#];
    assert_eq!(rows_with(&directory, "time", &of_child), 1);
    assert_eq!(
        rows_with(
            &directory,
            "time",
            &[r#""class":"ledger""#, r#""waits":1,"#, r#""holds":3,"#]
        ),
        1
    );
}

#[test]
fn times_without_a_record_or_with_a_wrong_number_are_said() {
    let directory = Directory::new("wrong-times");
    let mut command = child("child_nests", &directory.0);
    command.env("LOCKWARDEN_RECORD_TIMES", "many");
    let stderr = run(&mut command);
    assert!(
        stderr.contains("is neither `on`, `off` nor a number"),
        "{stderr}"
    );
    command.env("LOCKWARDEN_RECORD_TIMES", "on");
    let stderr = run(command.env_remove("LOCKWARDEN_RECORD"));
    assert!(stderr.contains("set LOCKWARDEN_RECORD too"), "{stderr}");
}

#[test]
fn the_stack_of_a_new_order_is_recorded_on_request() {
    let directory = Directory::new("stacks");
    run(child("child_nests", &directory.0).env("LOCKWARDEN_RECORD_STACKS", "on"));
    // An optimised build knows the functions and no lines.
    let frame = if cfg!(debug_assertions) {
        r#""stack":["record::nest at tests/record.rs:"#
    } else {
        r#""stack":["record::nest"#
    };
    assert_eq!(
        rows_with(&directory, "edge", &[frame]),
        3,
        "{:#?}",
        directory.rows("edge")
    );
    let directory = Directory::new("no-stacks");
    run(&mut child("child_nests", &directory.0));
    assert_eq!(rows_with(&directory, "edge", &[r#""stack":"#]), 0);
}
