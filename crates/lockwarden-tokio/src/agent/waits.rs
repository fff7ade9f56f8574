//! The waits of a task that are not over.

use std::collections::VecDeque;
use std::sync::Arc;

use super::leaf::Wait;
use super::stack::AwaitStack;
use super::task::Probed;

/// The waits of a task, in the order in which they began.
///
/// A task may wait for tens of thousands at once (`join_all`). The end of one costs a binary search, and moves those
/// before it or those behind it, whichever are fewer.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    all: VecDeque<Arc<Wait>>,
    /// How many of them only certain tasks can end.
    certain: usize,
    /// What the last probe of the task has shown.
    pub(crate) probed: Option<Probed>,
    /// The await stacks that it has shown of what is not watched.
    pub(super) elsewhere: Arc<[AwaitStack]>,
}

impl Waits {
    /// Adds a wait.
    pub(super) fn add(&mut self, wait: Arc<Wait>) {
        self.certain += usize::from(wait.target.is_for_certain_tasks());
        let at = self.all.partition_point(|one| one.began < wait.began);
        self.all.insert(at, wait);
    }

    /// Removes a wait; returns whether it was the last one that only certain tasks can end.
    pub(super) fn remove(&mut self, wait: &Wait) -> bool {
        let Ok(at) = self.all.binary_search_by_key(&wait.began, |one| one.began) else {
            return false;
        };
        self.all.remove(at);
        let is_certain = wait.target.is_for_certain_tasks();
        self.certain -= usize::from(is_certain);
        is_certain && self.certain == 0
    }

    /// All of them, in the order in which they began.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Wait>> {
        self.all.iter()
    }

    /// The one that began last.
    pub(crate) fn last(&self) -> Option<&Arc<Wait>> {
        self.all.back()
    }
}
