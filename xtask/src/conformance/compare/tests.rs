use super::super::{openapi, reference};
use serde_json::{Value, json};

fn compared(reference: &Value, own: &Value) -> Vec<String> {
    let mut operation = json!({"method": "POST", "path": "/a/{x}", "tag": "t", "parameters": [], "requestSchema": null, "responses": {}});
    let mut schemas = json!({});
    for (key, value) in reference.as_object().unwrap() {
        if key == "schemas" {
            schemas = value.clone();
        } else {
            operation[key] = value.clone();
        }
    }
    let reference = reference::parse(&json!({"operations": [operation], "schemas": schemas})).unwrap();
    let mut document = json!({"paths": {"/a/{y}": {"post": own}}});
    document["components"] = json!({"schemas": own.get("schemas").cloned().unwrap_or_default()});
    let own = openapi::parse(&document).unwrap();
    let wanted = reference.operations.first().unwrap();
    super::operations(
        wanted,
        own.find(wanted).expect("found whatever the parameter's name"),
        &reference.shapes,
        &own.shapes,
    )
}

fn answer(schema: Value) -> Value {
    json!({"responses": {"200": {"content": {"application/json": {"schema": schema}}}}})
}

fn field(kind: Value, required: bool) -> Value {
    json!({"type": kind, "required": required})
}

#[test]
fn an_answer_may_say_more_and_not_less() {
    let wanted = json!({"responses": {"200": "G"}, "schemas": {"G": {"id": field(json!("integer"), true), "at": field(json!("string:date-time"), true)}}});
    let at = json!({"type": "string", "format": "date-time"});
    let more = answer(
        json!({"type": "object", "properties": {"id": {"type": "integer"}, "at": at, "new": {"type": "string"}}}),
    );
    assert_eq!(compared(&wanted, &more), Vec::<String>::new());
    let less = answer(json!({"type": "object", "properties": {"id": {"type": "string"}}}));
    assert_eq!(compared(&wanted, &less), ["response 200 .at: missing", "response 200 .id: string instead of integer"]);
    let day = answer(
        json!({"type": "object", "properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date"}}}),
    );
    assert_eq!(compared(&wanted, &day), ["response 200 .at: string (date) instead of string (date-time)"]);
    assert_eq!(compared(&wanted, &answer(json!({})))[0], "response 200: anything instead of an object");
}

#[test]
fn an_answer_is_null_only_where_the_reference_was() {
    let wanted = |kind| json!({"responses": {"200": "G"}, "schemas": {"G": {"a": field(kind, true)}}});
    let null = answer(json!({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}));
    assert_eq!(compared(&wanted(json!("integer")), &null), ["response 200 .a: may be null"]);
    assert!(compared(&wanted(json!({"anyOf": ["number", "null"]})), &null).is_empty(), "an integer is a number");
}

#[test]
fn arrays_and_circles_are_followed() {
    let wanted = json!({"responses": {"200": {"array": "G"}}, "schemas": {"G": {"parent": field(json!({"anyOf": ["G", "null"]}), false), "n": field(json!("integer"), true)}}});
    let mut own = answer(json!({"type": "array", "items": {"$ref": "#/components/schemas/Own"}}));
    own["schemas"] = json!({"Own": {"type": "object", "properties": {
        "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Own"}]}, "n": {"type": "integer"}}}});
    assert_eq!(compared(&wanted, &own), Vec::<String>::new());
    own["schemas"]["Own"]["properties"]["n"] = json!({"type": "boolean"});
    assert_eq!(compared(&wanted, &own), ["response 200 [].n: boolean instead of integer"]);
}

#[test]
fn an_enumeration_grows_in_requests_only() {
    let wanted = json!({"responses": {"200": "E"}, "schemas": {"E": {"enum": ["a", "b"], "type": "string"}}});
    let own = |values: Value| answer(json!({"type": "string", "enum": values}));
    assert!(compared(&wanted, &own(json!(["a"]))).is_empty());
    assert_eq!(compared(&wanted, &own(json!(["a", "c"]))), ["response 200: may also be c"]);
    let wanted = json!({"requestSchema": "E", "schemas": {"E": {"enum": ["a", "b"], "type": "string"}}});
    let own = |values: Value| json!({"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "string", "enum": values}}}}});
    assert!(compared(&wanted, &own(json!(["a", "b", "c"]))).is_empty());
    assert_eq!(compared(&wanted, &own(json!(["a"]))), ["body: does not take b"]);
}

#[test]
fn a_request_may_require_less_and_not_more() {
    let wanted = json!({"requestSchema": "C", "schemas": {"C": {"a": field(json!("string"), true), "b": field(json!("string"), false)}}});
    let own = |required: Value| {
        json!({"requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": required, "properties": {
        "a": {"type": "string"}, "b": {"type": "string"}}}}}}})
    };
    assert!(compared(&wanted, &own(json!([]))).is_empty());
    assert_eq!(compared(&wanted, &own(json!(["a", "b"]))), ["body .b: required, and the reference did not"]);
    let without =
        json!({"requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {}}}}}});
    assert_eq!(compared(&wanted, &without), ["body .a: missing"]);
    assert_eq!(compared(&wanted, &json!({})), ["body: not taken"]);
}

#[test]
fn parameters_go_by_name_and_place() {
    let wanted = json!({"parameters": [
        {"name": "x", "in": "path", "required": true, "type": "integer"},
        {"name": "limit", "in": "query", "required": false, "type": "integer"},
        {"name": "X-Gym-ID", "in": "header", "required": false, "type": "string"}]});
    let own = |limit: &str, required: bool| {
        json!({"parameters": [
        {"name": "y", "in": "path", "required": true}, {"name": limit, "in": "query", "required": required},
        {"name": "x-gym-id", "in": "header", "required": true}]})
    };
    assert_eq!(compared(&wanted, &own("limit", false)), Vec::<String>::new());
    assert_eq!(compared(&wanted, &own("limit", true)), ["query parameter limit: required, and the reference did not"]);
    assert_eq!(compared(&wanted, &own("size", false)), ["query parameter limit: missing"]);
}

#[test]
fn success_statuses_stay_and_more_errors_may_come() {
    let wanted = json!({"responses": {"201": null, "422": "any"}});
    assert!(compared(&wanted, &json!({"responses": {"201": {}, "403": {}}})).is_empty());
    assert_eq!(compared(&wanted, &json!({"responses": {"200": {}}})), ["response 201: missing"]);
}

#[test]
fn what_the_reference_left_open_is_open() {
    let wanted = json!({"responses": {"200": "any"}});
    assert!(compared(&wanted, &json!({"responses": {"200": {}}})).is_empty());
    let wanted = json!({"responses": {"200": "object"}});
    assert!(compared(&wanted, &answer(json!({"type": "object", "properties": {"a": {"type": "string"}}}))).is_empty());
}
