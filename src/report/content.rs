//! The type of what a lock holds, as a report shows it.

/// Returns the name of a type without the paths of modules in it: `alloc::vec::Vec<shop::Ledger>` becomes
/// `Vec<Ledger>`.
pub(super) fn short(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    // Where the path begins whose last segment is being read.
    let mut path = 0;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            shown.truncate(path);
            rest = behind;
            continue;
        }
        shown.push(c);
        rest = &rest[c.len_utf8()..];
        // A path ends with what can be in no segment of one; `{{closure}}` is a segment.
        if !(c.is_alphanumeric() || matches!(c, '_' | '{' | '}')) {
            path = shown.len();
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_modules() {
        for (name, expected) in [
            ("u8", "u8"),
            ("alloc::vec::Vec<shop::Ledger>", "Vec<Ledger>"),
            (
                "std::collections::hash::map::HashMap<&str, (a::B, [c::D; 4])>",
                "HashMap<&str, (B, [D; 4])>",
            ),
            (
                "dyn core::ops::Fn(a::B) -> c::D + Send",
                "dyn Fn(B) -> D + Send",
            ),
            ("shop::main::{{closure}}", "{{closure}}"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}
