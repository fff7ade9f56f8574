//! What only newer versions of tokio have.
//!
//! A `cfg` cannot ask for the version of a dependency. But a name that a glob imports into a block
//! hides one of the module round it: so the block below takes tokio's type where there is one, and
//! else the stand-in of this module, of which there are no values. In the same way a method of
//! tokio's hides that of a trait.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{EnterGuard, Handle, RuntimeMetrics};
use tokio::task::JoinHandle;

/// tokio's type, or its stand-in.
pub trait Newer {
    type Type;
}

/// In place of tokio's `LocalRuntime`, which version 1.51 has made stable.
#[derive(Debug)]
#[allow(dead_code)]
pub enum LocalRuntime {}
/// In place of tokio's `LocalOptions`; its only use is to be handed to [`Settings::build_local`].
#[derive(Debug, Default)]
#[allow(dead_code)]
pub struct LocalOptions;

pub enum ForRuntime {}
pub enum ForOptions {}

#[allow(unused_imports)]
const _: () = {
    use tokio::runtime::*;

    impl Newer for ForRuntime {
        type Type = LocalRuntime;
    }
    impl Newer for ForOptions {
        type Type = LocalOptions;
    }
};

/// tokio's `LocalRuntime`.
pub(super) type Local = <ForRuntime as Newer>::Type;
/// tokio's `LocalOptions`.
pub(super) type Options = <ForOptions as Newer>::Type;

#[allow(dead_code)]
impl LocalRuntime {
    pub(super) fn handle(&self) -> &Handle {
        match *self {}
    }

    pub(super) fn spawn_local<F: Future + 'static>(&self, _: F) -> JoinHandle<F::Output> {
        match *self {}
    }

    pub(super) fn block_on<F: Future>(&self, _: F) -> F::Output {
        match *self {}
    }

    pub(super) fn enter(&self) -> EnterGuard<'_> {
        match *self {}
    }

    pub(super) fn shutdown_timeout(self, _: Duration) {
        match self {}
    }

    pub(super) fn shutdown_background(self) {
        match self {}
    }

    pub(super) fn metrics(&self) -> RuntimeMetrics {
        match *self {}
    }
}

/// Settings of newer versions: with an older one they do nothing.
#[allow(dead_code)]
pub(super) trait Settings {
    fn name(&mut self, _: String) {}

    fn max_io_events_per_busy_tick(&mut self, _: usize) {}

    fn build_local(&mut self, _: Options) -> io::Result<Local> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Settings for tokio::runtime::Builder {}

/// The number of a runtime, which tokio has from version 1.49 on; before, all have the same.
#[allow(dead_code)]
pub(crate) trait Identified {
    fn id(&self) -> u8 {
        0
    }
}

impl Identified for Handle {}
