//! What a report tells to change: each program comes twice, as it was reported, and with the advice
//! followed to the letter, which ends the deadlock.

use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::config::{Action, Config};
use lockwarden::parking_lot;
use lockwarden::pool::{Builder, ThreadPool};
use lockwarden::report::Verdict;
use lockwarden::sync::{
    Arc, Barrier, Condvar, Event, LazyLock, Mutex, OnceLock, RwLock, Semaphore, mpsc,
};
use lockwarden::thread;

use crate::expect::{Case, Expected};
use crate::steps::{Meeting, WATCHED, join, start, until, until_asleep, waits};

/// A program with the advice followed, or not.
macro_rules! advice {
    ($($name:literal, $program:expr, $verdict:literal, $words:expr;)*) => {
        pub(crate) const CASES: &[Case] = &[$(
            Case {
                name: concat!("advice: ", $name),
                run: || $program(false),
                expected: Expected::Saying($verdict, &[], &$words, &[]),
            },
            Case {
                name: concat!("advice followed: ", $name),
                run: || $program(true),
                expected: Expected::Nothing,
            },
        )*];
    };
}
pub(crate) use advice;

advice! {
    "a guard that is a temporary of a `match`", temporary, "SelfDeadlock",
        ["drop the guard that was taken at", "in an argument, in a chain of calls", "`if let`"];
    "a destructor that takes the lock under which its value is dropped", dropped_under_its_lock, "SelfDeadlock",
        ["is in a destructor, which runs while the guard that was taken at tests/stuck/advice.rs:",
         "move the value out from under it (`mem::take`"];
    "a lock that a wait takes back under another one", waits_under, "Deadlock",
        ["for `mail` (exclusive) back",
         "the wait there releases `mail` when it begins and takes it back when it ends",
         "release `index`, which thread `waits` (#2) took at", "before the wait at"];
    "an order in which a wait takes a lock back", order_of_wait, "Inversion",
        ["the wait there releases `mail` when it begins and takes it back when it ends",
         "release `index`, which is taken at", "before the wait at",
         "takes it back when it ends, while `index` is held"];
    "an order in which `unlocked` takes a lock back", order_of_unlocked, "Inversion",
        ["the call there releases `mail_pl` while it runs", "release `index`, which is taken at",
         "before the call at"];
    "an upgrade under a lock that a reader takes", upgrade_under, "Inversion",
        ["the upgrade there waits until `table` has no other reader", "release `index`",
         "before the upgrade at"];
    "two functions that take two locks in opposite orders", functions, "Deadlock",
        ["instead of after it at", "as thread `"];
    "two readers and a writer that is queued between them", queued_writer, "Deadlock",
        ["thread `writer` (", "which waits at tests/stuck/advice.rs:",
         "is the writer that is queued in between and blocks the second reader",
         "queues for `shared`"];
    "a thread that reads twice, and a writer that is queued between", reads_twice, "Deadlock",
        ["queues for `shared`", "which waits at tests/stuck/advice.rs:", "hand the guard that was taken at",
         "or drop it first, or use the `RecursiveRwLock` of parking_lot"];
    "a destructor that takes a lock as its thread unwinds", destructor, "Deadlock",
        ["swap lines", "so that `a` is taken before `b`, as thread `unwinds` (#2) does"];
    "a receiver that has a sender itself", own_sender, "Deadlock",
        ["drop every sender that is not used any more, above all one that thread `main` (#1) has"];
    "two threads that receive before they send", both_receive, "Deadlock",
        ["each receive before they send: let one of them send before it receives"];
    "a send into a channel without room", no_room, "Deadlock",
        ["make room for all that is sent before the first receive"];
    "more permits than there are", too_many_permits, "Deadlock",
        ["which asks for 3 permits; 2 permits are free, 1 thread is queued",
         "asks `permits` for 3 permits at once, and no more than 2 come to be free",
         "make `permits` with as many permits as are ever taken at the same time"];
    "threads that each want another permit", further_permits, "Deadlock",
        ["which asks for 1 permit; 0 permits are free, 2 threads are queued",
         "several threads wait for permits of `pair`: if one of them has some already, let it take all that it \
          needs in one call"];
    "threads that wait for permits that there are none of", no_permits, "Deadlock",
        ["else make `none` with as many permits as are ever taken at the same time"];
    "one permit that is never released", kept_permit, "Deadlock",
        ["no thread is left that releases a permit of `kept` to thread `main` (#1)",
         "drop those that thread `main` (#1) keeps before it asks at"];
    "two barriers that two threads come to in opposite orders", two_barriers, "Deadlock",
        ["let all threads come to `", "` in one order; or, if they do, make each for as many threads as come to it"];
    "a barrier for more threads than come", barrier, "Deadlock",
        ["which is made for 3 threads, of which 2 have arrived",
         "make `barrier` for as many threads as come to it"];
    "a notification before the wait", lost_notification, "Deadlock",
        ["check the condition in a loop before the wait at"];
    "an event that is not set when its thread panics", event, "Deadlock",
        ["thread `sets` (#2) has ended by a panic",
         "look there first, and do what others wait for in a destructor"];
    "two threads that wait before they set", both_wait, "Deadlock",
        ["each wait for an event before they set one: let one of them set its event before it waits"];
    "a comparison that uses its queue", comparison, "SelfDeadlock",
        ["let the comparison of the items (`Ord::cmp`) do without the queue that compares them"];
    "a job that waits for another one of its pool", own_pool, "Deadlock",
        ["thread `worker-0` (#2) is a worker of `worker` and waits at", "call it directly"];
    "a job that submits more to its pool, which is full", full_pool, "Deadlock",
        ["which is full: give `worker` a larger bound (`queue_bound`)"];
    "a put into a queue without room", full_queue, "Deadlock",
        ["make room for all that is put before the first get"];
    "an initialiser that needs its own result", initialiser, "SelfDeadlock",
        ["let the initialiser of", "do without what needs its own result"];
    "an initialiser that waits for a thread which needs its result", meeting_in_initialiser, "Deadlock",
        ["let the initialiser of `rates`, in which thread `", " waits at tests/stuck/advice.rs:",
         "do without what needs its own result, or compute that before; or, if what ends that wait does not need it, \
          make `both` for as many threads"];
    "a join under the lock that the joined thread needs", join_under, "Deadlock",
        ["release `index`, which thread `main` (#1) took at", "before the wait at"];
}

static INDEX: Mutex<u32> = Mutex::named("index", 0);
static MAIL: Mutex<bool> = Mutex::named("mail", false);
static MAIL_PL: parking_lot::Mutex<u32> = parking_lot::Mutex::named("mail_pl", 0);
static ARRIVED: Condvar = Condvar::named("arrived");

/// An inversion alone does not end a program.
pub(crate) fn end_after_inversion(mended: bool) {
    if !mended {
        std::process::exit(101);
    }
}

fn temporary(mended: bool) {
    let mail = Mutex::named("mail", 0);
    if mended {
        let read = *mail.lock().unwrap();
        match read {
            0 => *mail.lock().unwrap() = 1,
            count => assert_eq!(count, 1),
        }
    } else {
        match *mail.lock().unwrap() {
            0 => *mail.lock().unwrap() = 1,
            count => assert_eq!(count, 1),
        }
    }
}

fn waits_under(mended: bool) {
    only_deadlocks();
    let waits_for_mail = start("waits", move || {
        let mail = MAIL.lock().unwrap();
        let index = INDEX.lock().unwrap();
        let index = match mended {
            true => {
                drop(index);
                None
            }
            false => Some(index),
        };
        drop(ARRIVED.wait_while(mail, |mail| !*mail).unwrap());
        drop(index);
    });
    until_asleep("waits");
    let mut mail = MAIL.lock().unwrap();
    *mail = true;
    ARRIVED.notify_one();
    drop(INDEX.lock().unwrap());
    drop(mail);
    waits_for_mail.join().unwrap();
}

fn order_of_wait(mended: bool) {
    let waits_for_mail = start("waits", move || {
        let mail = MAIL.lock().unwrap();
        let index = INDEX.lock().unwrap();
        let index = (!mended).then_some(index);
        drop(ARRIVED.wait_while(mail, |mail| !*mail).unwrap());
        drop(index);
    });
    if WATCHED {
        until(|| waits("waits"));
    }
    *MAIL.lock().unwrap() = true;
    ARRIVED.notify_one();
    while !waits_for_mail.is_finished() {
        std::thread::yield_now();
    }
    // Another thread, which nothing orders after the first.
    let other = std::thread::spawn(|| {
        let _mail = MAIL.lock().unwrap();
        drop(INDEX.lock().unwrap());
    });
    other.join().unwrap();
    end_after_inversion(mended);
}

fn order_of_unlocked(mended: bool) {
    let first = std::thread::spawn(move || {
        let mut mail = MAIL_PL.lock();
        let index = INDEX.lock().unwrap();
        let index = (!mended).then_some(index);
        parking_lot::MutexGuard::unlocked(&mut mail, || ());
        drop(index);
    });
    first.join().unwrap();
    let other = std::thread::spawn(|| {
        let _mail = MAIL_PL.lock();
        drop(INDEX.lock().unwrap());
    });
    other.join().unwrap();
    end_after_inversion(mended);
}

fn upgrade_under(mended: bool) {
    static TABLE: parking_lot::RwLock<u32> = parking_lot::RwLock::named("table", 0);
    let upgrades = std::thread::spawn(move || {
        let table = TABLE.upgradable_read();
        let index = INDEX.lock().unwrap();
        let index = (!mended).then_some(index);
        drop(parking_lot::RwLockUpgradableReadGuard::upgrade(table));
        drop(index);
    });
    upgrades.join().unwrap();
    let reads = std::thread::spawn(|| {
        let _table = TABLE.read();
        drop(INDEX.lock().unwrap());
    });
    reads.join().unwrap();
    end_after_inversion(mended);
}

/// What is there is reported, and not what could be.
fn only_deadlocks() {
    let config = Config::new().on(Verdict::Inversion, Action::Ignore);
    config.install().unwrap();
}

static A: Mutex<u32> = Mutex::named("a", 0);
static B: Mutex<u32> = Mutex::named("b", 0);
static BOTH: Meeting = Meeting::new();

fn functions(mended: bool) {
    only_deadlocks();
    // The second lock is taken in a function of its own, near the first.
    fn then(other: &'static Mutex<u32>) {
        drop(other.lock().unwrap());
    }
    fn a_then_b() {
        let _a = A.lock().unwrap();
        BOTH.come();
        // It closes the ring.
        until(|| waits("two"));
        then(&B);
    }
    fn b_then_a() {
        let _b = B.lock().unwrap();
        BOTH.come();
        drop(A.lock().unwrap());
    }
    // `a` is taken before `b`, instead of after it.
    fn b_under_a() {
        let _a = A.lock().unwrap();
        let _b = B.lock().unwrap();
    }
    let one = start("one", move || match mended {
        true => b_under_a(),
        false => a_then_b(),
    });
    let two = start("two", move || match mended {
        true => b_under_a(),
        false => b_then_a(),
    });
    while !(one.is_finished() && two.is_finished()) {
        std::thread::yield_now();
    }
    join([one, two]);
}

fn reads_twice(mended: bool) {
    let only_deadlocks = Config::new().on(Verdict::RecursiveRead, Action::Ignore);
    only_deadlocks.install().unwrap();
    static SHARED: RwLock<u32> = RwLock::named("shared", 0);
    let first = SHARED.read().unwrap();
    let writer = start("writer", || drop(SHARED.write().unwrap()));
    until(|| waits("writer"));
    match mended {
        // The same guard for both.
        true => assert_eq!(*first + *first, 0),
        false => assert_eq!(*first + *SHARED.read().unwrap(), 0),
    }
    drop(first);
    writer.join().unwrap();
}

fn queued_writer(mended: bool) {
    only_deadlocks();
    static SHARED: RwLock<u32> = RwLock::named("shared", 0);
    static READ: AtomicBool = AtomicBool::new(false);
    let reader = start("reader", move || {
        if mended {
            // As the other reader does: `index` comes first.
            let _index = INDEX.lock().unwrap();
            drop(SHARED.read().unwrap());
            return;
        }
        let _shared = SHARED.read().unwrap();
        READ.store(true, Ordering::Release);
        until(|| waits("second"));
        drop(INDEX.lock().unwrap());
    });
    if !mended {
        until(|| READ.load(Ordering::Acquire));
    }
    let writer = start("writer", || drop(SHARED.write().unwrap()));
    let second = start("second", move || {
        let _index = INDEX.lock().unwrap();
        if !mended {
            until(|| waits("writer"));
        }
        drop(SHARED.read().unwrap());
    });
    for thread in [reader, writer, second] {
        until(|| thread.is_finished());
        thread.join().unwrap();
    }
}

fn dropped_under_its_lock(mended: bool) {
    static LISTED: Mutex<Vec<Entry>> = Mutex::named("listed", Vec::new());
    struct Entry;
    impl Drop for Entry {
        fn drop(&mut self) {
            let listed = LISTED.lock().unwrap();
            assert!(listed.is_empty());
        }
    }
    LISTED.lock().unwrap().push(Entry);
    if mended {
        let entries = std::mem::take(&mut *LISTED.lock().unwrap());
        drop(entries);
    }
    LISTED.lock().unwrap().clear();
}

fn destructor(mended: bool) {
    struct Takes(bool);
    impl Drop for Takes {
        fn drop(&mut self) {
            // It closes the ring.
            until(|| !self.0 || waits("main"));
            drop(B.lock());
        }
    }
    let config = Config::new().on(Verdict::Inversion, Action::Ignore);
    // No thread of it can unwind.
    let config = config.callback(|_| std::process::exit(101));
    config.install().unwrap();
    let unwinds = start("unwinds", move || {
        let _a = A.lock();
        let _takes = Takes(!mended);
        BOTH.come();
        panic!("on its way");
    });
    if mended {
        BOTH.come();
        let _a = A.lock();
        drop(B.lock());
    } else {
        let _b = B.lock();
        BOTH.come();
        drop(A.lock());
    }
    assert!(unwinds.join().is_err());
}

fn own_sender(mended: bool) {
    let (send, receive) = mpsc::channel::<u32>();
    let worker = send.clone();
    thread::spawn(move || worker.send(1).unwrap())
        .join()
        .unwrap();
    if mended {
        drop(send);
        assert_eq!(receive.iter().count(), 1);
    } else {
        assert_eq!(receive.iter().count(), 1);
        drop(send);
    }
}

fn both_receive(mended: bool) {
    let (ask, asked) = mpsc::channel();
    let (answer, answered) = mpsc::channel();
    let serves = start("serves", move || {
        asked.recv().unwrap();
        answer.send(()).unwrap();
    });
    if mended {
        ask.send(()).unwrap();
        answered.recv().unwrap();
    } else {
        answered.recv().unwrap();
        ask.send(()).unwrap();
    }
    serves.join().unwrap();
}

fn no_room(mended: bool) {
    let room = if mended { 2 } else { 1 };
    let (send, receive) = mpsc::sync_channel(room);
    send.send(1).unwrap();
    send.send(2).unwrap();
    assert_eq!((receive.recv(), receive.recv()), (Ok(1), Ok(2)));
}

fn too_many_permits(mended: bool) {
    let permits = Semaphore::named("permits", if mended { 3 } else { 2 });
    drop(permits.acquire_many(3));
}

fn further_permits(mended: bool) {
    static PAIR: Semaphore = Semaphore::named("pair", 2);
    static FIRST: Meeting = Meeting::new();
    let takes = move || {
        if mended {
            drop(PAIR.acquire_many(2));
            return;
        }
        let first = PAIR.acquire();
        FIRST.come();
        drop((PAIR.acquire(), first));
    };
    let other = start("other", takes);
    takes();
    other.join().unwrap();
}

fn no_permits(mended: bool) {
    let none = Arc::new(Semaphore::named("none", if mended { 2 } else { 0 }));
    let there = Arc::clone(&none);
    let other = start("other", move || drop(there.acquire()));
    drop(none.acquire());
    other.join().unwrap();
}

fn kept_permit(mended: bool) {
    let kept = Semaphore::named("kept", 1);
    let first = kept.acquire();
    let first = (!mended).then_some(first);
    drop((kept.acquire(), first));
}

fn barrier(mended: bool) {
    let barrier = Arc::new(Barrier::named("barrier", if mended { 2 } else { 3 }));
    let there = Arc::clone(&barrier);
    let other = start("other", move || {
        there.wait();
    });
    barrier.wait();
    other.join().unwrap();
}

fn two_barriers(mended: bool) {
    let barriers = Arc::new([Barrier::named("loaded", 2), Barrier::named("stored", 2)]);
    let both = Arc::clone(&barriers);
    let other = start("other", move || {
        both[0].wait();
        both[1].wait();
    });
    barriers[usize::from(!mended)].wait();
    barriers[usize::from(mended)].wait();
    other.join().unwrap();
}

fn meeting_in_initialiser(mended: bool) {
    static RATES: OnceLock<u32> = OnceLock::named("rates");
    let both = Arc::new(Barrier::named("both", 2));
    let there = move || {
        if mended {
            both.wait();
        }
        RATES.get_or_init(|| {
            if !mended {
                both.wait();
            }
            1
        });
    };
    let other = start("other", there.clone());
    there();
    other.join().unwrap();
}

fn lost_notification(mended: bool) {
    let mail = MAIL.lock().unwrap();
    thread::spawn(move || {
        // It looks as if the other one waited: the mutex is not even asked for.
        ARRIVED.notify_one();
    })
    .join()
    .unwrap();
    if mended {
        drop(mail);
        *MAIL.lock().unwrap() = true;
        let mut mail = MAIL.lock().unwrap();
        while !*mail {
            mail = ARRIVED.wait(mail).unwrap();
        }
    } else {
        drop(ARRIVED.wait(mail).unwrap());
    }
}

fn event(mended: bool) {
    static DONE: Event = Event::named("done");
    struct Sets;
    impl Drop for Sets {
        fn drop(&mut self) {
            DONE.set();
        }
    }
    let sets = start("sets", move || {
        let _sets = mended.then(|| Sets);
        panic!("on its way");
    });
    assert!(sets.join().is_err());
    DONE.wait();
}

fn initialiser(mended: bool) {
    static MENDED: AtomicBool = AtomicBool::new(false);
    static RATES: LazyLock<u32> = LazyLock::new(|| match MENDED.load(Ordering::Relaxed) {
        true => 1,
        false => *RATES + 1,
    });
    MENDED.store(mended, Ordering::Relaxed);
    assert_eq!(*RATES, 1);
}

fn join_under(mended: bool) {
    let index = INDEX.lock().unwrap();
    let needs = start("needs", || drop(INDEX.lock().unwrap()));
    if mended {
        drop(index);
        needs.join().unwrap();
    } else {
        until(|| !WATCHED || waits("needs"));
        needs.join().unwrap();
        drop(index);
    }
}

fn both_wait(mended: bool) {
    static READY: Event = Event::named("ready");
    static SEEN: Event = Event::named("seen");
    let other = start("other", || {
        READY.wait();
        SEEN.set();
    });
    if mended {
        READY.set();
        SEEN.wait();
    } else {
        SEEN.wait();
        READY.set();
    }
    other.join().unwrap();
}

fn comparison(mended: bool) {
    use lockwarden::queue::PriorityQueue;
    use std::cmp::Ordering as Order;

    static QUEUE: PriorityQueue<Item> = PriorityQueue::named("queue");

    #[derive(PartialEq, Eq)]
    struct Item(bool);
    impl PartialOrd for Item {
        fn partial_cmp(&self, other: &Self) -> Option<Order> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Item {
        fn cmp(&self, other: &Self) -> Order {
            if self.0 || other.0 {
                drop(QUEUE.try_get());
            }
            Order::Equal
        }
    }
    QUEUE.put(Item(!mended)).unwrap();
    QUEUE.put(Item(false)).unwrap();
}

fn own_pool(mended: bool) {
    let (pool, inner) = pool(2);
    let outer = pool.submit(move || {
        let one = || 1;
        match mended {
            true => one(),
            false => inner.submit(one).result().unwrap(),
        }
    });
    assert_eq!(outer.result().unwrap(), 1);
}

fn full_pool(mended: bool) {
    let (pool, inner) = pool(if mended { 2 } else { 1 });
    let outer = pool.submit(move || {
        for _ in 0..2 {
            drop(inner.submit(|| ()));
        }
    });
    outer.result().unwrap();
}

/// A pool of one worker, with room for so many jobs.
fn pool(bound: usize) -> (Arc<ThreadPool>, Arc<ThreadPool>) {
    let builder = Builder::new().threads(1).name("worker");
    let pool = Arc::new(builder.queue_bound(bound).build().unwrap());
    (Arc::clone(&pool), pool)
}

fn full_queue(mended: bool) {
    use lockwarden::queue::Queue;

    let queue = Queue::bounded(if mended { 2 } else { 1 });
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    assert_eq!((queue.get(), queue.get()), (Ok(1), Ok(2)));
}
