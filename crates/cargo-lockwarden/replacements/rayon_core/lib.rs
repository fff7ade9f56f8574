//! `rayon-core` 1, from 1.12 on, with the order that its forks and joins make.
//!
//! The original is compiled beside this crate, over the watched std. What a job does happens after the call that made it,
//! and before the return of the call that waits for it; the locks that the caller of `join`, `scope`, `install` or
//! `broadcast` holds count as held around the jobs. The wait itself is the original's.

#![allow(clippy::all)]

mod builder;
mod fork;
mod pool;
mod scope;

use rayon_core_original as original;

pub use self::builder::ThreadPoolBuilder;
pub use self::pool::ThreadPool;
pub use self::scope::{Scope, ScopeFifo};
pub use self::scope::{in_place_scope, in_place_scope_fifo, scope, scope_fifo};
use fork::{Start, joined};
#[doc(inline)]
pub use rayon_core_original::*;

pub fn join<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    join_context(|_| oper_a(), |_| oper_b())
}

pub fn join_context<A, B, RA, RB>(oper_a: A, oper_b: B) -> (RA, RB)
where
    A: FnOnce(FnContext) -> RA + Send,
    B: FnOnce(FnContext) -> RB + Send,
    RA: Send,
    RB: Send,
{
    // Most jobs run on the thread that made them, in its own order and under its own locks.
    joined(|fork, start| {
        original::join_context(
            |context| match context.migrated() {
                true => fork.run(start, || oper_a(context)),
                false => oper_a(context),
            },
            |context| match context.migrated() {
                true => fork.run(start, || oper_b(context)),
                false => oper_b(context),
            },
        )
    })
}

pub fn broadcast<OP, R>(op: OP) -> Vec<R>
where
    OP: Fn(BroadcastContext<'_>) -> R + Sync,
    R: Send,
{
    joined(|fork, start| original::broadcast(|context| fork.run(start, || op(context))))
}

pub fn spawn<F>(func: F)
where
    F: FnOnce() + Send + 'static,
{
    original::spawn(Start::here().before(func))
}

pub fn spawn_fifo<F>(func: F)
where
    F: FnOnce() + Send + 'static,
{
    original::spawn_fifo(Start::here().before(func))
}

pub fn spawn_broadcast<OP>(op: OP)
where
    OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
{
    original::spawn_broadcast(Start::here().before_each(op))
}
