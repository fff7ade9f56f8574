//! The parts of a page that are made by a program.

/// Puts `content` between the markers of `part`, in place of what stood there.
pub(crate) fn replace(page: &str, part: &str, content: &str) -> Result<String, String> {
    let (begin, end) = (
        format!("<!-- {part}:begin -->\n"),
        format!("<!-- {part}:end -->"),
    );
    let missing = || {
        format!(
            "the page has no part between {} and {end}",
            begin.trim_end()
        )
    };
    let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{content}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced() {
        let page = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = replace(page, "x", "new").unwrap();
        assert_eq!(new, "a\n<!-- x:begin -->\n\nnew\n<!-- x:end -->\nb\n");
        assert_eq!(replace(&new, "x", "new").unwrap(), new);
    }

    #[test]
    fn a_page_without_markers_is_refused() {
        assert!(replace("a", "x", "new").is_err());
    }
}
