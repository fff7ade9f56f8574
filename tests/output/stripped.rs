//! A program without symbols.

use std::process::Command;

use lockwarden::sync::Mutex;

use crate::kernels::invert;

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());

/// Needs `strip`, of the binutils; elsewhere there is nothing to look at.
#[test]
fn a_stripped_program_says_where_its_functions_lie() {
    const COPY: &str = "LOCKWARDEN_TEST_COPY";
    if std::env::var_os(COPY).is_some() {
        invert(&LEDGER, &AUDIT);
        return;
    }
    let name = format!("lockwarden-stripped-{}", std::process::id());
    let copy = std::env::temp_dir().join(name);
    let program = std::env::current_exe().unwrap();
    let strip = Command::new("strip")
        .arg("-o")
        .args([&copy, &program])
        .status();
    if !strip.is_ok_and(|status| status.success()) {
        return;
    }
    let test = "stripped::a_stripped_program_says_where_its_functions_lie";
    let output = Command::new(&copy)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(COPY, "1")
        .env_remove("LOCKWARDEN")
        .output()
        .unwrap();
    std::fs::remove_file(&copy).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let file = copy.file_name().unwrap().to_str().unwrap();
    let frames: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.split_once(&format!("<unknown> at {file}+0x")))
        .map(|(_, offset)| offset)
        .collect();
    assert!(frames.len() > 3, "{stderr}");
    // With its symbols the program says which functions those are.
    let named = Command::new("addr2line")
        .arg("-f")
        .arg("-e")
        .arg(&program)
        .args(&frames)
        .output();
    if let Ok(named) = named {
        let named = String::from_utf8_lossy(&named.stdout);
        assert!(named.contains("invert"), "{named}\n{stderr}");
    }
    assert!(
        stderr.contains(&format!("{file} is {}, build id ", copy.display())),
        "{stderr}"
    );
}
