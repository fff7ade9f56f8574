//! Wraps sentences.

use std::fmt::Write as _;

use super::width::width;

/// Sentences are wrapped to this many columns. A place is never broken, so a line may be longer.
const WRAP: usize = 100;

/// Writes a sentence behind its heading, wrapped with a hanging indent.
pub(super) fn wrapped(out: &mut String, heading: &str, sentence: &str) {
    let indent = heading.len();
    let mut column = indent;
    out.push_str(heading);
    for (at, word) in words(sentence).iter().enumerate() {
        let wide = width(word);
        if at > 0 && column + 1 + wide > WRAP {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += wide;
    }
    out.push('\n');
}

/// Returns the words of a sentence; a part in backquotes is one word.
fn words(sentence: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, next) in sentence.char_indices() {
        quoted ^= next == '`';
        if next == ' ' && !quoted {
            if start < at {
                words.push(&sentence[start..at]);
            }
            start = at + 1;
        }
    }
    if start < sentence.len() {
        words.push(&sentence[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_between_words_and_never_in_code() {
        let code = "`lockwarden::acquire((&a, &b))`";
        let mut out = String::new();
        wrapped(
            &mut out,
            "help: ",
            &format!("{} {code} end", "word ".repeat(18)),
        );
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 2, "{out}");
        assert_eq!(lines[1], format!("      {code} end"));
    }
}
