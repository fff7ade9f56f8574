//! The source lines in a report: those of the file that was compiled, or none.

use std::path::Path;
use std::process::Command;

use lockwarden::sync::Mutex;

use crate::kernels::invert;

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());

const PART: &str = "LOCKWARDEN_TEST_SOURCE";

/// What a copy of this test program, or the program itself, writes when it runs in that directory.
fn report(program: &Path, directory: &Path) -> String {
    let test = "source::a_file_of_another_project_is_not_shown";
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .current_dir(directory)
        .env(PART, "1")
        .env_remove("LOCKWARDEN")
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("Inversion: `ledger` and `audit`"),
        "{stderr}"
    );
    stderr
}

#[test]
fn a_file_of_another_project_is_not_shown() {
    if std::env::var_os(PART).is_some() {
        invert(&LEDGER, &AUDIT);
        return;
    }
    // Another project, with a file of the same path that has a call at the same places.
    let name = format!("lockwarden-source-{}", std::process::id());
    let project = std::env::temp_dir().join(name);
    let file = Path::new("tests/output/kernels.rs");
    std::fs::create_dir_all(project.join(file).parent().unwrap()).unwrap();
    std::fs::write(project.join("Cargo.toml"), "").unwrap();
    let ours = std::fs::read_to_string(file).expect("a test runs in the directory of its package");
    let theirs = ours.replace("_inner", "_other");
    std::fs::write(project.join(file), theirs).unwrap();
    let program = std::env::current_exe().unwrap();
    let copy = std::env::temp_dir().join(format!("lockwarden-installed-{}", std::process::id()));
    std::fs::copy(&program, &copy).unwrap();

    let in_place = report(&program, &project);
    let installed = report(&copy, &project);
    std::fs::remove_file(&copy).unwrap();
    std::fs::remove_dir_all(&project).unwrap();

    for text in [&in_place, &installed] {
        assert!(!text.contains("let _other = "), "{text}");
        assert!(text.contains("tests/output/kernels.rs:"), "{text}");
    }
    assert!(in_place.contains("let _inner = "), "{in_place}");
    assert!(!installed.contains("let _inner = "), "{installed}");
}
