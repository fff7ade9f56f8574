//! `join!`, `try_join!` and `select!`, whose branches are distinguished.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::agent::frame;
use crate::agent::mark::Branch;

pin_project! {
    /// One branch of [`join!`](crate::join), [`try_join!`](crate::try_join) or
    /// [`select!`](crate::select). What it holds is not held by the branches beside it.
    #[doc(hidden)]
    pub struct InBranch<F> {
        branch: Option<Arc<Branch>>,
        #[pin]
        future: F,
    }
}

/// What is to be a branch. A literal in place of a call, so that what the future borrows lives as long
/// as it does where tokio's macros are used.
#[doc(hidden)]
#[derive(Debug)]
pub struct Branched<F> {
    pub future: F,
}

impl<F: IntoFuture> IntoFuture for Branched<F> {
    type Output = F::Output;
    type IntoFuture = InBranch<F::IntoFuture>;

    fn into_future(self) -> InBranch<F::IntoFuture> {
        InBranch {
            branch: None,
            future: self.future.into_future(),
        }
    }
}

impl<F: Future> Future for InBranch<F> {
    type Output = F::Output;

    // The caller of a poll is the macro, whose place is that of its use.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        frame::with(|frame| match frame {
            Some(frame) => {
                let branch =
                    (this.branch).get_or_insert_with(|| Branch::here(frame, cx.waker().into()));
                let poll = frame.in_branch(branch, || this.future.poll(cx));
                if poll.is_ready() {
                    branch.end();
                }
                poll
            }
            None => this.future.poll(cx),
        })
    }
}

/// As [`tokio::join!`].
#[macro_export]
macro_rules! join {
    (biased; $($future:expr),* $(,)?) => {
        $crate::__private::tokio::join!(biased; $($crate::__private::Branched { future: $future }),*)
    };
    ($($future:expr),* $(,)?) => {
        $crate::__private::tokio::join!($($crate::__private::Branched { future: $future }),*)
    };
}

/// As [`tokio::try_join!`].
#[macro_export]
macro_rules! try_join {
    (biased; $($future:expr),* $(,)?) => {
        $crate::__private::tokio::try_join!(biased; $($crate::__private::Branched { future: $future }),*)
    };
    ($($future:expr),* $(,)?) => {
        $crate::__private::tokio::try_join!($($crate::__private::Branched { future: $future }),*)
    };
}

/// As [`tokio::select!`].
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => {
        $crate::__select!([biased;] $($branches)*)
    };
    ($($branches:tt)*) => {
        $crate::__select!([] $($branches)*)
    };
}

/// Takes the branches of a `select!` one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    ([$($done:tt)*] $(,)?) => {
        $crate::__private::tokio::select!($($done)*)
    };
    ([$($done:tt)*] else => $handler:expr $(,)?) => {
        $crate::__private::tokio::select!($($done)* else => { $handler })
    };
    // Two at a time: the compiler does not go deeper than a hundred steps or so, and tokio's own macro
    // takes one for each branch. An `else` cannot be asked for a pattern, so it comes first.
    ([$($done:tt)*] $pattern:pat = $future:expr => $handler:expr, else => $other:expr $(,)?) => {
        $crate::__private::tokio::select!($($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
            else => { $other }
        )
    };
    ([$($done:tt)*]
        $pattern:pat = $future:expr => $handler:expr,
        $second:pat = $next:expr => $then:expr,
        $($rest:tt)+
    ) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
            $second = $crate::__private::Branched { future: $next } => { $then },
        ] $($rest)+)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr, if $condition:expr => $handler:block, $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future }, if $condition => { $handler },
        ] $($rest)*)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr => $handler:block, $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
        ] $($rest)*)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr, if $condition:expr => $handler:block $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future }, if $condition => { $handler },
        ] $($rest)*)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr => $handler:block $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
        ] $($rest)*)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr, if $condition:expr => $handler:expr) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future }, if $condition => { $handler },
        ])
    };
    ([$($done:tt)*] $pattern:pat = $future:expr => $handler:expr) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
        ])
    };
    ([$($done:tt)*] $pattern:pat = $future:expr, if $condition:expr => $handler:expr, $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future }, if $condition => { $handler },
        ] $($rest)*)
    };
    ([$($done:tt)*] $pattern:pat = $future:expr => $handler:expr, $($rest:tt)*) => {
        $crate::__select!([$($done)*
            $pattern = $crate::__private::Branched { future: $future } => { $handler },
        ] $($rest)*)
    };
}
