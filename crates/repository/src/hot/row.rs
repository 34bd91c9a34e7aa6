//! Rows by position.
use chrono::{DateTime, Utc};
use domain::{
    CategoryId, ClassId, EventId, EventParticipationId, GymId, MembershipId, RelationshipId, SessionId, UserId,
    events::{
        event::{EventStatus, RefundPolicy},
        participation::{EventParticipationStatus, PaymentStatus},
    },
    identity::{
        GymRole, PlatformRole,
        gym::{Certifications, GymType, Specialties},
        membership::MembershipType,
        relationship::RelationshipStatus,
    },
    schedule::{
        class::{ClassCategory, Difficulty},
        participation::ParticipationStatus,
        session::SessionStatus,
    },
};
use sea_orm::{ActiveEnum, FromQueryResult};
use std::error::Error;
use tokio_postgres::{Row, types::FromSql};

pub(crate) type ReadError = Box<dyn Error + Send + Sync>;

/// A row that is read by position (`hot_row!`). The names are held against those of the statement when it is prepared, so
/// a column cannot be taken for another.
pub trait HotRow: FromQueryResult + Send + 'static {
    /// Of its columns, in the order in which they are read.
    fn names(prefix: &str, names: &mut Vec<String>);
    fn read(columns: &mut Columns<'_>) -> Result<Self, ReadError>;
}

/// The columns of one row, from left to right.
pub struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    pub fn take<T: HotValue>(&mut self) -> Result<T, ReadError> {
        let raw = self.row.try_get::<_, T::Raw<'_>>(self.next)?;
        self.next += 1;
        T::of(raw)
    }

    /// The row of an outer join, whose first column tells whether there is one.
    pub fn optional<T: HotRow>(&mut self) -> Result<Option<T>, ReadError> {
        if self.row.try_get::<_, Option<i64>>(self.next)?.is_some() {
            return T::read(self).map(Some);
        }
        let mut names = Vec::new();
        T::names("", &mut names);
        self.next += names.len();
        Ok(None)
    }
}

/// What a column can hold.
pub trait HotValue: Sized {
    /// How the driver gives it.
    type Raw<'a>: FromSql<'a>;
    fn of(raw: Self::Raw<'_>) -> Result<Self, ReadError>;
}

impl<T: HotValue> HotValue for Option<T> {
    type Raw<'a> = Option<T::Raw<'a>>;
    fn of(raw: Self::Raw<'_>) -> Result<Self, ReadError> {
        raw.map(T::of).transpose()
    }
}

macro_rules! plain {
    ($($kind:ty),+ $(,)?) => {$(
        impl HotValue for $kind {
            type Raw<'a> = Self;
            fn of(raw: Self) -> Result<Self, ReadError> {
                Ok(raw)
            }
        }
    )+};
}

macro_rules! ids {
    ($($kind:ident),+ $(,)?) => {$(
        impl HotValue for $kind {
            type Raw<'a> = i64;
            fn of(raw: i64) -> Result<Self, ReadError> {
                Ok(Self(raw))
            }
        }
    )+};
}

/// Values that are kept as a word.
macro_rules! words {
    ($($kind:ty),+ $(,)?) => {$(
        impl HotValue for $kind {
            type Raw<'a> = String;
            fn of(raw: String) -> Result<Self, ReadError> {
                Ok(Self::try_from_value(&raw)?)
            }
        }
    )+};
}

/// Values that are kept as JSON.
macro_rules! documents {
    ($($kind:ty),+ $(,)?) => {$(
        impl HotValue for $kind {
            type Raw<'a> = serde_json::Value;
            fn of(raw: serde_json::Value) -> Result<Self, ReadError> {
                Ok(serde_json::from_value(raw)?)
            }
        }
    )+};
}

plain!(bool, i32, i64, f64, String, DateTime<Utc>, serde_json::Value);
ids!(CategoryId, ClassId, EventId, EventParticipationId, GymId, MembershipId, RelationshipId, SessionId, UserId);
words!(
    ClassCategory,
    Difficulty,
    EventParticipationStatus,
    EventStatus,
    GymRole,
    GymType,
    MembershipType,
    ParticipationStatus,
    PaymentStatus,
    PlatformRole,
    RefundPolicy,
    RelationshipStatus,
    SessionStatus,
);
documents!(Certifications, Specialties);

/// `hot_row!(Model { id, name, kind = "type" })`: the fields in the order of the statement's columns, which have their
/// names unless another is given.
macro_rules! hot_row {
    ($kind:ty { $($field:ident $(= $name:literal)?),+ $(,)? }) => {
        impl $crate::hot::HotRow for $kind {
            fn names(prefix: &str, names: &mut Vec<String>) {
                names.extend([$($crate::hot::hot_row!(@name $field $($name)?)),+].map(|name| format!("{prefix}{name}")));
            }
            fn read(columns: &mut $crate::hot::Columns<'_>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self { $($field: columns.take()?),+ })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
}
pub(crate) use hot_row;
