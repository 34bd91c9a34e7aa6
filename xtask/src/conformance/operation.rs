//! An operation, as both documents can say it.
use super::shape::{Shape, Shapes};
use std::collections::BTreeMap;

pub struct Api {
    pub operations: Vec<Operation>,
    pub shapes: Shapes,
}

pub struct Operation {
    /// In capitals.
    pub method: String,
    pub path: String,
    pub tag: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// By status; each with its shapes by media type, none for an empty answer.
    pub responses: BTreeMap<String, Content>,
}

/// Shapes by media type.
pub type Content = BTreeMap<String, Shape>;

pub struct Parameter {
    pub name: String,
    /// `path`, `query`, `header` or `cookie`
    pub place: String,
    pub required: bool,
}

pub struct Body {
    pub content: Content,
    pub required: bool,
}

impl Api {
    /// The operation of the same method and path, whatever its path parameters are called.
    pub fn find(&self, wanted: &Operation) -> Option<&Operation> {
        let path = nameless(&wanted.path);
        self.operations.iter().find(|own| own.method == wanted.method && nameless(&own.path) == path)
    }
}

fn nameless(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
