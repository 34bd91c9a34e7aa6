//! One operation of the reference against ours.
use super::operation::{Body, Content, Operation};
use super::shape::{Field, Scalar, Shape, Shapes};
use std::collections::{BTreeMap, BTreeSet};

/// Who writes the value decides which side may be wider.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// The client sends what the reference took: ours must take it.
    Request,
    /// We send what ours describes: a client of the reference must read it.
    Response,
}

/// Everything that would break a client of the reference, a line each.
pub fn operations(reference: &Operation, own: &Operation, theirs: &Shapes, ours: &Shapes) -> Vec<String> {
    let mut problems = parameters(reference, own);
    problems.extend(body(reference.body.as_ref(), own.body.as_ref(), theirs, ours));
    for (status, wanted) in reference.responses.iter().filter(|(status, _)| status.starts_with('2')) {
        let place = format!("response {status} ");
        match own.responses.get(status) {
            None => problems.push(format!("response {status}: missing")),
            Some(given) => {
                let comparison = Comparison {
                    direction: Direction::Response,
                    theirs,
                    ours,
                };
                problems.extend(comparison.contents(wanted, given, &place));
            }
        }
    }
    problems
}

fn parameters(reference: &Operation, own: &Operation) -> Vec<String> {
    let same = |a: &str, b: &str, place: &str| {
        if place == "header" {
            a.eq_ignore_ascii_case(b)
        } else {
            a == b
        }
    };
    let mut problems = Vec::new();
    // path parameters go by their place in the path, which is the same already
    for wanted in reference
        .parameters
        .iter()
        .filter(|parameter| parameter.place != "path")
    {
        let found = own
            .parameters
            .iter()
            .any(|p| p.place == wanted.place && same(&p.name, &wanted.name, &p.place));
        if !found {
            problems.push(format!("{} parameter {}: missing", wanted.place, wanted.name));
        }
    }
    for parameter in own
        .parameters
        .iter()
        .filter(|parameter| parameter.required && parameter.place != "path")
    {
        let wanted = reference
            .parameters
            .iter()
            .find(|p| p.place == parameter.place && same(&p.name, &parameter.name, &p.place));
        // the reference calls its tenant header optional everywhere and then refuses requests without it
        let tenant = parameter.name.eq_ignore_ascii_case("X-Gym-ID") && wanted.is_some();
        if !tenant && !wanted.is_some_and(|wanted| wanted.required) {
            problems.push(format!(
                "{} parameter {}: required, and the reference did not",
                parameter.place, parameter.name
            ));
        }
    }
    problems
}

fn body(reference: Option<&Body>, own: Option<&Body>, theirs: &Shapes, ours: &Shapes) -> Vec<String> {
    match (reference, own) {
        (None, Some(own)) if own.required => vec!["body: required, and the reference took none".to_owned()],
        (None, _) => Vec::new(),
        (Some(_), None) => vec!["body: not taken".to_owned()],
        (Some(reference), Some(own)) => {
            let comparison = Comparison {
                direction: Direction::Request,
                theirs,
                ours,
            };
            let mut problems = comparison.contents(&reference.content, &own.content, "body ");
            if own.required && !reference.required {
                problems.push("body: required, and the reference did not".to_owned());
            }
            problems
        }
    }
}

struct Comparison<'a> {
    direction: Direction,
    theirs: &'a Shapes,
    ours: &'a Shapes,
}

/// Pairs of names under comparison, so that circles end.
type Seen<'a> = BTreeSet<(&'a str, &'a str)>;

impl<'a> Comparison<'a> {
    fn contents(&self, wanted: &'a Content, given: &'a Content, place: &str) -> Vec<String> {
        wanted
            .iter()
            .flat_map(|(media, wanted)| match given.get(media) {
                Some(given) => self.shapes(wanted, given, place, &Seen::new()),
                // the reference's document says JSON of anything also where it answers with a redirect or nothing
                None if wanted.alternatives(self.theirs).open() => Vec::new(),
                None => vec![format!("{}: no {media}", place.trim_end())],
            })
            .collect()
    }

    fn shapes(&self, reference: &'a Shape, own: &'a Shape, place: &str, seen: &Seen<'a>) -> Vec<String> {
        let (theirs, ours) = (reference.alternatives(self.theirs), own.alternatives(self.ours));
        if theirs.open() || (self.direction == Direction::Request && ours.open()) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        match self.direction {
            Direction::Response if ours.null && !theirs.null => problems.push(format!("{place}: may be null")),
            Direction::Request if theirs.null && !ours.null => problems.push(format!("{place}: refuses null")),
            _ => {}
        }
        // every value that the writer may send must fit one that the reader takes
        let (written, read) = match self.direction {
            Direction::Response => (&ours.shapes, &theirs.shapes),
            Direction::Request => (&theirs.shapes, &ours.shapes),
        };
        for one in written {
            let attempts: Vec<Vec<String>> = read
                .iter()
                .map(|other| match self.direction {
                    Direction::Response => self.pair(*other, *one, place, seen),
                    Direction::Request => self.pair(*one, *other, place, seen),
                })
                .collect();
            // a fit is an attempt without a word; of several misses the one of the same kind tells most
            let other_kind = format!("{place}: ");
            let distance = |attempt: &Vec<String>| {
                (
                    attempt.first().is_some_and(|problem| problem.starts_with(&other_kind)),
                    attempt.len(),
                )
            };
            match attempts.into_iter().min_by_key(distance) {
                Some(nearest) => problems.extend(nearest),
                None => problems.push(format!("{place}: {} where null alone is known", one.1.word())),
            }
        }
        problems
    }

    /// Two shapes that are neither null nor alternatives.
    fn pair(
        &self,
        (their_name, reference): (Option<&'a str>, &'a Shape),
        (our_name, own): (Option<&'a str>, &'a Shape),
        place: &str,
        seen: &Seen<'a>,
    ) -> Vec<String> {
        let mut seen = seen.clone();
        if let (Some(their_name), Some(our_name)) = (their_name, our_name)
            && !seen.insert((their_name, our_name))
        {
            return Vec::new();
        }
        match (reference, own) {
            (Shape::Scalar(reference), Shape::Scalar(own)) => self
                .scalars(reference, own)
                .map(|problem| format!("{place}: {problem}"))
                .into_iter()
                .collect(),
            (Shape::Array(reference), Shape::Array(own)) => self.shapes(reference, own, &format!("{place}[]"), &seen),
            (Shape::Object(reference), Shape::Object(own)) => self.objects(reference, own, place, &seen),
            (reference, own) => vec![format!("{place}: {} instead of {}", own.word(), reference.word())],
        }
    }

    fn objects(
        &self,
        reference: &'a BTreeMap<String, Field>,
        own: &'a BTreeMap<String, Field>,
        place: &str,
        seen: &Seen<'a>,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, field) in reference {
            let place = format!("{place}.{name}");
            match own.get(name) {
                Some(own) => problems.extend(self.shapes(&field.shape, &own.shape, &place, seen)),
                None if self.direction == Direction::Response || field.required => {
                    problems.push(format!("{place}: missing"));
                }
                None => {}
            }
        }
        if self.direction == Direction::Request {
            let required = own.iter().filter(|(_, field)| field.required);
            let more = required.filter(|(name, _)| !reference.get(*name).is_some_and(|field| field.required));
            problems.extend(more.map(|(name, _)| format!("{place}.{name}: required, and the reference did not")));
        }
        problems
    }

    fn scalars(&self, reference: &Scalar, own: &Scalar) -> Option<String> {
        let (written, read) = match self.direction {
            Direction::Response => (own, reference),
            Direction::Request => (reference, own),
        };
        let kind_fits = written.kind == read.kind || (written.kind == "integer" && read.kind == "number");
        // of formats only the ones of time change how a text is read
        let time = |scalar: &Scalar| {
            scalar
                .format
                .clone()
                .filter(|f| ["date-time", "date", "time"].contains(&f.as_str()))
        };
        let format_fits = match (time(reference), time(own)) {
            (Some(reference), Some(own)) => reference == own,
            _ => true,
        };
        if !kind_fits || !format_fits {
            let word = |scalar: &Scalar| Shape::Scalar(scalar.clone()).word();
            return Some(format!("{} instead of {}", word(own), word(reference)));
        }
        if let (Some(written), Some(read)) = (&written.values, &read.values) {
            let unknown: Vec<&str> = written
                .iter()
                .filter(|value| !read.contains(value))
                .map(String::as_str)
                .collect();
            if !unknown.is_empty() {
                let verb = if self.direction == Direction::Response {
                    "may also be"
                } else {
                    "does not take"
                };
                return Some(format!("{verb} {}", unknown.join(", ")));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            compared(&wanted, &less),
            [
                "response 200 .at: missing",
                "response 200 .id: string instead of integer"
            ]
        );
        let day = answer(
            json!({"type": "object", "properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date"}}}),
        );
        assert_eq!(
            compared(&wanted, &day),
            ["response 200 .at: string (date) instead of string (date-time)"]
        );
        assert_eq!(
            compared(&wanted, &answer(json!({})))[0],
            "response 200 : anything instead of an object"
        );
    }

    #[test]
    fn an_answer_is_null_only_where_the_reference_was() {
        let wanted = |kind| json!({"responses": {"200": "G"}, "schemas": {"G": {"a": field(kind, true)}}});
        let null = answer(json!({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}));
        assert_eq!(
            compared(&wanted(json!("integer")), &null),
            ["response 200 .a: may be null"]
        );
        assert!(
            compared(&wanted(json!({"anyOf": ["number", "null"]})), &null).is_empty(),
            "an integer is a number"
        );
    }

    #[test]
    fn arrays_and_circles_are_followed() {
        let wanted = json!({"responses": {"200": {"array": "G"}}, "schemas": {"G": {"parent": field(json!({"anyOf": ["G", "null"]}), false), "n": field(json!("integer"), true)}}});
        let mut own = answer(json!({"type": "array", "items": {"$ref": "#/components/schemas/Own"}}));
        own["schemas"] = json!({"Own": {"type": "object", "properties": {
            "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Own"}]}, "n": {"type": "integer"}}}});
        assert_eq!(compared(&wanted, &own), Vec::<String>::new());
        own["schemas"]["Own"]["properties"]["n"] = json!({"type": "boolean"});
        assert_eq!(
            compared(&wanted, &own),
            ["response 200 [].n: boolean instead of integer"]
        );
    }

    #[test]
    fn an_enumeration_grows_in_requests_only() {
        let wanted = json!({"responses": {"200": "E"}, "schemas": {"E": {"enum": ["a", "b"], "type": "string"}}});
        let own = |values: Value| answer(json!({"type": "string", "enum": values}));
        assert!(compared(&wanted, &own(json!(["a"]))).is_empty());
        assert_eq!(
            compared(&wanted, &own(json!(["a", "c"]))),
            ["response 200 : may also be c"]
        );
        let wanted = json!({"requestSchema": "E", "schemas": {"E": {"enum": ["a", "b"], "type": "string"}}});
        let own = |values: Value| json!({"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "string", "enum": values}}}}});
        assert!(compared(&wanted, &own(json!(["a", "b", "c"]))).is_empty());
        assert_eq!(compared(&wanted, &own(json!(["a"]))), ["body : does not take b"]);
    }

    #[test]
    fn a_request_may_require_less_and_not_more() {
        let wanted = json!({"requestSchema": "C", "schemas": {"C": {"a": field(json!("string"), true), "b": field(json!("string"), false)}}});
        let own = |required: Value| {
            json!({"requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": required, "properties": {
            "a": {"type": "string"}, "b": {"type": "string"}}}}}}})
        };
        assert!(compared(&wanted, &own(json!([]))).is_empty());
        assert_eq!(
            compared(&wanted, &own(json!(["a", "b"]))),
            ["body .b: required, and the reference did not"]
        );
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
        assert_eq!(
            compared(&wanted, &own("limit", true)),
            ["query parameter limit: required, and the reference did not"]
        );
        assert_eq!(
            compared(&wanted, &own("size", false)),
            ["query parameter limit: missing"]
        );
    }

    #[test]
    fn success_statuses_stay_and_more_errors_may_come() {
        let wanted = json!({"responses": {"201": null, "422": "any"}});
        assert!(compared(&wanted, &json!({"responses": {"201": {}, "403": {}}})).is_empty());
        assert_eq!(
            compared(&wanted, &json!({"responses": {"200": {}}})),
            ["response 201: missing"]
        );
    }

    #[test]
    fn what_the_reference_left_open_is_open() {
        let wanted = json!({"responses": {"200": "any"}});
        assert!(compared(&wanted, &json!({"responses": {"200": {}}})).is_empty());
        let wanted = json!({"responses": {"200": "object"}});
        assert!(
            compared(
                &wanted,
                &answer(json!({"type": "object", "properties": {"a": {"type": "string"}}}))
            )
            .is_empty()
        );
    }
}
