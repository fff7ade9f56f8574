//! The test runner of the standard library: its `main` starts each test in a thread of its own and waits for the results.
//! That thread uses no watched lock, so the detector does not know it; and it ends no wait of a test.

use super::snapshot::{Snapshots, ThreadSnapshot};
use crate::report::Stack;
use crate::system::{self, NoStack, signal};
use crate::tracking::thread::current;
use crate::tracking::thread::slot::{Flag, os_id};
use crate::tracking::thread::wait::WaitKind;

/// Returns whether the only thread of the process that is not in the snapshot is that of the test runner: the process
/// began with it, and a test is under way.
///
/// A thread that may be that of a test is asked for its stack, until it has answered, but not while a thread moves, as in a
/// hand-over. That counts for the threads that have no part in a
/// deadlock, too: they are not looked at again. Each of them has to be known, to tell the threads of one test from those of another.
pub(super) fn is_untracked(all: &Snapshots) -> bool {
    let first = std::process::id();
    let is_first = |thread: &ThreadSnapshot| thread.slot.life.os_id() == Some(first);
    // That thread waits for the end of a test in a futex. While it runs, writes a result, or joins a thread, it may be about
    // to start the next test, which could end a wait of another.
    let waits_for_tests = || system::futex_sleep(first).is_some();
    // Counted again: it may have started one since the count.
    let is_alone = || all.untracked_threads() == Some(1);
    let of_tests = || {
        all.threads
            .iter()
            .map(runs_test)
            .collect::<Option<Vec<_>>>()
    };
    !all.threads.iter().any(is_first)
        && waits_for_tests()
        && is_alone()
        && all.stands_still()
        && of_tests().is_some_and(|of_tests| of_tests.contains(&true))
}

/// Returns whether a thread runs a test, or may do so.
pub(super) fn may_run_tests(all: &Snapshots) -> bool {
    all.threads
        .iter()
        .any(|thread| runs_test(thread) != Some(false))
}

/// Returns whether another thread than the one at `me` is to report a deadlock of a test: the thread of the test itself, if
/// it can look at its wait and unwind out of it. Threads that no test under way has led to are shared by tests, and report
/// nothing.
pub(super) fn is_left_to_test(all: &Snapshots, me: usize) -> bool {
    let Some(test) = test_of(all, me) else {
        return true;
    };
    let need = all.threads[test].wait.map(|wait| wait.need);
    test != me && matches!(need, Some(WaitKind::Other(awaited)) if awaited.can_unwind())
}

/// Returns whether the thread at `at` has no part in a deadlock of the test that has led to the thread at `me`: it belongs to
/// another test under way, or to none and waits for work.
pub(super) fn is_aside(all: &Snapshots, at: usize, me: usize) -> bool {
    let test = test_of(all, at);
    let waits_for_work = || {
        let is_idle = all.waits_for_any_thread(at) && !all.holds(at);
        is_idle && !all.threads[at].slot.life.has(Flag::Agent)
    };
    test != test_of(all, me) && (test.is_some() || waits_for_work())
}

/// Returns the thread of the test under way that has led to the thread at `at` by spawns, or is that.
pub(super) fn test_of(all: &Snapshots, at: usize) -> Option<usize> {
    let ancestor = all.threads[at].slot.ancestor()?;
    all.threads
        .iter()
        .position(|thread| thread.id == Some(ancestor) && runs_test(thread) == Some(true))
}

/// Returns whether the thread runs a test; `None` if that is not known yet: a thread of the library has to ask it first, or it
/// has not answered.
fn runs_test(thread: &ThreadSnapshot) -> Option<bool> {
    let life = &thread.slot.life;
    if thread.ended || life.has(Flag::Ours) || life.has(Flag::Started) {
        return Some(false);
    }
    // An agent has no such id, and the first thread runs no test.
    let id = life.os_id();
    let Some(id) = id.filter(|id| *id != std::process::id()) else {
        return Some(false);
    };
    if !life.has(Flag::AskedForTest) {
        // That of a test has its name. To look up the functions of a stack may take some hundred milliseconds, in which the
        // program's threads keep their locks: where that thread can be asked by a signal, one of the library asks it.
        let asks = current::own().life.has(Flag::Ours) || !cfg!(feature = "signals");
        if thread.slot.name().is_none() {
            return Some(false);
        }
        if !asks {
            return None;
        }
        match ask(id) {
            Ok(runs_test) => life.set_runs_test(id, runs_test),
            // The system did not let it run: the next look asks again.
            Err(NoStack::NoAnswer) => return None,
            // It may look itself.
            Err(_) => return Some(false),
        }
    }
    Some(life.has(Flag::RunsTest))
}

/// Asks the thread with this id of the operating system whether the test runner runs a test in it.
pub(crate) fn ask(id: u32) -> Result<bool, NoStack> {
    let stack = match id == os_id() {
        true => Ok(Stack::capture()),
        false => signal::ask(&[(id, system::look(id).blocked)]).remove(0),
    };
    stack.map(|stack| stack.is_of_test())
}
