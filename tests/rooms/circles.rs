//! Circles of files: each of a set of files imports, perhaps through others, from all the others of the set.

use std::collections::{BTreeMap, BTreeSet};

/// The sets of two and more nodes that reach each other, each sorted.
pub(crate) fn circles<T>(arrows: &BTreeMap<String, BTreeMap<String, T>>) -> Vec<Vec<String>> {
    let nodes: Vec<&String> = arrows.keys().collect();
    let next: Vec<Vec<usize>> = arrows
        .values()
        .map(|to| {
            to.keys()
                .filter_map(|to| nodes.binary_search(&to).ok())
                .collect()
        })
        .collect();
    let reached: Vec<Vec<bool>> = (0..nodes.len()).map(|start| reach(&next, start)).collect();
    let mut circles = BTreeSet::new();
    for start in (0..nodes.len()).filter(|start| reached[*start][*start]) {
        let circle = (0..nodes.len()).filter(|node| reached[start][*node] && reached[*node][start]);
        circles.insert(circle.map(|node| nodes[node].clone()).collect::<Vec<_>>());
    }
    circles.into_iter().collect()
}

/// Which nodes are reached from `start` by at least one arrow.
fn reach(next: &[Vec<usize>], start: usize) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for &next in &next[node] {
            if !std::mem::replace(&mut reached[next], true) {
                open.push(next);
            }
        }
    }
    reached
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
