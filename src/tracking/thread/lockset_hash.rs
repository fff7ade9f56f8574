//! The hash of a lockset: lock ids are spread over 64 bits (*tags*), so that a sum of tags stands for a set
//! of locks.
//!
//! The key of a thread is a seed plus the tags of its held locks, each rotated by its mode. Two different
//! sets of locks have the same sum with a probability of 2⁻⁶³ (the tags are the output of a bijective mixer,
//! Steele, Lea & Flood's SplitMix, OOPSLA 2014), in whatever order the locks were acquired or released.

use crate::engine::ids::Site;
use crate::engine::mode::Mode;

/// Returns the tag of the lock with this number: never zero, as the number is not.
#[inline]
pub(crate) const fn of(number: u64) -> u64 {
    finish(number)
}

/// Mixes the bits of a number: bijective, and zero only for zero.
#[inline]
pub(crate) const fn mix(number: u64) -> u64 {
    finish(number ^ (number >> 30))
}

/// Does what is left of [`mix`] after its first step, which changes nothing below 2³⁰: bijective, too.
#[inline]
const fn finish(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns what a hold in `mode` adds to the key. An exclusive one adds the tag itself.
#[inline(always)]
pub(crate) const fn share(tag: u64, mode: Mode) -> u64 {
    match mode {
        Mode::Exclusive => tag,
        Mode::Shared => tag.rotate_left(21),
        Mode::Upgradable => tag.rotate_left(42),
    }
}

/// Returns what a lock caches of an acquisition in `mode` by a thread whose key was `key`.
#[inline(always)]
pub(crate) const fn known(key: u64, mode: Mode) -> u64 {
    match mode {
        Mode::Exclusive => key,
        Mode::Shared => key ^ 0x2f65_4c92_d0f1_9a6b,
        Mode::Upgradable => key ^ 0x7b1c_93a5_4ed3_08f7,
    }
}

/// Returns the hash of an acquisition at a location.
pub(crate) fn request(tag: u64, mode: Mode, site: Site) -> u64 {
    let place = std::ptr::from_ref(site).addr() as u64;
    mix(known(tag, mode) ^ mix(place))
}

/// Returns the hash of held locks with their modes and locations, in any order; it is a sum over them.
pub(crate) fn content(held: impl Iterator<Item = (u64, Mode, Site)>) -> u64 {
    let one = |(tag, mode, site)| request(share(tag, mode), mode, site);
    held.map(one).fold(0, u64::wrapping_add)
}

/// Returns the key of a thread that holds nothing, in one segment.
pub(crate) const fn seed(thread: u64, segment: u64, generation: u32) -> u64 {
    mix(mix(mix(thread) ^ segment) ^ generation as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tags_are_distinct_and_never_zero() {
        let tags: HashSet<u64> = (1..=100_000).map(of).collect();
        assert_eq!(tags.len(), 100_000);
        assert!(!tags.contains(&0));
    }

    #[test]
    fn a_mode_changes_what_a_hold_adds() {
        let tag = of(7);
        assert_ne!(share(tag, Mode::Exclusive), share(tag, Mode::Shared));
        assert_ne!(share(tag, Mode::Shared), share(tag, Mode::Upgradable));
    }

    #[test]
    fn sums_of_small_ids_do_not_collide() {
        let mut sums = HashSet::new();
        for a in 1..=200 {
            for b in a + 1..=200 {
                assert!(sums.insert(of(a).wrapping_add(of(b))));
            }
        }
    }

    #[test]
    fn a_new_segment_gives_a_new_seed() {
        assert_ne!(seed(1, 1, 0), seed(1, 2, 0));
        assert_ne!(seed(1, 1, 0), seed(2, 1, 0));
        assert_ne!(seed(1, 1, 0), seed(1, 1, 1));
    }
}
