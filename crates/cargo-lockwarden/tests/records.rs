//! Records from the run of a project to the check: a sample project is built, its two tests run in processes of
//! their own, and the wrong order is found on the branch that adds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MANIFEST: &str = r#"[package]
name = "shop"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
lockwarden = { path = "LIBRARY" }
"#;

const LIBRARY: &str = r#"use lockwarden::sync::Mutex;

pub struct Shop {
    stock: Mutex<u32>,
    till: Mutex<u32>,
}

impl Shop {
    pub fn open() -> Self {
        Self { stock: Mutex::new(9), till: Mutex::new(0) }
    }

    pub fn sell(&self) {
        let mut stock = self.stock.lock().unwrap();
        let mut till = self.till.lock().unwrap();
        *stock -= 1;
        *till += 1;
    }

    pub fn refund(&self) {
        let mut till = self.till.lock().unwrap();
        *till -= 1;
        /*RESTOCK*/
    }
}
"#;

const TESTS: &str = r#"use shop::Shop;

#[test]
fn sells() {
    Shop::open().sell();
}

#[test]
fn refunds() {
    let shop = Shop::open();
    shop.refund_one();
}
"#;

struct Project(PathBuf);

impl Project {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("lockwarden-shop-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("tests")).unwrap();
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let library = library.canonicalize().unwrap();
        let manifest = MANIFEST.replace("LIBRARY", library.to_str().unwrap());
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        // A till that is empty cannot pay, so a refund sells first, in a shop of its own lines.
        let tests = TESTS.replace("shop.refund_one()", "{ shop.sell(); shop.refund() }");
        fs::write(root.join("tests/trade.rs"), tests).unwrap();
        let project = Self(root);
        project.write(false);
        project
    }

    /// Writes the library, with the wrong order or without.
    fn write(&self, is_wrong: bool) {
        let restock = if is_wrong {
            "*self.stock.lock().unwrap() += 1;"
        } else {
            ""
        };
        let library = LIBRARY.replace("/*RESTOCK*/", restock);
        fs::write(self.0.join("src/lib.rs"), library).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", target())
            .env_remove("CI")
            .env_remove("LOCKWARDEN")
            .env_remove("LOCKWARDEN_RECORD")
            .env_remove("LOCKWARDEN_RECORD_TIMES")
            .env_remove("LOCKWARDEN_RECORD_STACKS");
        // The test itself may be run by nextest.
        for variable in ["RUN_ID", "BINARY_ID", "TEST_NAME", "ATTEMPT"] {
            command.env_remove(format!("NEXTEST_{variable}"));
        }
        command
    }

    /// Runs each test in a process of its own: by nextest, or, where that is missing, with the variables that it sets.
    fn test(&self) {
        if has_nextest() {
            let output = self
                .command(env!("CARGO"))
                .args(["nextest", "run", "--offline", "--test", "trade"])
                .env("LOCKWARDEN_RECORD", self.0.join("records"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", shown(&output));
            return;
        }
        for test in ["sells", "refunds"] {
            let output = self
                .command(env!("CARGO"))
                .args([
                    "test",
                    "--quiet",
                    "--offline",
                    "--test",
                    "trade",
                    "--",
                    "--exact",
                    test,
                ])
                .env("LOCKWARDEN_RECORD", self.0.join("records"))
                .env("NEXTEST_TEST_NAME", test)
                .env("NEXTEST_BINARY_ID", "shop::trade")
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", shown(&output));
        }
    }

    fn lockwarden(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_cargo-lockwarden"))
            .arg("lockwarden")
            .args(arguments)
            .output()
            .unwrap()
    }

    /// A check in CI of what a branch brought.
    fn checked_in_ci(&self) -> Output {
        self.command(env!("CARGO_BIN_EXE_cargo-lockwarden"))
            .args([
                "lockwarden",
                "check",
                "records",
                "--since",
                "HEAD",
                "--deny",
                "new",
            ])
            .env("CI", "true")
            .output()
            .unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let output = self
            .command("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", shown(&output));
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn has_nextest() -> bool {
    let version = Command::new(env!("CARGO"))
        .args(["nextest", "--version"])
        .output();
    version.is_ok_and(|output| output.status.success())
}

/// Where the sample is built: kept between runs.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop")
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_folder_without_a_record_and_a_full_output_are_named() {
    let folder = std::env::temp_dir().join(format!("lockwarden-none-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lockwarden"));
        command.arg("lockwarden").args(arguments).arg(&folder);
        command
    };
    let nothing = command(&["check"]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(4), "{}", shown(&nothing));
    let advice = "no program has used a watched lock with this folder in LOCKWARDEN_RECORD";
    assert!(shown(&nothing).contains(advice), "{}", shown(&nothing));
    if cfg!(target_os = "linux") {
        let run = "{\"v\":1,\"row\":\"run\",\"run\":\"r\",\"binary\":\"app\"}\n";
        fs::write(folder.join("r.jsonl"), run).unwrap();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let graph = command(&["graph"]).stdout(full).output().unwrap();
        assert_eq!(graph.status.code(), Some(101), "{}", shown(&graph));
        let named = "error: standard output: No space left on device";
        assert!(shown(&graph).contains(named), "{}", shown(&graph));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_branch_that_adds_the_wrong_order_fails_and_only_that() {
    let project = Project::new();
    project.git(&["init", "--quiet"]);

    // Nothing was recorded yet: silence is no success.
    let nothing = project.lockwarden(&["check", "records"]);
    assert_eq!(nothing.status.code(), Some(4), "{}", shown(&nothing));

    // The right order is accepted and committed.
    project.test();
    let first = project.lockwarden(&["check", "records"]);
    assert_eq!(first.status.code(), Some(0), "{}", shown(&first));
    assert!(
        shown(&first).contains("shop::Shop.stock < shop::Shop.till"),
        "{}",
        shown(&first)
    );
    // Else a name that is mistyped would look like a baseline without orders.
    assert!(
        shown(&first).contains("1 order is not in locks.order (there is no such file); "),
        "{}",
        shown(&first)
    );
    // Where the variable is exported, the commands read what the run before has written there.
    let exported = project
        .command(env!("CARGO_BIN_EXE_cargo-lockwarden"))
        .args(["lockwarden", "check"])
        .env("LOCKWARDEN_RECORD", "records")
        .output()
        .unwrap();
    assert_eq!(shown(&exported), shown(&first));
    let graph = project.lockwarden(&["graph", "records", "-o", "graph.dot"]);
    assert_eq!(shown(&graph), "");
    let graph = fs::read_to_string(project.0.join("graph.dot")).unwrap();
    assert!(graph.starts_with("digraph lock_orders {"), "{graph}");
    let denied = project.lockwarden(&["check", "records", "--deny", "new"]);
    assert_eq!(denied.status.code(), Some(100), "{}", shown(&denied));
    assert!(
        shown(&denied).contains("lockwarden: 1 new order denied"),
        "{}",
        shown(&denied)
    );
    let accepted = project.lockwarden(&["accept", "records"]);
    assert_eq!(accepted.status.code(), Some(0), "{}", shown(&accepted));
    let baseline = fs::read_to_string(project.0.join("locks.order")).unwrap();
    assert!(
        baseline.contains("\nshop::Shop.stock < shop::Shop.till\n"),
        "{baseline}"
    );
    assert!(
        baseline.contains("\nshop::Shop.till = src/lib.rs:"),
        "{baseline}"
    );
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "-m", "right"]);
    let same = project.checked_in_ci();
    assert_eq!(same.status.code(), Some(0), "{}", shown(&same));

    // In CI a baseline is not written.
    let in_ci = project
        .command(env!("CARGO_BIN_EXE_cargo-lockwarden"))
        .args(["lockwarden", "accept", "records"])
        .env("CI", "true")
        .output()
        .unwrap();
    assert_eq!(in_ci.status.code(), Some(101), "{}", shown(&in_ci));

    // The branch takes the locks the other way round in another test.
    project.write(true);
    fs::remove_dir_all(project.0.join("records")).unwrap();
    // One process per test: neither of them sees the cycle when `refunds` does not sell.
    let tests = TESTS.replace("shop.refund_one()", "shop.refund_nothing()");
    fs::write(project.0.join("tests/trade.rs"), tests).unwrap();
    let library = fs::read_to_string(project.0.join("src/lib.rs")).unwrap();
    let library = library.replace("*till -= 1;", "*till = till.saturating_sub(1);");
    let library = library.replace("pub fn refund(", "pub fn refund_nothing(");
    fs::write(project.0.join("src/lib.rs"), library).unwrap();
    project.test();
    let wrong = project.checked_in_ci();
    assert_eq!(wrong.status.code(), Some(100), "{}", shown(&wrong));
    let text = shown(&wrong);
    for part in [
        "cycle over the lock orders of several processes",
        "test `sells`",
        "test `refunds`",
        "(new)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
