//! What a run says, and the code that it ends with.

use crate::Project;

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
fn a_run_in_which_nothing_was_watched_is_told_from_one_in_which_nothing_was_found() {
    let project = Project::copy("nothing", "nothing");
    project
        .call(&["run"])
        .ends_with(4)
        .says("no lock was watched");
    project.call(&["run", "--", "7"]).ends_with(7);
    project
        .call(&["build"])
        .ends_with(0)
        .says("the watched programs are in ");
    project.call(&["test", "--no-run"]).ends_with(0);
}

#[test]
fn a_child_process_is_watched() {
    Project::copy("child", "child")
        .call(&["run"])
        .ends_with(100)
        .says("the Mutex `child::FIRST` made at src/main.rs:8:")
        .says("1 finding");
}

#[test]
fn a_raw_lock_behind_lock_api_is_watched_and_its_guards_leave_nothing_behind() {
    Project::copy("rawlock", "raw")
        .call(&["run"])
        .ends_with(100)
        .says("store/src/lib.rs")
        .says("1 finding, in full above:\n  Inversion");
}
