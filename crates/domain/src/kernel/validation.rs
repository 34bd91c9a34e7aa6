//! Input that breaks a rule, in the shape that the API answers with (IDN-108).
use garde::Validate;
use serde::Serialize;

/// One broken rule of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where: `["body", "first_name"]`.
    pub loc: Vec<String>,
    /// For people.
    pub msg: String,
    /// For programs, as in `value_error`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl FieldError {
    pub fn body(field: &str, msg: impl Into<String>) -> Self {
        Self { loc: vec!["body".into(), field.into()], msg: msg.into(), kind: "value_error".into() }
    }
}

/// At least one rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} field(s) are not valid", .0.len())]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    pub fn field(field: &str, msg: impl Into<String>) -> Self {
        Self(vec![FieldError::body(field, msg)])
    }
}

/// Checks the rules that stand on the fields of `input`.
pub fn check<T: Validate<Context = ()>>(input: &T) -> Result<(), Invalid> {
    let Err(report) = input.validate() else { return Ok(()) };
    let field = |(path, error): &(garde::Path, garde::Error)| {
        let path = path.to_string();
        let loc = std::iter::once("body".to_owned()).chain(path.split('.').map(str::to_owned)).collect();
        FieldError { loc, msg: error.message().to_owned(), kind: "value_error".into() }
    };
    Err(Invalid(report.iter().map(field).collect()))
}

/// For garde, `#[garde(custom(text(1, 100)))]`: so many characters without the spaces around them, none of them a control character but line ends.
pub fn text(min: usize, max: usize) -> impl Fn(&str, &()) -> garde::Result {
    move |value, &()| {
        if !(min..=max).contains(&value.trim().chars().count()) {
            return Err(garde::Error::new(format!("must have {min} to {max} characters")));
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(garde::Error::new("must not have control characters"));
        }
        Ok(())
    }
}
