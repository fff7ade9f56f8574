//! The options of the attribute, in its parentheses.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitBool, LitInt, LitStr, Path, Result, Token};

/// The verdicts that can be expected: the names of the variants of `Verdict`.
const VERDICTS: [&str; 10] = [
    "Deadlock",
    "SelfDeadlock",
    "Inversion",
    "Guarded",
    "SingleThread",
    "Ordered",
    "RecursiveRead",
    "Stall",
    "Abandoned",
    "HeldAcrossAwait",
];

/// The options of a test.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    /// The name of a verdict.
    pub(crate) expect: Option<Ident>,
    /// The name of a graph.
    pub(crate) graph: Option<Ident>,
    /// How many schedules are explored.
    pub(crate) explore: Option<usize>,
    pub(crate) seed: Option<u64>,
    pub(crate) strategy: Option<Strategy>,
    /// The number of workers of an asynchronous test.
    pub(crate) workers: Option<usize>,
    /// Whether the clock of an asynchronous test stands still while a task can run.
    pub(crate) paused: Option<bool>,
    /// The path of the crate that runs an asynchronous test.
    pub(crate) tokio: Option<Path>,
    /// The path of lockwarden itself, which a renamed package or a re-export gives another name.
    pub(crate) lockwarden: Option<Path>,
}

/// How an exploration chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Random,
    Pct { depth: usize },
    DepthFirst { preemptions: Option<usize> },
    PartialOrder,
}

/// One option: `name = "value"`, `name = 7` or `name = true`.
struct Pair {
    name: Ident,
    value: Value,
}

enum Value {
    Text(LitStr),
    Number(LitInt),
    Answer(LitBool),
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = match name.to_string().as_str() {
            "explore" | "seed" | "workers" => Value::Number(input.parse()?),
            "paused" => Value::Answer(input.parse()?),
            _ => Value::Text(input.parse()?),
        };
        Ok(Self { name, value })
    }
}

impl Options {
    pub(crate) fn parse(attribute: TokenStream) -> Result<Self> {
        let pairs = Punctuated::<Pair, Token![,]>::parse_terminated.parse2(attribute)?;
        let mut options = Self::default();
        for Pair { name, value } in pairs {
            let twice = match (name.to_string().as_str(), value) {
                ("explore", Value::Number(value)) => {
                    options.explore.replace(value.base10_parse()?).is_some()
                }
                ("seed", Value::Number(value)) => {
                    options.seed.replace(value.base10_parse()?).is_some()
                }
                ("strategy", Value::Text(value)) => {
                    options.strategy.replace(strategy(&value)?).is_some()
                }
                ("timeout", Value::Text(value)) => {
                    options.timeout.replace(duration(&value)?).is_some()
                }
                ("expect", Value::Text(value)) => {
                    let verdict = one_of(&value, &VERDICTS, "verdict")?;
                    options.expect.replace(verdict).is_some()
                }
                ("graph", Value::Text(value)) => {
                    let graph = one_of(&value, &["Fresh", "Shared"], "graph")?;
                    options.graph.replace(graph).is_some()
                }
                ("workers", Value::Number(value)) => {
                    options.workers.replace(workers(&value)?).is_some()
                }
                ("paused", Value::Answer(value)) => options.paused.replace(value.value()).is_some(),
                ("tokio", Value::Text(value)) => options.tokio.replace(value.parse()?).is_some(),
                ("lockwarden", Value::Text(value)) => {
                    options.lockwarden.replace(value.parse()?).is_some()
                }
                _ => {
                    return Err(Error::new(
                        name.span(),
                        format!(
                            "`{name}` is no option of a test; there are timeout = \"5s\", \
                             expect = \"Inversion\", graph = \"Shared\", explore = 1000, seed = 7, \
                             strategy = \"pct:3\" and lockwarden = \"my::lockwarden\"; and, of an `async fn`, workers = 2, paused = true \
                             and tokio = \"my_tokio\""
                        ),
                    ));
                }
            };
            if twice {
                return Err(Error::new(name.span(), format!("`{name}` is set twice")));
            }
        }
        options.agree()?;
        Ok(options)
    }

    /// Refuses options that do not go together.
    fn agree(&self) -> Result<()> {
        if self.explore.is_none() && (self.seed.is_some() || self.strategy.is_some()) {
            let problem =
                "a seed and a strategy are those of an exploration: say explore = 1000 too";
            return Err(Error::new(Span::call_site(), problem));
        }
        if let (Some(_), Some(graph)) = (self.explore, &self.graph) {
            let problem = "each schedule of an exploration has a fresh graph: leave the graph out";
            return Err(Error::new(graph.span(), problem));
        }
        Ok(())
    }
}

/// Parses a strategy, in the form of `LOCKWARDEN_EXPLORE`: `random`, `pct:3`, `depth-first:2`.
fn strategy(value: &LitStr) -> Result<Strategy> {
    let text = value.value();
    let problem =
        "is no strategy; there are random, pct:3, depth-first, depth-first:2 and partial-order";
    let error = || Error::new(value.span(), format!("{text:?} {problem}"));
    let (name, number) = match text.split_once(':') {
        Some((name, number)) => (name, Some(number.parse().map_err(|_| error())?)),
        None => (text.as_str(), None),
    };
    match (name, number) {
        ("random", None) => Ok(Strategy::Random),
        ("pct", depth) => Ok(Strategy::Pct {
            depth: depth.unwrap_or(3),
        }),
        ("depth-first", preemptions) => Ok(Strategy::DepthFirst { preemptions }),
        ("partial-order", None) => Ok(Strategy::PartialOrder),
        _ => Err(error()),
    }
}

/// Returns the value as the name of a variant.
fn one_of(value: &LitStr, names: &[&str], what: &str) -> Result<Ident> {
    let text = value.value();
    if names.contains(&text.as_str()) {
        return Ok(Ident::new(&text, value.span()));
    }
    let names = names.join(", ");
    let problem = format!("{text:?} is no {what}; there are {names}");
    Err(Error::new(value.span(), problem))
}

/// Parses a number of workers.
fn workers(value: &LitInt) -> Result<usize> {
    match value.base10_parse()? {
        0 => Err(Error::new(
            value.span(),
            "a runtime has at least one worker",
        )),
        workers => Ok(workers),
    }
}

/// Parses a number with a unit, in the form of `LOCKWARDEN_TEST_TIMEOUT`: `500ms`, `5s`, `1.5s`, `2m`, `1h`.
fn duration(value: &LitStr) -> Result<Duration> {
    let text = value.value();
    let error = |problem: &str| Error::new(value.span(), format!("{text:?} {problem}"));
    let no_time = || error("is no number with a unit, such as \"500ms\", \"5s\" or \"2m\"");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "" => return Err(error("has no unit: say \"500ms\", \"5s\" or \"2m\"")),
        _ => return Err(no_time()),
    };
    let number: f64 = number.parse().map_err(|_| no_time())?;
    let limit = Duration::try_from_secs_f64(number * seconds).unwrap_or(Duration::MAX);
    if limit.is_zero() {
        return Err(error("leaves no time at all"));
    }
    if limit > Duration::from_secs(24 * 60 * 60) {
        return Err(error("is more than a day"));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn problem(attribute: TokenStream) -> String {
        let error = Options::parse(attribute).err();
        error.expect("there is something wrong").to_string()
    }

    #[test]
    fn options_are_parsed_in_any_order() {
        let options = quote!(expect = "Inversion", graph = "Shared", timeout = "1.5s",);
        let options = Options::parse(options).unwrap();
        assert_eq!(options.timeout, Some(Duration::from_millis(1500)));
        assert_eq!(options.expect.unwrap(), "Inversion");
        assert_eq!(options.graph.unwrap(), "Shared");
        let options = Options::parse(quote!(explore = 1000, seed = 7, strategy = "pct:2")).unwrap();
        assert_eq!((options.explore, options.seed), (Some(1000), Some(7)));
        let hour = Options::parse(quote!(timeout = "1h")).unwrap();
        assert_eq!(hour.timeout, Some(Duration::from_secs(3600)));
        assert_eq!(options.strategy, Some(Strategy::Pct { depth: 2 }));
        let options = Options::parse(quote!(expect = "HeldAcrossAwait")).unwrap();
        assert_eq!(options.expect.unwrap(), "HeldAcrossAwait");
        let none = Options::parse(TokenStream::new()).unwrap();
        assert!(none.timeout.is_none() && none.expect.is_none() && none.graph.is_none());
    }

    #[test]
    fn a_bad_option_is_named() {
        for (attribute, words) in [
            (quote!(limit = "5s"), "`limit` is no option of a test"),
            (quote!(crate = "lw"), "expected identifier"),
            (quote!(timeout = "5"), "\"5\" has no unit"),
            (
                quote!(timeout = "5 days"),
                "\"5 days\" is no number with a unit",
            ),
            (quote!(timeout = "0ms"), "\"0ms\" leaves no time"),
            (quote!(timeout = "2000m"), "\"2000m\" is more than a day"),
            (
                quote!(timeout = "1s", timeout = "2s"),
                "`timeout` is set twice",
            ),
            (quote!(timeout = 5), "expected string literal"),
            (
                quote!(expect = "inversion"),
                "\"inversion\" is no verdict; there are Deadlock,",
            ),
            (
                quote!(graph = "new"),
                "\"new\" is no graph; there are Fresh, Shared",
            ),
            (quote!(timeout), "expected `=`"),
            (quote!(explore = "1000"), "expected integer literal"),
            (quote!(workers = "2"), "expected integer literal"),
            (quote!(workers = 0), "at least one worker"),
            (quote!(paused = 1), "expected boolean literal"),
            (quote!(seed = 7), "say explore = 1000 too"),
            (
                quote!(explore = 9, strategy = "luck"),
                "\"luck\" is no strategy",
            ),
            (quote!(explore = 9, graph = "Fresh"), "leave the graph out"),
        ] {
            let problem = problem(attribute);
            assert!(problem.contains(words), "{problem}");
        }
    }
}
