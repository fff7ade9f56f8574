//! What a report about an order of locks says to change, in programs that follow it to the letter or not.

use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::config::{Action, Config};
use lockwarden::parking_lot::RecursiveRwLock;
use lockwarden::queue::PriorityQueue;
use lockwarden::sync::{Condvar, LazyLock, Mutex, OnceLock, RwLock};

use crate::advice::{advice, end_after_inversion};
use crate::expect::{Case, Expected};

advice! {
    "two accounts of one class", one_class, "Inversion",
        ["take the one with the lower id first, as `lockwarden::acquire` does"];
    "an inner lock of the class of its outer one", nested_class, "Inversion",
        ["say so with `inner.nested_in(&outer)`"];
    "the same lines in both orders", same_lines, "Inversion",
        ["the same lines take the locks in whatever order they are given: take them at once with \
          `lockwarden::acquire((&ledger, &audit))`"];
    "a list that is walked from either end", either_end, "Inversion",
        ["the same lines take the locks in whatever order they are given: take them at once with \
          `lockwarden::acquire((&", "or sort them before tests/stuck/advice_orders.rs:"];
    "a loop that takes what two lines take in the other order", loop_and_lines, "Inversion",
        ["swap lines", "so that `ledger` is taken before `audit`"];
    "a lock that is released and taken again", relock, "Inversion",
        ["release `audit`, which is taken at tests/stuck/advice_orders.rs:", "takes `ledger` again"];
    "two locks under a gate that is only shared", shared_gate, "Inversion",
        ["nothing orders them, and what they hold in common, `gate`, does not keep them apart: it is only shared"];
    "two locks under a gate that the parent of both threads holds", gate_of_parent, "Inversion",
        ["and what they hold in common, `ledger`, does not keep them apart", "or held by one thread around another"];
    "two locks in two lines of one function", two_lines, "Inversion",
        ["swap lines", "so that `ledger` is taken before `audit`"];
    "two locks in one line", one_line, "Inversion",
        ["swap the two calls in line", "so that `ledger` is taken before `audit`"];
    "three locks in a ring", ring, "Inversion", ["so that `ledger` is taken before `stock`, which opens the ring"];
    "two waits that take back what others want", both_taken_back, "Inversion",
        ["release", "which is taken back at", "is taken for the first time"];
    "a value that is initialised under the lock that its initialiser takes", initialised_under, "Inversion",
        ["initialise `rates` before tests/stuck/advice_orders.rs:", "takes `ledger`, instead of under it at"];
    "two values whose initialisers use each other", initialisers, "Inversion",
        ["let the initialiser of `", "do without `", ", which it needs at tests/stuck/advice_orders.rs:"];
    "a comparison that takes a lock under which items are put", comparison, "Inversion",
        ["let the comparison of the items (`Ord::cmp`) do without `ledger`",
         "or release `ledger` before an item is put or got"];
    "a helper that locks and calls back, inside itself", callback, "SelfDeadlock",
        ["is reached again, by a call, a callback or a loop, while its guard is alive: drop the guard before"];
    "a read inside a read", read_in_read, "RecursiveRead",
        ["hand the guard that was taken at", "or drop it first, or use the `RecursiveRwLock` of parking_lot 0.13"];
    "reads in a loop that keeps its guards", reads_in_loop, "RecursiveRead",
        ["is reached again, by a call, a callback or a loop, while its guard is alive: copy what is needed"];
    "two reads in one condition", reads_in_line, "RecursiveRead",
        ["or drop it first, or use the `RecursiveRwLock` of parking_lot 0.13; a guard without a name lives to the end of its statement"];
    "a guard that its thread forgets", forgotten, "Abandoned",
        ["drop the guard before the thread ends: look for `mem::forget`"];
}

static LEDGER: Mutex<u32> = Mutex::named("ledger", 0);
static AUDIT: Mutex<u32> = Mutex::named("audit", 0);
static STOCK: Mutex<u32> = Mutex::named("stock", 0);

/// Runs them in threads of their own, one after the other, between which nothing orders what they do.
fn one_by_one<const N: usize>(threads: [&'static (dyn Fn() + Sync); N]) {
    for thread in threads {
        std::thread::spawn(thread).join().unwrap();
    }
}

/// Two locks of one class, the first of which has the lower id; and what no two threads do to the same locks is
/// reported.
fn accounts() -> [&'static Mutex<u32>; 2] {
    Config::new().classes(Action::Report).install().unwrap();
    static BOTH: [Mutex<u32>; 2] = [const { Mutex::new(1) }; 2];
    let both = BOTH.each_ref();
    let _stock = STOCK.lock().unwrap();
    // A lock gets its id when it is first taken under another one.
    both.iter()
        .for_each(|account| drop(account.lock().unwrap()));
    both
}

fn one_class(mended: bool) {
    let [low, high] = accounts();
    let transfers = std::thread::spawn(move || {
        if mended {
            drop(lockwarden::acquire((high, low)));
            return;
        }
        let _from = high.lock().unwrap();
        drop(low.lock().unwrap());
    });
    transfers.join().unwrap();
    end_after_inversion(mended);
}

fn nested_class(mended: bool) {
    let [inner, outer] = accounts();
    if mended {
        inner.nested_in(outer);
    }
    let walks = std::thread::spawn(move || {
        let _outer = outer.lock().unwrap();
        drop(inner.lock().unwrap());
    });
    walks.join().unwrap();
    end_after_inversion(mended);
}

fn same_lines(mended: bool) {
    for [first, second] in [[&LEDGER, &AUDIT], [&AUDIT, &LEDGER]] {
        let takes = std::thread::spawn(move || {
            if mended {
                drop(lockwarden::acquire((first, second)));
                return;
            }
            let _first = first.lock().unwrap();
            drop(second.lock().unwrap());
        });
        takes.join().unwrap();
    }
    end_after_inversion(mended);
}

/// Takes each lock before it releases the one before.
fn walk(order: &[&'static Mutex<u32>]) {
    let mut last = order[0].lock().unwrap();
    for next in &order[1..] {
        last = next.lock().unwrap();
    }
    drop(last);
}

fn either_end(mended: bool) {
    // The first lock of one walk is taken by the loop of the other one.
    let back = match mended {
        true => vec![&AUDIT, &STOCK],
        false => vec![&STOCK, &AUDIT],
    };
    for order in [vec![&LEDGER, &AUDIT, &STOCK], back] {
        std::thread::spawn(move || walk(&order)).join().unwrap();
    }
    end_after_inversion(mended);
}

fn loop_and_lines(mended: bool) {
    fn renames() {
        let _audit = AUDIT.lock().unwrap();
        let _ledger = LEDGER.lock().unwrap();
    }
    fn renames_with_lines_swapped() {
        let _ledger = LEDGER.lock().unwrap();
        let _audit = AUDIT.lock().unwrap();
    }
    fn takes_all() {
        let all: Vec<_> = [&LEDGER, &AUDIT]
            .iter()
            .map(|lock| lock.lock().unwrap())
            .collect();
        assert_eq!(all.len(), 2);
    }
    // The loop closes the cycle, and yet has no calls to swap.
    match mended {
        true => one_by_one([&renames_with_lines_swapped, &takes_all]),
        false => one_by_one([&renames, &takes_all]),
    }
    end_after_inversion(mended);
}

fn relock(mended: bool) {
    fn takes_again() {
        let ledger = LEDGER.lock().unwrap();
        let _audit = AUDIT.lock().unwrap();
        drop(ledger);
        drop(LEDGER.lock().unwrap());
    }
    fn takes_again_alone() {
        let ledger = LEDGER.lock().unwrap();
        let audit = AUDIT.lock().unwrap();
        drop((ledger, audit));
        drop(LEDGER.lock().unwrap());
    }
    match mended {
        true => one_by_one([&takes_again_alone; 2]),
        false => one_by_one([&takes_again; 2]),
    }
    end_after_inversion(mended);
}

fn shared_gate(mended: bool) {
    static GATE: RwLock<()> = RwLock::named("gate", ());
    fn audit_then_ledger() {
        let _audit = AUDIT.lock().unwrap();
        drop(LEDGER.lock().unwrap());
    }
    let gated = move |take: fn()| {
        move || match mended {
            true => {
                let _gate = GATE.write().unwrap();
                take();
            }
            false => {
                let _gate = GATE.read().unwrap();
                take();
            }
        }
    };
    for take in [ledger_then_audit, audit_then_ledger] {
        std::thread::spawn(gated(take)).join().unwrap();
    }
    end_after_inversion(mended);
}

fn gate_of_parent(mended: bool) {
    let orders = match mended {
        true => [[&AUDIT, &STOCK]; 2],
        false => [[&AUDIT, &STOCK], [&STOCK, &AUDIT]],
    };
    // So that they do not meet in this run; it orders nothing as far as is known.
    let turn = AtomicUsize::new(0);
    let turn = &turn;
    let _ledger = LEDGER.lock().unwrap();
    lockwarden::thread::scope(|scope| {
        for (at, [first, second]) in orders.into_iter().enumerate() {
            scope.spawn(move || {
                while turn.load(Ordering::Acquire) != at {
                    std::thread::yield_now();
                }
                let first = first.lock().unwrap();
                drop(second.lock().unwrap());
                drop(first);
                turn.store(at + 1, Ordering::Release);
            });
        }
    });
    end_after_inversion(mended);
}

fn ledger_then_audit() {
    let _ledger = LEDGER.lock().unwrap();
    drop(AUDIT.lock().unwrap());
}

fn two_lines(mended: bool) {
    fn audits() {
        let _audit = AUDIT.lock().unwrap();
        let _ledger = LEDGER.lock().unwrap();
    }
    fn audits_with_lines_swapped() {
        let _ledger = LEDGER.lock().unwrap();
        let _audit = AUDIT.lock().unwrap();
    }
    match mended {
        true => one_by_one([&ledger_then_audit, &audits_with_lines_swapped]),
        false => one_by_one([&ledger_then_audit, &audits]),
    }
    end_after_inversion(mended);
}

fn one_line(mended: bool) {
    fn audits() {
        let _both = (AUDIT.lock().unwrap(), LEDGER.lock().unwrap());
    }
    fn audits_with_calls_swapped() {
        let _both = (LEDGER.lock().unwrap(), AUDIT.lock().unwrap());
    }
    match mended {
        true => one_by_one([&ledger_then_audit, &audits_with_calls_swapped]),
        false => one_by_one([&ledger_then_audit, &audits]),
    }
    end_after_inversion(mended);
}

fn ring(mended: bool) {
    fn audit_then_stock() {
        let _audit = AUDIT.lock().unwrap();
        drop(STOCK.lock().unwrap());
    }
    fn stock_then_ledger() {
        let _stock = STOCK.lock().unwrap();
        let _ledger = LEDGER.lock().unwrap();
    }
    fn stock_with_lines_swapped() {
        let _ledger = LEDGER.lock().unwrap();
        let _stock = STOCK.lock().unwrap();
    }
    match mended {
        true => one_by_one([
            &ledger_then_audit,
            &audit_then_stock,
            &stock_with_lines_swapped,
        ]),
        false => one_by_one([&ledger_then_audit, &audit_then_stock, &stock_then_ledger]),
    }
    end_after_inversion(mended);
}

fn both_taken_back(mended: bool) {
    fn waits(mutex: &'static Mutex<u32>, other: &'static Mutex<u32>, mended: bool) {
        let guard = mutex.lock().unwrap();
        let now = std::time::Duration::ZERO;
        let (guard, _) = Condvar::new().wait_timeout(guard, now).unwrap();
        // What was taken back is released first.
        let guard = (!mended).then_some(guard);
        drop(other.lock().unwrap());
        drop(guard);
    }
    for [mutex, other] in [[&LEDGER, &AUDIT], [&AUDIT, &LEDGER]] {
        let waiter = std::thread::spawn(move || waits(mutex, other, mended));
        waiter.join().unwrap();
    }
    end_after_inversion(mended);
}

fn initialised_under(mended: bool) {
    static RATES: LazyLock<u32> = LazyLock::named("rates", || *LEDGER.lock().unwrap());
    let uses = move || {
        if mended {
            LazyLock::force(&RATES);
        }
        let ledger = LEDGER.lock().unwrap();
        assert_eq!(*ledger, *RATES);
    };
    std::thread::spawn(|| assert_eq!(*RATES, 0)).join().unwrap();
    std::thread::spawn(uses).join().unwrap();
    end_after_inversion(mended);
}

fn initialisers(mended: bool) {
    static A: OnceLock<u32> = OnceLock::named("a");
    static B: OnceLock<u32> = OnceLock::named("b");
    // It fails, so another thread may come first the next time.
    let fails = || _ = A.get_or_init(|| *B.get_or_init(|| panic!("there is no value yet")));
    std::thread::spawn(fails).join().unwrap_err();
    let uses = move || {
        let value = || match mended {
            true => 1,
            false => *A.get_or_init(|| 1),
        };
        assert_eq!(*B.get_or_init(value), 1);
    };
    std::thread::spawn(uses).join().unwrap();
    end_after_inversion(mended);
}

fn comparison(mended: bool) {
    use std::cmp::Ordering;

    #[derive(PartialEq, Eq)]
    struct Item;
    impl PartialOrd for Item {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Item {
        fn cmp(&self, _: &Self) -> Ordering {
            drop(LEDGER.lock().unwrap());
            Ordering::Equal
        }
    }
    static QUEUE: PriorityQueue<Item> = PriorityQueue::named("queue");
    std::thread::spawn(|| (0..2).for_each(|_| QUEUE.put(Item).unwrap()))
        .join()
        .unwrap();
    let puts = move || {
        let ledger = LEDGER.lock().unwrap();
        let _ledger = (!mended).then_some(ledger);
        // There is nothing to compare it with.
        while QUEUE.try_get().is_ok() {}
        QUEUE.put(Item).unwrap();
    };
    std::thread::spawn(puts).join().unwrap();
    end_after_inversion(mended);
}

fn callback(mended: bool) {
    fn with<R>(f: impl FnOnce(u32) -> R) -> R {
        f(*LEDGER.lock().unwrap())
    }
    fn with_guard_dropped<R>(f: impl FnOnce(u32) -> R) -> R {
        let total = *LEDGER.lock().unwrap();
        f(total)
    }
    fn total() -> u32 {
        with(|total| total)
    }
    match mended {
        true => with_guard_dropped(|first| assert_eq!(first + total(), 0)),
        false => with(|first| assert_eq!(first + total(), 0)),
    }
}

fn read_in_read(mended: bool) {
    static TABLE: RwLock<u32> = RwLock::named("table", 7);
    static RECURSIVE: RecursiveRwLock<u32> = RecursiveRwLock::named("recursive", 7);
    if mended {
        // Each of the three ways.
        let first = TABLE.read().unwrap();
        let with_the_guard = |table: &u32| *table;
        assert_eq!(with_the_guard(&first), 7);
        drop(first);
        assert_eq!(*TABLE.read().unwrap(), 7);
        let _first = RECURSIVE.read();
        assert_eq!(*RECURSIVE.read(), 7);
        return;
    }
    let _first = TABLE.read().unwrap();
    assert_eq!(*TABLE.read().unwrap(), 7);
    end_after_inversion(mended);
}

/// After a public report (xacrimon/dashmap #195): several entries of one shard, each with its guard.
fn reads_in_loop(mended: bool) {
    let shards = [RwLock::named("shard", 1), RwLock::named("shard", 2)];
    let shard = |key: usize| shards[key % 2].read().unwrap();
    let total: u32 = match mended {
        true => (0..3).map(|key| *shard(key)).sum(),
        false => {
            let entries: Vec<_> = (0..3).map(shard).collect();
            entries.iter().map(|entry| **entry).sum()
        }
    };
    assert_eq!(total, 4);
    end_after_inversion(mended);
}

/// After a public report (rust-lang/rust #101194).
fn reads_in_line(mended: bool) {
    let data = RwLock::named("data", [true; 2]);
    let are_alike = match mended {
        true => {
            let one = data.read().unwrap()[0];
            let other = data.read().unwrap()[1];
            one == other
        }
        false => data.read().unwrap()[0] == data.read().unwrap()[1],
    };
    assert!(are_alike);
    end_after_inversion(mended);
}

fn forgotten(mended: bool) {
    let ends = std::thread::spawn(move || {
        let ledger = LEDGER.lock().unwrap();
        match mended {
            true => drop(ledger),
            false => std::mem::forget(ledger),
        }
    });
    ends.join().unwrap();
    end_after_inversion(mended);
}
