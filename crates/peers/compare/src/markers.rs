//! The parts of a page that a program writes.

/// Puts `content` between the two comments that mark `part`, in place of what stood there.
pub(crate) fn replace(page: &str, part: &str, content: &str) -> Result<String, String> {
    let begin = format!("<!-- {part}:begin -->");
    let end = format!("<!-- {part}:end -->");
    let missing = |marker: &str| format!("no {marker}");
    let from = page.find(&begin).ok_or_else(|| missing(&begin))? + begin.len();
    let to = from + page[from..].find(&end).ok_or_else(|| missing(&end))?;
    let (before, after) = (&page[..from], &page[to..]);
    Ok(format!("{before}\n\n{}\n\n{after}", content.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes_and_twice_is_as_once() {
        let page = "one\n<!-- x:begin -->\nold\n<!-- x:end -->\ntwo\n";
        let once = replace(page, "x", "new\n").unwrap();
        assert_eq!(
            once,
            "one\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\ntwo\n"
        );
        assert_eq!(replace(&once, "x", "new").unwrap(), once);
    }

    #[test]
    fn a_mark_that_is_missing_is_named() {
        let missing = replace("<!-- x:begin -->", "x", "").unwrap_err();
        assert_eq!(missing, "no <!-- x:end -->");
    }
}
