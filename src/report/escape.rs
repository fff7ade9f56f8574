//! Texts of the user, made safe to print.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

/// How many characters of a name are shown; a longer one is shortened in its middle.
const SHOWN: usize = 128;
/// How many of them are the last ones, behind two dots.
const TAIL: usize = 30;

/// A text of the user that cannot break the line or the terminal, or mislead a reader: control
/// characters, invisible characters, and those that change the direction of the text are displayed as
/// escapes. A text of more than 128 characters is shortened in its middle.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in cut(self.0).chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else if is_hidden(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Returns the text, shortened in its middle if it is too long.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    const CUT: &str = "..";
    // A text of few bytes has few characters.
    if text.len() <= SHOWN || text.char_indices().nth(SHOWN).is_none() {
        return Cow::Borrowed(text);
    }
    let mut places = text.char_indices();
    let head = places.nth(SHOWN - TAIL - CUT.len());
    let tail = places.nth_back(TAIL - 1);
    let at = |place: Option<(usize, char)>| place.map_or(0, |(at, _)| at);
    Cow::Owned(format!("{}{CUT}{}", &text[..at(head)], &text[at(tail)..]))
}

/// Returns whether the character is invisible, or changes the direction of the text: those of Unicode's
/// category Cf, and the two that separate lines and paragraphs.
fn is_hidden(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
            | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
            | 0xe0000..=0xe007f
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_break_a_line() {
        assert_eq!(
            Escaped("a\nb\u{1b}[31m ü").to_string(),
            "a\\nb\\u{1b}[31m ü"
        );
    }

    #[test]
    fn invisible_and_direction_characters_are_escapes() {
        let all = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\
                   \u{feff}\u{fffb}\u{e0001}\u{e0041}\u{e007f}";
        for hidden in all.chars() {
            let escaped = Escaped(&format!("a{hidden}b")).to_string();
            assert_eq!(escaped, format!("a\\u{{{:x}}}b", u32::from(hidden)));
        }
        for shown in ["é", "日本語", "שלום", "a b", "😀", "e\u{301}"] {
            assert_eq!(Escaped(shown).to_string(), shown);
        }
    }

    #[test]
    fn a_name_of_any_length_is_shown_in_128_characters() {
        let name = format!(
            "{}{}{}",
            "a".repeat(96),
            "b".repeat(1 << 20),
            "c".repeat(30)
        );
        let shown = Escaped(&name).to_string();
        assert_eq!(shown.chars().count(), 128);
        assert!(shown.starts_with("aa") && shown.ends_with("cc"), "{shown}");
        assert_eq!(cut(&"ü".repeat(128)), "ü".repeat(128));
        assert_eq!(
            cut(&"ü".repeat(129)),
            format!("{}..{}", "ü".repeat(96), "ü".repeat(30))
        );
    }
}
