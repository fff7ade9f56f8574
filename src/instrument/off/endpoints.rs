//! Record that the two ends of a channel share, in a build without instrumentation.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::resource::Resource;
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::instrument::side::Side;
use crate::tracking::lock::kind::LockKind;

#[derive(Clone, Debug)]
pub struct Endpoints(());

static CHANNEL: LockKind = LockKind::new("channel").resource();
static RECORD: Resource = Resource::new(&CHANNEL);

impl Endpoints {
    inlined! {
        fn new(_name: Option<&'static str>) -> Self = Self(());
        fn record(&self) -> &Resource = &RECORD;
        fn provided(&self);
        fn select(&self) -> EndpointWait<'_> = EndpointWait(PhantomData);
    }

    #[inline(always)]
    pub fn wait<R>(
        &self,
        awaited: WaitReason,
        _places: usize,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> R {
        RECORD.wait(awaited, site, attempt)
    }

    inlined! {
        fn drop_sender(&self);
        fn drop_receiver(&self);
        fn no_senders(&self);
        fn no_receivers(&self);
        fn register(&self, _side: Side) -> EndpointWait<'_> = EndpointWait(PhantomData);
        fn place(&self, _side: Side) -> usize = 0;
        fn has_counterpart(&self, _side: Side, _mine: usize) -> bool = false;
    }

    #[inline(always)]
    pub fn block_on<R>(
        &self,
        _side: Side,
        limit: Option<Duration>,
        mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
    ) -> Option<R> {
        attempt(limit)
    }

    #[inline(always)]
    pub fn is_same(&self, _other: &Endpoints) -> bool {
        false
    }
}

#[derive(Debug)]
pub struct EndpointWait<'a>(PhantomData<&'a ()>);

#[derive(Debug)]
pub struct Endpoint(Endpoints);

impl Endpoint {
    #[inline(always)]
    pub fn new(ends: Endpoints, _side: Side) -> Self {
        Self(ends)
    }
}

impl std::ops::Deref for Endpoint {
    type Target = Endpoints;

    #[inline(always)]
    fn deref(&self) -> &Endpoints {
        &self.0
    }
}

pub fn wait_for_selection<R>(
    _site: Site,
    mut attempt: impl FnMut(Option<Duration>) -> Option<R>,
) -> R {
    loop {
        if let Some(done) = attempt(None) {
            return done;
        }
    }
}

pub fn wait_for_selection_until<R>(
    deadline: Instant,
    site: Site,
    attempt: impl FnMut(Duration) -> Option<R>,
) -> Option<R> {
    RECORD.wait_until(WaitReason::Selection, deadline, site, attempt)
}
