//! Environment variables whose names are nearly those of the library: what they ask for would be missing without a word.

use super::did_you_mean::nearest;
use crate::variables::{self, Variable};

const PREFIX: &str = "LOCKWARDEN_";

/// The names, after the prefix, that `Variable` does not have: those of records and of `cargo lockwarden`.
const OTHERS: [&str; 3] = ["SERVICE", "CACHE", "CARGO_PLAN"];

/// Returns a sentence for each variable of the environment that is set under a misspelt name.
pub(crate) fn misspelt() -> Vec<String> {
    let mut known = OTHERS.to_vec();
    for variable in Variable::ALL {
        known.extend(variable.name().strip_prefix(PREFIX));
    }
    let mut sentences = Vec::new();
    for name in variables::set_names() {
        // Names have no case on Windows.
        let upper = if cfg!(windows) {
            name.to_uppercase()
        } else {
            name.clone()
        };
        let Some(own) = upper.strip_prefix(PREFIX) else {
            continue;
        };
        if !known.contains(&own)
            && let Some(meant) = nearest(own, &known)
        {
            sentences.push(format!(
                "the variable {name} is set and has no effect; did you mean {PREFIX}{meant}?"
            ));
        }
    }
    sentences
}
