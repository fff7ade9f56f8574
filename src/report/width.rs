//! The width of texts in columns of a terminal.

/// Returns how many terminal columns a text takes, approximately.
pub(super) fn width(text: &str) -> usize {
    let mut width = 0;
    for character in text.chars() {
        width += width_of(character);
    }
    width
}

/// Returns how many terminal columns a character takes, approximately: East Asian letters and pictographs
/// take two, combining marks none.
pub(super) fn width_of(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Returns the text in at most `most` columns; a longer one is shortened in its middle, since names
/// differ at both ends.
pub(super) fn shortened(text: &str, most: usize) -> String {
    const CUT: &str = "..";
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(CUT.len());
    let mut taken = 0;
    let mut head = 0;
    for (at, character) in text.char_indices() {
        let wide = width_of(character);
        if taken + wide > room.div_ceil(2) {
            break;
        }
        taken += wide;
        head = at + character.len_utf8();
    }
    let mut tail = text.len();
    for (at, character) in text.char_indices().rev() {
        let wide = width_of(character);
        if taken + wide > room {
            break;
        }
        taken += wide;
        tail = at;
    }
    format!("{}{CUT}{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(shortened("ledger", 6), "ledger");
        assert_eq!(shortened("`account` \"account 17\"", 12), "`acco..t 17\"");
        assert_eq!(width(&shortened(&"錠".repeat(30), 11)), 10);
        assert_eq!(shortened("abc", 0), "..");
    }
}
