//! Declared orders: their files, and the check that they do not contradict each other.

mod declared;
mod file;

use std::path::Path;

pub use crate::config::RuleError as OrderError;
use crate::config::rule_file;
use crate::engine::ids::Site;
use crate::report::Escaped;

/// Adds the order that `names` have in the code at `site`; returns the names as `'static` strings.
pub(crate) fn in_code(names: &[&str], site: Site) -> Result<Vec<Vec<&'static str>>, OrderError> {
    declared::add(&[(names, site.to_string())])
}

/// Calls `each` with the pairs of classes of a file of orders, accepted loops among them.
pub(crate) fn pairs_of(path: &Path, each: &mut dyn FnMut(&str, &str)) -> Result<(), OrderError> {
    let text = rule_file::read(path)?;
    let orders = file::parse(&text, path)?;
    for order in &orders {
        for pair in order.names.windows(2) {
            each(pair[0], pair[1]);
        }
    }
    Ok(())
}

/// Adds the orders of a file, all or none; returns their names as `'static` strings.
pub(crate) fn in_file(path: &Path) -> Result<Vec<Vec<&'static str>>, OrderError> {
    let text = rule_file::read(path)?;
    let orders = file::parse(&text, path)?;
    let file = path.display().to_string();
    let mut enforced = Vec::new();
    for order in &orders {
        if !order.is_loop {
            enforced.push((&*order.names, format!("{}:{}", Escaped(&file), order.line)));
        }
    }
    declared::add(&enforced)
}
