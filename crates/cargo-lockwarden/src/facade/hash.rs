//! Short names for what was built from what.

use std::fmt;

/// FNV-1a, of 64 bits: it names folders, and guards against nothing but chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one part, distinguished from what comes after it.
    #[must_use]
    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        for byte in part.as_ref().iter().copied().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_distinguished() {
        let ab = Hash::new().with("ab").with("c");
        assert_eq!(ab, Hash::new().with("ab").with("c"));
        assert_ne!(ab, Hash::new().with("a").with("bc"));
        assert_eq!(ab.to_string().len(), 16);
    }
}
