//! Which crates are watched.

use std::fs;

use crate::{Answer, Project};

#[test]
fn members_are_selected_by_the_workspace_and_doctests_are_watched() {
    let project = Project::copy("workspace", "members");
    project
        .call(&["test", "-p", "one", "--features", "extra"])
        .ends_with(0)
        .says("test the_feature_is_on ... ok")
        .says("Doc-tests one")
        .says("not watched: two 0.1.0 (left out by `exclude`)");
}

#[test]
fn a_test_that_fails_ends_as_with_cargo() {
    let project = Project::copy("workspace", "fails");
    let mut command = project.command();
    command
        .args(["test", "--workspace", "--exclude", "one"])
        .env("FAIL", "1");
    crate::Answer::of(&mut command)
        .ends_with(101)
        .says("test fails_on_purpose ... FAILED")
        .is_silent_about("Running unittests src/lib.rs (target/lockwarden/debug/deps/one");
}

#[test]
fn a_crate_that_does_not_compile_is_named_with_the_flag_that_leaves_it_out() {
    let project = Project::copy("size", "named");
    project
        .call(&["run"])
        .ends_with(101)
        .says("`layout 0.3.0` does not compile with the watched standard library")
        .says("`--exclude layout`");
    project
        .call(&["run", "--exclude", "layout"])
        .ends_with(0)
        .says("3\n")
        .says("not watched: layout 0.3.0");
}

#[test]
fn an_error_of_the_crate_itself_is_left_to_the_compiler() {
    let project = Project::copy("clean", "broken");
    std::fs::write(
        project.folder().join("src/main.rs"),
        "fn main() { nothing }",
    )
    .unwrap();
    project
        .call(&["run"])
        .ends_with(101)
        .says("cannot find value `nothing`")
        .is_silent_about("--exclude");
}

#[test]
fn an_error_of_the_linker_is_left_to_it() {
    let project = Project::copy("clean", "unlinked");
    let main = "#[link(name = \"not_there\")]\nunsafe extern \"C\" { fn absent(); }\n\
                fn main() { unsafe { absent() } }\n";
    std::fs::write(project.folder().join("src/main.rs"), main).unwrap();
    project
        .call(&["run"])
        .ends_with(101)
        .says("not_there")
        .is_silent_about("--exclude");
}

#[test]
fn an_allocator_stays_bare_by_itself() {
    Project::copy("allocator", "bare")
        .call(&["run"])
        .ends_with(0)
        .says("lockwarden: watched ")
        .says("not watched: counting 0.2.0 (implements an allocator)");
}

#[test]
fn an_allocator_behind_a_feature_that_is_off_leaves_its_crate_watched() {
    let project = Project::copy("allocator", "feature");
    let library = project.folder().join("counting");
    let manifest = std::fs::read_to_string(library.join("Cargo.toml")).unwrap();
    let with_feature = format!("{manifest}\n[features]\ncounting = []\n");
    std::fs::write(library.join("Cargo.toml"), with_feature).unwrap();
    let allocator = std::fs::read_to_string(library.join("src/lib.rs")).unwrap();
    std::fs::write(library.join("src/counting.rs"), allocator).unwrap();
    std::fs::write(
        library.join("src/lib.rs"),
        "#[cfg(feature = \"counting\")]\npub mod counting;\n\
         pub static LOCK: std::sync::Mutex<u8> = std::sync::Mutex::new(1);\n",
    )
    .unwrap();
    let main = "fn main() { println!(\"{}\", counting::LOCK.lock().unwrap()); }\n";
    std::fs::write(project.folder().join("src/main.rs"), main).unwrap();
    let answer = project.call(&["run"]);
    answer
        .ends_with(0)
        .says("lockwarden: watched 1 lock")
        .is_silent_about("not watched: counting");
    let doctor = project.call(&["doctor"]);
    doctor
        .ends_with(0)
        .is_silent_about("implements an allocator");
}

#[test]
fn only_these_crates_are_watched() {
    Project::copy("inversion", "only")
        .call(&["run", "--only", "inversion"])
        .ends_with(0)
        .says("lockwarden: watched ")
        .says("store 0.1.0 (not named by `only`)");
}

#[test]
fn a_file_of_the_project_selects() {
    let project = Project::copy("inversion", "file");
    let folder = project.folder().join(".config");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("lockwarden.toml");
    std::fs::write(&file, "exclude = [\"store\"]\n").unwrap();
    project
        .call(&["run"])
        .ends_with(0)
        .says("store 0.1.0 (left out by `exclude`)");
    std::fs::write(&file, "exlude = []\n").unwrap();
    project
        .call(&["run"])
        .ends_with(101)
        .says("lockwarden.toml is not understood")
        .says("exlude");
}

#[test]
fn a_name_that_is_not_in_the_build_is_refused() {
    Project::copy("inversion", "unknown")
        .call(&["run", "--exclude", "Store"])
        .ends_with(101)
        .says("`store@0.1.0`");
}

#[test]
fn the_doctor_says_what_is_watched_and_what_is_not() {
    Project::copy("rawlock", "doctor")
        .call(&["doctor", "--exclude", "store"])
        .ends_with(0)
        .says("lock_api 0.4.0")
        .says("store 1.2.3: left out by `exclude`")
        .says("watched: ");
}

#[test]
fn the_configuration_among_the_arguments_counts() {
    let project = Project::copy("clean", "configured");
    project
        .call(&["doctor", "--config", "build.target=\"nonsense\""])
        .ends_with(101)
        .says("`nonsense` is no target of rustc")
        .is_silent_about("error: error");
    // A program that calls what it is given, as a wrapper does.
    project
        .call(&["doctor", "--config", "build.rustc-wrapper=\"env\""])
        .ends_with(0)
        .says("calls          env\n");
}

#[test]
fn a_project_that_cannot_be_read_is_an_error_in_words() {
    let project = Project::copy("nothing", "unreadable");
    std::fs::write(project.folder().join("Cargo.toml"), "[package").unwrap();
    project
        .call(&["run"])
        .ends_with(101)
        .says("cargo cannot read the project");
}

/// What the doctor says of a project that depends on the package `name` of this version, which has these features by
/// default, and is built with `flags`.
fn doctor_of(name: &str, version: &str, features: &[&str], flags: &str) -> Answer {
    let project = Project::copy("clean", name);
    let manifest = "[package]\nname = \"clean\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n";
    let dependency = format!("{name} = {{ path = \"{name}\" }}\n");
    fs::write(
        project.folder().join("Cargo.toml"),
        format!("{manifest}{dependency}"),
    )
    .unwrap();
    let folder = project.folder().join(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let mut package = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n\
         [features]\ndefault = {features:?}\n"
    );
    for feature in features {
        package += &format!("{feature} = []\n");
    }
    fs::write(folder.join("Cargo.toml"), package).unwrap();
    let mut command = project.command();
    command.arg("doctor").env("RUSTFLAGS", flags);
    let answer = Answer::of(&mut command);
    answer.ends_with(0);
    answer
}

#[test]
fn tokio_is_replaced_from_1_47_on_and_not_under_its_unstable_interface() {
    doctor_of("tokio", "1.46.1", &[], "")
        .says("tokio 1.46.1: only versions from 1.47 on are replaced");
    doctor_of("tokio", "1.47.0", &[], "").says("replaced by watched ones:\n  tokio 1.47.0\n");
    doctor_of("tokio", "1.47.0", &[], "--cfg tokio_unstable")
        .says("tokio 1.47.0: not replaced under `--cfg tokio_unstable`");
}

#[test]
fn crossbeam_channel_is_replaced_unless_it_is_left_out() {
    let project = Project::copy("channels", "doctor");
    let unseen = "crossbeam-channel 0.5.0: its channels park threads themselves";
    project
        .call(&["doctor"])
        .ends_with(0)
        .says("replaced by watched ones:\n  crossbeam-channel 0.5.0\n")
        .is_silent_about(unseen);
    project
        .call(&["doctor", "--exclude", "crossbeam-channel"])
        .ends_with(0)
        .says("crossbeam-channel 0.5.0: left out by `exclude`")
        .says(unseen);
    let manifest = project.folder().join("crossbeam-channel/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("0.5.0", "0.4.4")).unwrap();
    project
        .call(&["doctor"])
        .ends_with(0)
        .says("crossbeam-channel 0.4.4: its channels park threads themselves")
        .is_silent_about("replaced");
}

#[test]
fn a_crate_that_does_not_compile_with_the_watched_channels_is_told_how_to_leave_them_out() {
    Project::copy("channels", "constant")
        .call(&["run", "--features", "constant"])
        .ends_with(101)
        .says("`channels 0.1.0` is compiled with the watched crossbeam-channel; if it compiles without this")
        .says("leave crossbeam-channel out by `--exclude crossbeam-channel`");
}

#[test]
fn a_crate_that_does_not_compile_with_the_watched_once_cell_is_told_how_to_leave_it_out() {
    let project = Project::copy("oncecell", "size");
    project
        .call(&["run", "--features", "size"])
        .ends_with(101)
        .says("`oncecell 0.1.0` is compiled with the watched once_cell; if it compiles without this command")
        .says("leave once_cell out by `--exclude once_cell`")
        .is_silent_about("--exclude tokio");
    project
        .call(&["build", "--features", "size", "--exclude", "once_cell"])
        .ends_with(0);
}

#[test]
fn once_cell_is_replaced_from_1_12_on_with_its_feature_std() {
    doctor_of("once_cell", "1.11.0", &["std"], "")
        .says("once_cell 1.11.0: only versions from 1.12 on are replaced; threads that wait for a value of `sync` are parked");
    doctor_of("once_cell", "1.21.4", &["std"], "")
        .says("replaced by watched ones:\n  once_cell 1.21.4\n");
    doctor_of("once_cell", "1.21.4", &["critical-section"], "")
        .says("not seen, or seen in part:\n  once_cell 1.21.4: threads that wait for a value of `sync` wait in a critical section\n")
        .is_silent_about("replaced");
    doctor_of("once_cell", "1.21.4", &[], "").is_silent_about("once_cell 1.21.4");
}

#[test]
fn rayon_core_is_replaced_from_1_12_on() {
    doctor_of("rayon-core", "1.11.0", &[], "").says(
        "rayon-core 1.11.0: only versions from 1.12 on are replaced; nothing orders its jobs",
    );
    doctor_of("rayon-core", "1.13.0", &[], "")
        .says("replaced by watched ones:\n  rayon-core 1.13.0\n");
}

#[test]
fn a_program_of_a_package_that_is_replaced_is_its_own() {
    let project = Project::copy("clean", "program");
    let manifest = project.folder().join("Cargo.toml");
    let package =
        "[package]\nname = \"once_cell\"\nversion = \"1.21.4\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(manifest, package).unwrap();
    project
        .call(&["run"])
        .ends_with(0)
        .says("lockwarden: watched ")
        .says("nothing found");
}

#[test]
fn aliases_of_cargo_are_subcommands() {
    let project = Project::copy("workspace", "aliases");
    let folder = project.folder().join(".cargo");
    fs::create_dir_all(&folder).unwrap();
    let config = "[alias]\ntt = \"test -p one\"\nextra = [\"tt\", \"--features\", \"extra\"]\n";
    fs::write(folder.join("config.toml"), config).unwrap();
    project
        .call(&["extra", "--", "the_feature"])
        .ends_with(0)
        .says("test the_feature_is_on ... ok")
        .is_silent_about("Running unittests src/lib.rs (target/lockwarden/x86_64-unknown-linux-gnu/debug/deps/two");
    let mut command = project.command();
    command
        .args(["here", "--lib"])
        .env("CARGO_ALIAS_HERE", "test -p one --no-run");
    Answer::of(&mut command).ends_with(0);
}

#[test]
fn a_subcommand_that_is_no_alias_is_refused_with_what_to_do() {
    let project = Project::copy("workspace", "unknown");
    project
        .call(&["clippy"])
        .ends_with(101)
        .says("unrecognized subcommand 'clippy'")
        .says("under the variables that `cargo lockwarden env` prints");
}
