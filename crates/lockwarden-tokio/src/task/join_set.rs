//! A set of tasks.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::Site;
use tokio::task::{AbortHandle, Id, JoinError};

use super::blocking::job;
use super::{LocalSet, root};
use crate::agent::frame;
use crate::agent::leaf::{Leaf, Target, Waiting};
use crate::agent::root::Ended;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Joined, Kind};
use crate::runtime::Handle;
use crate::sync::sited::Sited;

/// [`tokio::task::JoinSet`] of tasks that are watched.
pub struct JoinSet<T> {
    inner: tokio::task::JoinSet<Ended<T>>,
    tasks: HashMap<Id, Joined>,
    leaf: Leaf,
}

impl<T> JoinSet<T> {
    /// As [`tokio::task::JoinSet::new`].
    pub fn new() -> Self {
        Self {
            inner: tokio::task::JoinSet::new(),
            tasks: HashMap::new(),
            leaf: Leaf::new(),
        }
    }

    /// As [`tokio::task::JoinSet::len`].
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// As [`tokio::task::JoinSet::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    fn add(&mut self, handle: AbortHandle, joined: Joined) -> AbortHandle {
        self.tasks.insert(handle.id(), joined);
        handle
    }

    /// As [`tokio::task::JoinSet::spawn`].
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let runtime = RuntimeState::here();
        let (root, joined) = root(task, Kind::Spawned, Location::caller(), runtime.as_ref());
        let handle = self.inner.spawn(root);
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::spawn_on`].
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let (root, joined) = root(task, Kind::Spawned, Location::caller(), handle.state());
        let handle = self.inner.spawn_on(root, handle);
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let (root, joined) = root(task, Kind::Local, Location::caller(), None);
        let handle = self.inner.spawn_local(root);
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::spawn_local_on`].
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let (root, joined) = root(task, Kind::Local, Location::caller(), None);
        let handle = self.inner.spawn_local_on(root, local_set.as_tokio());
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let runtime = RuntimeState::here();
        let (job, joined) = job(f, Location::caller(), runtime.as_ref());
        let _apart = frame::apart();
        let handle = self.inner.spawn_blocking(job);
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::spawn_blocking_on`].
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let (job, joined) = job(f, Location::caller(), handle.state());
        let _apart = frame::apart();
        let handle = self.inner.spawn_blocking_on(job, handle);
        self.add(handle, joined)
    }

    /// As [`tokio::task::JoinSet::join_next`], and as cancel safe.
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> {
        let created = Location::caller();
        Sited::new(async move {
            let joined = poll_fn(|cx| self.poll_at(cx, created)).await;
            joined.map(|joined| joined.map(|(_, value)| value))
        })
    }

    /// As [`tokio::task::JoinSet::join_next_with_id`], and as cancel safe.
    #[track_caller]
    pub fn join_next_with_id(
        &mut self,
    ) -> impl Future<Output = Option<Result<(Id, T), JoinError>>> {
        let created = Location::caller();
        Sited::new(async move { poll_fn(|cx| self.poll_at(cx, created)).await })
    }

    /// As [`tokio::task::JoinSet::try_join_next`].
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let joined = self.try_join_next_with_id()?;
        Some(joined.map(|(_, value)| value))
    }

    /// As [`tokio::task::JoinSet::try_join_next_with_id`].
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let ended = self.inner.try_join_next_with_id()?;
        Some(self.joined(ended))
    }

    /// As [`tokio::task::JoinSet::shutdown`].
    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> {
        let created = Location::caller();
        Sited::new(async move {
            self.abort_all();
            while poll_fn(|cx| self.poll_at(cx, created)).await.is_some() {}
        })
    }

    /// As [`tokio::task::JoinSet::join_all`].
    ///
    /// # Panics
    ///
    /// If a task has panicked, with its payload, or was aborted.
    #[track_caller]
    pub fn join_all(mut self) -> impl Future<Output = Vec<T>> {
        let created = Location::caller();
        Sited::new(async move {
            let mut output = Vec::with_capacity(self.len());
            while let Some(joined) = poll_fn(|cx| self.poll_at(cx, created)).await {
                match joined {
                    Ok((_, value)) => output.push(value),
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(error) => panic!("{error}"),
                }
            }
            output
        })
    }

    /// As [`tokio::task::JoinSet::abort_all`].
    pub fn abort_all(&mut self) {
        self.inner.abort_all();
    }

    /// As [`tokio::task::JoinSet::detach_all`].
    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.inner.detach_all();
    }

    /// As [`tokio::task::JoinSet::poll_join_next`].
    #[track_caller]
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let joined = ready!(self.poll_at(cx, Location::caller()));
        Poll::Ready(joined.map(|joined| joined.map(|(_, value)| value)))
    }

    /// As [`tokio::task::JoinSet::poll_join_next_with_id`].
    #[track_caller]
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.poll_at(cx, Location::caller())
    }

    fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        created: Site,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let place = std::ptr::from_ref(self).addr();
        let Self { inner, tasks, leaf } = self;
        let waiting = Waiting {
            created,
            site: frame::outer_site(created),
            place,
            target: || {
                Target::End(
                    tasks
                        .iter()
                        .map(|(id, joined)| (*id, joined.clone()))
                        .collect(),
                )
            },
        };
        let ended = ready!(leaf.poll(cx, waiting, |cx| inner.poll_join_next_with_id(cx)));
        Poll::Ready(ended.map(|ended| self.joined(ended)))
    }

    fn joined(&mut self, ended: Result<(Id, Ended<T>), JoinError>) -> Result<(Id, T), JoinError> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        self.tasks.remove(&id);
        ended.map(|(id, ended)| (id, ended.joined()))
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(iter: I) -> Self {
        let mut set = Self::new();
        for task in iter {
            set.spawn(task);
        }
        set
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, iter: I) {
        for task in iter {
            self.spawn(task);
        }
    }
}
