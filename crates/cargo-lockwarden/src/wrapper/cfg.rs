//! Which `cfg` conditions hold in one call of the compiler.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

use super::invocation::Invocation;

/// The options that the compiler is given. What it knows by itself (`unix`, `target_os`) is not among them, and
/// neither true nor false here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cfg {
    features: BTreeSet<String>,
    names: BTreeSet<String>,
    is_test: bool,
}

impl Cfg {
    /// The options of one call of rustc or rustdoc.
    pub(super) fn of(invocation: &Invocation) -> Self {
        let mut cfg = Self {
            is_test: invocation.has("--test"),
            ..Self::default()
        };
        for option in invocation.values("--cfg") {
            match option.split_once('=') {
                Some(("feature", value)) => {
                    cfg.features.insert(value.trim_matches('"').to_owned());
                }
                Some(_) => {}
                None => {
                    cfg.names.insert(option);
                }
            }
        }
        cfg
    }

    /// The options of a package that is not compiled yet.
    pub(super) fn of_features(features: impl IntoIterator<Item = String>) -> Self {
        Self {
            features: features.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whether `--cfg name` is among the options.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether the feature is on.
    pub(super) fn has_feature(&self, name: &str) -> bool {
        self.features.contains(name)
    }

    /// What an attribute may be: those of a `cfg_attr`, unless its condition certainly does not hold.
    pub(super) fn expand(&self, attribute: &Attribute) -> Vec<Meta> {
        if !attribute.path().is_ident("cfg_attr") {
            return vec![attribute.meta.clone()];
        }
        let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        let mut parts = parts.into_iter().flatten();
        match parts.next() {
            Some(condition) if self.holds(&condition) != Some(false) => parts.collect(),
            _ => Vec::new(),
        }
    }

    /// Whether what the attribute says certainly holds: that of a `cfg_attr` does if its condition does.
    pub(super) fn is_certain(&self, attribute: &Attribute) -> bool {
        if !attribute.path().is_ident("cfg_attr") {
            return true;
        }
        let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        parts.is_ok_and(|parts| parts.first().and_then(|first| self.holds(first)) == Some(true))
    }

    /// Whether what has these attributes may be compiled: `false` if it certainly is not.
    pub(super) fn keeps(&self, attributes: &[Attribute]) -> bool {
        attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"))
            .filter_map(|attribute| attribute.parse_args::<Meta>().ok())
            .all(|condition| self.holds(&condition) != Some(false))
    }

    /// Whether the condition holds; `None` if it depends on an option that the compiler sets itself.
    fn holds(&self, condition: &Meta) -> Option<bool> {
        match condition {
            Meta::Path(path) if path.is_ident("test") => Some(self.is_test),
            Meta::Path(path) => self
                .names
                .contains(&path.get_ident()?.to_string())
                .then_some(true),
            Meta::NameValue(pair) if pair.path.is_ident("feature") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(name),
                    ..
                }) => Some(self.features.contains(&name.value())),
                _ => None,
            },
            Meta::NameValue(_) => None,
            Meta::List(list) => {
                let inside = list
                    .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                    .ok()?;
                let mut inside = inside.iter().map(|condition| self.holds(condition));
                if list.path.is_ident("not") {
                    inside.next()?.map(|holds| !holds)
                } else if list.path.is_ident("all") {
                    decided(inside, false)
                } else if list.path.is_ident("any") {
                    decided(inside, true)
                } else {
                    None
                }
            }
        }
    }
}

/// `decider` if one of the conditions has that value, its opposite if all have the opposite, else `None`.
fn decided(conditions: impl Iterator<Item = Option<bool>>, decider: bool) -> Option<bool> {
    let mut is_open = false;
    for holds in conditions {
        match holds {
            Some(holds) if holds == decider => return Some(decider),
            Some(_) => {}
            None => is_open = true,
        }
    }
    (!is_open).then_some(!decider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(arguments: &[&str], condition: &str) -> Option<bool> {
        let arguments = arguments.iter().map(std::ffi::OsString::from).collect();
        let cfg = Cfg::of(&Invocation::read(arguments).unwrap());
        cfg.holds(&syn::parse_str(condition).unwrap())
    }

    #[test]
    fn conditions_hold_by_what_the_compiler_is_given() {
        let given = [
            "--cfg",
            "feature=\"a\"",
            "--cfg",
            "own",
            "--cfg=feature=\"b\"",
        ];
        let of = |condition| holds(&given, condition);
        assert_eq!(of("feature = \"a\""), Some(true));
        assert_eq!(of("feature = \"b\""), Some(true));
        assert_eq!(of("feature = \"c\""), Some(false));
        assert_eq!(of("own"), Some(true));
        assert_eq!(of("unix"), None);
        assert_eq!(of("target_os = \"linux\""), None);
        assert_eq!(of("test"), Some(false));
        assert_eq!(holds(&["--test"], "test"), Some(true));
        assert_eq!(of("not(feature = \"c\")"), Some(true));
        assert_eq!(of("all(unix, feature = \"a\")"), None);
        assert_eq!(of("all(unix, feature = \"c\")"), Some(false));
        assert_eq!(of("any(unix, feature = \"a\")"), Some(true));
        assert_eq!(of("any(feature = \"c\", not(own))"), Some(false));
        assert_eq!(of("any(unix, feature = \"c\")"), None);
        assert_eq!(of("all()"), Some(true));
    }
}
