//! The task of a deadlock that panics.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::graph::{Graph, Node};
use super::super::hang;
use crate::agent::task::Kind;

static BREAKS: AtomicBool = AtomicBool::new(false);

/// Whether a task of a deadlock is made to panic, where the configuration asks for a panic.
pub(crate) fn set_breaking(breaks: bool) {
    BREAKS.store(breaks, Ordering::Relaxed);
}

/// Whether a task of the set is made to panic outside of a check, where the configuration asks for a panic.
pub(super) fn breaks(graph: &Graph, set: &[usize]) -> bool {
    BREAKS.load(Ordering::Relaxed) || is_of_test(graph, set)
}

/// Whether one of the tasks is of a test that libtest runs.
fn is_of_test(graph: &Graph, set: &[usize]) -> bool {
    hang::ask();
    let tests = hang::tests();
    let mut tasks = set.iter().filter_map(|&at| graph.nodes[at].task.as_ref());
    tasks.any(|task| hang::test_of(task, &tests).is_some())
}

/// Makes a task of the set panic that a thread would poll, one in a wait of this crate if there is one; returns whether there
/// is any.
pub(super) fn break_with(graph: &Graph, set: &[usize], message: &str) -> bool {
    let nodes = || set.iter().map(|&at| &graph.nodes[at]);
    // One whose thread is blocked, or that is in the middle of a poll, does not wake up.
    let is_polled = |node: &Node| node.unpolled.is_none() && !node.is_asleep;
    let victim = |node: &&Node| node.task.is_some() && !node.waits.is_empty() && is_polled(node);
    // A future that a thread drives ends the test, or the program, with the words of the panic.
    let is_driven = |node: &&Node| {
        let kind = node.task.as_ref().map(|task| task.kind);
        victim(node) && kind == Some(Kind::Driven)
    };
    // That of a thread which serves tests would end that thread, and not the test.
    let tests = hang::tests();
    let is_of_test = |node: &&Node| {
        let task = node.task.as_ref().filter(|_| is_driven(node));
        task.is_some_and(|task| tests.contains(&task.carrier()))
    };
    let of_test = nodes().find(is_of_test);
    let node = of_test
        .or_else(|| nodes().find(is_driven))
        .or_else(|| nodes().find(victim));
    if let Some(node) = node
        && let (Some(task), Some(wait)) = (&node.task, node.waits.first())
    {
        task.set_alarm(message.to_owned());
        wait.wake_task();
        return true;
    }
    // One that waits for something else panics at its next poll.
    let is_suspended = |node: &&Node| is_polled(node) && node.polls.is_multiple_of(2);
    let mut tasks = nodes()
        .filter(is_suspended)
        .filter_map(|node| node.task.as_ref());
    let task =
        tasks.find(|task| task.kind == Kind::Driven && !task.has_ended() && task.has_no_wait());
    if let Some(task) = task {
        task.set_alarm(message.to_owned());
        task.wake();
    }
    task.is_some()
}
