//! Reads `reference-api.json`, which is no OpenAPI document: operations in a list, and types in a short notation, such
//! as `"integer"`, `"string:date-time"`, `{"array": "Gym"}`, `{"anyOf": ["string", "null"]}`, `"any"`.
use super::operation::{Api, Body, Content, Operation, Parameter};
use super::shape::{Field, Scalar, Shape, Shapes};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Document {
    operations: Vec<Entry>,
    schemas: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    method: String,
    path: String,
    tag: Option<String>,
    parameters: Vec<Listed>,
    request_schema: Option<Value>,
    responses: BTreeMap<String, Option<Value>>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    r#in: String,
    required: bool,
}

pub fn parse(document: &Value) -> anyhow::Result<Api> {
    let document = Document::deserialize(document)?;
    let mut shapes = Shapes::new();
    for (name, schema) in &document.schemas {
        shapes.insert(name.clone(), definition(schema).with_context(|| name.clone())?);
    }
    let operations = document.operations.into_iter().map(|entry| {
        let place = format!("{} {}", entry.method, entry.path);
        operation(entry).context(place)
    });
    Ok(Api { operations: operations.collect::<anyhow::Result<_>>()?, shapes })
}

fn operation(entry: Entry) -> anyhow::Result<Operation> {
    let body = match &entry.request_schema {
        None => None,
        Some(schema) => {
            let content = content(schema)?;
            let required = !content.values().any(|shape| shape.alternatives(&Shapes::new()).null);
            Some(Body { content, required })
        }
    };
    let mut responses = BTreeMap::new();
    for (status, schema) in &entry.responses {
        responses.insert(status.clone(), schema.as_ref().map(content).transpose()?.unwrap_or_default());
    }
    let parameters = entry.parameters.into_iter();
    Ok(Operation {
        method: entry.method.to_uppercase(),
        path: entry.path,
        tag: entry.tag.unwrap_or_else(|| "(none)".to_owned()),
        parameters: parameters.map(|p| Parameter { name: p.name, place: p.r#in, required: p.required }).collect(),
        body,
        responses,
    })
}

/// JSON, unless the notation names another media type.
fn content(schema: &Value) -> anyhow::Result<Content> {
    if let Some((media, schema)) = schema.as_object().and_then(|map| map.iter().find(|(key, _)| key.contains('/'))) {
        return Ok(Content::from([(media.clone(), shape(schema)?)]));
    }
    Ok(Content::from([("application/json".to_owned(), shape(schema)?)]))
}

/// A named schema: an enumeration, or fields.
fn definition(schema: &Value) -> anyhow::Result<Shape> {
    let map = schema.as_object().context("a schema is an object")?;
    if let (Some(Value::Array(values)), Some(Value::String(kind))) = (map.get("enum"), map.get("type")) {
        let values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        return Ok(Shape::Scalar(Scalar { kind: kind.clone(), format: None, values: Some(values) }));
    }
    fields(map).map(Shape::Object)
}

fn fields(map: &Map<String, Value>) -> anyhow::Result<BTreeMap<String, Field>> {
    map.iter()
        .map(|(name, field)| {
            let kind = field.get("type").with_context(|| format!("{name} has no type"))?;
            let required = field.get("required").and_then(Value::as_bool).unwrap_or(false);
            Ok((name.clone(), Field { shape: shape(kind).with_context(|| name.clone())?, required }))
        })
        .collect()
}

fn shape(notation: &Value) -> anyhow::Result<Shape> {
    match notation {
        Value::String(word) => Ok(match word.split_once(':') {
            Some((kind, format)) => {
                Shape::Scalar(Scalar { kind: kind.to_owned(), format: Some(format.to_owned()), values: None })
            }
            None => match word.as_str() {
                "any" => Shape::Any,
                "null" => Shape::Null,
                "object" => Shape::Free,
                "string" | "integer" | "number" | "boolean" => Shape::scalar(word),
                name => Shape::Named(name.to_owned()),
            },
        }),
        Value::Object(map) => match map.iter().next() {
            Some((key, Value::Array(shapes))) if key == "anyOf" => {
                Ok(Shape::Either(shapes.iter().map(shape).collect::<anyhow::Result<_>>()?))
            }
            Some((key, items)) if key == "array" => Ok(Shape::Array(Box::new(shape(items)?))),
            Some((key, _)) if key == "map" => Ok(Shape::Free),
            _ => bail!("unknown notation {notation}"),
        },
        Value::Null => Ok(Shape::Any),
        _ => bail!("unknown notation {notation}"),
    }
}
