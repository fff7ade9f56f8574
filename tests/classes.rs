//! The order of classes and declared orders, in a process of their own.

use std::sync::Mutex as Plain;
use std::thread;

use lockwarden::config::{Action, Config};
use lockwarden::report::{Basis, Verdict};
use lockwarden::sync::{Mutex, RwLock};

/// The verdict, the basis and the names of the locks that the edges start from.
type Found = (Verdict, Basis, Vec<&'static str>);

static FOUND: Plain<Vec<Found>> = Plain::new(Vec::new());

fn found() -> Vec<Found> {
    std::mem::take(&mut *FOUND.lock().unwrap())
}

fn nest(outer: &Mutex<()>, inner: &Mutex<()>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _outer = outer.lock().unwrap();
            let _inner = inner.lock().unwrap();
        });
    });
}

const fn queue() -> Mutex<()> {
    Mutex::named("queue", ())
}

const fn work() -> Mutex<()> {
    Mutex::named("work", ())
}

#[test]
fn classes_and_declarations_find_what_no_instances_showed() {
    if !lockwarden::status().is_on() {
        // Without instrumentation there is nothing to find, but a declaration is still checked.
        assert!(lockwarden::declare_order(&["a", "b"]).is_ok());
        assert!(lockwarden::declare_order(&["b", "a"]).is_err());
        return;
    }
    Config::new()
        .stderr(false)
        .classes(Action::Report)
        .callback(|report| {
            let held = report.edges.iter().map(|edge| report.lock(edge.from));
            let mut names: Vec<_> = held.filter_map(|lock| lock?.name).collect();
            names.sort_unstable();
            FOUND
                .lock()
                .unwrap()
                .push((report.verdict, report.basis, names));
        })
        .install()
        .unwrap();

    // The order of one pair holds for the next pair.
    let (first, second) = ([queue(), work()], [queue(), work()]);
    nest(&first[0], &first[1]);
    nest(&second[1], &second[0]);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Classes, vec!["queue", "work"])]
    );
    // It is reported once, and the instances, once they show it, are reported too.
    nest(&second[1], &second[0]);
    assert_eq!(found(), []);
    nest(&first[1], &first[0]);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Instances, vec!["queue", "work"])]
    );

    // Instances that show it at once are reported as instances alone.
    let (left, right) = (Mutex::named("left", ()), Mutex::named("right", ()));
    nest(&left, &right);
    nest(&right, &left);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Instances, vec!["left", "right"])]
    );

    // Two of one class nest in the order in which they were taken first, which is that of their ids.
    let many: Vec<Mutex<()>> = (0..4).map(|_| queue()).collect();
    nest(&many[0], &many[1]);
    nest(&many[3], &many[2]);
    nest(&many[0], &many[2]);
    assert_eq!(found(), []);
    // Sub-classes go before ids, and children before the later ones of their parents' class.
    let tree: Vec<Mutex<()>> = (0..4).map(|_| Mutex::named("node", ())).collect();
    let [leaf, branch, root, other] = &tree[..] else {
        unreachable!("there are four");
    };
    for node in &tree {
        drop(node.lock());
    }
    branch.nested_in(root);
    leaf.nested_in(branch);
    nest(root, branch);
    nest(branch, leaf);
    nest(root, leaf);
    other.set_subclass(7);
    nest(leaf, other);
    assert_eq!(found(), []);
    // All else is reported, once for each class, without any thread taking the opposite order.
    let pages = [Mutex::named("page", ()), Mutex::named("page", ())];
    pages.iter().for_each(|page| drop(page.lock()));
    nest(&pages[1], &pages[0]);
    nest(&pages[1], &pages[0]);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Classes, vec!["page"])]
    );
    let rows = [RwLock::named("row", ()), RwLock::named("row", ())];
    rows.iter().for_each(|row| drop(row.read()));
    rows[0].set_subclass(1);
    thread::scope(|scope| {
        scope.spawn(|| drop((rows[0].read(), rows[1].read())));
    });
    assert_eq!(found(), [(Verdict::Inversion, Basis::Classes, vec!["row"])]);
    // Unless the instances show it themselves.
    let cells = [work(), work()];
    nest(&cells[0], &cells[1]);
    nest(&cells[1], &cells[0]);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Instances, vec!["work", "work"])]
    );

    // A gate lock counts as one whether it is taken before or after the other held lock.
    let (gate, sign) = (Mutex::named("gate", ()), Mutex::named("sign", ()));
    let shelf = || Mutex::named("shelf", ());
    let item = || Mutex::named("item", ());
    let (shelves, items) = ([shelf(), shelf()], [item(), item()]);
    thread::scope(|scope| {
        scope.spawn(|| {
            let held = (gate.lock(), shelves[0].lock());
            drop(sign.lock());
            drop(held);
            // A `try_lock` makes no order, so this thread alone has none of both directions.
            let _shelf = shelves[0].lock();
            let _gate = gate.try_lock();
            drop(items[0].lock());
        });
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            let _gate = gate.lock();
            let _item = items[1].lock();
            drop(shelves[1].lock());
        });
    });
    assert_eq!(found(), []);

    // Readers of a class conflict once any lock of the class had a writer.
    let (table, log) = (RwLock::named("table", ()), Mutex::named("log", ()));
    let other = RwLock::named("table", ());
    let read_then_log = |table: &RwLock<()>, log: &Mutex<()>| {
        let _table = table.read().unwrap();
        let _log = log.lock().unwrap();
    };
    let log_then_read = |table: &RwLock<()>, log: &Mutex<()>| {
        let _log = log.lock().unwrap();
        let _table = table.read().unwrap();
    };
    let log_of_other = Mutex::named("log", ());
    thread::scope(|scope| {
        scope.spawn(|| read_then_log(&table, &log)).join().unwrap();
        scope
            .spawn(|| log_then_read(&other, &log_of_other))
            .join()
            .unwrap();
    });
    assert_eq!(found(), []);
    drop(RwLock::named("table", ()).write().unwrap());
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Classes, vec!["log", "table"])]
    );

    a_nest_that_repeats_another_counts_for_its_own_thread();

    // A declared order is broken by the first who does, without any thread keeping to it.
    lockwarden::declare_order(&["ledger", "audit", "stats"]).unwrap();
    let (ledger, stats) = (Mutex::named("ledger", ()), Mutex::named("stats", ()));
    nest(&ledger, &stats);
    assert_eq!(found(), []);
    nest(&stats, &ledger);
    // The very instances were taken in both orders by now, too.
    let reports = found();
    assert!(reports.contains(&(
        Verdict::Inversion,
        Basis::Instances,
        vec!["ledger", "stats"]
    )));
    let audit = Mutex::named("audit", ());
    nest(&stats, &audit);
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Declaration, vec!["stats"])]
    );

    // One that was broken before it was declared is reported when it is declared.
    let (one, two) = (Mutex::named("one", ()), Mutex::named("two", ()));
    nest(&two, &one);
    lockwarden::declare_order(&["one", "two"]).unwrap();
    assert_eq!(
        found(),
        [(Verdict::Inversion, Basis::Declaration, vec!["two"])]
    );

    let error = lockwarden::declare_order(&["stats", "ledger"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`stats` is declared to come before `ledger`, but"),
        "{error}"
    );
}

/// The threads that nest six locks one after the other come before the thread that takes two of their classes in
/// the opposite order, but for the last one: only that one can be its counterpart.
fn a_nest_that_repeats_another_counts_for_its_own_thread() {
    const NAMES: [&str; 6] = ["keel", "hull", "deck", "stem", "mast", "sail"];
    let nest: [_; 6] = NAMES.map(|name| Mutex::named(name, ()));
    let nest: &'static [Mutex<()>; 6] = Box::leak(Box::new(nest));
    let descend = move || {
        let guards: Vec<_> = nest.iter().map(|lock| lock.lock().unwrap()).collect();
        drop(guards);
    };
    for _ in 0..4 {
        lockwarden::thread::spawn(descend).join().unwrap();
    }
    let (is_done, done) = std::sync::mpsc::channel();
    let last = lockwarden::thread::spawn(move || {
        descend();
        is_done.send(()).unwrap();
    });
    let against = lockwarden::thread::spawn(move || {
        // A channel of std is not tracked, so it orders nothing.
        done.recv().unwrap();
        let [mast, keel] = ["mast", "keel"].map(|name| Mutex::named(name, ()));
        let _mast = mast.lock().unwrap();
        let _keel = keel.lock().unwrap();
    });
    last.join().unwrap();
    against.join().unwrap();
    let inversions: Vec<_> = found()
        .into_iter()
        .filter(|(verdict, ..)| *verdict == Verdict::Inversion)
        .collect();
    assert_eq!(
        inversions,
        [(Verdict::Inversion, Basis::Classes, vec!["keel", "mast"])]
    );
}
