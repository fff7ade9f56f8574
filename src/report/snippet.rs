//! Source lines with marks under them, in the form of compiler diagnostics.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::place::shown_file;
use super::source::Sources;
use super::width::{width, width_of};
use crate::engine::ids::Site;
use crate::engine::sorting;

/// A line is cut before it is longer than this.
const MAX_WIDTH: usize = 110;
/// The replacement of a part that was cut off.
const CUT: &str = "...";
/// A tab, as the compiler counts columns.
const TAB: &str = "    ";

/// One place in a source file, known from a site or from the debug information, with its label.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) file: Cow<'static, str>,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) label: String,
    /// Whether the place is underlined with carets, not with dashes.
    pub(super) primary: bool,
}

impl Mark {
    pub(super) fn at(site: Site, label: String, primary: bool) -> Self {
        Self {
            file: Cow::Borrowed(site.file()),
            line: site.line(),
            column: site.column(),
            label,
            primary,
        }
    }
}

/// Writes the places, file by file, as far as the files exist. The primary marks are the first ones, so that their file
/// comes before those that explain it.
pub(super) fn show(out: &mut String, sources: &mut Sources, marks: &[Mark]) {
    let mut files: Vec<&str> = Vec::new();
    for mark in marks {
        if !files.contains(&&*mark.file) {
            files.push(&mark.file);
        }
    }
    for &file in &files {
        let mut lines = Vec::new();
        for mark in marks {
            if mark.file == file
                && let Some(line) = Line::new(sources, mark)
            {
                lines.push(line);
            }
        }
        sorting::sort_by_key(&mut lines, |line| (line.mark.line, line.mark.column));
        show_file(out, sources, file, &lines);
    }
}

/// A mark with its source line.
struct Line<'a> {
    mark: &'a Mark,
    text: String,
    /// Where the underline begins and how long it is, in columns of the screen.
    start: usize,
    length: usize,
}

impl<'a> Line<'a> {
    /// Returns the mark with its line; `None` if the line does not exist, or is not the compiled one.
    fn new(sources: &mut Sources, mark: &'a Mark) -> Option<Self> {
        let source = sources.line(&mark.file, mark.line)?;
        let column = usize::try_from(mark.column).ok()?.checked_sub(1)?;
        let (before, rest) = split(source, column)?;
        if !is_call(before, rest) {
            return None;
        }
        let length = match word(rest) {
            "" => width_of(rest.chars().next()?),
            word => width(word),
        };
        Some(Self {
            mark,
            text: visible(source),
            start: column,
            length: length.max(1),
        })
    }
}

/// Splits the line at a column, as the compiler counts columns: a tab is four of them, and other
/// characters are as wide as a terminal shows them. `None` if no character begins there.
fn split(line: &str, column: usize) -> Option<(&str, &str)> {
    let mut at = 0;
    for (position, character) in line.char_indices() {
        if at >= column {
            return (at == column).then(|| line.split_at(position));
        }
        at += match character {
            '\t' => TAB.len(),
            _ => width_of(character),
        };
    }
    None
}

/// Returns whether the line has a call, or an expression that may call, at this column. If not, the
/// file is not the compiled one.
fn is_call(before: &str, rest: &str) -> bool {
    let is_comment = before.trim_start().starts_with("//");
    let last = before.chars().next_back();
    if is_comment || last.is_some_and(is_of_name) {
        return false;
    }
    let name = word(rest);
    if last == Some('.') {
        let behind = rest[name.len()..].trim_start().chars().next();
        let is_called = !name.is_empty() && matches!(behind, None | Some('(' | ':' | '/'));
        return is_called || name == "await";
    }
    // A path, a macro, a value that is dereferenced, or a closure.
    let operator = rest.chars().next();
    !name.is_empty()
        || matches!(
            operator,
            Some('*' | '&' | '(' | '<' | '$' | '|' | '-' | '!' | '{' | '[')
        )
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the name or the keyword that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c| !is_of_name(c));
    &text[..end.unwrap_or(text.len())]
}

fn show_file(out: &mut String, sources: &mut Sources, file: &str, lines: &[Line<'_>]) {
    let Some(last) = lines.last() else { return };
    let first = lines.iter().find(|line| line.mark.primary).unwrap_or(last);
    let gutter = last.mark.line.to_string().len();
    let edge = format!("{:gutter$} |", "");
    let (file_shown, line, column) = (shown_file(file), first.mark.line, first.mark.column);
    let _ = writeln!(
        out,
        "{:gutter$}--> {file_shown}:{line}:{column}\n{edge}",
        ""
    );
    let mut shown: Option<u32> = None;
    for line in lines {
        let number = line.mark.line;
        // Two marks on one line are cut alike, so that both stand under their words.
        let mut start = line.start;
        for other in lines {
            if other.mark.line == number {
                start = start.min(other.start);
            }
        }
        let skipped = cut_before(start);
        if shown != Some(number) {
            match shown {
                Some(before) if number == before + 2 => {
                    if let Some(between) = sources.line(file, before + 1) {
                        numbered(out, before + 1, gutter, &clipped(&visible(between), 0));
                    }
                }
                Some(before) if number > before + 1 => {
                    let _ = writeln!(out, "{CUT}");
                }
                _ => {}
            }
            numbered(out, number, gutter, &clipped(&line.text, skipped));
            shown = Some(number);
        }
        let under = if line.mark.primary { "^" } else { "-" };
        let under = under.repeat(line.length);
        let start = line.start - skipped + if skipped > 0 { CUT.len() } else { 0 };
        let _ = writeln!(out, "{edge} {:start$}{under} {}", "", line.mark.label);
    }
}

fn numbered(out: &mut String, number: u32, gutter: usize, text: &str) {
    let line = format!("{number:>gutter$} | {text}");
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Returns how much of a line is cut before its first mark, in columns.
fn cut_before(start: usize) -> usize {
    if start + 40 > MAX_WIDTH {
        start - 40
    } else {
        0
    }
}

/// Returns the line from a column on, cut to the maximal width.
fn clipped(text: &str, skipped: usize) -> String {
    let mut clipped = String::new();
    if skipped > 0 {
        clipped.push_str(CUT);
    }
    let mut column = 0;
    for character in text.chars() {
        let wide = width_of(character);
        if column >= skipped {
            if column - skipped + wide > MAX_WIDTH {
                clipped.push_str(CUT);
                break;
            }
            clipped.push(character);
        }
        column += wide;
    }
    clipped
}

/// Returns a source line for printing, in which a mark stands under its word: tabs as spaces, another control character
/// as a space.
fn visible(line: &str) -> String {
    let mut visible = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\t' => visible.push_str(TAB),
            _ if character.is_control() => visible.push(' '),
            _ => visible.push(character),
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn mark(site: Site, label: &str, primary: bool) -> Mark {
        Mark::at(site, label.to_owned(), primary)
    }

    fn shown(marks: &[Mark]) -> String {
        let mut out = String::new();
        show(&mut out, &mut Sources::default(), marks);
        out
    }

    #[test]
    fn marks_stand_under_their_words_in_the_order_of_the_lines() {
        let first = Location::caller();
        let second = Location::caller();
        let line = first.line();
        let text = shown(&[mark(second, "asks", true), mark(first, "takes", false)]);
        let gutter = " ".repeat(second.line().to_string().len());
        let expected = format!(
            "{gutter}--> {file}:{next}:22
{gutter} |
{line} |         let first = Location::caller();
{gutter} |                     -------- takes
{next} |         let second = Location::caller();
{gutter} |                      ^^^^^^^^ asks
",
            file = file!(),
            next = line + 1,
        );
        let expected = expected.replacen(":22\n", &format!(":{}\n", second.column()), 1);
        assert_eq!(text, expected);
    }

    #[test]
    fn a_mark_stands_under_its_word_behind_tabs_and_wide_letters() {
        let place: Site = include!("testdata/tabs.in");
        let text = shown(&[mark(place, "here", true)]);
        let lines: Vec<&str> = text.lines().collect();
        let word = lines[2].find("Location").expect("the line is shown");
        // The wide letter has three bytes and takes two columns.
        assert_eq!(lines[3].find('^'), Some(word - 1), "{text}");
        assert!(lines[3].ends_with("^^^^^^^^ here"), "{text}");
    }

    #[test]
    fn a_line_without_a_call_is_not_shown() {
        for (before, rest) in [
            ("    let guard = ledger.", "lock().unwrap();"),
            ("    let guard = ledger.", "lock"),
            ("    let guard = ledger.lock().", "await;"),
            ("    let value = ", "Mutex::new(0);"),
            ("    ", "*LAZY += 1;"),
            ("    ", "select! {"),
        ] {
            assert!(is_call(before, rest), "{before}|{rest}");
        }
        for (before, rest) in [
            ("    // let guard = ledger.", "lock().unwrap();"),
            ("    let guard = led", "ger.lock().unwrap();"),
            ("    let guard = ledger.", "count + 1"),
            ("    let guard", " = 1;"),
            ("    }", ";"),
        ] {
            assert!(!is_call(before, rest), "{before}|{rest}");
        }
    }

    #[test]
    fn two_marks_on_one_line_share_it() {
        let (first, second) = (Location::caller(), Location::caller());
        let text = shown(&[mark(first, "one", false), mark(second, "two", true)]);
        assert_eq!(text.matches("let (first, second)").count(), 1, "{text}");
        assert_eq!(text.lines().count(), 5, "{text}");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = "x".repeat(200);
        assert_eq!(clipped(&text, 0).len(), MAX_WIDTH + CUT.len());
        assert_eq!(clipped(&text, 150), format!("...{}", "x".repeat(50)));
        assert_eq!(cut_before(10), 0);
        assert_eq!(cut_before(150), 110);
    }

    #[test]
    fn tabs_and_wide_letters_keep_the_mark_in_place() {
        assert_eq!(visible("\tx\r"), "    x ");
        assert_eq!(width("錠 é"), 4);
    }
}
