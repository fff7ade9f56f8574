//! Sorts with one copy of the algorithm for all types: `slice::sort` gets a copy of 3,000 lines of LLVM IR for
//! each type and each key, which is a cost of every build. For lists off the fast path.

use std::cmp::Ordering;

/// Sorts by a key, stably. Allocates one word for each item.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, &|one, other| key(one).cmp(&key(other)));
}

/// Sorts in ascending order, stably. Allocates one word for each item.
pub(crate) fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, &T::cmp);
}

/// Sorts by a comparison, stably. Allocates one word for each item.
pub(crate) fn sort_by<T>(items: &mut [T], compare: &dyn Fn(&T, &T) -> Ordering) {
    let places = sorted(items.len(), &|one, other| {
        compare(&items[one], &items[other])
    });
    arrange(places, &mut |one, other| items.swap(one, other));
}

/// Returns the places of `0..len` in the order in which `compare` sorts them.
fn sorted(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    if len < 2 {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Moves to each place what is at the place that the list has there.
fn arrange(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    // Each cycle of the permutation: an item goes where it belongs, and the one that is there goes on.
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Random;

    #[test]
    fn lists_are_sorted_as_by_the_standard_library() {
        let mut random = Random::new(7);
        for len in 0..40 {
            let items: Vec<(usize, usize)> = (0..len).map(|at| (random.below(9), at)).collect();
            let (mut ours, mut std) = (items.clone(), items);
            sort_by_key(&mut ours, |item| item.0);
            std.sort_by_key(|item| item.0);
            assert_eq!(ours, std);
        }
        let mut items = [3, 1, 2];
        sort(&mut items);
        assert_eq!(items, [1, 2, 3]);
    }
}
