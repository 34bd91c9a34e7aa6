//! The OpenAPI document: generated from the handlers, completed with what holds for all of them.
use crate::error::{Problem, ValidationProblem};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "GymAPI",
        description = "The back end that a gym runs on. Operations of a gym name it in the header `X-Gym-ID`; \
            every refusal carries a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem, ValidationProblem))
)]
struct Base;

pub(crate) fn base() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    base.info.version = env!("CARGO_PKG_VERSION").to_owned();
    base
}

/// The complete document, without a server.
pub fn document() -> Value {
    complete(crate::api::<crate::AppState>().split_for_parts().1)
}

/// Adds what follows from an operation's security: the header of the gym, and the refusals that it can meet.
pub(crate) fn complete(document: utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let schemes = json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An RS256 token of the configured OpenID issuer.",
        },
        "gym": { "type": "apiKey", "in": "header", "name": "X-Gym-ID", "description": "The gym's id." },
        "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
        "worker": {
            "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key of the workers.",
        },
        "webhook": { "type": "apiKey", "in": "header", "name": "X-Auth0-Webhook-Secret" },
    });
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), schemes);
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for operations in paths.into_iter().flat_map(Map::values_mut) {
        for (_, operation) in operations.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(operation);
            }
        }
    }
    document
}

/// The handler's name, with the noun of its tag in front where it does not say it: `gyms_update`. Generators of clients
/// need it unique.
fn operation_id(operation: &Map<String, Value>) -> Option<String> {
    let name = operation.get("operationId")?.as_str()?;
    let tag = operation.get("tags")?.get(0)?.as_str()?;
    let says_so = name.contains(tag.trim_end_matches('s'));
    Some(if says_so { name.to_owned() } else { format!("{tag}_{name}") })
}

fn complete_operation(operation: &mut Map<String, Value>) {
    if let Some(id) = operation_id(operation) {
        operation.insert("operationId".to_owned(), id.into());
    }
    let needs = |scheme: &str| {
        let security = operation.get("security").and_then(Value::as_array);
        security.is_some_and(|all| all.iter().any(|one| one.get(scheme).is_some()))
    };
    let (bearer, gym, api_key) = (needs("bearer"), needs("gym"), needs("api_key"));
    let mut header = |parameter: Value| {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(parameter);
        }
    };
    if gym {
        header(json!({
            "name": "X-Gym-ID", "in": "header", "required": true,
            "description": "The gym's id.", "schema": { "type": "integer", "format": "int64", "minimum": 1 },
        }));
    }
    if api_key {
        header(json!({
            "name": "X-API-Key", "in": "header", "required": false,
            "description": "The key of the registration pages.", "schema": { "type": "string" },
        }));
    }
    let takes_input = operation.contains_key("requestBody")
        || operation.get("parameters").and_then(Value::as_array).is_some_and(|p| !p.is_empty());
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    let mut answer = |status: &str, text: &str, schema: Value| {
        let answer = || json!({ "description": text, "content": { "application/json": { "schema": schema } } });
        responses.entry(status).or_insert_with(answer);
    };
    let named = |schema: &str| json!({ "$ref": format!("#/components/schemas/{schema}") });
    let mut problem = |status: &str, text: &str| answer(status, text, named("Problem"));
    if bearer {
        problem("401", "No valid token.");
        problem("403", "The caller may not do this.");
    }
    if gym {
        problem("400", "The header X-Gym-ID names no gym.");
        problem("404", "There is no such gym, or no such record in it.");
    }
    problem("429", "Too many requests.");
    problem("503", "Saturated, or something that is needed is away: try again.");
    if takes_input {
        // by single fields, or as a whole
        let schema = json!({ "anyOf": [named("HTTPValidationError"), named("Problem")] });
        answer("422", "The input breaks a rule.", schema);
    }
}

#[cfg(test)]
mod tests {
    use super::document;
    use std::collections::HashSet;

    #[test]
    fn every_operation_has_an_id_of_its_own_and_a_summary() {
        let document = document();
        let mut seen = HashSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(seen.insert(id.to_owned()), "{id} of {method} {path} is taken");
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            }
        }
        assert!(seen.len() > 80);
    }
}
