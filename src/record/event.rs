//! The `tracing` event of a new lock order.

use super::rows::EdgeRow;
use crate::sink;

/// Queues the event of a new lock order, for the subscriber of the calling thread. Its attributes name no time,
/// process or number, so that a log pipeline can merge the events of many hosts.
///
/// The thread is in the middle of an acquisition. It may have been called by the subscriber, and hold a lock that
/// the subscriber takes for each event, so the event is emitted by another thread.
pub(crate) fn emit(edge: EdgeRow) {
    if !sink::emits_orders() {
        return;
    }
    sink::to_subscriber(move || {
        tracing::event!(
            target: "lockwarden::order",
            tracing::Level::DEBUG,
            lock.v = 1,
            lock.from = edge.from.as_ref(),
            lock.from_mode = edge.from_mode.name(),
            lock.from_site = edge.from_site.as_str(),
            lock.to = edge.to.as_ref(),
            lock.to_mode = edge.to_mode.name(),
            lock.to_site = edge.to_site.as_str(),
            lock.gates = edge.gates.join(",").as_str(),
            lock.role = edge.role.as_str(),
            "lock order"
        );
    });
}
