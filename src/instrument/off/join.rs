//! Record of a thread, in a build without instrumentation.

use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;

#[derive(Clone, Debug)]
pub struct JoinRecord(());

impl JoinRecord {
    inlined! {
        fn new(_place: Site) -> Self = Self(());
        fn begin(self) -> RunningThread = RunningThread(());
        fn is_over(&self) -> bool = true;
        fn wait(&self, _awaited: WaitReason, _site: Site);
    }
}

#[derive(Debug)]
pub struct RunningThread(());
