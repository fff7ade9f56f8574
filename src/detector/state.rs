//! The detector's state, behind its one lock.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::config;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::order::{Limits, OrderGraph};
use crate::primitives::{Mutex, MutexGuard};
use crate::report::{LockInfo, Stack};

/// How many thread names are remembered for reports about edges of threads that have ended.
const NAMES: usize = 1 << 16;

/// What the detector knows.
pub(super) struct State {
    pub(super) graph: OrderGraph,
    /// The locks in the graph.
    locks: HashMap<LockId, LockInfo>,
    names: HashMap<ThreadId, Option<String>>,
    /// The threads in `names`, in the order in which they came.
    introduced: VecDeque<ThreadId>,
    /// Where a thread was when it first took the second of two places under the first.
    stacks: HashMap<(usize, usize), Stack>,
    /// Recursive reads that were told: the place of the lock's construction and both sites.
    recursive_reads: HashSet<(usize, usize, usize)>,
}

impl State {
    fn new() -> Self {
        let config = config::current();
        Self {
            graph: OrderGraph::new(Limits {
                contexts_per_edge: config.get_contexts_per_edge(),
                search_steps: config.get_search_steps(),
                ..Limits::default()
            }),
            locks: HashMap::new(),
            names: HashMap::new(),
            introduced: VecDeque::new(),
            stacks: HashMap::new(),
            recursive_reads: HashSet::new(),
        }
    }

    pub(super) fn add_lock(&mut self, info: LockInfo) {
        self.locks.insert(info.id, info);
    }

    pub(super) fn lock(&self, id: LockId) -> Option<&LockInfo> {
        self.locks.get(&id)
    }

    pub(super) fn lock_mut(&mut self, id: LockId) -> Option<&mut LockInfo> {
        self.locks.get_mut(&id)
    }

    pub(super) fn remove_lock(&mut self, id: LockId) {
        if self.locks.remove(&id).is_some() {
            self.graph.forget(id);
        }
    }

    /// Remembers the name of a thread, in place of the one that came first if there are too many.
    pub(super) fn introduce(&mut self, thread: ThreadId, name: Option<String>) {
        if self.names.insert(thread, name).is_none() {
            self.introduced.push_back(thread);
            if self.introduced.len() > NAMES
                && let Some(oldest) = self.introduced.pop_front()
            {
                self.names.remove(&oldest);
            }
        }
    }

    pub(super) fn name(&self, thread: ThreadId) -> Option<String> {
        self.names.get(&thread).cloned().flatten()
    }

    pub(super) fn has_stack(&self, from: Site, to: Site) -> bool {
        self.stacks.contains_key(&places(from, to))
    }

    pub(super) fn add_stack(&mut self, from: Site, to: Site, stack: Stack) {
        self.stacks.entry(places(from, to)).or_insert(stack);
    }

    pub(super) fn stack(&self, from: Site, to: Site) -> Option<Stack> {
        self.stacks.get(&places(from, to)).cloned()
    }

    /// Whether this recursive read is told for the first time.
    pub(super) fn is_new_recursive_read(&mut self, made: Site, first: Site, second: Site) -> bool {
        let (first, second) = places(first, second);
        self.recursive_reads
            .insert((std::ptr::from_ref(made).addr(), first, second))
    }
}

/// Two places, by address: both are static data.
fn places(from: Site, to: Site) -> (usize, usize) {
    (
        std::ptr::from_ref(from).addr(),
        std::ptr::from_ref(to).addr(),
    )
}

/// Made at first use; replaced, never freed, in the child of a fork.
static STATE: AtomicPtr<Mutex<State>> = AtomicPtr::new(std::ptr::null_mut());

/// The generation of the state: part of every key, so that what a thread knows of an old state is
/// not known of a new one.
static GENERATION: AtomicU64 = AtomicU64::new(0);

fn mutex() -> &'static Mutex<State> {
    // Acquire pairs with the Release of the exchange below: the state is seen whole.
    let current = STATE.load(Ordering::Acquire);
    let state = if current.is_null() { create() } else { current };
    #[allow(unsafe_code)]
    // SAFETY: the pointer came from a box that was leaked for this.
    unsafe {
        &*state
    }
}

#[cold]
fn create() -> *mut Mutex<State> {
    let fresh = Box::into_raw(Box::new(Mutex::new(State::new())));
    match STATE.compare_exchange(
        std::ptr::null_mut(),
        fresh,
        Ordering::AcqRel,
        Ordering::Acquire,
    ) {
        Ok(_) => fresh,
        // Somebody else was first; ours, which nobody has seen, stays behind unused.
        Err(current) => current,
    }
}

/// Takes the detector's lock.
pub(super) fn lock() -> MutexGuard<'static, State> {
    mutex().lock()
}

/// Starts with an empty state, as the child of a fork does.
pub(super) fn renew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    STATE.store(std::ptr::null_mut(), Ordering::Release);
}

/// The generation of the state.
pub(super) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed) as u32
}
