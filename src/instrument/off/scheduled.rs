//! Threads of an exploration, of which a build without instrumentation has none.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use super::{CondvarRecord, Lock, Resource};
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::tracking::scheduled::{FailedTry, Scheduler};

inlined! {
    fn point(_verb: &'static str, _record: &Resource);
    fn point_unnamed(_what: &'static str);
    fn is_abandoned(_payload: &(dyn Any + Send)) -> bool = false;
}

#[derive(Debug)]
pub struct Child(());

impl Child {
    #[inline(always)]
    pub fn here() -> Self {
        Self(())
    }

    pub(crate) fn of(_scheduler: Arc<dyn Scheduler>) -> Self {
        Self(())
    }

    #[inline(always)]
    pub fn begin(self) -> Begun {
        Begun(())
    }
}

#[derive(Debug)]
pub struct Begun(());

#[derive(Debug)]
pub struct Scheduled(Infallible);

impl Scheduled {
    inlined! {
        fn here() -> Option<Self> = None;
        fn if_any() -> Option<Self> = None;
        fn point(&self) = match self.0 {};
        fn point_of_acquisition(&self, _lock: &Lock, _mode: Mode) = match self.0 {};
        fn point_of_try(&self, _lock: &Lock) = match self.0 {};
        fn point_before(&self, _lock: &Lock, _mode: Mode, _site: Site) = match self.0 {};
        fn give_way(&self) = match self.0 {};
        fn lapse(&self) = match self.0 {};
        fn acquired(&self) = match self.0 {};
        fn note_try(&self) = match self.0 {};
        fn wait(&self, _failed: FailedTry, _may_unwind: bool) -> bool = match self.0 {};
        fn sleep(
            &self,
            _condvar: usize,
            _has_limit: bool,
            _back: (&Lock, Site),
            _unlock: impl FnOnce(),
            _try_lock: impl Fn() -> bool,
            _lock: impl Fn(),
        ) -> bool = match self.0 {};
        fn notify(&self, _condvar: usize, _all: bool) -> usize = match self.0 {};
        fn note_lock(&self, _verb: &'static str, _lock: &Lock, _site: Site) = match self.0 {};
        fn note_wait(&self, _lock: &Lock, _site: Site) = match self.0 {};
        fn note_condvar(&self, _verb: &'static str, _condvar: &CondvarRecord, _site: Site) =
            match self.0 {};
        fn is_meeting(&self) -> bool = match self.0 {};
        fn meet(&self, _places: &[usize]) -> bool = match self.0 {};
        fn part(&self) = match self.0 {};
        fn has_turns(&self) -> bool = match self.0 {};
        fn is_drained(&self, _lock: usize) -> bool = match self.0 {};
        fn drain(&self, _lock: usize) -> Drain = match self.0 {};
    }
}

#[derive(Debug)]
pub struct Drain(#[allow(dead_code)] Infallible);

// It ends something when it is dropped, in the instrumented build.
impl Drop for Drain {
    fn drop(&mut self) {}
}
