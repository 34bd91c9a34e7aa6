//! The shape of a value, as both documents can say it.
use std::collections::BTreeMap;

/// Shapes by name; they may refer to each other in circles.
pub type Shapes = BTreeMap<String, Shape>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is said.
    Any,
    Null,
    Scalar(Scalar),
    /// An object of any fields, or of fields that are data (a map).
    Free,
    Object(BTreeMap<String, Field>),
    Array(Box<Shape>),
    Either(Vec<Shape>),
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// `string`, `integer`, `number` or `boolean`
    pub kind: String,
    pub format: Option<String>,
    pub values: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub shape: Shape,
    pub required: bool,
}

/// What a value may be, references and alternatives followed.
pub struct Alternatives<'a> {
    pub null: bool,
    /// Each with the name it was reached by, which ends circles.
    pub shapes: Vec<(Option<&'a str>, &'a Shape)>,
}

impl Alternatives<'_> {
    /// Any object will do, or nothing is said.
    pub fn open(&self) -> bool {
        self.shapes.iter().any(|(_, shape)| matches!(shape, Shape::Any | Shape::Free))
    }
}

impl Shape {
    pub fn scalar(kind: &str) -> Self {
        Self::Scalar(Scalar { kind: kind.to_owned(), format: None, values: None })
    }

    pub fn alternatives<'a>(&'a self, shapes: &'a Shapes) -> Alternatives<'a> {
        let mut found = Alternatives { null: false, shapes: Vec::new() };
        let mut pending = vec![(None, self)];
        let mut followed = Vec::new();
        while let Some((name, shape)) = pending.pop() {
            match shape {
                Self::Null => found.null = true,
                Self::Either(shapes) => pending.extend(shapes.iter().rev().map(|shape| (name, shape))),
                Self::Named(name) => {
                    if !followed.contains(&name) {
                        followed.push(name);
                        // a reference to nothing says nothing
                        pending.push((Some(name.as_str()), shapes.get(name).unwrap_or(&Self::Any)));
                    }
                }
                shape => found.shapes.push((name, shape)),
            }
        }
        found
    }

    pub fn word(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Scalar(Scalar { kind, format: Some(format), .. }) => format!("{kind} ({format})"),
            Self::Scalar(Scalar { kind, .. }) => kind.clone(),
            Self::Free => "an object without described fields".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::Array(_) => "an array".to_owned(),
            Self::Either(_) => "one of several".to_owned(),
            Self::Named(name) => name.clone(),
        }
    }
}
