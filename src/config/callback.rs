//! A function of the program that is called with what the library has found.

use std::fmt;
use std::sync::Arc;

/// A function of the program, shared so that a configuration with it can be cloned.
#[derive(Clone)]
pub(crate) struct Callback<A>(pub(crate) Arc<dyn Fn(&A) + Send + Sync>);

impl<A> Callback<A> {
    pub(crate) fn new(function: impl Fn(&A) + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl<A> fmt::Debug for Callback<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fn(..)")
    }
}
