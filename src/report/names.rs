//! The names of locks and threads in one report.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use super::data::Report;
use super::lock::LockInfo;
use super::symbols::symbol;
use crate::engine::ids::{LockId, Site, ThreadId};

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
    if text.len() <= SHOWN || text.chars().nth(SHOWN).is_none() {
        return Cow::Borrowed(text);
    }
    let head = text.chars().take(SHOWN - TAIL - CUT.len());
    let tail = text.char_indices().rev().nth(TAIL - 1);
    let tail = tail.map_or(text, |(at, _)| &text[at..]);
    Cow::Owned(head.chain(CUT.chars()).chain(tail.chars()).collect())
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

impl Report {
    /// Returns the name of the lock in this report: its display, with its id where two locks have the
    /// same.
    pub(crate) fn lock_name(&self, id: LockId) -> String {
        match self.lock(id) {
            Some(lock) => self.distinguished(lock, lock.to_string()),
            None => format!("lock {id}"),
        }
    }

    /// Returns the name for a narrow column: of the place of a lock without a name, the file name and
    /// the line.
    pub(super) fn short_name(&self, id: LockId) -> String {
        match self.lock(id) {
            Some(lock) => self.distinguished(lock, brief(lock)),
            None => format!("lock {id}"),
        }
    }

    fn distinguished(&self, lock: &LockInfo, name: String) -> String {
        let own = brief(lock);
        // Names that are equal in full are equal when shortened.
        let shared = |other: &LockInfo| other.id != lock.id && brief(other) == own;
        if self.locks.iter().any(shared) {
            format!("{name} ({})", lock.id)
        } else {
            name
        }
    }

    /// Returns the name within a sentence, where a lock without a name needs an article.
    pub(crate) fn the_lock(&self, id: LockId) -> String {
        let name = self.lock_name(id);
        match self.lock(id) {
            Some(lock) if lock.name.is_some() => name,
            Some(_) => format!("the {name}"),
            None => name,
        }
    }

    /// Returns the name of the thread in this report: its name and its id.
    pub(crate) fn thread_name(&self, id: ThreadId) -> String {
        match self.thread(id) {
            Some(thread) => thread.to_string(),
            None => id.to_string(),
        }
    }
}

/// Returns how many terminal columns a text takes, approximately: East Asian letters and pictographs
/// take two, combining marks none.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|character| match u32::from(character) {
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
        })
        .sum()
}

/// Returns the text in at most `most` columns; a longer one is shortened in its middle, since names
/// differ at both ends.
pub(super) fn shortened(text: &str, most: usize) -> String {
    const CUT: &str = "..";
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(CUT.len());
    let mut head = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let wide = width(character.encode_utf8(&mut [0; 4]));
        if taken + wide > room.div_ceil(2) {
            break;
        }
        taken += wide;
        head.push(character);
    }
    let mut tail: Vec<char> = Vec::new();
    for character in text.chars().rev() {
        let wide = width(character.encode_utf8(&mut [0; 4]));
        if taken + wide > room {
            break;
        }
        taken += wide;
        tail.push(character);
    }
    head.push_str(CUT);
    head.extend(tail.into_iter().rev());
    head
}

fn brief(lock: &LockInfo) -> String {
    match (lock.name, &lock.label) {
        (None, None) => match symbol(lock.created) {
            Some(symbol) => format!("`{}`", Escaped(symbol)),
            None => format!("{} of {}", lock.noun, short_place(lock.created)),
        },
        _ => lock.to_string(),
    }
}

/// Returns the file name and the line, for a column; the full path stands elsewhere in the report.
pub(super) fn short_place(site: Site) -> String {
    let file = site.file().rsplit(['/', '\\']).next();
    format!("{}:{}", file.unwrap_or(site.file()), site.line())
}

/// Returns the place as a part of a sentence. A function that is passed to the standard library, as to
/// `map`, and called there, has a place in the standard library. For a dependency, its name and version
/// and the path within it are shown.
pub(crate) fn place(site: Site) -> String {
    let (file, line, column) = (site.file(), site.line(), site.column());
    match (of_the_library(file), of_a_dependency(file)) {
        (Some(path), _) => format!("{path}:{line}:{column} of the standard library"),
        (None, Some(path)) => format!("{path}:{line}:{column}"),
        (None, None) => site.to_string(),
    }
}

/// Returns the path of a file within the standard library, or of a dependency from its name on.
pub(super) fn short_file(file: &str) -> Option<&str> {
    of_the_library(file).or_else(|| of_a_dependency(file))
}

/// Returns the path of a file within the standard library, if the file belongs to it.
pub(super) fn of_the_library(file: &str) -> Option<&str> {
    let (_, path) = file.strip_prefix("/rustc/")?.split_once("library")?;
    Some(path.trim_start_matches(['/', '\\']))
}

/// Returns the path of a file of a dependency, from the name of its folder on: cargo puts that behind
/// the name of the registry, or of the repository and the revision.
pub(super) fn of_a_dependency(file: &str) -> Option<&str> {
    const FOLDERS: [&str; 4] = [
        "/registry/src/",
        "\\registry\\src\\",
        "/git/checkouts/",
        "\\git\\checkouts\\",
    ];
    let inner = FOLDERS
        .iter()
        .find_map(|folder| Some(file.split_once(folder)?.1))?;
    let (_, path) = inner.split_once(['/', '\\'])?;
    Some(path)
}

/// Returns a duration, rounded for reading.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_millis() {
        0 => "less than 1 ms".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Returns `a`, `a and b`, `a, b and c`.
pub(super) fn and_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
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
        for hidden in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
        ] {
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

    #[track_caller]
    fn called(_: ()) -> Site {
        std::panic::Location::caller()
    }

    #[test]
    fn a_place_in_the_standard_library_is_named_as_one() {
        assert!(place(called(())).starts_with("src/report/names.rs:"));
        // Where the library was built with the program, as with an option of cargo, its files have
        // other paths, and are shown as they are.
        let there = [()].map(called)[0];
        if there.file().starts_with("/rustc/") {
            let place = place(there);
            assert!(place.starts_with("core/src/"), "{place}");
            assert!(place.ends_with(" of the standard library"), "{place}");
        }
    }

    #[test]
    fn the_path_of_a_dependency_begins_with_its_name() {
        let cargo = "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        let file = format!("{cargo}/sentry-core-0.49.5/src/hub_impl.rs");
        assert_eq!(
            short_file(&file),
            Some("sentry-core-0.49.5/src/hub_impl.rs")
        );
        assert_eq!(
            short_file("/home/me/.cargo/git/checkouts/tool-0123456789abcdef/89abcde/src/lib.rs"),
            Some("89abcde/src/lib.rs")
        );
        assert_eq!(
            short_file("/rustc/0123/library/core/src/option.rs"),
            Some("core/src/option.rs")
        );
        assert_eq!(short_file("/home/me/bank/src/main.rs"), None);
        assert_eq!(short_file("src/main.rs"), None);
    }

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(shortened("ledger", 6), "ledger");
        assert_eq!(shortened("`account` \"account 17\"", 12), "`acco..t 17\"");
        assert_eq!(width(&shortened(&"錠".repeat(30), 11)), 10);
        assert_eq!(shortened("abc", 0), "..");
    }

    #[test]
    fn a_duration_has_the_unit_of_its_magnitude() {
        for (micros, text) in [
            (30, "less than 1 ms"),
            (3_200, "3 ms"),
            (999_900, "999 ms"),
            (61_250_000, "61.2 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_list_is_joined_with_commas_and_an_and() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(and_list(&[]), "");
        assert_eq!(and_list(&items[..1]), "a");
        assert_eq!(and_list(&items[..2]), "a and b");
        assert_eq!(and_list(&items), "a, b and c");
    }
}
