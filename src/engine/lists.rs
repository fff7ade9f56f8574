//! Searches in lists and removals from them, with one copy for each type, or for all: those of the standard library get
//! a copy of hundreds of lines of LLVM IR for each closure, which is a cost of every build. For lists off the fast path.

use std::cmp::Ordering;

/// Returns the place of an item in `0..len`, or where it belongs, as `slice::binary_search_by` does; `compare` compares
/// the item at a place with the one that is sought.
pub(crate) fn search(len: usize, compare: &dyn Fn(usize) -> Ordering) -> Result<usize, usize> {
    let (mut start, mut end) = (0, len);
    while start < end {
        let middle = start + (end - start) / 2;
        match compare(middle) {
            Ordering::Less => start = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => end = middle,
        }
    }
    Err(start)
}

/// Adds an item to a list that is sorted and has each item once.
pub(crate) fn insert<T: Ord>(items: &mut Vec<T>, item: T) {
    if let Err(at) = search(items.len(), &|at| items[at].cmp(&item)) {
        items.insert(at, item);
    }
}

/// Removes the items that `is_kept` does not select; the others keep their order.
pub(crate) fn retain<T>(items: &mut Vec<T>, is_kept: &dyn Fn(&T) -> bool) {
    let mut kept = 0;
    for at in 0..items.len() {
        if is_kept(&items[at]) {
            items.swap(kept, at);
            kept += 1;
        }
    }
    items.truncate(kept);
}

/// Returns the first item that `is_meant` selects.
#[expect(
    clippy::manual_find,
    reason = "`Iterator::find` has a copy for each closure, and this loop one for each type"
)]
pub(crate) fn find<'a, T>(items: &'a [T], is_meant: &dyn Fn(&T) -> bool) -> Option<&'a T> {
    for item in items {
        if is_meant(item) {
            return Some(item);
        }
    }
    None
}

/// Returns whether `is_meant` selects an item.
pub(crate) fn any<T>(items: &[T], is_meant: &dyn Fn(&T) -> bool) -> bool {
    find(items, is_meant).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_searched_as_by_the_standard_library() {
        for len in 0..9 {
            let items: Vec<usize> = (0..len).map(|at| 2 * at + 1).collect();
            for sought in 0..20 {
                let found = search(items.len(), &|at| items[at].cmp(&sought));
                assert_eq!(found, items.binary_search(&sought));
                assert_eq!(any(&items, &|item| *item == sought), found.is_ok());
            }
        }
    }

    #[test]
    fn what_is_kept_keeps_its_order_and_what_is_known_is_not_added() {
        let mut items = Vec::new();
        for item in [5, 1, 4, 1, 3, 2, 5] {
            insert(&mut items, item);
        }
        assert_eq!(items, [1, 2, 3, 4, 5]);
        retain(&mut items, &|item| item % 2 == 0);
        assert_eq!(items, [2, 4]);
        retain(&mut items, &|_| false);
        assert!(items.is_empty());
    }
}
