//! Assertions about locks, as macros.

/// Runs an expression, or a block, under [`check`](crate::testing::check), and asserts that it is
/// clean: it ends in time, it does not panic, and no deadlock is found nor any order of locks that
/// can lead to one. Gives its value.
///
/// It runs on a thread of its own, and so takes what it uses along.
///
/// # Panics
///
/// If it is not clean, with all that was found.
///
/// # Examples
///
/// ```
/// use lockwarden::assert_deadlock_free;
/// use lockwarden::sync::{Arc, Mutex};
/// use lockwarden::thread;
///
/// let total = Arc::new(Mutex::new(1));
/// let sum = assert_deadlock_free!({
///     let adds = Arc::clone(&total);
///     thread::spawn(move || *adds.lock().unwrap() += 1).join().unwrap();
///     *total.lock().unwrap()
/// });
/// assert_eq!(sum, 2);
/// ```
#[macro_export]
macro_rules! assert_deadlock_free {
    ($body:expr $(,)?) => {
        $crate::testing::asserted::deadlock_free(move || $body)
    };
}

/// Asserts that the calling thread holds a lock, in whatever mode.
///
/// It takes every lock of this crate, what leads to one, and whatever is
/// [`Tracked`](crate::instrument::Tracked). With the feature `send_guard`, a lock counts as held
/// by the thread that took it. It passes where nothing is watched: in a build without
/// instrumentation, or with the detector switched off.
///
/// # Panics
///
/// If the thread does not hold it, with what it holds instead.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Mutex;
/// use lockwarden::{assert_held, assert_not_held};
///
/// struct Ledger { entries: Mutex<Vec<i64>> }
///
/// impl Ledger {
///     /// To be called with the entries locked.
///     fn audit(&self, entries: &[i64]) -> i64 {
///         assert_held!(self.entries);
///         entries.iter().sum()
///     }
/// }
///
/// let ledger = Ledger { entries: Mutex::new(vec![1, 2]) };
/// let entries = ledger.entries.lock().unwrap();
/// assert_eq!(ledger.audit(&entries), 3);
/// drop(entries);
/// assert_not_held!(ledger.entries);
/// ```
#[macro_export]
macro_rules! assert_held {
    ($lock:expr $(,)?) => {
        $crate::testing::asserted::held(&$lock, ::core::stringify!($lock))
    };
}

/// Asserts that the calling thread does not hold a lock, in any mode.
///
/// For what it takes and where it passes, see [`assert_held!`](crate::assert_held).
///
/// # Panics
///
/// If the thread holds it, with where it was taken.
///
/// # Examples
///
/// ```
/// use lockwarden::assert_not_held;
/// use lockwarden::parking_lot::RwLock;
///
/// static RATES: RwLock<Vec<f64>> = RwLock::named("rates", Vec::new());
///
/// /// Takes a while: to be called with nothing locked that others need.
/// fn fetch() -> Vec<f64> {
///     assert_not_held!(RATES);
///     vec![1.5]
/// }
///
/// let rates = fetch();
/// *RATES.write() = rates;
/// ```
#[macro_export]
macro_rules! assert_not_held {
    ($lock:expr $(,)?) => {
        $crate::testing::asserted::not_held(&$lock, ::core::stringify!($lock))
    };
}

/// Asserts that the calling thread holds no lock that is watched.
///
/// It passes where nothing is watched.
///
/// # Panics
///
/// If it holds one, with all that it holds and where it was taken.
///
/// # Examples
///
/// ```
/// use lockwarden::assert_no_locks_held;
///
/// fn before_a_slow_call() {
///     assert_no_locks_held!();
/// }
///
/// before_a_slow_call();
/// ```
#[macro_export]
macro_rules! assert_no_locks_held {
    () => {
        $crate::testing::asserted::none_held()
    };
}

/// Asserts an order of locks: that none of them was taken, so far, under one that stands after it,
/// neither directly nor by way of others; and declares it, so that the first acquisition against it
/// is an [`Inversion`](crate::report::Verdict::Inversion) from now on.
///
/// A side is a lock, and then these very locks are meant; or a name, and then all locks of that
/// name are meant, whether there are any yet or not. In a pair of a lock and a name, the class of
/// the lock is meant. What counts is what the order graph knows: in a
/// [`check`](crate::testing::check) with a fresh graph, what its own threads have taken, and the
/// declaration holds for that check; else what the process has seen, and it holds for the process.
///
/// A side is written as it would stand in a comparison; one that has a `<` of its own goes into
/// parentheses. It passes where nothing is watched.
///
/// # Panics
///
/// If one was taken under another that stands after it, with who did that, and where.
///
/// # Examples
///
/// ```
/// use lockwarden::assert_order;
/// use lockwarden::report::Verdict;
/// use lockwarden::sync::Mutex;
/// use lockwarden::testing::check;
///
/// let outcome = check(|| {
///     let (ledger, audit) = (Mutex::named("ledger", 0), Mutex::named("audit", 0));
///     {
///         let _ledger = ledger.lock();
///         let _audit = audit.lock();
///     }
///     assert_order!(ledger < audit);
///     assert_order!("ledger" < "audit" < "statistics");
///     // Against it: found at once, although nobody else takes them in the other order.
///     let _audit = audit.lock();
///     let _ledger = ledger.lock();
/// });
/// outcome.assert_finds(Verdict::Inversion).among(["ledger", "audit"]);
/// ```
///
/// One lock is no order:
///
/// ```compile_fail
/// # let lock = lockwarden::sync::Mutex::new(());
/// lockwarden::assert_order!(lock);
/// ```
#[macro_export]
macro_rules! assert_order {
    (@sides [] [$($only:tt)*]) => {
        ::core::compile_error!("an order has two sides or more: `assert_order!(first < second)`")
    };
    (@sides [$([$($side:tt)+])+] [$($last:tt)+]) => {
        $crate::testing::asserted::order(
            &[
                $(&($($side)+) as &dyn $crate::testing::asserted::Ordered,)+
                &($($last)+),
            ],
            &[$(::core::stringify!($($side)+),)+ ::core::stringify!($($last)+)],
        )
    };
    (@sides [$($sides:tt)*] [$($now:tt)+] < $($rest:tt)+) => {
        $crate::assert_order!(@sides [$($sides)* [$($now)+]] [] $($rest)+)
    };
    (@sides [$($sides:tt)*] [$($now:tt)*] $next:tt $($rest:tt)*) => {
        $crate::assert_order!(@sides [$($sides)*] [$($now)* $next] $($rest)*)
    };
    ($($sides:tt)+) => {
        $crate::assert_order!(@sides [] [] $($sides)+)
    };
}
