//! Record of a one-time initialisation, in a build without instrumentation: the wrapped primitive
//! does all of it.

use crate::engine::ids::Site;
use crate::tracking::lock::kind::LockKind;

#[derive(Debug)]
pub struct OnceRecord(());

impl OnceRecord {
    inlined! {
        const fn new(_kind: &'static LockKind) -> Self = Self(());
        const fn named(_kind: &'static LockKind, _name: &'static str) -> Self = Self(());
    }

    inlined! {
        fn set_label(&self, _label: &str);
        fn ask_for_ready(&self, _site: Site);
    }

    #[inline(always)]
    pub fn peek<R>(&self, look: impl Fn() -> Option<R>) -> Option<R> {
        look()
    }

    #[inline(always)]
    pub fn peeked(&self) {}

    #[inline(always)]
    pub fn run(&self, _is_done: impl Fn() -> bool, _site: Site, initialise: impl FnOnce()) {
        initialise();
    }

    #[inline(always)]
    pub fn wait<R>(
        &self,
        _is_done: impl Fn() -> bool,
        _or_failed: bool,
        _site: Site,
        see: impl FnOnce() -> R,
    ) -> R {
        see()
    }
}
