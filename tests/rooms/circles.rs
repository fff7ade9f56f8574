//! Circles of files: each of a set of files imports, perhaps through others, from all the others of the set.

use std::collections::{BTreeMap, BTreeSet};

/// The sets of two and more nodes that reach each other, each sorted.
pub(crate) fn circles<T>(arrows: &BTreeMap<String, BTreeMap<String, T>>) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = arrows
        .keys()
        .map(|start| {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(node) = open.pop() {
                for next in arrows.get(node).into_iter().flatten().map(|(next, _)| next) {
                    if reached.insert(next) {
                        open.push(next);
                    }
                }
            }
            (start, reached)
        })
        .collect();
    let reaches =
        |from: &String, to: &String| reached.get(from).is_some_and(|all| all.contains(to));
    let mut circles = BTreeSet::new();
    for start in arrows.keys().filter(|start| reaches(start, start)) {
        let circle = arrows
            .keys()
            .filter(|node| reaches(start, node) && reaches(node, start));
        circles.insert(circle.cloned().collect::<Vec<String>>());
    }
    circles.into_iter().collect()
}

#[test]
fn nodes_that_reach_each_other_are_a_circle() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "a"), ("c", "e")];
    let mut graph: BTreeMap<String, BTreeMap<String, ()>> = BTreeMap::new();
    for (from, to) in arrows {
        graph
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned(), ());
    }
    assert_eq!(circles(&graph), [["b", "c"]]);
}
