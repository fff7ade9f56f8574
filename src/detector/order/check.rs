//! Lock order: the check of one acquisition under other locks.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::detector::order::promote::promote;
use crate::detector::order::{classes, inherited_holds, repeated};
use crate::detector::state;
use crate::detector::{check_session, describe};
use crate::engine::acquisition::Acquisition;
use crate::engine::ids::LockId;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::verdict::Verdict;
use crate::report::{Facts, Stack};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::lock::leaf_edges::Insert;
use crate::tracking::lock::lock_id_pool;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::lock::request::Request;
use crate::tracking::thread::current;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::own::{with_own, with_own_open};
use crate::tracking::thread::section::SlotAddress;
use crate::tracking::thread::slot::{HeldLock, Slot};

/// The most locks that a thread may hold for its acquisitions to be checked.
const MOST_HELD: u32 = 1024;

/// Whether a thread held more.
static CROWDED: AtomicBool = AtomicBool::new(false);

/// Returns whether an acquisition was not checked because the thread held too many locks.
pub(crate) fn was_crowded() -> bool {
    // Relaxed: the flag publishes no other memory.
    CROWDED.load(Ordering::Relaxed)
}

/// Checks an acquisition of a lock by a thread that holds others, before the lock is added to its lockset,
/// and returns the findings.
///
/// An exclusive acquisition by a thread that holds nothing is checked, too, if readers of the lock can wait
/// for each other behind a queued writer.
///
/// Called when the lock itself has not cached the acquisition. Costs a look-up in the thread's own cache if
/// it is there; if the lock is a leaf, a new leaf edge; and only otherwise an access of the graph.
pub(crate) fn check(slot: &'static Slot, record: &LockRecord, request: Request) -> Vec<Facts> {
    let Request { ident, mode, site } = request;
    let key = slot.key();
    let known = lockset_hash::known(key, mode);
    let (busy, remembered) = with_own(slot, |own| (own.busy > 0, own.has_seen(known, ident.tag())));
    if busy {
        return Vec::new();
    }
    if remembered {
        // Relaxed: a hint.
        record.known.store(known, Ordering::Relaxed);
        return Vec::new();
    }
    let remember = || {
        with_own(slot, |own| own.learn(known, ident.tag()));
        // Relaxed: as above.
        record.known.store(known, Ordering::Relaxed);
    };
    // Each new order costs a look at each held lock. For a thread that has forgotten as many guards, or locks
    // a whole table, every order would be new.
    if slot.count() > MOST_HELD {
        CROWDED.store(true, Ordering::Relaxed);
        return Vec::new();
    }
    let content = repeated::content(slot, request);
    if content.is_some_and(|content| repeated::repeats(slot, ident, content)) {
        remember();
        return Vec::new();
    }
    let held = slot.held().unwrap_or_default();
    let mut found = Vec::new();
    let mut mine = held.iter().filter(|h| std::ptr::eq(h.ident, ident));
    // No writer can queue behind an upgradable or an exclusive hold.
    if let Some(first) = mine.next()
        && first.mode == Mode::Shared
        && mine.all(|h| h.mode == Mode::Shared)
        && let Some(facts) = recursive_read(slot, first, request)
    {
        found.push(facts);
    }
    if is_harmless(slot, &held, request) {
        remember();
        return found;
    }
    let holding = with_own(slot, |own| {
        own.holding(key, state::generation(), || {
            let mut all = Vec::with_capacity(held.len());
            for hold in &held {
                all.push(hold.info());
            }
            all.into_boxed_slice()
        })
    });
    let context = LeafEdge {
        holding,
        mode,
        site,
    };
    inherited_holds::note(slot, ident, &context);
    found.append(&mut learn(slot, &held, ident, &context, content));
    found.append(&mut classes::learn(
        slot, key, &held, ident, &context, content,
    ));
    if mode == Mode::Exclusive {
        found.append(&mut classes::first_write(slot, ident.class()));
    }
    let is_alone = found.is_empty()
        // Otherwise the context went to the graph of a check, or was recorded for the join.
        && slot.check_id() == 0
        // What two locks of one class show depends on their ids.
        && held.iter().all(|h| h.ident().class().id != ident.class().id)
        && !ident.contexts.is_promoted();
    remember();
    if is_alone {
        with_own(slot, |own| {
            if own.notes.is_none() {
                own.first
                    .learn(SlotAddress::of(slot), ident.class(), known, context);
            }
        });
    }
    found
}

/// Returns whether the thread already has a hold of the lock that excludes everything for which this request
/// could wait: a re-entrant acquisition, or a read inside a read. Such a request is part of no deadlock of
/// several locks, so it gives no edges; the existing hold stays as it is.
///
/// A hold that the thread inherits from its parent excludes others in the same way, and the parent itself
/// where the two modes are compatible, unless a writer can queue behind it.
fn is_harmless(slot: &'static Slot, held: &[HeldLock], request: Request) -> bool {
    let Request { ident, mode, .. } = request;
    let kind = ident.class().kind;
    // The guard of a hold whose guards can be sent may be in another thread by now.
    let is_kept_out = |h: &HeldLock| std::ptr::eq(h.ident, ident) && h.mode.keeps_out(mode);
    if !kind.is_sendable() && held.iter().any(is_kept_out) {
        return true;
    }
    mode == Mode::Shared
        && with_own(slot, |own| {
            own.inherited.iter().any(|around| match around.held.mode {
                _ if around.held.lock != ident.id() => false,
                Mode::Exclusive => false,
                Mode::Upgradable => true,
                Mode::Shared => kind.policy() == ReadPolicy::ReadersPass,
            })
        })
}

/// Reports a second shared hold by one thread, between which a writer can queue.
fn recursive_read(slot: &'static Slot, first: &HeldLock, request: Request) -> Option<Facts> {
    let Request { ident, mode, site } = request;
    if mode == Mode::Exclusive || !ident.class().kind.readers_wait() {
        return None;
    }
    let made = ident.class().place;
    let path = match std::ptr::eq(first.site, site) {
        true => Stack::capture().path(),
        false => 0,
    };
    if !check_session::graph_of(slot)
        .lock()
        .is_new_recursive_read(made, first.site, site, path)
    {
        return None;
    }
    let verdict = Verdict::RecursiveRead;
    Some(describe::alone(verdict, slot, first, request))
}

/// Records a new context.
fn learn(
    slot: &'static Slot,
    held: &[HeldLock],
    ident: &'static Ident,
    context: &LeafEdge,
    content: Option<u64>,
) -> Vec<Facts> {
    let (holding, mode, site) = (&context.holding, context.mode, context.site);
    let mut unknown = Vec::new();
    with_own(slot, |own| {
        for hold in held {
            if !own.has_place(hold.site, site) {
                unknown.push(hold.site);
            }
        }
        for around in &holding.inherited {
            if !own.has_place(around.held.site, site) {
                unknown.push(around.held.site);
            }
        }
    });
    let graph = check_session::graph_of(slot);
    let (mut others, mut edges) = (Vec::new(), Vec::new());
    let mut are_promoted = true;
    for hold in held {
        if std::ptr::eq(hold.ident, ident) {
            continue;
        }
        let other = hold.ident();
        others.push(other);
        are_promoted &= other.contexts.is_promoted();
        // Locations in one file may be those of a type that wraps the program's locks, and then do not
        // distinguish edges.
        if hold.site.file() == site.file() {
            edges.push(other.id());
        }
    }
    let has_stack = |from: &LockId| graph.lock().has_edge_stack((*from, ident.id()));
    let keeps_edges = !edges.is_empty()
        && with_own(slot, |own| own.has_stacks_left())
        && !edges.iter().all(has_stack);
    // An inherited lock was moved into the graph when it was inherited.
    let is_nested = !others.is_empty() || !holding.inherited.is_empty();
    let is_writer =
        mode == Mode::Exclusive && ident.class().kind.readers_wait() && !ident.has_any_writer();
    // In the child of a fork, or in a check that has a graph of its own, a promoted lock may not be in the
    // new graph yet.
    let leaf_under_known = state::generation() == 0
        && !graph.is_own()
        && !ident.contexts.is_promoted()
        && unknown.is_empty()
        && !keeps_edges
        && are_promoted;
    if leaf_under_known && offer(ident, context) {
        return Vec::new();
    }
    // Captured outside the lock: it takes microseconds, and all threads share the lock.
    let stack = (keeps_edges || !unknown.is_empty()).then(|| {
        let known = graph.lock();
        if !keeps_edges && unknown.iter().all(|from| known.has_stack(from, site)) {
            return None;
        }
        drop(known);
        Some(Stack::capture())
    });
    let thread = holding.segment.thread();
    // Else each thread that makes the acquisition has to come to the order of classes.
    let with_classes = content.is_some() && !classes::is_recorded(slot);
    let mut state = graph.lock();
    if let Some(Some(stack)) = stack {
        for from in &unknown {
            state.add_stack(from, site, stack.clone());
        }
        if keeps_edges {
            for from in &edges {
                state.add_edge_stack((*from, ident.id()), stack.clone());
            }
        }
    }
    state.introduce(thread, slot);
    let mut findings = Vec::new();
    for other in &others {
        findings.append(&mut promote(&mut state, other));
    }
    // Leaf edges belong to the graph of the process.
    if (is_nested || is_writer) && (graph.is_own() || !offer(ident, context)) {
        // The lock is promoted by now, or has more contexts than a leaf keeps: then they belong in the graph,
        // which keeps some for each edge. To drop one would lose an edge.
        findings.append(&mut promote(&mut state, ident));
        let id = ident.id();
        debug_assert!(
            state.lock(id).is_some(),
            "a promoted lock stands in the graph"
        );
        let acquisition = Acquisition {
            segment: &holding.segment,
            held: &holding.held,
            inherited: &holding.inherited,
            gone: &[],
            lock: id,
            mode,
            site,
        };
        findings.append(&mut repeated::acquire(
            &mut state,
            ident,
            &acquisition,
            content,
            with_classes,
        ));
        if is_writer && state.graph.has_any_writer(id) {
            ident.allow_any_writer();
        }
    }
    classes::note(&mut state, &findings);
    describe::cycles(slot, &state, &findings, Some(site))
}

/// Inserts the context into a leaf; returns `false` if the lock is no leaf any more, or is full.
fn offer(ident: &'static Ident, context: &LeafEdge) -> bool {
    match ident.contexts.offer(context.clone()) {
        Insert::Kept | Insert::Known => true,
        Insert::Full | Insert::Promoted => false,
    }
}

/// Removes a dropped lock. With `unreferred` the caller guarantees that it was not held.
#[inline]
pub(crate) fn retire(ident: &'static Ident, unreferred: bool) {
    // Not `open`: what is changed here is not used by the addition of a held lock.
    let slot = current::slot();
    // A signal handler that drops a lock between the steps of this at worst leaks an ident, too.
    if unreferred && ident.keep_ready(SlotAddress::of(slot)) {
        return;
    }
    if ident.contexts.clear(unreferred) {
        forget(ident.id());
    }
    if slot.is_detached() {
        lock_id_pool::spill_vacated(ident, unreferred);
    } else {
        // A signal handler that drops a lock between the steps of `LockIdPool::give` at worst leaks an ident:
        // everything else closes the thread itself.
        with_own_open(slot, |own| own.pool.give(ident, unreferred));
    }
}

#[cold]
fn forget(id: LockId) {
    state::lock().remove_lock(id);
    check_session::forget(id);
}

/// Updates the label of a lock in the graphs, for reports that are made from them.
pub(crate) fn relabel(record: &LockRecord) {
    let Some(ident) = record.ident() else { return };
    let (id, label) = (ident.id(), ident.label());
    check_session::relabel(id, label.as_ref());
    if let Some(info) = state::lock().lock_mut(id) {
        info.label = label;
    }
}
