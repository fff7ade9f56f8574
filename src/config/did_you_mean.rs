//! The suggestion for a misspelt name.

/// Returns the one of `names` that is fewest edits away from `word`, if it is near enough. Case does
/// not matter.
pub(super) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let mut nearest = (*names.first()?, usize::MAX);
    for name in names {
        let distance = distance(&word, &name.to_ascii_lowercase());
        if distance < nearest.1 {
            nearest = (*name, distance);
        }
    }
    let (name, distance) = nearest;
    // A third of the word may be wrong; beyond that a guess would be noise.
    (distance * 3 <= name.len().max(3)).then_some(name)
}

/// Returns how many insertions, deletions, replacements and swaps of neighbours turn `a` into `b` (the
/// restricted Damerau–Levenshtein distance).
fn distance(a: &str, b: &str) -> usize {
    // By bytes: the names are ASCII.
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut table = vec![0; (a.len() + 1) * (b.len() + 1)];
    let at = |i: usize, j: usize| i * (b.len() + 1) + j;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                table[at(i, j)] = i + j;
                continue;
            }
            let replaced = table[at(i - 1, j - 1)] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(table[at(i - 1, j)] + 1);
            best = best.min(table[at(i, j - 1)] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(table[at(i - 2, j - 2)] + 1);
            }
            table[at(i, j)] = best;
        }
    }
    table[at(a.len(), b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_found_and_an_unlike_word_is_not() {
        let names = ["Inversion", "Deadlock", "SelfDeadlock", "all"];
        assert_eq!(nearest("inversoin", &names), Some("Inversion"));
        assert_eq!(nearest("DEADLOK", &names), Some("Deadlock"));
        assert_eq!(nearest("selfdeadlocks", &names), Some("SelfDeadlock"));
        assert_eq!(nearest("al", &names), Some("all"));
        assert_eq!(nearest("colour", &names), None);
        assert_eq!(nearest("", &names), None);
    }

    #[test]
    fn the_distance_counts_single_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "abd", 1),
            ("abc", "ab", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }
}
