//! Orders that are declared ahead: their files, and whether they contradict each other.

mod declared;
mod file;

use std::path::Path;

use self::declared::Place;
pub use crate::config::RuleError as OrderError;
use crate::config::rule_file;
use crate::engine::ids::Site;

/// Takes in the order that `names` have in the code at `site`; returns the names with lives of
/// their own.
pub(crate) fn in_code(names: &[&str], site: Site) -> Result<Vec<Vec<&'static str>>, OrderError> {
    declared::add(&[(names.to_vec(), Place::Code(site))])
}

/// Takes in the orders of a file, all or none; returns their names with lives of their own.
pub(crate) fn in_file(path: &Path) -> Result<Vec<Vec<&'static str>>, OrderError> {
    let text = rule_file::read(path)?;
    let orders = file::parse(&text, path)?;
    let orders: Vec<(Vec<&str>, Place)> = orders
        .iter()
        .map(|order| {
            (
                order.names.clone(),
                Place::File(path.to_owned(), order.line),
            )
        })
        .collect();
    declared::add(&orders)
}
