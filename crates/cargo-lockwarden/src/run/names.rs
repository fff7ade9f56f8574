//! Locks without a name get the one that the source has for them.

use crate::project::Project;
use crate::symbols::Sources;

/// Before the place at which a lock was made, in a headline.
const MADE_AT: &str = " made at ";

/// The sources of a project.
pub(super) fn sources(project: &Project) -> Sources {
    let packages = project
        .packages
        .iter()
        .filter(|package| package.is_member)
        .filter_map(|package| {
            let relative = package.folder.strip_prefix(&project.root).ok()?;
            let relative = relative.to_string_lossy().replace('\\', "/");
            Some((relative, package.name.clone()))
        })
        .collect();
    Sources::new(project.root.clone(), packages)
}

/// A headline in which each lock that is called by its place has the name of its field, static or
/// binding before it, where `symbol` knows one.
pub(super) fn named(headline: &str, symbol: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = headline.split(MADE_AT);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let place = part.split([' ', ';', ',']).next().unwrap_or_default();
        if let Some(symbol) = symbol(place) {
            text += &format!(" `{symbol}`");
        }
        text += MADE_AT;
        text += part;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_that_the_source_names_gets_the_name() {
        let headline = "Inversion: the Mutex made at src/main.rs:7:29 and the RwLock made at \
                        dashmap-5.5.3/src/lib.rs:285:22 are taken in both orders";
        let symbol = |place: &str| (place == "src/main.rs:7:29").then(|| "app::LEDGER".to_owned());
        assert_eq!(
            named(headline, symbol),
            "Inversion: the Mutex `app::LEDGER` made at src/main.rs:7:29 and the RwLock made at \
             dashmap-5.5.3/src/lib.rs:285:22 are taken in both orders"
        );
        let named_by_program = "SelfDeadlock: thread #1 takes `ledger` twice";
        assert_eq!(named(named_by_program, |_| None), named_by_program);
    }
}
