//! Writing SVG.

use std::fmt::Write as _;

/// The width of a character of the monospace font at 13 pixels.
pub(super) const CHARACTER: f64 = 7.85;

/// A picture that is being written.
#[derive(Debug)]
pub(super) struct Picture {
    body: String,
}

impl Picture {
    pub(super) fn new() -> Self {
        Self {
            body: String::new(),
        }
    }

    pub(super) fn raw(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub(super) fn rectangle(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\"/>"
        );
    }

    pub(super) fn text(&mut self, class: &str, anchor: &str, x: f64, y: f64, text: &str) {
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(text)
        );
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// The picture, with a title for those who do not see it. It brings its own style, for use outside of the
    /// page.
    pub(super) fn end(self, width: f64, height: f64, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{}</style>\n<defs><marker id=\"arrow\" \
             viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerUnits=\"userSpaceOnUse\" markerWidth=\"11\" markerHeight=\"11\" orient=\"auto\"><path \
             d=\"M0 0 L8 4 L0 8 Z\" class=\"head\"/></marker></defs>\n{}</svg>\n",
            escaped(title),
            STYLE,
            self.body
        )
    }
}

/// Colours on a light and on a dark ground, which the picture brings too: a browser that prefers dark colours shows a lone picture
/// on white. What matters is distinguished by its form, too.
const STYLE: &str = "svg{--ink:#1d2330;--faint:#5d677a;--paper:#ffffff;--box:#eef1f6;--bad:#c02626;--ok:#2f6f4f;\
    background:var(--paper);font:13px ui-monospace,monospace}\
    @media(prefers-color-scheme:dark){svg{--ink:#e5e9f2;--faint:#98a2b6;--paper:#12161d;--box:#262d3a;--bad:#ff7b7b;--ok:#7fd0a5}}\
    text{fill:var(--ink)}.bold{font-weight:bold}.small{font-size:11px}.faint{fill:var(--faint)}\
    .box{fill:var(--box);stroke:var(--ink)}.hold{fill:var(--ok)}.asks,.rule{stroke:var(--ink);fill:none}\
    .asks{stroke-width:1.5}.new{stroke-width:3}.waits{stroke:var(--bad);stroke-dasharray:5 4;stroke-width:2}\
    .rule{stroke:var(--faint);stroke-width:.5}.head{fill:var(--ink)}.dot{fill:var(--ink)}\
    .wrong{fill:none;stroke:var(--bad);stroke-width:1.6}.fresh{fill:none;stroke:var(--ink)}";

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The width of a character in columns of the monospace font: East Asian letters and pictographs take two.
fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0x1100..=0x115f | 0x2e80..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xff60 => 2,
        0x1f300..=0x3fffd => 2,
        _ => 1,
    }
}

/// The width of a text in columns of the monospace font.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// At most `limit` columns, with the middle left out.
pub(super) fn elided(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let head = (limit - 1) / 2;
    let start = fitting(text.chars(), head);
    let end = fitting(text.chars().rev(), limit - 1 - head);
    let end: String = end.chars().rev().collect();
    format!("{start}…{end}")
}

/// The first characters, as many as `room` columns hold.
fn fitting(characters: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    let fits = |character: &char| {
        used += columns_of(*character);
        used <= room
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of `#rrggbb` (WCAG 2.1).
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            match value <= 0.039_28 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn words_stand_out_from_every_ground() {
        for style in [STYLE, include_str!("page.css")] {
            // One block of colours for a light ground, and one or more for a dark one.
            let colours = |name: &str| {
                let all = style.match_indices(name);
                let all = all.map(|(at, _)| style[at + name.len()..].trim_start());
                let all = all.filter(|value| value.starts_with('#'));
                all.map(|value| luminance(&value[..7])).collect::<Vec<_>>()
            };
            for ground in ["--paper:", "--box:"] {
                let grounds = colours(ground);
                assert!(grounds.len() >= 2, "{ground} {style}");
                for name in ["--ink:", "--faint:", "--bad:", "--ok:"] {
                    let words = colours(name);
                    assert_eq!(words.len(), grounds.len(), "{name}");
                    for (word, ground) in words.iter().zip(&grounds) {
                        let contrast = (word.max(*ground) + 0.05) / (word.min(*ground) + 0.05);
                        assert!(contrast >= 4.5, "{name} has a contrast of {contrast:.2}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        assert_eq!(elided("abc", 3), "abc");
        assert_eq!(elided("abcdefgh", 5), "ab…gh");
        assert_eq!(elided("錠錠錠錠錠", 7), "錠…錠");
        assert_eq!(columns("größe錠"), 7);
        assert_eq!(escaped("a<b>&\""), "a&lt;b&gt;&amp;&quot;");
    }
}
