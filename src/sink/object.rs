//! One JSON object on one line, without a dependency.

use std::fmt::Write as _;

/// An object that is being written. Keys are literals of this crate and need no escapes.
#[derive(Debug)]
pub(crate) struct Object {
    text: String,
}

impl Object {
    /// An object without a key.
    pub(crate) fn new() -> Self {
        Self {
            text: "{".to_owned(),
        }
    }

    /// A row of a record, of version 1.
    pub(crate) fn row(kind: &'static str) -> Self {
        let mut row = Self::new();
        row.number("v", 1).text("row", kind);
        row
    }

    pub(crate) fn text(&mut self, key: &'static str, value: &str) -> &mut Self {
        self.key(key);
        push_string(&mut self.text, value);
        self
    }

    /// Writes the key only if there is a value.
    pub(crate) fn text_if(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    pub(crate) fn text_or_null(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(key, value),
            None => {
                self.key(key);
                self.text.push_str("null");
                self
            }
        }
    }

    pub(crate) fn number(&mut self, key: &'static str, value: u64) -> &mut Self {
        self.key(key);
        let _ = write!(self.text, "{value}");
        self
    }

    pub(crate) fn texts(&mut self, key: &'static str, values: &[String]) -> &mut Self {
        self.array(key, values.len(), &|text, at| {
            push_string(text, &values[at])
        })
    }

    /// An array of objects.
    pub(crate) fn objects(&mut self, key: &'static str, values: &[Object]) -> &mut Self {
        self.array(key, values.len(), &|text, at| {
            text.push_str(&values[at].text);
            text.push('}');
        })
    }

    fn array(
        &mut self,
        key: &'static str,
        count: usize,
        push: &dyn Fn(&mut String, usize),
    ) -> &mut Self {
        self.key(key);
        self.text.push('[');
        for at in 0..count {
            if at > 0 {
                self.text.push(',');
            }
            push(&mut self.text, at);
        }
        self.text.push(']');
        self
    }

    /// The line, with its end.
    pub(crate) fn line(mut self) -> String {
        self.text.push_str("}\n");
        self.text
    }

    fn key(&mut self, key: &'static str) {
        let comma = if self.text.len() > 1 { "," } else { "" };
        let _ = write!(self.text, "{comma}\"{key}\":");
    }
}

fn push_string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            character if character.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            character => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_and_escapes_its_texts() {
        let mut part = Object::new();
        part.text("from", "a").text("to", "b");
        let mut row = Object::row("edge");
        row.text("from", "a \"b\" \\ \n\u{1}")
            .number("n", 7)
            .text_if("absent", None)
            .texts("gates", &["x", "y"].map(str::to_owned))
            .objects("edges", &[part]);
        assert_eq!(
            row.line(),
            "{\"v\":1,\"row\":\"edge\",\"from\":\"a \\\"b\\\" \\\\ \\n\\u0001\",\"n\":7,\
             \"gates\":[\"x\",\"y\"],\"edges\":[{\"from\":\"a\",\"to\":\"b\"}]}\n"
        );
    }
}
