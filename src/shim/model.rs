//! The primitives of a model: loom's, with the constructors of the standard library's.
//!
//! loom's atomics belong to one execution of a model and cannot be created in a constant, while the tracking
//! layer has slots and records in statics. So each atomic here is a plain one, and gets a loom twin at its
//! first use in each execution. Outside a model it stays plain, so that the other tests of the crate run in
//! the same binary.
//!
//! The models are run by `RUSTFLAGS="--cfg loom" cargo test --release --features always --lib --target-dir
//! target/loom models`.
//!
//! A twin counts as created by the thread that first uses it: a model has to access, before it spawns, what
//! its threads share (`Slot::occupy` does).

#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, atomic as plain};

/// Returns the execution of a model that runs on this thread; zero outside any. loom runs all threads of a
/// model on one thread of the system, so they share it.
fn execution() -> u64 {
    EXECUTION.get()
}

thread_local! {
    static EXECUTION: Cell<u64> = const { Cell::new(0) };
}

/// Runs `f` in all orders, or, with `preemptions`, in all orders with at most that many preemptions of a
/// thread that could continue; switches at the end of a thread or where it waits are free.
pub(crate) fn check(preemptions: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    // One model at a time: a static has one twin, which belongs to the execution that used it last.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = Arc::new(plain::AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.max_branches = 20_000;
    builder.check(move || {
        static NEXT: plain::AtomicU64 = plain::AtomicU64::new(1);
        EXECUTION.set(NEXT.fetch_add(1, Ordering::Relaxed));
        counted.fetch_add(1, Ordering::Relaxed);
        f();
    });
    EXECUTION.set(0);
    println!("{} executions", count.load(Ordering::Relaxed));
}

/// The loom object that stands for a plain one in one execution.
struct Twin<T>(std::sync::Mutex<Option<(u64, Arc<T>)>>);

impl<T> Twin<T> {
    const fn new() -> Self {
        Self(std::sync::Mutex::new(None))
    }

    /// Returns the twin in the running execution; `None` outside any.
    fn get(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        let now = execution();
        if now == 0 {
            return None;
        }
        let mut twin = self.0.lock().unwrap();
        match &*twin {
            Some((made, twin)) if *made == now => Some(Arc::clone(twin)),
            _ => {
                let fresh = Arc::new(make());
                *twin = Some((now, Arc::clone(&fresh)));
                Some(fresh)
            }
        }
    }
}

/// Methods of an atomic, each of which calls the standard library's, or that of the twin if there is one.
macro_rules! of_either {
    ($($method:ident($($argument:ident: $type:ty),+) -> $result:ty;)+) => {$(
        #[allow(dead_code)]
        pub(crate) fn $method(&self, $($argument: $type),+) -> $result {
            match self.twin() {
                Some(twin) => twin.$method($($argument),+),
                None => self.plain.$method($($argument),+),
            }
        }
    )+};
}

macro_rules! atomic {
    ($name:ident, $int:ty) => {
        pub(crate) struct $name {
            plain: plain::$name,
            twin: Twin<loom::sync::atomic::$name>,
        }

        impl $name {
            pub(crate) const fn new(value: $int) -> Self {
                Self {
                    plain: plain::$name::new(value),
                    twin: Twin::new(),
                }
            }

            fn twin(&self) -> Option<Arc<loom::sync::atomic::$name>> {
                self.twin
                    .get(|| loom::sync::atomic::$name::new(self.plain.load(Ordering::Relaxed)))
            }

            of_either! {
                load(order: Ordering) -> $int;
                store(value: $int, order: Ordering) -> ();
                swap(value: $int, order: Ordering) -> $int;
                fetch_add(value: $int, order: Ordering) -> $int;
                fetch_sub(value: $int, order: Ordering) -> $int;
                fetch_or(value: $int, order: Ordering) -> $int;
                fetch_and(value: $int, order: Ordering) -> $int;
                compare_exchange(current: $int, new: $int, success: Ordering, failure: Ordering)
                    -> Result<$int, $int>;
            }

            #[allow(dead_code)]
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                self.compare_exchange(current, new, success, failure)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);

/// A pointer, stored as its exposed address.
#[derive(Debug)]
pub(crate) struct AtomicPtr<T>(AtomicUsize, PhantomData<*mut T>);

// SAFETY: like the standard library's, it returns a pointer and never dereferences it.
unsafe impl<T> Send for AtomicPtr<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for AtomicPtr<T> {}

impl<T> AtomicPtr<T> {
    /// Only a null pointer has an address in a constant; `aimed` is for other pointers.
    pub(crate) const fn new(_null: *mut T) -> Self {
        Self(AtomicUsize::new(0), PhantomData)
    }

    pub(crate) fn load(&self, order: Ordering) -> *mut T {
        std::ptr::with_exposed_provenance_mut(self.0.load(order))
    }

    /// Stores by a swap: loom does not order a store against a compare-and-swap that it has not seen, and
    /// then lets a later load see the overwritten value. All but one of the pointers are stored by one thread
    /// at a time, so the swap synchronises nothing that is not synchronised already; the exception is
    /// `LockRecord::ident`, where what the store would acquire is never read.
    pub(crate) fn store(&self, value: *mut T, order: Ordering) {
        let order = match order {
            Ordering::Release => Ordering::AcqRel,
            order => order,
        };
        self.swap(value, order);
    }

    pub(crate) fn swap(&self, value: *mut T, order: Ordering) -> *mut T {
        std::ptr::with_exposed_provenance_mut(self.0.swap(value.expose_provenance(), order))
    }

    pub(crate) fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let (current, new) = (current.expose_provenance(), new.expose_provenance());
        self.0
            .compare_exchange(current, new, success, failure)
            .map(std::ptr::with_exposed_provenance_mut)
            .map_err(std::ptr::with_exposed_provenance_mut)
    }
}

pub(crate) fn fence(order: Ordering) {
    if execution() == 0 {
        plain::fence(order);
    } else {
        loom::sync::atomic::fence(order);
    }
}

pub(crate) fn spin_loop() {
    if execution() == 0 {
        std::hint::spin_loop();
    } else {
        loom::hint::spin_loop();
    }
}

pub(crate) fn yield_now() {
    if execution() == 0 {
        std::thread::yield_now();
    } else {
        loom::thread::yield_now();
    }
}

/// A mutex: loom's mutex decides the order, and the plain one, which is then free, contains the data.
pub(crate) struct Mutex<T> {
    plain: parking_lot::Mutex<T>,
    twin: Twin<loom::sync::Mutex<()>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            plain: parking_lot::Mutex::new(value),
            twin: Twin::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let turn = self.twin.get(|| loom::sync::Mutex::new(())).map(|twin| {
            let guard = twin.lock().unwrap();
            // SAFETY: the guard borrows the mutex in `twin`, which is a field of the same `Turn` and is
            // dropped after the guard.
            let guard = unsafe {
                std::mem::transmute::<
                    loom::sync::MutexGuard<'_, ()>,
                    loom::sync::MutexGuard<'static, ()>,
                >(guard)
            };
            Turn {
                _guard: guard,
                _twin: Arc::clone(&twin),
            }
        });
        MutexGuard {
            data: self.plain.lock(),
            _turn: turn,
        }
    }

    /// In a model no signal handler interrupts a thread, so this may wait.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        Some(self.lock())
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.plain.is_locked()
    }

    pub(crate) unsafe fn force_unlock(&self, guard: lock_api::GuardNoSend) {
        // SAFETY: the caller guarantees it.
        unsafe { self.plain.force_unlock(guard) };
    }
}

impl<T> std::fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mutex")
    }
}

/// One critical section of loom's mutex. The fields are dropped in this order.
struct Turn {
    _guard: loom::sync::MutexGuard<'static, ()>,
    _twin: Arc<loom::sync::Mutex<()>>,
}

/// The guard of the data, which is dropped first, and the turn.
pub(crate) struct MutexGuard<'a, T> {
    data: parking_lot::MutexGuard<'a, T>,
    _turn: Option<Turn>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}
