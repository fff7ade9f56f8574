//! What the environment says, and how little a program has to trust it.

use std::path::PathBuf;

use lockwarden::suppress::{self, Rule, Subject};
use lockwarden::sync::Mutex;

use crate::child::apart;
use crate::kernels::invert;

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());

/// A folder of its own for a test; the child of the test has the same.
fn folder(test: &str) -> PathBuf {
    // The child is started by the parent, which is the one that makes and removes it.
    let path = match std::env::var_os("LOCKWARDEN_TEST_FOLDER") {
        Some(path) => path.into(),
        None => std::env::temp_dir().join(format!("lockwarden-{}-{test}", std::process::id())),
    };
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn make_pipe(path: &std::path::Path) {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the path is a string that ends in a zero.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_device_are_no_files_of_rules() {
    let folder = folder("pipes");
    let pipe = folder.join("pipe");
    if !pipe.exists() {
        make_pipe(&pipe);
    }
    let pipe = pipe.to_str().unwrap().to_owned();
    apart!(
        &[
            ("LOCKWARDEN_ORDER", &pipe),
            ("LOCKWARDEN_SUPPRESS", "/dev/zero"),
            ("LOCKWARDEN_TEST_FOLDER", folder.to_str().unwrap()),
        ],
        || invert(&LEDGER, &AUDIT),
        |outcome| {
            for (variable, path, effect) in [
                (
                    "LOCKWARDEN_ORDER",
                    pipe.as_str(),
                    "; no order of the file is declared",
                ),
                ("LOCKWARDEN_SUPPRESS", "/dev/zero", ""),
            ] {
                outcome.says(&format!(
                    "lockwarden: {variable}: {path} cannot be read: it is no regular file{effect}\n"
                ));
            }
            outcome.says("lockwarden: Inversion: ");
            outcome.succeeds();
            std::fs::remove_dir_all(&folder).unwrap();
        }
    );
}

#[test]
fn a_file_of_nonsense_is_one_line() {
    let folder = folder("nonsense");
    let file = folder.join("rules");
    let mut text = "\u{feff}lock ledger : known\n".to_owned();
    text.push_str(&"nonsense\n".repeat(1_000));
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap().to_owned();
    apart!(
        &[
            ("LOCKWARDEN_SUPPRESS", path.as_str()),
            ("LOCKWARDEN_TEST_FOLDER", folder.to_str().unwrap()),
        ],
        || invert(&LEDGER, &AUDIT),
        |outcome| {
            let said: Vec<&str> = outcome
                .stderr
                .lines()
                .filter(|line| line.starts_with("lockwarden: "))
                .collect();
            // The rule in the first line holds, so there is no report.
            assert_eq!(said.len(), 1, "{}", outcome.stderr);
            assert!(
                said[0].starts_with(&format!("lockwarden: LOCKWARDEN_SUPPRESS: {path}:2: ")),
                "{said:?}"
            );
            outcome.succeeds();
            std::fs::remove_dir_all(&folder).unwrap();
        }
    );
}

#[test]
fn a_variable_under_a_misspelt_name_is_named_once() {
    apart!(
        &[
            ("LOCKWARDEN_RECROD", "/nowhere"),
            // Variables of the command, of records, and of another program.
            ("LOCKWARDEN_CACHE", "/nowhere"),
            ("LOCKWARDEN_SERVICE", "shop"),
            ("LOCKWARDEN_COLOUR", "red"),
        ],
        || drop(LEDGER.lock()),
        |outcome| {
            let said = outcome.stderr.lines();
            let said: Vec<&str> = said
                .filter(|line| line.starts_with("lockwarden: "))
                .collect();
            assert_eq!(
                said,
                [
                    "lockwarden: the variable LOCKWARDEN_RECROD is set and has no effect; did you mean LOCKWARDEN_RECORD?"
                ]
            );
            outcome.succeeds();
        }
    );
}

#[cfg(any(unix, windows))]
#[test]
fn unused_rules_of_the_program_are_listed_without_a_file() {
    apart!(
        &[("LOCKWARDEN_SUPPRESS_UNUSED", "1")],
        || {
            let rule = Rule::new(Subject::Lock, "nobody", "a test");
            suppress::add(rule).unwrap();
            drop(LEDGER.lock());
        },
        |outcome| {
            outcome.succeeds();
            outcome.says("lockwarden: the suppression `lock nobody : a test` was not used\n");
        }
    );
}

#[cfg(any(unix, windows))]
#[test]
fn unused_rules_are_not_listed_where_that_is_switched_off() {
    apart!(
        &[("LOCKWARDEN_SUPPRESS_UNUSED", "off")],
        || {
            let rule = Rule::new(Subject::Lock, "nobody", "a test");
            suppress::add(rule).unwrap();
            drop(LEDGER.lock());
        },
        |outcome| {
            outcome.succeeds();
            assert!(
                !outcome.stderr.contains("was not used"),
                "{}",
                outcome.stderr
            );
        }
    );
}

/// Set-user-id programs can be made by root alone; elsewhere there is nothing to look at.
#[cfg(target_os = "linux")]
#[test]
#[allow(unsafe_code)]
fn a_program_with_more_rights_than_its_user_ignores_the_environment() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    const COPY: &str = "LOCKWARDEN_TEST_COPY";
    const NOBODY: u32 = 65_534;
    if std::env::var_os(COPY).is_some() {
        // SAFETY: it reads a number that the system gave the process.
        if unsafe { libc::getauxval(libc::AT_SECURE) } == 0 {
            println!("the file system takes no such programs");
            return;
        }
        invert(&LEDGER, &AUDIT);
        assert!(lockwarden::status().is_on(), "the variable was believed");
        println!("it was ignored");
        return;
    }
    // SAFETY: it takes nothing and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let folder = folder("rights");
    let copy = folder.join("copy");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    chown(&copy, Some(NOBODY), None).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let alerts = folder.join("alerts");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let test = "environment::a_program_with_more_rights_than_its_user_ignores_the_environment";
    let output = std::process::Command::new(&copy)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(COPY, "1")
        .env("LOCKWARDEN", "off")
        .env("LOCKWARDEN_SUPPRESS", "/etc/passwd")
        .env(
            "LOCKWARDEN_WATCHDOG",
            format!("1h,json={}", alerts.display()),
        )
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    if !stdout.contains("takes no such programs") {
        assert!(stdout.contains("it was ignored"), "{stdout}{stderr}");
        assert!(stderr.contains("lockwarden: Inversion: "), "{stderr}");
        assert!(!stderr.contains("/etc/passwd"), "{stderr}");
        assert!(!alerts.exists());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The standard hook prints the frames down to the body of the thread, as of a thread of std.
#[test]
fn the_backtrace_of_a_panic_ends_at_the_body_of_the_thread() {
    apart!(
        &[("RUST_BACKTRACE", "1")],
        || {
            let panics = lockwarden::thread::spawn(|| panic!("on purpose"));
            assert!(panics.join().is_err());
        },
        |outcome| {
            outcome.says("on purpose");
            outcome.says("\nstack backtrace:\n");
            outcome.says("with `RUST_BACKTRACE=full`");
            assert!(
                !outcome.stderr.contains("join_packet"),
                "{}",
                outcome.stderr
            );
            outcome.succeeds();
        }
    );
}
