//! All schedules, one after the other.

use super::Choose;

/// Walks the tree of all choices, the last one first, within a bound on preemptions.
///
/// It keeps the path of the schedule under way: at each node the options that are left, of which the
/// first is the one that is taken. The next schedule takes the next option at the last node that has
/// one, and the same as before above that.
///
/// A choice that was taken back is no option of its node, but is made again in the schedules that pass
/// the node later: it may have reported a wait to the detector, and with that decided what came next.
#[derive(Debug)]
pub(crate) struct DepthFirst {
    most: usize,
    path: Vec<Node>,
    /// How many nodes of the path this schedule has passed.
    passed: usize,
    /// Whether the last choice was made to be taken back.
    retries: bool,
    begun: bool,
    diverged: bool,
}

#[derive(Debug)]
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
        let mut all = self.options.iter();
        let stay = all.position(|option| Some(*option) == self.current);
        if let Some(stay) = stay {
            self.options[..=stay].rotate_right(1);
        }
        self.can_stay = stay.is_some();
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

    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize {
        if std::mem::take(&mut self.retries) {
            // What was to be taken back was not.
            self.diverge();
        }
        if self.path.len() == self.passed {
            self.path.push(Node {
                current,
                options: Vec::new(),
                failed: Vec::new(),
                retried: 0,
                preemptions: self.path.last().map_or(0, Node::spent),
                can_stay: false,
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
                }
                node.options[0]
            }
        };
        if options.contains(&wanted) {
            self.passed += 1;
            return wanted;
        }
        self.retries = false;
        self.diverge();
        self.choose(current, options)
    }

    fn take_back(&mut self, thread: usize) {
        self.passed -= 1;
        let node = &mut self.path[self.passed];
        if !std::mem::take(&mut self.retries) {
            node.options.retain(|option| *option != thread);
            node.failed.push(thread);
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
