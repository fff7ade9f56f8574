//! Scopes, whose jobs end before the call that opened the scope returns.

use std::fmt;
use std::sync::Arc;

use crate::fork::{Fork, Start, scoped};
use crate::{BroadcastContext, original};

macro_rules! scope_type {
    ($Scope:ident, $spawn:ident, $scope:ident, $in_place_scope:ident) => {
        /// A scope, as one of its jobs or the closure that opened it has it.
        pub struct $Scope<'scope> {
            /// Borrowed by the job or closure that this value is lent to.
            inner: *const original::$Scope<'scope>,
            fork: Arc<Fork>,
        }

        // SAFETY: the pointer stands for a borrow, which may be sent and shared as the scope may be shared.
        unsafe impl<'scope> Send for $Scope<'scope> where original::$Scope<'scope>: Sync {}
        // SAFETY: as above; the other field is shared between the threads of the jobs anyway.
        unsafe impl<'scope> Sync for $Scope<'scope> where original::$Scope<'scope>: Sync {}

        impl<'scope> $Scope<'scope> {
            /// Lends the scope to a closure, which has it for as long as `inner` is borrowed.
            pub(crate) fn lend<R>(
                inner: &original::$Scope<'scope>,
                fork: Arc<Fork>,
                to: impl FnOnce(&Self) -> R,
            ) -> R {
                to(&Self { inner, fork })
            }

            fn inner(&self) -> &original::$Scope<'scope> {
                // SAFETY: only `lend` makes a value, which ends within the borrow of `inner` there; a caller
                // sees nothing but a reference to it, and so does what it spawns from here, at most.
                unsafe { &*self.inner }
            }

            pub fn $spawn<BODY>(&self, body: BODY)
            where
                BODY: FnOnce(&$Scope<'scope>) + Send + 'scope,
            {
                let (fork, start) = (Arc::clone(&self.fork), Start::here());
                self.inner().$spawn(move |inner| {
                    fork.run(&start, || Self::lend(inner, Arc::clone(&fork), body))
                });
            }

            pub fn spawn_broadcast<BODY>(&self, body: BODY)
            where
                BODY: Fn(&$Scope<'scope>, BroadcastContext<'_>) + Send + Sync + 'scope,
            {
                let (fork, start) = (Arc::clone(&self.fork), Start::here());
                self.inner().spawn_broadcast(move |inner, context| {
                    let job = |scope: &Self| body(scope, context);
                    fork.run(&start, || Self::lend(inner, Arc::clone(&fork), job))
                });
            }
        }

        impl fmt::Debug for $Scope<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner().fmt(f)
            }
        }

        pub fn $scope<'scope, OP, R>(op: OP) -> R
        where
            OP: FnOnce(&$Scope<'scope>) -> R + Send,
            R: Send,
        {
            scoped(|fork, start| {
                original::$scope(|inner| {
                    fork.run(start, || $Scope::lend(inner, Arc::clone(fork), op))
                })
            })
        }

        pub fn $in_place_scope<'scope, OP, R>(op: OP) -> R
        where
            OP: FnOnce(&$Scope<'scope>) -> R,
        {
            scoped(|fork, _| {
                original::$in_place_scope(|inner| $Scope::lend(inner, Arc::clone(fork), op))
            })
        }
    };
}

scope_type!(Scope, spawn, scope, in_place_scope);
scope_type!(ScopeFifo, spawn_fifo, scope_fifo, in_place_scope_fifo);
