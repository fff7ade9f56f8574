//! How long a thread waited for locks and how long it held them, if the process records that.
//!
//! A thread has a ring of its last waits and holds, and totals that lose nothing. The thread writes
//! both, and the thread that appends them to the record reads both, under a mutex that is rarely contended.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::order_graph::{IdTable, hash_of};
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
    fn of(ns: u64, site: Site) -> Self {
        Self {
            count: 1,
            ns,
            longest: ns,
            site: Some(site),
        }
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

/// What a sum counts, of the locks of one class.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Subject {
    /// All waits.
    Waits,
    /// All holds.
    Holds,
    /// The waits at a line for a hold that was taken at another one, by a thread of this name; without a hold, those
    /// for an unknown one.
    Pair(Site, Option<(Site, String)>),
    /// The waits by the return addresses of the waiting thread, the innermost first.
    Stack(Box<[usize]>),
}

/// One sum.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    pub(crate) class: &'static Class,
    pub(crate) subject: Subject,
    pub(crate) sum: Sum,
}

/// The sums of a thread, or of several.
#[derive(Debug)]
pub(crate) struct Totals {
    /// By the address of the class and a hash of the subject.
    pub(crate) sums: IdTable<(u64, u64), Total>,
    /// The number of pairs and of stacks.
    pairs: usize,
    stacks: usize,
}

/// Counts one more, unless there are as many as there may be.
fn is_full(count: &mut usize, most: usize) -> bool {
    let is_full = *count >= most;
    *count += usize::from(!is_full);
    is_full
}

impl Totals {
    const fn new() -> Self {
        Self {
            sums: IdTable::new(),
            pairs: 0,
            stacks: 0,
        }
    }

    /// Adds the totals of another thread.
    pub(crate) fn join(&mut self, other: &Totals) {
        for (_, total) in other.sums.items() {
            self.add(total.clone());
        }
    }

    /// Adds to a sum, unless it is new and there are too many: then the sum of the class alone has it.
    fn add(&mut self, total: Total) {
        let class = std::ptr::from_ref(total.class).addr() as u64;
        let key = (class, hash_of(&total.subject));
        if let Some(known) = self.sums.get_mut(key) {
            return known.sum.join(&total.sum);
        }
        let is_full = match &total.subject {
            Subject::Waits | Subject::Holds => false,
            Subject::Pair(..) => is_full(&mut self.pairs, MOST_PAIRS),
            Subject::Stack(_) => is_full(&mut self.stacks, MOST_STACKS),
        };
        if !is_full {
            self.sums.insert(key, total);
        }
    }

    fn add_event(&mut self, event: &Event, stack: Option<Box<[usize]>>) {
        let class = event.class;
        let sum = Sum::of(event.to.saturating_sub(event.from), event.site);
        let of = |subject| Total {
            class,
            subject,
            sum,
        };
        if !event.is_wait {
            return self.add(of(Subject::Holds));
        }
        self.add(of(Subject::Waits));
        let by = event.by.as_ref();
        let by = by.map(|by| (by.site, by.who.name.clone()));
        self.add(of(Subject::Pair(event.site, by)));
        if let Some(stack) = stack {
            self.add(of(Subject::Stack(stack)));
        }
    }
}

/// The last events of a thread, or of several, the oldest first.
type Events = VecDeque<Event>;

/// Adds an event, in place of the oldest one if there are `capacity` of them.
fn push(events: &mut Events, event: Event, capacity: usize) {
    if events.len() >= capacity {
        events.pop_front();
    }
    if events.len() < capacity {
        events.push_back(event);
    }
}

/// Takes all events out, if that is to be done.
fn taken(events: &mut Events, take: bool) -> Vec<Event> {
    match take {
        true => std::mem::take(events).into(),
        false => Vec::new(),
    }
}

/// A wait or a hold that lasts.
#[derive(Debug)]
struct Begun {
    ident: *const Ident,
    /// What becomes of it: its end is not known yet.
    event: Event,
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
    events: Events,
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
            events: Events::new(),
            totals: Totals::new(),
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
            event: Event {
                is_wait: true,
                by,
                ..self.hold_event(class, mode, site, from)
            },
            stack: Some(stack),
        });
    }

    /// The class of the lock that the thread waits for, if it is not known who holds it.
    pub(crate) fn waits_for_unknown(&self) -> Option<&'static Class> {
        let wait = self.wait.as_ref()?;
        wait.event.by.is_none().then_some(wait.event.class)
    }

    /// The wait is over, with the lock or without; how long it lasted. `by` is the holder, if that was not known.
    pub(crate) fn end_wait(&mut self, to: u64, by: Option<Blocker>) -> u64 {
        let Some(mut begun) = self.wait.take() else {
            return 0;
        };
        begun.event.by = begun.event.by.or(by);
        let lasted = to.saturating_sub(begun.event.from);
        self.end(begun, to);
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
            event: self.hold_event(ident.class(), mode, site, from),
            stack: None,
        });
    }

    /// The thread releases a lock.
    pub(crate) fn end_hold(&mut self, ident: *const Ident, to: u64) {
        let is_it = |hold: &Begun| std::ptr::eq(hold.ident, ident);
        if let Some(at) = self.holds.iter().rposition(is_it) {
            let begun = self.holds.remove(at);
            self.end(begun, to);
        }
    }

    /// Returns a hold that begins.
    fn hold_event(&self, class: &'static Class, mode: Mode, site: Site, from: u64) -> Event {
        Event {
            who: Arc::clone(&self.who),
            is_wait: false,
            class,
            mode,
            site,
            from,
            to: from,
            by: None,
        }
    }

    fn end(&mut self, begun: Begun, to: u64) {
        let event = Event { to, ..begun.event };
        self.totals.add_event(&event, begun.stack);
        push(&mut self.events, event, self.capacity);
    }

    /// Returns the totals, and with `take` the events, which then leave the ring.
    pub(crate) fn read(&mut self, take: bool) -> (&Totals, Vec<Event>) {
        (&self.totals, taken(&mut self.events, take))
    }
}

/// The times of all threads.
#[derive(Debug)]
pub(crate) struct AllTimes {
    live: Vec<Arc<ForkSafe<Times>>>,
    /// What is left of the threads that have ended.
    totals: Totals,
    events: Events,
}

/// The times of all threads; its lock is taken before that of a thread.
pub(crate) static TIMES: ForkSafe<AllTimes> = ForkSafe::new(AllTimes::new());

impl AllTimes {
    const fn new() -> Self {
        Self {
            live: Vec::new(),
            totals: Totals::new(),
            events: Events::new(),
        }
    }

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
        let mut totals = Totals::new();
        totals.join(&self.totals);
        let mut events = taken(&mut self.events, take);
        for times in &self.live {
            let mut times = times.lock();
            let (own, mut new) = times.read(take);
            totals.join(own);
            events.append(&mut new);
        }
        (totals, events)
    }

    /// Returns the last hold of a lock of the class by a thread that lives.
    pub(crate) fn last_hold(&self, thread: ThreadId, class: &'static Class) -> Option<Blocker> {
        for times in &self.live {
            let times = times.lock();
            if times.who.thread != thread {
                continue;
            }
            for event in times.events.iter().rev().take(LOOKED_AT) {
                if !event.is_wait && std::ptr::eq(event.class, class) {
                    return Some(Blocker {
                        who: Arc::clone(&event.who),
                        site: event.site,
                    });
                }
            }
            return None;
        }
        None
    }

    /// Forgets all, in the child of a fork. The threads of the parent may have been changing theirs, so nothing of
    /// them is touched again.
    pub(crate) fn leak(&mut self) {
        std::mem::forget(std::mem::replace(self, Self::new()));
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

    fn sum_of(totals: &Totals, subject: Subject) -> Sum {
        let mut sums = totals.sums.items().iter();
        sums.find(|(_, it)| it.subject == subject).unwrap().1.sum
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
        let waits = sum_of(totals, Subject::Waits);
        assert_eq!((waits.count, waits.ns, waits.longest), (3, 330, 210));
        assert_eq!((totals.pairs, totals.stacks), (1, 1));
        assert_eq!(totals.sums.items().len(), 3);
        assert_eq!((events[0].from, events[1].from), (100, 200));
        assert!(times.read(true).1.is_empty());
    }

    #[test]
    fn the_times_of_ended_threads_stay() {
        let (mut all, site) = (AllTimes::new(), Location::caller());
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
        assert_eq!(sum_of(&totals, Subject::Waits).ns, 8);
        assert!(events.is_empty());
        assert_eq!(all.read(true).1.len(), 2);
    }
}
