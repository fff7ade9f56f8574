//! Tests in many schedules, and predictions that are confirmed.

use super::Project;

#[test]
fn a_test_that_hangs_in_some_schedules_is_found_and_the_others_pass() {
    let project = Project::copy("races", "explore");
    let answer = project.call(&["explore", "--schedules", "60", "--", "opposite"]);
    answer.ends_with(100);
    let line = "the test tests::opposite_orders fails in the schedule with seed";
    assert!(answer.out.contains(line), "{answer:?}");
    assert!(answer.out.contains("Deadlock"), "{answer:?}");
    let answer = project.call(&["explore", "--schedules", "20", "--", "right", "without"]);
    answer.ends_with(0);
    let line = "2 tests, of which 1 starts threads and passed in each schedule; 20 schedules";
    assert!(answer.err.contains(line), "{answer:?}");
}

#[test]
fn a_recorded_inversion_is_confirmed() {
    let project = Project::copy("races", "confirm");
    let run = project.call(&["test", "--", "opposite"]);
    // One run may already deadlock; then nothing is left to confirm.
    assert_eq!(run.code, Some(100), "{run:?}");
    if run.err.contains("Deadlock:") {
        return;
    }
    let answer = project.call(&["confirm"]);
    answer.ends_with(100);
    assert!(
        answer
            .out
            .contains("Confirmed: the test tests::opposite_orders"),
        "{answer:?}"
    );
}

#[test]
fn a_race_of_atomics_is_found_when_their_operations_are_points() {
    let project = Project::copy("races", "atomics");
    let explore = |options: &[&str]| {
        let call = ["explore", "--schedules", "60"].iter().chain(options);
        let call: Vec<&str> = call.chain(&["--", "atomic", "layout"]).copied().collect();
        project.call(&call)
    };
    // Each addition is one step with the operation before it.
    let without = explore(&[]);
    without.ends_with(0);
    let with = explore(&["--atomics"]);
    with.ends_with(100);
    let line = "the test tests::an_addition_of_atomics_is_lost fails";
    assert!(with.out.contains(line), "{with:?}");
    // The flag is waited for, and the atomics have the layout of std's.
    for right in [
        "an_atomic_flag_is_seen",
        "the_layout_of_atomics_is_that_of_std",
    ] {
        assert!(!with.out.contains(right), "{with:?}");
    }
}
