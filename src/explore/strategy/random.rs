//! Uniform choices.

use super::Choose;
use crate::engine::random::Random;

pub(crate) struct Uniform(Random);

impl Uniform {
    pub(super) fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }
}

impl Choose for Uniform {
    fn begin(&mut self) -> bool {
        true
    }

    fn choose(&mut self, _current: Option<usize>, options: &[usize]) -> usize {
        options[self.0.below(options.len())]
    }
}
