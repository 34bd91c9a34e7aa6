//! Reads an OpenAPI document, 3.0 or 3.1.
use super::operation::{Api, Body, Content, Operation, Parameter};
use super::shape::{Field, Scalar, Shape, Shapes};
use anyhow::Context;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

pub fn parse(document: &Value) -> anyhow::Result<Api> {
    let paths = document.get("paths").and_then(Value::as_object).context("the document has no paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        let common = list(item, "parameters");
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push(read_operation(document, path, method, operation, common));
            }
        }
    }
    let mut shapes = Shapes::new();
    for (name, schema) in document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten() {
        shapes.insert(name.clone(), shape(document, schema));
    }
    Ok(Api { operations, shapes })
}

fn read_operation(document: &Value, path: &str, method: &str, operation: &Value, common: &[Value]) -> Operation {
    let parameters = common.iter().chain(list(operation, "parameters")).map(|entry| {
        let entry = followed(document, entry);
        Parameter { name: text(entry, "name"), place: text(entry, "in"), required: flag(entry, "required") }
    });
    let body = operation.get("requestBody").map(|body| {
        let body = followed(document, body);
        Body { content: content(document, body), required: flag(body, "required") }
    });
    let responses = operation.get("responses").and_then(Value::as_object);
    let responses = responses.into_iter().flatten();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        tag: list(operation, "tags").first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        parameters: parameters.collect(),
        body,
        responses: responses
            .map(|(status, entry)| (status.clone(), content(document, followed(document, entry))))
            .collect(),
    }
}

/// The part that a `$ref` within the document points to.
fn followed<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let pointer = part.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(part)
}

fn content(document: &Value, part: &Value) -> Content {
    let media = part.get("content").and_then(Value::as_object).into_iter().flatten();
    media
        .map(|(kind, media)| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
            (kind, media.get("schema").map_or(Shape::Any, |schema| shape(document, schema)))
        })
        .collect()
}

fn shape(document: &Value, schema: &Value) -> Shape {
    let Some(map) = schema.as_object() else {
        return Shape::Any;
    };
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return nullable(map, Shape::Named(name.to_owned()));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(schemas)) = map.get(key) {
            return nullable(map, Shape::Either(schemas.iter().map(|part| shape(document, part)).collect()));
        }
    }
    if let Some(Value::Array(schemas)) = map.get("allOf") {
        return nullable(map, all_of(document, schemas, map));
    }
    match map.get("type") {
        // 3.1: "type": ["string", "null"]
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            Shape::Either(kinds.map(|kind| of_kind(document, kind, map)).collect())
        }
        Some(Value::String(kind)) => nullable(map, of_kind(document, kind, map)),
        _ if map.contains_key("properties") => nullable(map, of_kind(document, "object", map)),
        _ => match values(map) {
            Some(values) => Shape::Scalar(Scalar { kind: "string".to_owned(), format: None, values: Some(values) }),
            None => Shape::Any,
        },
    }
}

/// 3.0: "nullable": true
fn nullable(map: &Map<String, Value>, shape: Shape) -> Shape {
    match map.get("nullable") {
        Some(Value::Bool(true)) => Shape::Either(vec![shape, Shape::Null]),
        _ => shape,
    }
}

fn of_kind(document: &Value, kind: &str, map: &Map<String, Value>) -> Shape {
    match kind {
        "null" => Shape::Null,
        "array" => Shape::Array(Box::new(map.get("items").map_or(Shape::Any, |items| shape(document, items)))),
        "object" => match map.get("properties").and_then(Value::as_object) {
            Some(properties) => Shape::Object(fields(document, properties, map)),
            None => Shape::Free,
        },
        kind => Shape::Scalar(Scalar {
            kind: kind.to_owned(),
            format: map.get("format").and_then(Value::as_str).map(str::to_owned),
            values: values(map),
        }),
    }
}

fn fields(document: &Value, properties: &Map<String, Value>, map: &Map<String, Value>) -> BTreeMap<String, Field> {
    let required: BTreeSet<&str> =
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    properties
        .iter()
        .map(|(name, schema)| {
            (name.clone(), Field { shape: shape(document, schema), required: required.contains(name.as_str()) })
        })
        .collect()
}

/// The fields of every part in one object; parts without fields leave the one shape that they describe.
fn all_of(document: &Value, schemas: &[Value], map: &Map<String, Value>) -> Shape {
    if let ([only], false) = (schemas, map.contains_key("properties")) {
        return shape(document, only);
    }
    let mut merged = BTreeMap::new();
    let mut pending: Vec<&Value> = schemas.iter().collect();
    let mut followed_once = BTreeSet::new();
    while let Some(part) = pending.pop() {
        if let Some(reference) = part.get("$ref").and_then(Value::as_str)
            && !followed_once.insert(reference)
        {
            continue;
        }
        let part = followed(document, part);
        pending.extend(list(part, "allOf"));
        if let (Some(own), Some(properties)) = (part.as_object(), part.get("properties").and_then(Value::as_object)) {
            merged.extend(fields(document, properties, own));
        }
    }
    if let Some(properties) = map.get("properties").and_then(Value::as_object) {
        merged.extend(fields(document, properties, map));
    }
    if merged.is_empty() {
        schemas.first().map_or(Shape::Any, |part| shape(document, part))
    } else {
        Shape::Object(merged)
    }
}

fn values(map: &Map<String, Value>) -> Option<Vec<String>> {
    let listed = match (map.get("enum"), map.get("const")) {
        (Some(Value::Array(values)), _) => values.as_slice(),
        (None, Some(value)) => std::slice::from_ref(value),
        _ => return None,
    };
    let values: Vec<String> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (!values.is_empty()).then_some(values)
}

fn list<'a>(part: &'a Value, key: &str) -> &'a [Value] {
    part.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(part: &Value, key: &str) -> String {
    part.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn flag(part: &Value, key: &str) -> bool {
    part.get(key).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_versions_ways_to_allow_null_are_read() {
        let document = json!({});
        let new = shape(&document, &json!({"type": ["string", "null"]}));
        let old = shape(&document, &json!({"type": "string", "nullable": true}));
        for shape in [new, old] {
            let shapes = Shapes::new();
            let found = shape.alternatives(&shapes);
            assert!(found.null);
            assert_eq!(found.shapes.len(), 1);
        }
    }

    #[test]
    fn parts_of_an_object_are_merged() {
        let document = json!({"components": {"schemas": {"Base": {"properties": {"id": {"type": "integer"}}}}}});
        let schema =
            json!({"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"name": {"type": "string"}}}]});
        let Shape::Object(fields) = shape(&document, &schema) else { panic!("not an object") };
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["id", "name"]);
    }
}
