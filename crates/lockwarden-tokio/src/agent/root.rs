//! The future round a whole task.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lockwarden::instrument::{Agent, Clock, Site};
use pin_project_lite::pin_project;

use super::frame::{self, Frame};
use super::mark;
use super::probe::Probe;
use super::runtime::RuntimeState;
use super::task::{Kind, Probed, Task};
use crate::examine;

pin_project! {
    /// A task: its future, and who it is.
    pub(crate) struct Root<F> {
        // Taken out in place when it is done or dropped, so that what it holds is released by the
        // agent that took it.
        #[pin]
        future: Option<F>,
        agent: Agent,
        task: Arc<Task>,
    }

    impl<F> PinnedDrop for Root<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.agent.run(|| this.future.set(None));
            }
            examine::resumed(this.task);
            this.task.end();
        }
    }
}

/// Where a task comes from.
pub(crate) struct Origin {
    pub(crate) kind: Kind,
    pub(crate) spawned: Site,
    pub(crate) runtime: Option<Arc<RuntimeState>>,
}

impl Origin {
    /// A new agent and its task.
    pub(crate) fn begin(self) -> (Agent, Arc<Task>) {
        let mut agent = Agent::started_at(self.spawned);
        agent.set_past(Clock::release_if_attached());
        let (id, check) = (agent.id(), agent.check());
        let task = Task::new(id, check, self.kind, self.spawned, self.runtime);
        (agent, task)
    }
}

impl<F: Future> Root<F> {
    pub(crate) fn new(future: F, origin: Origin) -> Self {
        let (agent, task) = origin.begin();
        Self {
            future: Some(future),
            agent,
            task,
        }
    }

    pub(crate) fn task(&self) -> &Arc<Task> {
        &self.task
    }
}

impl<F: Future> Future for Root<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let task = &*this.task;
        let start = std::ptr::from_ref(&*this.future).addr();
        let poll = task.begin_poll(frame::thread());
        examine::resumed(task);
        let mut frame = Frame {
            task,
            poll,
            probe: None,
            place: start..start + size_of::<Option<F>>(),
            is_pending: Cell::new(false),
        };
        let _polled = Polled(task);
        if task.wants_probe() {
            let (probe, waker) = Probe::new(cx.waker());
            frame.probe = Some(&probe);
            let mut cx = Context::from_waker(&waker);
            let result = run(&mut this.future, this.agent, &frame, &mut cx);
            if result.is_pending() {
                task.waits.lock().probed = Some(Probed {
                    // What it will be when the poll is over.
                    at: poll + 1,
                    is_tracked: probe.is_tracked(),
                    sequence: Probe::next_sequence(),
                });
            }
            return result;
        }
        run(&mut this.future, this.agent, &frame, cx)
    }
}

/// Polls the future as the task that it is.
#[inline(always)]
fn run<F: Future>(
    future: &mut Pin<&mut Option<F>>,
    agent: &mut Agent,
    frame: &Frame<'_>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    agent.run(|| {
        let result = frame::within(frame, || {
            mark::in_root(|| match future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => over(),
            })
        });
        if result.is_ready() {
            future.set(None);
            *frame.task.end.lock() = Some(Clock::release_if_attached());
        } else {
            examine::suspended(frame.task);
        }
        result
    })
}

#[cold]
fn over() -> ! {
    panic!("a task was polled after it had ended");
}

/// A poll that is under way.
struct Polled<'a>(&'a Task);

impl Drop for Polled<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.end_poll();
    }
}
