//! A strategy as a text.

use std::fmt;
use std::str::FromStr;

use super::Strategy;

/// A text that is no [`Strategy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyError {
    text: String,
}

/// How many orders between steps `pct` alone looks for.
const DEPTH: usize = 3;

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::Pct { depth } => write!(f, "pct:{depth}"),
            Self::DepthFirst {
                preemptions: usize::MAX,
            } => f.write_str("depth-first"),
            Self::DepthFirst { preemptions } => write!(f, "depth-first:{preemptions}"),
            Self::PartialOrder => f.write_str("partial-order"),
        }
    }
}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Self, StrategyError> {
        let error = || StrategyError {
            text: text.to_owned(),
        };
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        match (name, number) {
            ("random", None) => Ok(Self::Random),
            ("pct", depth) => Ok(Self::Pct {
                depth: depth.unwrap_or(DEPTH),
            }),
            ("depth-first", bound) => Ok(Self::DepthFirst {
                preemptions: bound.unwrap_or(usize::MAX),
            }),
            ("partial-order", None) => Ok(Self::PartialOrder),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no strategy; there are random, pct:3 (the depth), depth-first, depth-first:2 \
             (the most preemptions), and partial-order",
            self.text
        )
    }
}

impl std::error::Error for StrategyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_parsed_as_it_was_written() {
        for text in [
            "random",
            "pct:2",
            "depth-first",
            "depth-first:0",
            "partial-order",
        ] {
            assert_eq!(text.parse::<Strategy>().unwrap().to_string(), text);
        }
        assert_eq!("pct".parse(), Ok(Strategy::Pct { depth: DEPTH }));
        for text in ["", "random:2", "pct:x", "breadth-first", "partial-order:1"] {
            let error = text.parse::<Strategy>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")));
        }
    }
}
