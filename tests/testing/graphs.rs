//! Which orders a check knows of.

use lockwarden::parking_lot::{RwLock, RwLockReadGuard};
use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;
use lockwarden::testing::{Check, Graph, Outcome, check};
use lockwarden::thread;

use super::{WATCHED, apart, nest};

fn run(graph: Graph, f: impl FnOnce() + Send + 'static) -> Outcome {
    Check::new().graph(graph).run(f)
}

/// Runs `f` on a thread of no check, which nothing orders against the checks that follow.
fn elsewhere(f: impl FnOnce() + Send + 'static) {
    let ended = std::thread::spawn(f);
    ended.join().unwrap();
}

#[test]
fn a_fresh_graph_knows_nothing_of_what_was_before_or_elsewhere() {
    static A: Mutex<()> = Mutex::named("fresh a", ());
    static B: Mutex<()> = Mutex::named("fresh b", ());
    elsewhere(|| nest(&A, &B));
    check(|| nest(&B, &A)).assert_clean();
    check(|| nest(&A, &B)).assert_clean();
}

#[test]
fn a_shared_graph_knows_what_was_before() {
    static A: Mutex<()> = Mutex::named("shared a", ());
    static B: Mutex<()> = Mutex::named("shared b", ());
    elsewhere(|| nest(&A, &B));
    let outcome = run(Graph::Shared, || nest(&B, &A));
    outcome
        .assert_finds(Verdict::Inversion)
        .among(["shared a", "shared b"]);
    // It is reported once in the life of the process.
    run(Graph::Shared, || nest(&B, &A)).assert_clean();
}

#[test]
fn a_fresh_graph_finds_the_same_each_time() {
    static A: Mutex<()> = Mutex::named("again a", ());
    static B: Mutex<()> = Mutex::named("again b", ());
    for _ in 0..3 {
        let outcome = check(|| apart(|| nest(&A, &B), || nest(&B, &A)));
        outcome
            .assert_finds(Verdict::Inversion)
            .among(["again a", "again b"]);
        assert_eq!(outcome.findings().len(), usize::from(WATCHED));
    }
}

#[test]
fn a_lock_that_a_check_has_nested_keeps_its_orders_in_the_process() {
    static A: Mutex<()> = Mutex::named("kept a", ());
    static B: Mutex<()> = Mutex::named("kept b", ());
    // In the process, `B` is a leaf that knows its own contexts; the check makes it none.
    elsewhere(|| nest(&A, &B));
    check(|| nest(&B, &A)).assert_clean();
    let outcome = run(Graph::Shared, || nest(&B, &A));
    outcome
        .assert_finds(Verdict::Inversion)
        .among(["kept a", "kept b"]);
}

#[test]
fn recursive_reads_are_found_in_each_check() {
    static DOUBLE: RwLock<()> = RwLock::named("double", ());
    for _ in 0..2 {
        let outcome = check(|| {
            let first: RwLockReadGuard<'_, ()> = DOUBLE.read();
            let second = DOUBLE.read();
            drop((first, second));
        });
        outcome
            .assert_finds(Verdict::RecursiveRead)
            .among(["double"]);
    }
}

#[test]
fn a_declared_order_holds_in_every_graph() {
    lockwarden::declare_order(&["declared a", "declared b"]).unwrap();
    for graph in [Graph::Fresh, Graph::Fresh] {
        let outcome = run(graph, || {
            let (a, b) = (
                Mutex::named("declared a", ()),
                Mutex::named("declared b", ()),
            );
            nest(&b, &a);
        });
        outcome
            .assert_finds(Verdict::Inversion)
            .among(["declared a", "declared b"]);
    }
}

#[test]
fn an_order_that_is_declared_within_a_check_holds_there() {
    let outcome = check(|| {
        let (a, b) = (Mutex::named("late a", ()), Mutex::named("late b", ()));
        lockwarden::declare_order(&["late a", "late b"]).unwrap();
        nest(&b, &a);
    });
    outcome
        .assert_finds(Verdict::Inversion)
        .among(["late a", "late b"]);
    assert_eq!(outcome.findings().len(), usize::from(WATCHED));
}

#[test]
fn locks_around_a_scope_guard_its_threads_in_a_check_too() {
    let outcome = check(|| {
        let (gate, a, b) = (Mutex::named("gate", ()), Mutex::new(()), Mutex::new(()));
        let under = |first: &Mutex<()>, second: &Mutex<()>| {
            let _gate = gate.lock().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| nest(first, second));
            });
        };
        apart(|| under(&a, &b), || under(&b, &a));
    });
    outcome.assert_clean();
    let counted = outcome.assert_finds(Verdict::Guarded);
    assert_eq!(counted.reports().len(), usize::from(WATCHED));
}

#[test]
fn locks_that_are_dropped_leave_the_graph_of_a_check() {
    let outcome = check(|| {
        let a = Mutex::named("stays", ());
        for _ in 0..1000 {
            let b = Mutex::new(());
            let c = Mutex::new(());
            nest(&a, &b);
            nest(&b, &c);
        }
        let (b, c) = (Mutex::new(()), Mutex::new(()));
        apart(|| nest(&b, &c), || nest(&a, &b));
    });
    outcome.assert_clean();
}
