//! Spawning.

use std::future::Future;
use std::mem::needs_drop;
use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::Site;

use super::JoinHandle;
use crate::agent::frame;
use crate::agent::mark::To;
use crate::agent::root::Root;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Joined, Kind};

/// The task that is polled gives a value of this type away: it may own a guard.
#[inline]
pub(crate) fn lets_out<T>() {
    if needs_drop::<T>() {
        frame::let_out(To::Any);
    }
}

/// Returns the root future of a task that is spawned at `site`, and what its join handle keeps of the task.
pub(crate) fn root<F: Future>(
    future: F,
    kind: Kind,
    site: Site,
    runtime: Option<&Arc<RuntimeState>>,
) -> (Root<F>, Joined) {
    let (root, joined) = Root::new(future, kind, site, runtime);
    if kind != Kind::Driven && needs_drop::<F>() {
        frame::let_out(match joined {
            Joined::Known(_) => To::Child,
            Joined::Anonymous(_) => To::Any,
        });
    }
    (root, joined)
}

/// As [`tokio::spawn`]; the task is watched.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = RuntimeState::here();
    let (root, joined) = root(future, Kind::Spawned, Location::caller(), runtime.as_ref());
    JoinHandle::new(tokio::spawn(root), joined)
}
