//! What is written as JSON is what `docs/report.schema.json` says.

use serde_json::Value;

/// The words of JSON Schema that this file knows.
const KNOWN: [&str; 13] = [
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

/// The published schema.
pub(crate) fn published() -> Value {
    serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("the schema is JSON")
}

/// Whether the words of the schema that this file uses are fulfilled by `value`; else where not, and why.
///
/// Stricter than the standard: a field that the schema does not name is an error.
pub(crate) fn check(schema: &Value, root: &Value, value: &Value, at: &str) -> Result<(), String> {
    for word in schema.as_object().expect("a schema is an object").keys() {
        assert!(
            KNOWN.contains(&word.as_str()),
            "this file does not know {word:?}"
        );
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/$defs/").expect("all are in `$defs`");
        let there = &root["$defs"][name];
        assert!(there.is_object(), "{name} is not defined");
        return check(there, root, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let results: Vec<_> = choices
            .iter()
            .map(|one| check(one, root, value, at))
            .collect();
        let fitting = results.iter().filter(|result| result.is_ok()).count();
        return if fitting == 1 {
            Ok(())
        } else {
            Err(format!("{at}: {fitting} of the choices fit: {results:?}"))
        };
    }
    if let Some(only) = schema.get("const")
        && only != value
    {
        return Err(format!("{at}: {value} is not {only}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{at}: {value} is none of {allowed:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return Err(format!("{at}: {value} is none of {types:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        return Err(format!("{at}: {number} is less than {least}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        if value.get(name).is_none() {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let Some(schema) = schema["properties"].get(name) else {
            return Err(format!("{at}: {name} is not described"));
        };
        check(schema, root, inner, &format!("{at}.{name}"))?;
    }
    for (number, inner) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], root, inner, &format!("{at}[{number}]"))?;
    }
    Ok(())
}

/// The lines of a file, each checked.
#[track_caller]
pub(crate) fn lines(path: &std::path::Path) -> Vec<Value> {
    let schema = published();
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        if let Err(problem) = check(&schema, &schema, &value, "line") {
            panic!("{problem}\n{line}");
        }
        value
    });
    lines.collect()
}
