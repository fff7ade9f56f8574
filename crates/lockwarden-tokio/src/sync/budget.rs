//! tokio's budget, which makes a task yield after so many operations.

use std::task::{Context, Poll};

use tokio::task::coop;

/// Takes one operation off the budget of the task that is polled; pending if there is none left.
#[inline(always)]
pub(super) fn charge(cx: &mut Context<'_>) -> Poll<()> {
    // What is returned would put the operation back when it is dropped: a call, which every lock would pay.
    coop::poll_proceed(cx).map(std::mem::forget)
}
