//! Declared orders: their files, and the check that they do not contradict each other.

mod declared;
mod file;

use std::collections::HashSet;
use std::path::Path;

use self::declared::Place;
pub use crate::config::RuleError as OrderError;
use crate::config::rule_file;
use crate::engine::ids::Site;

/// Adds the order that `names` have in the code at `site`; returns the names as `'static` strings.
pub(crate) fn in_code(names: &[&str], site: Site) -> Result<Vec<Vec<&'static str>>, OrderError> {
    declared::add(&[(names.to_vec(), Place::Code(site))])
}

/// Returns the pairs of classes of a file of orders, accepted loops among them.
pub(crate) fn pairs_of(path: &Path) -> Result<HashSet<(String, String)>, OrderError> {
    let text = rule_file::read(path)?;
    let orders = file::parse(&text, path)?;
    let pairs = orders.iter().flat_map(|order| order.names.windows(2));
    Ok(pairs
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect())
}

/// Adds the orders of a file, all or none; returns their names as `'static` strings.
pub(crate) fn in_file(path: &Path) -> Result<Vec<Vec<&'static str>>, OrderError> {
    let text = rule_file::read(path)?;
    let orders = file::parse(&text, path)?;
    let orders: Vec<(Vec<&str>, Place)> = orders
        .iter()
        .filter(|order| !order.is_loop)
        .map(|order| {
            (
                order.names.clone(),
                Place::File(path.to_owned(), order.line),
            )
        })
        .collect();
    declared::add(&orders)
}
