//! How long a thread waited for locks and how long it held them, if the process records that.
//!
//! A thread has a ring of its last waits and holds, and totals that lose nothing. The thread writes
//! both, and the thread that appends them to the record reads both, under a mutex that is rarely contended.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;

/// The most pairs of lines, and the most stacks, that the totals tell apart.
const MOST_PAIRS: usize = 4_096;
const MOST_STACKS: usize = 1_024;
/// The most holds of a thread that are timed at once.
const MOST_OPEN: usize = 256;
/// How many of the last events of a thread are looked at for a hold.
const LOOKED_AT: usize = 64;
/// How many rings' worth of events of ended threads are kept.
const ENDED_RINGS: usize = 16;

/// A thread, as events name it.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) thread: ThreadId,
    /// Empty if it has none.
    pub(crate) name: String,
}

/// The hold that kept a thread waiting.
#[derive(Clone, Debug)]
pub(crate) struct Blocker {
    pub(crate) who: Arc<Who>,
    /// Where it took the lock.
    pub(crate) site: Site,
}

/// A wait or a hold that is over.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) who: Arc<Who>,
    /// Whether it is a wait; else it is a hold.
    pub(crate) is_wait: bool,
    pub(crate) class: &'static Class,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// Begin and end, on the clock of [`now`](super::wait::now).
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Who held the lock when the wait began, if that was found.
    pub(crate) by: Option<Blocker>,
}

/// A number of times and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) ns: u64,
    pub(crate) longest: u64,
    /// Where the longest one was asked for.
    pub(crate) site: Option<Site>,
}

impl Sum {
    fn add(&mut self, ns: u64, site: Site) {
        self.join(&Self {
            count: 1,
            ns,
            longest: ns,
            site: Some(site),
        });
    }

    /// Adds the times of another sum.
    pub(crate) fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.ns = self.ns.saturating_add(other.ns);
        if self.site.is_none() || other.longest > self.longest {
            (self.longest, self.site) = (other.longest, other.site);
        }
    }
}

/// Who waited where for whom: the class, the two lines, and the name of the thread that held the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) class: ByAddress<Class>,
    pub(crate) site: ByAddress<std::panic::Location<'static>>,
    pub(crate) by: Option<(ByAddress<std::panic::Location<'static>>, String)>,
}

/// Static data that its address identifies.
#[derive(Debug)]
pub(crate) struct ByAddress<T: 'static>(pub(crate) &'static T);

impl<T> Copy for ByAddress<T> {}

impl<T> Clone for ByAddress<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> PartialEq for ByAddress<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl<T> Eq for ByAddress<T> {}

impl<T> std::hash::Hash for ByAddress<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).addr().hash(state);
    }
}

/// The sums of a thread, or of several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// Waits and holds of each class.
    pub(crate) classes: HashMap<ByAddress<Class>, (Sum, Sum)>,
    pub(crate) pairs: HashMap<Pair, Sum>,
    /// The waits by the return addresses of the waiting thread, the innermost first.
    pub(crate) stacks: HashMap<(ByAddress<Class>, Box<[usize]>), Sum>,
}

impl Totals {
    /// Adds the totals of another thread.
    pub(crate) fn join(&mut self, other: &Totals) {
        for (class, (waits, holds)) in &other.classes {
            let sums = self.classes.entry(*class).or_default();
            sums.0.join(waits);
            sums.1.join(holds);
        }
        join_bounded(&mut self.pairs, &other.pairs, MOST_PAIRS);
        join_bounded(&mut self.stacks, &other.stacks, MOST_STACKS);
    }

    fn add(&mut self, event: &Event, stack: Option<Box<[usize]>>) {
        let class = ByAddress(event.class);
        let ns = event.to.saturating_sub(event.from);
        let (waits, holds) = self.classes.entry(class).or_default();
        if !event.is_wait {
            return holds.add(ns, event.site);
        }
        waits.add(ns, event.site);
        let by = event.by.as_ref();
        let pair = Pair {
            class,
            site: ByAddress(event.site),
            by: by.map(|by| (ByAddress(by.site), by.who.name.clone())),
        };
        add_bounded(&mut self.pairs, pair, ns, event.site, MOST_PAIRS);
        if let Some(stack) = stack {
            let key = (class, stack);
            add_bounded(&mut self.stacks, key, ns, event.site, MOST_STACKS);
        }
    }
}

/// Adds to a sum, unless it is new and the table is full: then the sum of the class alone has it.
fn add_bounded<K: Eq + std::hash::Hash>(
    table: &mut HashMap<K, Sum>,
    key: K,
    ns: u64,
    site: Site,
    most: usize,
) {
    let is_full = table.len() >= most;
    match table.entry(key) {
        Entry::Vacant(_) if is_full => {}
        entry => entry.or_default().add(ns, site),
    }
}

fn join_bounded<K: Eq + std::hash::Hash + Clone>(
    table: &mut HashMap<K, Sum>,
    other: &HashMap<K, Sum>,
    most: usize,
) {
    for (key, sum) in other {
        let is_full = table.len() >= most;
        match table.entry(key.clone()) {
            Entry::Vacant(_) if is_full => {}
            entry => entry.or_default().join(sum),
        }
    }
}

/// A wait or a hold that lasts.
#[derive(Debug)]
struct Begun {
    ident: *const Ident,
    class: &'static Class,
    mode: Mode,
    site: Site,
    from: u64,
    by: Option<Blocker>,
    stack: Option<Box<[usize]>>,
}

// SAFETY: the address is compared and never accessed.
#[allow(unsafe_code)]
unsafe impl Send for Begun {}

/// The times of one thread.
#[derive(Debug)]
pub(crate) struct Times {
    who: Arc<Who>,
    capacity: usize,
    wait: Option<Begun>,
    holds: Vec<Begun>,
    events: VecDeque<Event>,
    totals: Totals,
}

impl Times {
    /// The times of a thread from now on; `capacity` events are kept.
    pub(crate) fn new(thread: ThreadId, name: String, capacity: usize) -> Self {
        Self {
            who: Arc::new(Who { thread, name }),
            capacity,
            wait: None,
            holds: Vec::new(),
            events: VecDeque::new(),
            totals: Totals::default(),
        }
    }

    /// The thread begins to wait at `from` for a lock that `by` holds.
    pub(crate) fn begin_wait(
        &mut self,
        class: &'static Class,
        (mode, site): (Mode, Site),
        from: u64,
        by: Option<Blocker>,
        stack: Box<[usize]>,
    ) {
        self.wait = Some(Begun {
            ident: std::ptr::null(),
            class,
            mode,
            site,
            from,
            by,
            stack: Some(stack),
        });
    }

    /// The class of the lock that the thread waits for, if it is not known who holds it.
    pub(crate) fn waits_for_unknown(&self) -> Option<&'static Class> {
        let wait = self.wait.as_ref()?;
        wait.by.is_none().then_some(wait.class)
    }

    /// The wait is over, with the lock or without; how long it lasted. `by` is the holder, if that was not known.
    pub(crate) fn end_wait(&mut self, to: u64, by: Option<Blocker>) -> u64 {
        let Some(mut begun) = self.wait.take() else {
            return 0;
        };
        begun.by = begun.by.or(by);
        let lasted = to.saturating_sub(begun.from);
        self.end(begun, true, to);
        lasted
    }

    /// The thread has acquired a lock at `from`.
    pub(crate) fn begin_hold(
        &mut self,
        ident: &'static Ident,
        (mode, site): (Mode, Site),
        from: u64,
    ) {
        if mode == Mode::Exclusive {
            // An earlier hold of the lock ended where that was not seen, in another thread.
            self.holds.retain(|hold| !std::ptr::eq(hold.ident, ident));
        }
        if self.holds.len() >= MOST_OPEN {
            self.holds.remove(0);
        }
        self.holds.push(Begun {
            ident,
            class: ident.class(),
            mode,
            site,
            from,
            by: None,
            stack: None,
        });
    }

    /// The thread releases a lock.
    pub(crate) fn end_hold(&mut self, ident: *const Ident, to: u64) {
        let is_it = |hold: &Begun| std::ptr::eq(hold.ident, ident);
        if let Some(at) = self.holds.iter().rposition(is_it) {
            let begun = self.holds.remove(at);
            self.end(begun, false, to);
        }
    }

    fn end(&mut self, begun: Begun, is_wait: bool, to: u64) {
        let event = Event {
            who: Arc::clone(&self.who),
            is_wait,
            class: begun.class,
            mode: begun.mode,
            site: begun.site,
            from: begun.from,
            to,
            by: begun.by,
        };
        self.totals.add(&event, begun.stack);
        push(&mut self.events, event, self.capacity);
    }

    /// Returns the totals, and with `take` the events, which then leave the ring.
    pub(crate) fn read(&mut self, take: bool) -> (&Totals, Vec<Event>) {
        let events = if take {
            self.events.drain(..).collect()
        } else {
            Vec::new()
        };
        (&self.totals, events)
    }
}

fn push(ring: &mut VecDeque<Event>, event: Event, capacity: usize) {
    if ring.len() >= capacity {
        ring.pop_front();
    }
    ring.push_back(event);
}

/// The times of all threads.
#[derive(Debug, Default)]
pub(crate) struct AllTimes {
    live: Vec<Arc<ForkSafe<Times>>>,
    /// What is left of the threads that have ended.
    totals: Totals,
    events: VecDeque<Event>,
}

/// The times of all threads; its lock is taken before that of a thread.
pub(crate) static TIMES: ForkSafe<Option<AllTimes>> = ForkSafe::new(None);

impl AllTimes {
    /// Begins to keep the times of a thread.
    pub(crate) fn begin(
        &mut self,
        thread: ThreadId,
        name: String,
        capacity: usize,
    ) -> Arc<ForkSafe<Times>> {
        let times = Arc::new(ForkSafe::new(Times::new(thread, name, capacity)));
        self.live.push(Arc::clone(&times));
        times
    }

    /// The thread has ended: keeps what is known of it, without a lock of its own.
    pub(crate) fn end(&mut self, times: &Arc<ForkSafe<Times>>) {
        self.live.retain(|other| !Arc::ptr_eq(other, times));
        let mut times = times.lock();
        let capacity = times.capacity.saturating_mul(ENDED_RINGS);
        let (totals, events) = times.read(true);
        self.totals.join(totals);
        for event in events {
            push(&mut self.events, event, capacity);
        }
    }

    /// Returns the totals of all threads, and with `take` the events, which then leave the rings.
    pub(crate) fn read(&mut self, take: bool) -> (Totals, Vec<Event>) {
        let mut totals = self.totals.clone();
        let mut events: Vec<Event> = match take {
            true => self.events.drain(..).collect(),
            false => Vec::new(),
        };
        for times in &self.live {
            let mut times = times.lock();
            let (own, new) = times.read(take);
            totals.join(own);
            events.extend(new);
        }
        (totals, events)
    }

    /// Returns the last hold of a lock of the class by a thread that lives.
    pub(crate) fn last_hold(&self, thread: ThreadId, class: &'static Class) -> Option<Blocker> {
        let times = self.live.iter().map(|times| times.lock());
        let times = times.into_iter().find(|times| times.who.thread == thread)?;
        let is_it = |event: &&Event| !event.is_wait && std::ptr::eq(event.class, class);
        let event = times.events.iter().rev().take(LOOKED_AT).find(is_it)?;
        Some(Blocker {
            who: Arc::clone(&event.who),
            site: event.site,
        })
    }

    /// Forgets all, in the child of a fork. The threads of the parent may have been changing theirs, so nothing of
    /// them is touched again.
    pub(crate) fn leak(&mut self) {
        std::mem::forget(std::mem::take(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    use crate::tracking::lock::class;
    use crate::tracking::lock::kind::LockKind;

    fn times() -> Times {
        Times::new(ThreadId::new(1), "worker 1".to_owned(), 2)
    }

    #[test]
    fn the_ring_is_bounded_and_the_totals_are_not() {
        let (mut times, site) = (times(), Location::caller());
        let class = class::intern(&LockKind::MUTEX, None, site);
        for from in [0, 100, 200] {
            times.begin_wait(class, (Mode::Exclusive, site), from, None, Box::new([1]));
            assert_eq!(times.end_wait(from + 10 + from, None), 10 + from);
        }
        let (totals, events) = times.read(true);
        assert_eq!(events.len(), 2);
        let (waits, holds) = totals.classes[&ByAddress(class)];
        assert_eq!((waits.count, waits.ns, waits.longest), (3, 330, 210));
        assert_eq!(holds, Sum::default());
        assert_eq!(totals.pairs.len(), 1);
        assert_eq!(totals.stacks.len(), 1);
        assert!(times.read(true).1.is_empty());
    }

    #[test]
    fn the_times_of_ended_threads_stay() {
        let (mut all, site) = (AllTimes::default(), Location::caller());
        let class = class::intern(&LockKind::MUTEX, None, site);
        for thread in [1, 2] {
            let times = all.begin(ThreadId::new(thread), String::new(), 4);
            times
                .lock()
                .begin_wait(class, (Mode::Shared, site), 5, None, Box::default());
            times.lock().end_wait(9, None);
            all.end(&times);
        }
        let (totals, events) = all.read(false);
        assert_eq!(totals.classes[&ByAddress(class)].0.ns, 8);
        assert!(events.is_empty());
        assert_eq!(all.read(true).1.len(), 2);
    }
}
