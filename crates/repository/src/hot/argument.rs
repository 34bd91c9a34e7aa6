//! Arguments of statements, and the marks that stand for them while a statement is built.
use crate::Page;
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use domain::{GymId, SessionId, UserId};
use sea_orm::Value;
use std::error::Error;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// What a statement is asked with: an id, a text, an instant, a page, or several of them.
pub trait Argument: Send + Sized {
    /// The values, in the order of their marks.
    fn bind(&self, values: &mut Vec<Bound>);
    /// A value of its own for every call.
    fn mark(marks: &mut Marks) -> Self;
}

/// A value as it goes to PostgreSQL.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    Bool(bool),
    Int(i32),
    BigInt(i64),
    BigInts(Vec<i64>),
    Text(String),
    Time(DateTime<Utc>),
}

impl Bound {
    /// The value of a built statement; `None` for kinds that no hot read has.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(Some(value)) => Self::Bool(*value),
            Value::Int(Some(value)) => Self::Int(*value),
            Value::BigInt(Some(value)) => Self::BigInt(*value),
            Value::BigUnsigned(Some(value)) => Self::BigInt(i64::try_from(*value).ok()?),
            Value::String(Some(value)) => Self::Text(value.clone()),
            Value::ChronoDateTimeUtc(Some(value)) => Self::Time(*value),
            _ => return None,
        })
    }

    /// A list that has this value alone.
    pub(super) fn of_one(value: &Self) -> Option<Self> {
        match value {
            Self::BigInt(value) => Some(Self::BigInts(vec![*value])),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::BOOL,
            Self::Int(_) => Type::INT4,
            Self::BigInt(_) => Type::INT8,
            Self::BigInts(_) => Type::INT8_ARRAY,
            Self::Text(_) => Type::TEXT,
            Self::Time(_) => Type::TIMESTAMPTZ,
        }
    }

    /// For whoever watches what is sent.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::BigInt(value) => (*value).into(),
            Self::BigInts(values) => {
                format!("{{{}}}", values.iter().map(i64::to_string).collect::<Vec<_>>().join(",")).into()
            }
            Self::Text(value) => value.clone().into(),
            Self::Time(value) => (*value).into(),
        }
    }
}

impl ToSql for Bound {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Bool(value) => value.to_sql(kind, out),
            Self::Int(value) => value.to_sql(kind, out),
            Self::BigInt(value) => value.to_sql(kind, out),
            Self::BigInts(values) => values.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Time(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // a statement is prepared with the kinds of its values
        true
    }

    to_sql_checked!();
}

/// Gives out marks.
#[derive(Default)]
pub struct Marks {
    given: i64,
}

impl Marks {
    /// Far from what a statement says itself.
    const FIRST: i64 = 0x4D41_524B_0000_0000;

    fn number(&mut self) -> i64 {
        self.given += 1;
        Self::FIRST + self.given
    }
}

macro_rules! ids {
    ($($id:ty),+ $(,)?) => {$(
        impl Argument for $id {
            fn bind(&self, values: &mut Vec<Bound>) {
                values.push(Bound::BigInt(self.0));
            }
            fn mark(marks: &mut Marks) -> Self {
                Self(marks.number())
            }
        }
    )+};
}

ids!(GymId, UserId, SessionId);

/// In the builder a list that is asked for by `IN`: `column.is_in(sessions)`.
impl Argument for Vec<SessionId> {
    fn bind(&self, values: &mut Vec<Bound>) {
        values.push(Bound::BigInts(self.iter().map(|id| id.0).collect()));
    }
    fn mark(marks: &mut Marks) -> Self {
        vec![SessionId(marks.number())]
    }
}

impl Argument for String {
    fn bind(&self, values: &mut Vec<Bound>) {
        values.push(Bound::Text(self.clone()));
    }
    fn mark(marks: &mut Marks) -> Self {
        format!("mark {}", marks.number())
    }
}

impl Argument for DateTime<Utc> {
    fn bind(&self, values: &mut Vec<Bound>) {
        values.push(Bound::Time(*self));
    }
    fn mark(marks: &mut Marks) -> Self {
        Self::from_timestamp_micros(marks.number()).unwrap_or_default()
    }
}

impl Argument for Page {
    fn bind(&self, values: &mut Vec<Bound>) {
        let number = |n: u64| Bound::BigInt(i64::try_from(n).unwrap_or(i64::MAX));
        values.extend([number(self.skip), number(self.limit)]);
    }
    fn mark(marks: &mut Marks) -> Self {
        Self { skip: marks.number().unsigned_abs(), limit: marks.number().unsigned_abs() }
    }
}

macro_rules! several {
    ($($name:ident $n:tt),+) => {
        impl<$($name: Argument),+> Argument for ($($name,)+) {
            fn bind(&self, values: &mut Vec<Bound>) {
                $(self.$n.bind(values);)+
            }
            fn mark(marks: &mut Marks) -> Self {
                ($($name::mark(marks),)+)
            }
        }
    };
}

several!(A 0, B 1);
several!(A 0, B 1, C 2);
