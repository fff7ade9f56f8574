//! Queries for chains of edges.

use super::helper::{lock, take, thread};
use crate::engine::order_graph::{Limits, OrderGraph};

fn way(graph: &OrderGraph, from: usize, to: usize) -> Option<Vec<(u64, u64, u64)>> {
    let links = graph.way(lock(from), lock(to))?;
    let words = |link: &crate::engine::acquisition::Link| {
        (link.thread.get(), link.from.get(), link.to.get())
    };
    Some(links.iter().map(words).collect())
}

#[test]
fn a_path_is_the_shortest_chain_and_follows_the_edges() {
    let mut graph = OrderGraph::new(Limits::default());
    take(&mut graph, &thread(1), &[1], 2);
    take(&mut graph, &thread(2), &[2], 3);
    take(&mut graph, &thread(3), &[3], 4);
    assert_eq!(way(&graph, 1, 3), Some(vec![(1, 1, 2), (2, 2, 3)]));
    assert_eq!(way(&graph, 3, 1), None);
    take(&mut graph, &thread(4), &[1], 3);
    assert_eq!(way(&graph, 1, 4), Some(vec![(4, 1, 3), (3, 3, 4)]));
    assert_eq!(way(&graph, 1, 9), None, "an unknown lock");
}

#[test]
fn no_path_leads_through_a_dropped_lock() {
    let mut graph = OrderGraph::new(Limits::default());
    take(&mut graph, &thread(1), &[1], 2);
    take(&mut graph, &thread(1), &[2], 3);
    graph.forget(lock(2));
    assert_eq!(way(&graph, 1, 3), None);
}
