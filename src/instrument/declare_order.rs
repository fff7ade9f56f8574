//! The public functions by which a program declares lock orders.

use std::panic::Location;
use std::path::Path;

use super::chosen::add_orders;
use crate::declare::{self, OrderError};

/// Declares that locks of these classes are taken in this order: each before all that follow it.
///
/// The names are those given to `named`. A name without a lock is no error: the lock may be created later, or
/// never. From now on, an acquisition against the order is an
/// [`Inversion`](crate::report::Verdict::Inversion), by whichever thread, and whether or not any thread ever
/// takes the locks the other way round.
///
/// Costs, once, a little for each pair of names.
///
/// # Errors
///
/// [`OrderError`] if the names contradict each other or an earlier declaration. Then nothing of the
/// declaration takes effect.
///
/// # Examples
///
/// ```
/// lockwarden::declare_order(&["ledger", "audit", "stats"])?;
/// let contradiction = lockwarden::declare_order(&["stats", "ledger"]);
/// assert!(contradiction.is_err());
/// # Ok::<(), lockwarden::OrderError>(())
/// ```
#[track_caller]
pub fn declare_order(names: &[&str]) -> Result<(), OrderError> {
    let site = Location::caller();
    add_orders(declare::in_code(names, site)?, site);
    Ok(())
}

/// Declares the orders in a file, one per line: `ledger < audit < stats`.
///
/// Empty lines, and everything after a `#`, are skipped. Returns the number of orders. The environment
/// variable `LOCKWARDEN_ORDER` names such a file, too, which is read at the start.
///
/// # Errors
///
/// [`OrderError`] if the file cannot be read, is not a regular file or has more than a mebibyte, if a line
/// does not have that form, or if the orders contradict each other or an earlier declaration. Then nothing of
/// the file takes effect.
///
/// # Examples
///
/// ```no_run
/// let orders = lockwarden::declare_order_file("locks.order")?;
/// println!("{orders} lock orders are declared");
/// # Ok::<(), lockwarden::OrderError>(())
/// ```
#[track_caller]
pub fn declare_order_file(path: impl AsRef<Path>) -> Result<usize, OrderError> {
    let site = Location::caller();
    let orders = declare::in_file(path.as_ref())?;
    let count = orders.len();
    add_orders(orders, site);
    Ok(count)
}
