//! Declared orders on their way into the graphs.

use crate::detector::order::declaration;
use crate::engine::ids::Site;
use crate::watchdog::startup::attach;

/// Adds declared orders to the graphs.
pub(in crate::instrument) fn add_orders(orders: Vec<Vec<&'static str>>, site: Site) {
    if let Some(slot) = attach() {
        declaration::add(slot, orders, site);
    }
}
