//! The state of the detector, behind one lock.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::config;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::order_graph::{Hashes, IdTable, Limits, OrderGraph, hash_of};
use crate::engine::sorting;
use crate::engine::verdict::Verdict;
use crate::report::{LockInfo, Stack, ThreadInfo};
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::{Mutex, MutexGuard};

/// The most stacks of single edges that are kept: some hundred bytes each.
const EDGE_STACKS: usize = 4096;
/// The most threads that are remembered for reports about edges of ended threads.
const INTRODUCED: usize = 1 << 16;

struct KnownLock {
    info: LockInfo,
    /// Its class, and the address of its ident; `None` for a class.
    instance: Option<(LockId, usize)>,
}

/// What is remembered of a thread or agent after its end.
struct Introduced {
    thread: ThreadId,
    name: Option<String>,
    spawned: Option<Site>,
    is_task: bool,
}

/// Everything that the detector has recorded.
pub(crate) struct DetectorState {
    pub(crate) graph: OrderGraph,
    /// The order graph of lock classes.
    pub(crate) classes: OrderGraph,
    /// The locks and classes in the graphs, including classes that were only declared.
    locks: IdTable<LockId, KnownLock>,
    /// Hashes of what was found, so that it is not reported again: the sets of classes of cycles, so that the order of
    /// classes does not repeat what instances have shown; and recursive reads, by the locations of the lock's
    /// construction and of both acquisitions.
    reported: Hashes,
    /// The threads of recorded acquisitions, by their numbers; those with the lowest are forgotten when there are too
    /// many.
    introduced: Vec<Introduced>,
    /// The stack at which a pair of source locations was first nested.
    stacks: IdTable<(u64, u64), Stack>,
    /// Stacks of single edges between locations in one file, where a type of the program may wrap its locks;
    /// the oldest are dropped when there are too many.
    edge_stacks: IdTable<(u64, u64), Stack>,
    /// How many of them were dropped.
    edge_stacks_dropped: usize,
    /// Whether this is the state of one check, and not that of the process.
    pub(crate) is_of_check: bool,
}

impl DetectorState {
    fn new() -> Self {
        let config = config::current();
        let limits = Limits {
            contexts_per_edge: config.contexts_per_edge,
            search_steps: config.search_steps,
            ..Limits::default()
        };
        Self {
            graph: OrderGraph::new(limits),
            classes: OrderGraph::new(limits),
            locks: IdTable::new(),
            reported: Hashes::default(),
            introduced: Vec::new(),
            stacks: IdTable::new(),
            edge_stacks: IdTable::new(),
            edge_stacks_dropped: 0,
            is_of_check: false,
        }
    }

    /// Returns an empty state for one check.
    pub(crate) fn of_check() -> Self {
        Self {
            is_of_check: true,
            ..Self::new()
        }
    }

    pub(crate) fn add_lock(&mut self, info: LockInfo, ident: &'static Ident) {
        let instance = Some((ident.class().id, std::ptr::from_ref(ident).addr()));
        self.locks.insert(info.id, KnownLock { info, instance });
    }

    /// Returns the class of a lock in the graph.
    pub(crate) fn class_of(&self, id: LockId) -> Option<LockId> {
        Some(self.locks.get(id)?.instance?.0)
    }

    /// Returns the lock in the graph whose ident has this address, without a look at the ident: for locks of
    /// running threads, which may release and drop them at any moment.
    ///
    /// Walks all locks, so it serves reports only.
    pub(crate) fn lock_at(&self, ident: *const Ident) -> Option<LockId> {
        for (id, known) in self.locks.items() {
            if known.instance.is_some_and(|(_, at)| at == ident.addr()) {
                return Some(*id);
            }
        }
        None
    }

    /// Returns what is recorded of a lock in the graph, or of a class.
    pub(crate) fn lock(&self, id: LockId) -> Option<&LockInfo> {
        self.locks.get(id).map(|known| &known.info)
    }

    /// Records what reports say of a class, if that is not recorded yet.
    pub(crate) fn add_class(&mut self, info: LockInfo) {
        if self.lock(info.id).is_none() {
            let instance = None;
            self.locks.insert(info.id, KnownLock { info, instance });
        }
    }

    /// Returns whether no cycle of these classes with this verdict was found before.
    pub(crate) fn is_new_cycle_of(&mut self, mut classes: Vec<u64>, verdict: Verdict) -> bool {
        sorting::sort(&mut classes);
        classes.dedup();
        self.is_new(verdict, &classes)
    }

    fn is_new(&mut self, verdict: Verdict, what: &[u64]) -> bool {
        self.reported.insert(hash_of(&(verdict, what)))
    }

    pub(crate) fn lock_mut(&mut self, id: LockId) -> Option<&mut LockInfo> {
        self.locks.get_mut(id).map(|known| &mut known.info)
    }

    pub(crate) fn remove_lock(&mut self, id: LockId) {
        if self.locks.remove(id).is_some() {
            self.graph.forget(id);
        }
    }

    /// Records the name and the origin of the thread of a slot. A thread keeps both, so a recorded thread is not asked again.
    pub(crate) fn introduce(&mut self, thread: ThreadId, slot: &Slot) {
        if self.place_of(thread).is_ok() {
            return;
        }
        // Before the new one is added, which may have a low number itself.
        if self.introduced.len() == INTRODUCED {
            self.introduced = self.introduced.split_off(INTRODUCED / 2);
        }
        let at = self.introduced.partition_point(|of| of.thread < thread);
        let introduced = Introduced {
            thread,
            name: slot.name(),
            spawned: slot.spawned(),
            is_task: slot.life.has(Flag::Agent),
        };
        self.introduced.insert(at, introduced);
    }

    fn place_of(&self, thread: ThreadId) -> Result<usize, usize> {
        self.introduced
            .binary_search_by_key(&thread, |of| of.thread)
    }

    /// Returns what is recorded of a thread or agent, also after its end.
    pub(crate) fn thread(&self, id: ThreadId) -> ThreadInfo {
        let mut info = ThreadInfo::new(id);
        if let Ok(at) = self.place_of(id) {
            let of = &self.introduced[at];
            info.name.clone_from(&of.name);
            info.spawned = of.spawned;
            info.is_task = of.is_task;
        }
        info
    }

    pub(crate) fn has_stack(&self, from: Site, to: Site) -> bool {
        self.stacks.get(places(from, to)).is_some()
    }

    /// Returns the number of distinct orders of source locations.
    pub(crate) fn order_count(&self) -> u64 {
        self.stacks.items().len() as u64
    }

    pub(crate) fn add_stack(&mut self, from: Site, to: Site, stack: Stack) {
        if !self.has_stack(from, to) {
            self.stacks.insert(places(from, to), stack);
        }
    }

    /// Returns the stack at which an edge between two locations was first seen: that of the edge itself, if
    /// it was kept, else that of the locations. The latter does not identify the edge where both locations
    /// are the same, as where all locks of a program are acquired in one line of a wrapper type.
    pub(crate) fn stack(&self, edge: (LockId, LockId), from: Site, to: Site) -> Option<Stack> {
        let of_edge = self.edge_stacks.get(numbers(edge));
        let says_nothing = std::ptr::eq(from, to) && !edge.0.is_class();
        let of_places = || self.stacks.get(places(from, to)).filter(|_| !says_nothing);
        of_edge.or_else(of_places).cloned()
    }

    pub(crate) fn has_edge_stack(&self, edge: (LockId, LockId)) -> bool {
        self.edge_stacks.get(numbers(edge)).is_some()
    }

    pub(crate) fn add_edge_stack(&mut self, edge: (LockId, LockId), stack: Stack) {
        if self.has_edge_stack(edge) {
            return;
        }
        if self.edge_stacks.items().len() == EDGE_STACKS {
            // The last item takes the place of the oldest one, so the next item is the oldest then.
            let at = self.edge_stacks_dropped % (EDGE_STACKS - 1);
            let (oldest, _) = self.edge_stacks.items()[at];
            self.edge_stacks.remove(oldest);
            self.edge_stacks_dropped += 1;
        }
        self.edge_stacks.insert(numbers(edge), stack);
    }

    /// Returns whether this recursive read is reported for the first time. `path` distinguishes the calls of
    /// a line that contains both acquisitions.
    pub(crate) fn is_new_recursive_read(
        &mut self,
        made: Site,
        first: Site,
        second: Site,
        path: u64,
    ) -> bool {
        let (first, second) = places(first, second);
        let read = [address(made), first, second, path];
        self.is_new(Verdict::RecursiveRead, &read)
    }
}

/// Returns the address of a location, which is static data.
fn address(site: Site) -> u64 {
    std::ptr::from_ref(site).addr() as u64
}

fn places(from: Site, to: Site) -> (u64, u64) {
    (address(from), address(to))
}

fn numbers((from, to): (LockId, LockId)) -> (u64, u64) {
    (from.get(), to.get())
}

/// Created at first use; replaced, never freed, in the child of a fork.
static STATE: AtomicPtr<Mutex<DetectorState>> = AtomicPtr::new(std::ptr::null_mut());

/// The generation of the state: part of every key, so that what a thread has cached of an old state does not
/// count as seen in a new one.
static GENERATION: AtomicU64 = AtomicU64::new(0);

fn mutex() -> &'static Mutex<DetectorState> {
    // Acquire pairs with the Release of the exchange below: the state is seen initialised.
    let current = STATE.load(Ordering::Acquire);
    let state = if current.is_null() { create() } else { current };
    #[allow(unsafe_code)]
    // SAFETY: the pointer is that of a box that was leaked here.
    unsafe {
        &*state
    }
}

#[cold]
fn create() -> *mut Mutex<DetectorState> {
    let fresh = Box::into_raw(Box::new(Mutex::new(DetectorState::new())));
    match STATE.compare_exchange(
        std::ptr::null_mut(),
        fresh,
        Ordering::AcqRel,
        Ordering::Acquire,
    ) {
        Ok(_) => fresh,
        Err(current) => {
            #[allow(unsafe_code)]
            // SAFETY: another thread installed its state first, so no other one has seen this box.
            drop(unsafe { Box::from_raw(fresh) });
            current
        }
    }
}

/// Takes the detector's lock.
pub(crate) fn lock() -> MutexGuard<'static, DetectorState> {
    mutex().lock()
}

/// Replaces the state by an empty one, as the child of a fork does.
pub(crate) fn renew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    STATE.store(std::ptr::null_mut(), Ordering::Release);
}

pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed) as u32
}
