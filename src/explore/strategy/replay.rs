//! The choices of a schedule that was seen before.

use super::Choose;

/// Makes the same choices again, once: those that were taken back are among them.
pub(crate) struct Replay {
    choices: Vec<usize>,
    made: usize,
    begun: bool,
    diverged: bool,
}

impl Replay {
    pub(crate) fn new(choices: Vec<usize>) -> Self {
        Self {
            choices,
            made: 0,
            begun: false,
            diverged: false,
        }
    }
}

impl Choose for Replay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn choose(&mut self, _current: Option<usize>, options: &[usize]) -> usize {
        let wanted = self.choices.get(self.made);
        self.made += 1;
        match wanted {
            Some(wanted) if options.contains(wanted) => *wanted,
            Some(_) => {
                self.diverged = true;
                options[0]
            }
            // What was given up at this point goes on here.
            None => options[0],
        }
    }

    fn has_diverged(&self, has_deadlocked: bool) -> bool {
        !has_deadlocked && (self.diverged || self.made < self.choices.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_makes_the_choices_once_and_notices_what_differs() {
        let mut replay = Replay::new(vec![1, 0]);
        assert!(replay.begin());
        assert_eq!(replay.choose(None, &[0, 1]), 1);
        assert_eq!(replay.choose(Some(1), &[0, 1]), 0);
        assert_eq!(replay.choose(Some(0), &[1, 2]), 1);
        assert!(!replay.has_diverged(false));
        assert!(!replay.begin());

        let mut other = Replay::new(vec![1]);
        assert_eq!(other.choose(None, &[0, 2]), 0);
        assert!(other.has_diverged(false));
    }

    #[test]
    fn a_schedule_that_ends_before_its_choices_are_made_is_another_one() {
        let mut replay = Replay::new(vec![0, 0]);
        assert_eq!(replay.choose(None, &[0]), 0);
        assert!(replay.has_diverged(false) && !replay.has_diverged(true));
        assert_eq!(replay.choose(Some(0), &[0]), 0);
        assert!(!replay.has_diverged(false));
    }
}
