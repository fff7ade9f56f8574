//! All schedules, one after the other.

use super::Choose;
use super::reduction::Reduction;
use crate::engine::lists;
use crate::tracking::scheduled::Next;

/// Walks the tree of all choices, the last one first, within a bound on preemptions.
///
/// It keeps the path of the schedule under way: at each node the options that are left, of which the
/// first is the one that is taken. The next schedule takes the next option at the last node that has
/// one, and the same as before above that.
///
/// A choice that was taken back is no option of its node, but is made again in the schedules that pass
/// the node later: it may have reported a wait to the detector, and with that decided what came next.
///
/// With a reduction, a node has but those options taken that a race asks for, and none that sleeps: that
/// was taken at a node above, and since then only steps were made that are independent of it.
pub(crate) struct DepthFirst {
    most: usize,
    path: Vec<Node>,
    /// How many nodes of the path this schedule has passed.
    passed: usize,
    /// Whether the last choice was made to be taken back.
    retries: bool,
    begun: bool,
    diverged: bool,
    /// The order of the steps of this schedule, if others that differ in it alone are left out.
    reduction: Option<Reduction>,
    /// The threads that sleep at the next node.
    asleep: Vec<usize>,
    /// Whether another schedule has the same order of all steps that depend on each other.
    is_repeated: bool,
}

#[derive(Default)]
struct Node {
    /// The thread that made the step before.
    current: Option<usize>,
    /// The option that is taken, and then those that are still to be.
    options: Vec<usize>,
    /// The choices that were taken back.
    failed: Vec<usize>,
    /// How many of these were made in this schedule.
    retried: usize,
    /// How many preemptions came before.
    preemptions: usize,
    /// Whether the current thread could have gone on.
    can_stay: bool,
    /// The options that were taken, if there is a reduction.
    done: Vec<usize>,
    /// The options that have to be taken because of a race.
    wanted: Vec<usize>,
    /// The sleep set: options whose schedules were explored from here already.
    asleep: Vec<usize>,
}

impl Node {
    /// The number of preemptions with the option that is taken.
    fn spent(&self) -> usize {
        let switches = self.can_stay && self.current != self.options.first().copied();
        self.preemptions + usize::from(switches)
    }

    /// Takes in the options of a node that has none. First comes to go on without a switch: the
    /// preemptions of a schedule are all behind it.
    fn fill(&mut self, options: &[usize]) {
        self.options = options.to_vec();
        self.can_stay = self.bring(&|node, option| Some(option) == node.current);
    }

    /// Brings an option to the front that does not sleep; whether there is one.
    fn wake(&mut self) -> bool {
        self.bring(&|node, option| !node.asleep.contains(&option))
    }

    /// Brings an option to the front that is to be taken because of a race; whether there is one.
    fn turn_to_wanted(&mut self) -> bool {
        self.bring(&|node, option| node.wanted.contains(&option) && !node.asleep.contains(&option))
    }

    /// Brings the first option that `is_meant` selects to the front; whether there is one.
    fn bring(&mut self, is_meant: &dyn Fn(&Self, usize) -> bool) -> bool {
        for at in 0..self.options.len() {
            if is_meant(self, self.options[at]) {
                let option = self.options.remove(at);
                self.options.insert(0, option);
                return true;
            }
        }
        false
    }

    /// Adds the option that reverses a race: this thread, or the first of the threads `before` its step if the thread
    /// itself is no option here; all options if none of them is.
    fn want(&mut self, thread: usize, before: &[usize]) {
        let mut all = self.options.clone();
        all.extend_from_slice(&self.done);
        if all.contains(&thread) {
            self.wanted.push(thread);
        } else if let Some(first) = lists::find(&all, &|option| before.contains(option)) {
            self.wanted.push(*first);
        } else {
            self.wanted.extend_from_slice(&all);
        }
    }
}

impl DepthFirst {
    pub(crate) fn new(preemptions: usize) -> Self {
        Self {
            most: preemptions,
            path: Vec::new(),
            passed: 0,
            retries: false,
            begun: false,
            diverged: false,
            reduction: None,
            asleep: Vec::new(),
            is_repeated: false,
        }
    }

    /// Without a bound on preemptions, and without the schedules that differ in the order of independent
    /// steps alone.
    pub(crate) fn reduced() -> Self {
        Self {
            reduction: Some(Reduction::default()),
            ..Self::new(usize::MAX)
        }
    }

    /// The program does not do the same again: what lies below the nodes that were passed is another
    /// tree.
    fn diverge(&mut self) {
        self.diverged = true;
        self.path.truncate(self.passed);
    }
}

impl Choose for DepthFirst {
    fn begin(&mut self) -> bool {
        self.passed = 0;
        self.retries = false;
        self.diverged = false;
        for node in &mut self.path {
            node.retried = 0;
        }
        if !std::mem::replace(&mut self.begun, true) {
            return true;
        }
        if self.reduction.is_some() {
            self.reduction = Some(Reduction::default());
            self.is_repeated = false;
            self.asleep.clear();
            while let Some(node) = self.path.last_mut() {
                if !node.options.is_empty() {
                    node.done.push(node.options.remove(0));
                }
                if node.turn_to_wanted() {
                    return true;
                }
                self.path.pop();
            }
            return false;
        }
        while let Some(node) = self.path.last_mut() {
            let can_afford = !node.can_stay || node.preemptions < self.most;
            if node.options.len() > 1 && can_afford {
                node.options.remove(0);
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn see(&mut self, next: &[Next], joins: &[(usize, usize)]) {
        let Some(reduction) = &mut self.reduction else {
            return;
        };
        if let Some((made, before)) = reduction.see(next, joins)
            && let Some(node) = self.path.get(self.passed.wrapping_sub(1))
        {
            let step = before[made].touch;
            self.asleep.clone_from(&node.asleep);
            self.asleep.extend_from_slice(&node.done);
            lists::retain(&mut self.asleep, &|other| {
                *other != made && !before[*other].touch.depends_on(step)
            });
        }
        if self.is_repeated {
            return;
        }
        for race in &reduction.races() {
            if let Some(node) = self.path.get_mut(race.at) {
                node.want(race.thread, &race.before);
            }
        }
    }

    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize {
        if std::mem::take(&mut self.retries) {
            // What was to be taken back was not.
            self.diverge();
        }
        if self.path.len() == self.passed {
            self.path.push(Node {
                current,
                preemptions: self.path.last().map_or(0, Node::spent),
                asleep: self.asleep.clone(),
                ..Node::default()
            });
        }
        let node = &mut self.path[self.passed];
        let wanted = match node.failed.get(node.retried) {
            Some(failed) => {
                self.retries = true;
                *failed
            }
            None => {
                if node.options.is_empty() {
                    node.fill(options);
                    if self.reduction.is_some() && (!node.done.is_empty() || !node.wake()) {
                        self.is_repeated = true;
                    }
                }
                node.options[0]
            }
        };
        if options.contains(&wanted) {
            self.passed += 1;
            if let Some(reduction) = &mut self.reduction {
                reduction.choose(wanted);
            }
            return wanted;
        }
        self.retries = false;
        self.diverge();
        self.choose(current, options)
    }

    fn take_back(&mut self, thread: usize) {
        self.passed -= 1;
        if let Some(reduction) = &mut self.reduction {
            reduction.take_back();
        }
        let node = &mut self.path[self.passed];
        if !std::mem::take(&mut self.retries) {
            lists::retain(&mut node.options, &|option| *option != thread);
            node.failed.push(thread);
            if self.reduction.is_some() && !self.is_repeated {
                if node.wanted.contains(&thread) {
                    // It cannot go on here: any other may come before what it waits for.
                    node.wanted.extend_from_slice(&node.options);
                }
                let is_open = match node.done.is_empty() {
                    true => node.wake(),
                    false => node.turn_to_wanted(),
                };
                self.is_repeated = !is_open && !node.options.is_empty();
            }
            if node.current == Some(thread) {
                node.can_stay = false;
            }
        }
        node.retried += 1;
    }

    fn has_diverged(&self, _has_deadlocked: bool) -> bool {
        self.diverged
    }
}
