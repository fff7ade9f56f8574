//! Rust source as tokens: names, `::` and single marks; comments, strings and the items of tests left out.

use std::iter::Peekable;
use std::str::Chars;

/// The tokens of `code`, without those of items under a `#[cfg]` for tests.
pub(crate) fn tokens(code: &str) -> Vec<String> {
    without_tests(all(code))
}

fn all(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => {
                while letters.next_if(|next| *next != '\n').is_some() {}
            }
            '"' => {
                skip_string(&mut letters);
                found.push("\"".to_owned());
            }
            '\'' => skip_quoted(&mut letters),
            ':' if letters.next_if_eq(&':').is_some() => found.push("::".to_owned()),
            _ if is_part(letter) => {
                let mut name = String::from(letter);
                while let Some(next) = letters.next_if(|next| is_part(*next)) {
                    name.push(next);
                }
                if name == "r" && matches!(letters.peek(), Some('"' | '#')) {
                    skip_raw_string(&mut letters);
                } else {
                    found.push(name);
                }
            }
            _ if letter.is_whitespace() => {}
            _ => found.push(letter.to_string()),
        }
    }
    found
}

fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn skip_string(letters: &mut Peekable<Chars<'_>>) {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => _ = letters.next(),
            '"' => return,
            _ => {}
        }
    }
}

/// Skips the rest of a character, or nothing behind the mark of a lifetime.
fn skip_quoted(letters: &mut Peekable<Chars<'_>>) {
    let mut ahead = letters.clone();
    let is_escape = ahead.next() == Some('\\');
    if is_escape || ahead.next() == Some('\'') {
        letters.next();
        if is_escape {
            letters.next();
        }
        while letters.next().is_some_and(|letter| letter != '\'') {}
    }
}

fn skip_raw_string(letters: &mut Peekable<Chars<'_>>) {
    let mut marks = 0;
    while letters.next_if_eq(&'#').is_some() {
        marks += 1;
    }
    let end = format!("\"{}", "#".repeat(marks));
    let mut last = String::new();
    if letters.next_if_eq(&'"').is_some() {
        for letter in letters {
            last.push(letter);
            if last.ends_with(&end) {
                return;
            }
        }
    }
}

/// The index of the mark that closes the one at `start`.
pub(crate) fn closing(tokens: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match &**token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "#" && tokens.get(at + 1).is_some_and(|next| next == "[") {
            let end = closing(&tokens, at + 1);
            let attribute = &tokens[at + 2..end];
            let has = |name: &str| attribute.iter().any(|token| token == name);
            at = end + 1;
            if attribute[0] == "cfg" && (has("test") || has("loom")) && !has("not") {
                at = end_of_item(&tokens, at) + 1;
            }
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The last token of the item at `start`: a `;`, or the end of its block.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        match &*tokens[at] {
            ";" | "," => return at,
            "{" if tokens[start] != "use" && tokens[start] != "pub" => return closing(tokens, at),
            "{" | "(" | "[" => {
                at = closing(tokens, at);
                if tokens[at] == "}" && tokens.get(at + 1).is_none_or(|next| next != ";") {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

#[test]
fn names_and_marks_are_tokens_and_comments_and_strings_are_not() {
    let code = "use a::B; // c\nfn f<'a>() { \"d\\\"\"; 'e'; '\\''; r#\"g\"#; h }";
    let expected = "use a :: B ; fn f < a > ( ) { \" ; ; ; ; h }";
    assert_eq!(tokens(code).join(" "), expected);
}

#[test]
fn items_of_tests_are_left_out() {
    let code = "#[cfg(test)] mod a; #[cfg(test)] mod b { c(); } #[cfg(all(loom, test))] use d::{e}; \
                #[cfg(test)] pub(crate) fn f() -> u8 { 1 } #[cfg(not(test))] g";
    assert_eq!(tokens(code), ["g"]);
}
