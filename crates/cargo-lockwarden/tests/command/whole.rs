//! The build around: what runs in the compiler, what was there before, and what is left as it was.

use std::fs;
use std::process::Command;

use crate::{Answer, Project};

#[test]
fn build_scripts_and_macros_stay_bare() {
    Project::copy("host", "bare")
        .call(&["run"])
        .ends_with(0)
        .says("build script: std::")
        .says("macro: std::")
        .says("program: lockwarden::");
}

#[test]
fn a_crate_of_the_first_edition_is_watched() {
    Project::copy("edition2015", "run")
        .call(&["run"])
        .ends_with(0)
        .says("once\n[1, 2]")
        .says("nothing found");
}

#[test]
fn a_crate_without_std_that_names_it_in_a_module_is_watched() {
    let project = Project::copy("nothing", "named-in-a-module");
    let source = project.folder().join("src");
    // As `lazy_static` does.
    let root = "#![no_std]\n\
                #[cfg_attr(not(feature = \"spin\"), path = \"inline.rs\")]\npub mod lazy;\n";
    fs::write(source.join("lib.rs"), root).unwrap();
    let module = "extern crate std;\npub use self::std::sync::Once;\n\
                  pub static START: Once = Once::new();\n";
    fs::write(source.join("inline.rs"), module).unwrap();
    let main =
        "fn main() { nothing::lazy::START.call_once(|| nothing::lazy::START.call_once(|| ())); }\n";
    fs::write(source.join("main.rs"), main).unwrap();
    project
        .call(&["run"])
        .ends_with(100)
        .says("SelfDeadlock: thread `main` (#1)");
}

#[test]
fn an_optimised_build_is_watched() {
    Project::copy("clean", "release")
        .call(&["run", "--release"])
        .ends_with(0)
        .says("nothing found");
}

#[test]
fn a_program_that_aborts_on_panics_is_watched() {
    let project = Project::copy("clean", "abort");
    let mut command = project.command();
    command.arg("run").env("CARGO_PROFILE_DEV_PANIC", "abort");
    Answer::of(&mut command).ends_with(0).says("nothing found");
}

#[test]
fn a_target_that_cannot_be_built_for_is_refused_in_one_line() {
    let project = Project::copy("clean", "targets");
    project
        .call(&["run", "--target", "no-such-target"])
        .ends_with(101)
        .says("`no-such-target` is no target of rustc")
        .is_silent_about("building the detector");
    // A target that hardly any machine has.
    project
        .call(&["run", "--target", "sparc64-unknown-netbsd"])
        .ends_with(101)
        .says("the standard library of sparc64-unknown-netbsd is not installed for rustc")
        .is_silent_about("building the detector");
}

#[test]
fn a_path_with_any_characters_is_no_hindrance() {
    Project::copy("inversion", "path; of, its 'own'=日本")
        .call(&["run"])
        .ends_with(100)
        .says("lockwarden: 1 finding, in full above");
}

#[test]
fn nothing_of_the_project_is_changed() {
    let project = Project::unbuilt("inversion", "unchanged");
    Answer::of(project.cargo().args(["generate-lockfile", "--offline"])).ends_with(0);
    let lock = fs::read_to_string(project.folder().join("Cargo.lock")).unwrap();
    project.call(&["run", "--locked"]).ends_with(100);
    let after = fs::read_to_string(project.folder().join("Cargo.lock")).unwrap();
    assert_eq!(lock, after);
    let built: Vec<_> = fs::read_dir(project.folder().join("target"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(built, ["lockwarden"]);
}

#[test]
fn a_bare_build_and_a_watched_one_do_not_disturb_each_other() {
    let project = Project::copy("clean", "beside");
    Answer::of(project.cargo().args(["build", "--offline"])).ends_with(0);
    project.call(&["run"]).ends_with(0);
    let again = Answer::of(project.cargo().args(["build", "--offline"]));
    again.ends_with(0).is_silent_about("Compiling");
    project
        .call(&["run"])
        .ends_with(0)
        .is_silent_about("Compiling");
}

#[test]
fn another_selection_builds_anew_and_does_not_mix_crates() {
    let project = Project::unbuilt("inversion", "anew");
    project.call(&["run"]).ends_with(100);
    let without = project.call(&["--exclude", "store", "run"]);
    without
        .ends_with(0)
        .says("Compiling store")
        .says("not watched: store 0.1.0 (left out by `exclude`)");
    project
        .call(&["run"])
        .ends_with(100)
        .is_silent_about("not watched");
    // Nothing is compiled, and the note of that plan is still there.
    project
        .call(&["--exclude", "store", "run"])
        .ends_with(0)
        .says("not watched: store 0.1.0 (left out by `exclude`)");
}

#[cfg(unix)]
#[test]
fn wrappers_and_flags_that_were_there_are_kept() {
    use std::os::unix::fs::PermissionsExt;

    let project = Project::unbuilt("host", "wrapped");
    let script = crate::temporary().join("wrapper.sh");
    let log = crate::temporary().join("wrapper.log");
    let _ = fs::remove_file(&log);
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\nexec \"$@\"\n",
        log.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command();
    command
        .arg("run")
        .env("RUSTC_WRAPPER", &script)
        .env("RUSTFLAGS", "--cfg kept");
    Answer::of(&mut command)
        .ends_with(0)
        .says("program: lockwarden::");
    let log = fs::read_to_string(log).unwrap();
    let program = log
        .lines()
        .find(|line| line.contains("--crate-name host "))
        .expect("the wrapper has seen the program");
    assert!(program.contains("--cfg kept"), "{program}");
    assert!(program.contains("--extern std="), "{program}");
}

#[test]
fn the_variables_make_plain_cargo_build_a_watched_program() {
    let project = Project::copy("host", "variables");
    let answer = project.call(&["env", "--format", "github"]);
    answer.ends_with(0);
    let mut cargo = project.cargo();
    cargo.args(["run", "--offline"]);
    for line in answer.out.lines() {
        let (name, value) = line.split_once('=').unwrap();
        cargo.env(name, value);
    }
    Answer::of(&mut cargo)
        .ends_with(0)
        .says("build script: std::")
        .says("program: lockwarden::");
    // The command under its own variables does not call itself for ever.
    let mut command = project.command();
    for line in answer.out.lines() {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value);
    }
    Answer::of(command.arg("run"))
        .ends_with(0)
        .says("program: lockwarden::");
}

#[test]
fn a_relative_folder_for_detectors_is_one_in_the_current_folder() {
    let project = Project::copy("nothing", "relative");
    let mut command = project.command();
    command.arg("doctor").env("LOCKWARDEN_CACHE", "kept");
    let kept = project.folder().join("kept");
    Answer::of(&mut command)
        .ends_with(0)
        .says(&format!("kept in        {}", kept.display()));
}

#[cfg(unix)]
#[test]
fn a_detector_that_cannot_be_written_names_its_folder_and_another() {
    let project = Project::copy("clean", "full");
    let mut command = Command::new("sh");
    crate::clean(&mut command);
    // No file may be longer than a block, as on a disk that is full.
    command
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 1; exec \"$0\" lockwarden test",
        ])
        .arg(env!("CARGO_BIN_EXE_cargo-lockwarden"))
        .current_dir(project.folder())
        .env("LOCKWARDEN_CACHE", crate::temporary().join("full"));
    Answer::of(&mut command)
        .ends_with(101)
        .says("the sources of the detector cannot be written to ")
        .says("(LOCKWARDEN_CACHE names another folder)");
}

#[test]
fn clean_removes_what_was_built_and_nothing_else() {
    let project = Project::copy("nothing", "clean");
    let cache = crate::temporary().join("cleaned");
    fs::create_dir_all(cache.join("0123456789abcdef/target")).unwrap();
    fs::write(cache.join("0123456789abcdef/lock"), "").unwrap();
    fs::create_dir_all(cache.join("other")).unwrap();
    let mut command = project.command();
    command.arg("clean").env("LOCKWARDEN_CACHE", &cache);
    Answer::of(&mut command)
        .ends_with(0)
        .says(&format!("removed 1 from {}", cache.display()));
    assert!(cache.join("other").is_dir());
    assert!(!cache.join("0123456789abcdef").exists());
}

#[test]
fn an_explicit_target_is_that_of_the_watched_build() {
    let project = Project::copy("clean", "explicit");
    let version = Answer::of(std::process::Command::new("rustc").arg("-vV"));
    let host = version
        .out
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("rustc says for what it was built");
    project
        .call(&["run", "--target", host])
        .ends_with(0)
        .says("nothing found");
}

#[test]
fn a_program_that_uses_lockwarden_itself_has_one_detector() {
    let project = Project::copy("clean", "itself");
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = format!(
        "[package]\nname = \"clean\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         lockwarden = {{ path = {:?} }}\n\n[workspace]\n",
        repository.canonicalize().unwrap()
    );
    fs::write(project.folder().join("Cargo.toml"), manifest).unwrap();
    let main = "fn main() {\n    let own = lockwarden::sync::Mutex::named(\"own\", 1);\n    \
                let of_std: std::sync::Mutex<i32> = lockwarden::sync::Mutex::new(2);\n    \
                assert_eq!(*own.lock().unwrap() + *of_std.lock().unwrap(), 3);\n    \
                println!(\"{}\", lockwarden::status());\n}\n";
    fs::write(project.folder().join("src/main.rs"), main).unwrap();
    fs::copy(
        repository.join("Cargo.lock"),
        project.folder().join("Cargo.lock"),
    )
    .unwrap();
    project
        .call(&["run"])
        .ends_with(0)
        .says("lockwarden: watched 2 locks of 2 classes");
}
