//! Declared orders: they enter the graphs, so that the first violation is a finding without a run of the
//! opposite order.

use std::panic::Location;
use std::path::Path;

use crate::declare;
use crate::detector::order::classes;
use crate::engine::ids::Site;
use crate::sink;
use crate::tracking::thread::slot::Slot;
use crate::variables::Variable;

/// Adds declared orders to the graphs.
pub(crate) fn add(slot: &'static Slot, orders: Vec<Vec<&'static str>>, site: Site) {
    for names in orders {
        classes::declare(slot, &names, site);
    }
}

/// Reads the file that the environment names, if it names one; errors are printed on standard error.
pub(crate) fn from_environment(slot: &'static Slot) {
    let Some(path) = Variable::Order.read() else {
        return;
    };
    match declare::in_file(Path::new(&path)) {
        Ok(orders) => add(slot, orders, Location::caller()),
        Err(error) => sink::say(&format!("{}: {error}", Variable::Order.name())),
    }
}
