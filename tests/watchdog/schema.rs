//! The lines of JSON keep to the form that is published.

use std::path::PathBuf;
use std::sync::mpsc;

use serde_json::Value;

use lockwarden::watchdog::{Phase, Watchdog};

use crate::child::{LIMIT, STALL, Standstill, apart};

fn schema() -> Value {
    let text = std::fs::read_to_string("docs/report.schema.json");
    serde_json::from_str(&text.expect("tests run in the directory of the package"))
        .expect("the schema is JSON")
}

/// What is wrong with a value, by the words of the schema that this one uses.
fn wrong(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let known = [
        "$schema",
        "$defs",
        "title",
        "description",
        "type",
        "required",
        "properties",
        "items",
        "enum",
        "const",
        "minimum",
        "oneOf",
        "$ref",
    ];
    let mut found = Vec::new();
    for (word, says) in schema.as_object().expect("a schema is an object") {
        assert!(
            known.contains(&word.as_str()),
            "this test does not know {word:?}"
        );
        match word.as_str() {
            "$ref" => {
                let path = says.as_str().unwrap().strip_prefix('#').unwrap();
                found.extend(wrong(root, root.pointer(path).unwrap(), value, at));
            }
            "type" => {
                let types = says
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![says.clone()]);
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    found.push(format!("{at}: {value} is no {says}"));
                }
            }
            "const" if says != value => found.push(format!("{at}: {value} is not {says}")),
            "enum" if !says.as_array().unwrap().contains(value) => {
                found.push(format!("{at}: {value} is none of {says}"));
            }
            "minimum" if value.as_i64() < says.as_i64() && !value.is_null() => {
                found.push(format!("{at}: {value} is too small"));
            }
            "oneOf" => {
                let fits = |one: &&Value| wrong(root, one, value, at).is_empty();
                if says.as_array().unwrap().iter().filter(fits).count() != 1 {
                    found.push(format!("{at}: {value} is not one of its forms"));
                }
            }
            "required" => {
                let missing = says.as_array().unwrap().iter().filter(|name| {
                    value.is_object() && value.get(name.as_str().unwrap()).is_none()
                });
                found.extend(missing.map(|name| format!("{at}: {name} is missing")));
            }
            "properties" => {
                for (name, own) in value.as_object().into_iter().flatten() {
                    match says.get(name) {
                        Some(schema) => {
                            found.extend(wrong(root, schema, own, &format!("{at}/{name}")));
                        }
                        None => found.push(format!("{at}: {name} is not published")),
                    }
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(wrong(root, says, item, &format!("{at}/{number}")));
                }
            }
            _ => {}
        }
    }
    found
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => panic!("this test does not know the type {name:?}"),
    }
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("lockwarden-{}-{name}", std::process::id()))
}

fn lines(path: &PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let value = |line| serde_json::from_str(line).expect("each line is JSON");
    text.lines().map(value).collect()
}

fn check(value: &Value) {
    let schema = schema();
    let wrong = wrong(&schema, &schema, value, "");
    assert!(wrong.is_empty(), "{}\n{value:#}", wrong.join("\n"));
}

#[test]
fn an_alert_is_a_line_in_the_published_form() {
    apart!(
        &[],
        || {
            let path = file("alerts");
            let (tell, phases) = mpsc::channel();
            let builder = Watchdog::builder()
                .wait_limit(STALL)
                .hold_limit(STALL * 2)
                .progress_limit(STALL * 3)
                .json_lines(&path)
                .call(move |alert| {
                    let _ = tell.send(alert.phase);
                });
            let watchdog = builder.spawn().unwrap();
            let _heartbeat = watchdog.heartbeat("never\n\"beats\"", STALL);
            let standstill = Standstill::begin();
            let next = || phases.recv_timeout(LIMIT).expect("it is told");
            // A wait, a hold, a heartbeat, and no progress; some of them go on meanwhile.
            let mut begun = 0;
            while begun < 4 {
                begun += usize::from(next() == Phase::Began);
            }
            standstill.end();
            // The heartbeat goes on.
            let mut ended = 0;
            while ended < 3 {
                ended += usize::from(next() == Phase::Ended);
            }
            drop(watchdog);
            let lines = lines(&path);
            std::fs::remove_file(&path).unwrap();
            lines.iter().for_each(check);
            let mut begun: Vec<&str> = lines
                .iter()
                .filter(|line| line["phase"] == "began")
                .map(|line| line["cause"].as_str().unwrap())
                .collect();
            begun.sort_unstable();
            assert_eq!(begun, ["heartbeat", "hold", "no_progress", "wait"]);
            let wait = lines.iter().find(|line| line["cause"] == "wait").unwrap();
            let holder = &wait["stall"]["holders"][0];
            assert!(
                holder["site"]["file"]
                    .as_str()
                    .unwrap()
                    .ends_with("child.rs")
            );
            let heartbeat = lines
                .iter()
                .find(|line| line["cause"] == "heartbeat")
                .unwrap();
            assert_eq!(heartbeat["stall"]["heartbeat"], "never\n\"beats\"");
            assert!(
                lines
                    .iter()
                    .any(|line| line["phase"] == "ended" && line["dump"].is_null())
            );
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_value_that_does_not_fit_is_found() {
    let schema = schema();
    let wrong = |value: Value| wrong(&schema, &schema, &value, "").len();
    assert!(wrong(serde_json::json!({})) > 5);
    let mut line: Value = serde_json::json!({
        "schema": 1, "time_unix_ms": 1, "pid": 1, "phase": "began", "cause": "wait",
        "lasted_ms": 1, "left_out": 0, "dump": null,
        "report": {
            "sequence": 1, "verdict": "Stall", "headline": "", "reason": "", "suggestion": null,
            "locks": [], "threads": [], "edges": [],
        },
    });
    assert_eq!(wrong(line.clone()), 0);
    line["phase"] = "later".into();
    line["report"]["threads"] = serde_json::json!([{ "id": 0 }]);
    line["unheard_of"] = 1.into();
    assert!(wrong(line) >= 4);
}
