//! Assertions about locks, as macros.

/// Runs an expression, or a block, under [`check`](crate::testing::check), and asserts that the check
/// is clean: it ends in time, it does not panic, and neither a deadlock nor an inversion is found.
/// Evaluates to the value of the expression.
///
/// The expression runs on a thread of its own, so it moves what it uses.
///
/// # Panics
///
/// If the check is not clean, with all findings.
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

/// Asserts that the calling thread holds a lock, in any mode.
///
/// The operand is a lock of this crate, a smart pointer to one, or any value that is
/// [`Tracked`](crate::instrument::Tracked). With the feature `send_guard`, a lock counts as held by the
/// thread that acquired it. The assertion passes if no locks are watched: in a build without
/// instrumentation, or with the detector switched off.
///
/// # Panics
///
/// If the thread does not hold the lock; the message lists the locks that it holds.
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
/// For the operand, and for when the assertion passes, see [`assert_held!`](crate::assert_held).
///
/// # Panics
///
/// If the thread holds the lock; the message has the line of the acquisition.
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

/// Asserts that the calling thread holds no watched lock.
///
/// The assertion passes if no locks are watched.
///
/// # Panics
///
/// If the thread holds a lock; the message lists all of them, with the lines of their acquisitions.
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

/// Asserts an order of locks: none of them was acquired, so far, under one that stands after it,
/// neither directly nor through other locks. The assertion also declares the order, so that the first
/// acquisition against it is an [`Inversion`](crate::report::Verdict::Inversion) from now on.
///
/// An operand is a lock, which stands for that instance, or a name, which stands for all locks of that
/// name, whether there are any yet or not. In a pair of a lock and a name, the lock stands for its
/// class. The order graph decides: in a [`check`](crate::testing::check) with a fresh graph, the orders
/// that its own threads have taken, and the declaration holds for that check; else the orders of the
/// process, and the declaration holds for the process.
///
/// An operand that contains a `<` needs parentheses. The assertion passes if no locks are watched.
///
/// # Panics
///
/// If one was acquired under another that stands after it; the message has the threads and the lines.
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
///     // Against it: found at once, although no other thread takes them in the other order.
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
