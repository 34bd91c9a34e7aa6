//! What the lists of parts are made of.
use crate::schedule::view::{Class, Participation, Session};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use domain::{
    CancellationId, ParticipationId, SessionId, UserId,
    schedule::{
        booking,
        cancellation::{self, CancellationActor},
        participation::{self, ParticipationStatus},
    },
};
use repository::schedule::participations::{Part, Participant as ParticipantRow};
use serde::Serialize;
use utoipa::ToSchema;

/// A class that somebody has booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MyClass {
    pub participation: Participation,
    pub session: Session,
    pub gym_class: Class,
}

impl MyClass {
    pub(super) fn of(part: Part, zone: Tz) -> Self {
        Self {
            participation: part.participation.into(),
            session: Session::of(part.session, zone),
            gym_class: Class::of(part.class, part.category),
        }
    }
}

/// The same in a few fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MyClassSimple {
    pub session_id: SessionId,
    pub class_name: String,
    pub start_time: DateTime<Utc>,
    /// Of the gym's clock, without an offset.
    #[schema(value_type = String, example = "2026-03-02T18:00:00")]
    pub start_time_local: NaiveDateTime,
    pub participation_status: ParticipationStatus,
    pub room: Option<String>,
    /// Seats taken.
    pub current_participants: i32,
    /// Seats of this session (SCH-60).
    pub max_capacity: i64,
}

impl MyClassSimple {
    pub(super) fn of(part: Part, zone: Tz) -> Self {
        Self {
            session_id: part.session.id,
            max_capacity: booking::capacity(&part.session, part.class.max_capacity),
            class_name: part.class.name,
            start_time: part.session.start_time,
            start_time_local: part.session.start_time.with_timezone(&zone).naive_local(),
            participation_status: part.participation.status,
            room: part.session.room,
            current_participants: part.session.current_participants,
        }
    }
}

/// A part in a session that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ParticipationWithSessionInfo)]
pub struct HistoryItem {
    pub id: ParticipationId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: ParticipationStatus,
    pub registration_time: DateTime<Utc>,
    pub attendance_time: Option<DateTime<Utc>>,
    pub cancellation_time: Option<DateTime<Utc>>,
    pub cancellation_reason: Option<String>,
    pub session_info: Session,
    pub class_info: Class,
}

impl HistoryItem {
    pub(super) fn of(part: Part, zone: Tz) -> Self {
        let row = part.participation;
        Self {
            id: row.id,
            session_id: row.session_id,
            member_id: row.member_id,
            status: row.status,
            registration_time: row.registration_time,
            attendance_time: row.attendance_time,
            cancellation_time: row.cancellation_time,
            cancellation_reason: row.cancellation_reason,
            session_info: Session::of(part.session, zone),
            class_info: Class::of(part.class, part.category),
        }
    }
}

/// How one stands to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ParticipationStatusBase)]
pub struct StatusItem {
    pub session_id: SessionId,
    pub status: ParticipationStatus,
    pub registration_time: DateTime<Utc>,
    pub attendance_time: Option<DateTime<Utc>>,
    pub cancellation_time: Option<DateTime<Utc>>,
}

impl From<participation::Model> for StatusItem {
    fn from(row: participation::Model) -> Self {
        Self {
            session_id: row.session_id,
            status: row.status,
            registration_time: row.registration_time,
            attendance_time: row.attendance_time,
            cancellation_time: row.cancellation_time,
        }
    }
}

/// How one stands to many sessions, the last booked first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ParticipationStatusResponse)]
pub struct StatusList {
    pub participations: Vec<StatusItem>,
    /// How many there are in `participations`.
    pub total_count: usize,
}

/// A person on the list of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantPerson {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
}

/// A line of the list of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClassParticipant)]
pub struct Participant {
    #[serde(flatten)]
    pub participation: Participation,
    pub member: ParticipantPerson,
}

impl From<ParticipantRow> for Participant {
    fn from(row: ParticipantRow) -> Self {
        let member = ParticipantPerson {
            id: row.participation.member_id,
            first_name: row.first_name,
            last_name: row.last_name,
            picture: row.picture,
        };
        Self { participation: row.participation.into(), member }
    }
}

/// That a booking was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClassCancellation)]
pub struct Cancellation {
    pub id: CancellationId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub participation_id: ParticipationId,
    pub actor: CancellationActor,
    /// None when the system did.
    pub cancelled_by: Option<UserId>,
    /// Nearer to the start than the gym wants it (SCH-78).
    pub is_late: bool,
    pub reason: Option<String>,
    pub cancelled_at: DateTime<Utc>,
}

impl From<cancellation::Model> for Cancellation {
    fn from(row: cancellation::Model) -> Self {
        Self {
            id: row.id,
            session_id: row.session_id,
            member_id: row.member_id,
            participation_id: row.participation_id,
            actor: row.actor,
            cancelled_by: row.cancelled_by,
            is_late: row.is_late,
            reason: row.reason,
            cancelled_at: row.cancelled_at,
        }
    }
}
