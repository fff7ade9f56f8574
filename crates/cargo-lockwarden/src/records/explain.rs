//! Whether one lock comes before another, by which chain, and what would close a cycle.

use std::fmt::Write as _;

use super::baseline::Baseline;
use super::check::Link;
use super::merged::Records;
use super::orders::{Orders, Step};
use super::text;
use crate::symbols::Sources;

/// Explains the order of two classes. An error says which of them is unknown, and what is similar.
pub(crate) fn explain(
    records: &Records,
    baseline: &Baseline,
    sources: &Sources,
    first: &str,
    second: &str,
) -> Result<String, String> {
    let orders = Orders::of(records);
    let (first, second) = (find(records, first)?, find(records, second)?);
    let mut text = String::new();
    let path = |from: &str, to: &str| {
        let (from, to) = (orders.node(from)?, orders.node(to)?);
        orders.path(from, to)
    };
    let (there, back) = (path(&first, &second), path(&second, &first));
    match (&there, &back) {
        (Some(_), Some(_)) => {
            let _ = writeln!(text, "`{first}` and `{second}` are taken in both orders:");
        }
        (Some(_), None) => {
            let _ = writeln!(text, "`{first}` comes before `{second}`:");
        }
        (None, Some(_)) => {
            let _ = writeln!(text, "`{second}` comes before `{first}`:");
        }
        (None, None) => {
            let _ = writeln!(
                text,
                "no order of `{first}` and `{second}` was recorded: no chain of locks leads from one to the \
                 other"
            );
        }
    }
    let chains = [&there, &back];
    for path in chains.iter().copied().flatten() {
        chain(&mut text, records, baseline, sources, path);
    }
    match (there.is_some(), back.is_some()) {
        (true, false) => {
            let _ = writeln!(
                text,
                "taking `{first}` while `{second}` is held would close a cycle"
            );
        }
        (false, true) => {
            let _ = writeln!(
                text,
                "taking `{second}` while `{first}` is held would close a cycle"
            );
        }
        _ => {}
    }
    Ok(text)
}

fn chain(
    text: &mut String,
    records: &Records,
    baseline: &Baseline,
    sources: &Sources,
    path: &[Step<'_>],
) {
    for step in path {
        text::link_lines(text, &Link::of(records, *step, baseline), sources);
    }
}

/// The class with this name, or the only one whose name ends with it.
pub(crate) fn find(records: &Records, name: &str) -> Result<String, String> {
    if records.classes.contains_key(name) {
        return Ok(name.to_owned());
    }
    let ends = |class: &&String| {
        class
            .strip_suffix(name)
            .is_some_and(|rest| rest.ends_with("::") || rest.ends_with('.') || rest.ends_with('/'))
    };
    let fits: Vec<&String> = records.classes.keys().filter(ends).collect();
    match fits.as_slice() {
        [class] => Ok((*class).clone()),
        [] => {
            let similar: Vec<String> = records
                .classes
                .keys()
                .filter(|class| class.contains(name))
                .take(5)
                .map(|class| format!("`{class}`"))
                .collect();
            let hint = match similar.is_empty() {
                true => "`cargo lockwarden graph --format json` lists all locks".to_owned(),
                false => format!("similar: {}", similar.join(", ")),
            };
            Err(format!("no lock class `{name}` was recorded; {hint}"))
        }
        several => {
            let several: Vec<String> = several.iter().map(|class| format!("`{class}`")).collect();
            Err(format!("`{name}` may be {}", several.join(" or ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::records;
    use super::super::merged::ClassSeen;
    use super::*;

    fn explained(edges: &[(&str, &str)], first: &str, second: &str) -> Result<String, String> {
        let mut records = records(edges);
        for class in edges.iter().flat_map(|(from, to)| [from, to]) {
            records.join_class((*class).to_owned(), ClassSeen::default());
        }
        explain(
            &records,
            &Baseline::default(),
            &Sources::default(),
            first,
            second,
        )
    }

    #[test]
    fn a_chain_is_explained_from_either_end() {
        let edges = [("m::a", "m::b"), ("m::b", "m::c")];
        let text = explained(&edges, "c", "a").unwrap();
        assert!(text.starts_with("`m::a` comes before `m::c`"), "{text}");
        assert!(
            text.contains("taking `m::a` while `m::c` is held would close a cycle"),
            "{text}"
        );
        assert!(text.contains("test `test0`"), "{text}");
    }

    #[test]
    fn both_orders_and_none_are_said() {
        let text = explained(&[("a", "b"), ("b", "a")], "a", "b").unwrap();
        assert!(text.contains("in both orders"), "{text}");
        let text = explained(&[("a", "b"), ("a", "c")], "b", "c").unwrap();
        assert!(text.starts_with("no order of `b` and `c`"), "{text}");
    }

    #[test]
    fn an_unknown_name_is_an_error_with_a_hint() {
        let error = explained(&[("ledger", "b")], "ledge", "b").unwrap_err();
        assert!(error.contains("similar: `ledger`"), "{error}");
    }
}
