//! Thread pools.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::fork::{Start, joined, scoped};
use crate::{BroadcastContext, Scope, ScopeFifo, Yield, original};

#[repr(transparent)]
pub struct ThreadPool(pub(crate) original::ThreadPool);

impl ThreadPool {
    #[deprecated(note = "Use `ThreadPoolBuilder::build`")]
    #[allow(deprecated)]
    pub fn new(configuration: crate::Configuration) -> Result<ThreadPool, Box<dyn Error>> {
        original::ThreadPool::new(configuration).map(Self)
    }

    pub(crate) fn of(pool: &original::ThreadPool) -> &Self {
        // SAFETY: `Self` is a transparent wrapper of the pool.
        unsafe { &*std::ptr::from_ref(pool).cast::<Self>() }
    }

    pub fn install<OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce() -> R + Send,
        R: Send,
    {
        joined(|fork, start| self.0.install(|| fork.run(start, op)))
    }

    pub fn broadcast<OP, R>(&self, op: OP) -> Vec<R>
    where
        OP: Fn(BroadcastContext<'_>) -> R + Sync,
        R: Send,
    {
        joined(|fork, start| self.0.broadcast(|context| fork.run(start, || op(context))))
    }

    pub fn current_num_threads(&self) -> usize {
        self.0.current_num_threads()
    }

    pub fn current_thread_index(&self) -> Option<usize> {
        self.0.current_thread_index()
    }

    pub fn current_thread_has_pending_tasks(&self) -> Option<bool> {
        self.0.current_thread_has_pending_tasks()
    }

    pub fn join<A, B, RA, RB>(&self, oper_a: A, oper_b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        self.install(|| crate::join(oper_a, oper_b))
    }

    pub fn scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R + Send,
        R: Send,
    {
        self.install(|| crate::scope(op))
    }

    pub fn scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
        R: Send,
    {
        self.install(|| crate::scope_fifo(op))
    }

    pub fn in_place_scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R,
    {
        scoped(|fork, _| {
            self.0
                .in_place_scope(|inner| Scope::lend(inner, Arc::clone(fork), op))
        })
    }

    pub fn in_place_scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R,
    {
        scoped(|fork, _| {
            self.0
                .in_place_scope_fifo(|inner| ScopeFifo::lend(inner, Arc::clone(fork), op))
        })
    }

    pub fn spawn<OP>(&self, op: OP)
    where
        OP: FnOnce() + Send + 'static,
    {
        self.0.spawn(Start::here().before(op))
    }

    pub fn spawn_fifo<OP>(&self, op: OP)
    where
        OP: FnOnce() + Send + 'static,
    {
        self.0.spawn_fifo(Start::here().before(op))
    }

    pub fn spawn_broadcast<OP>(&self, op: OP)
    where
        OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
    {
        self.0.spawn_broadcast(Start::here().before_each(op))
    }

    pub fn yield_now(&self) -> Option<Yield> {
        self.0.yield_now()
    }

    pub fn yield_local(&self) -> Option<Yield> {
        self.0.yield_local()
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
