//! What the schedule's operations answer with.
use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::{
    CategoryId, ClassId, GymId, ParticipationId, SessionId, UserId,
    schedule::{
        booking, category,
        class::{self, ClassCategory, Difficulty},
        participation::{self, ParticipationStatus},
        session::{self, SessionStatus},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A gym's own kind of classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClassCategoryCustom)]
pub struct Category {
    pub id: CategoryId,
    pub gym_id: GymId,
    pub name: String,
    pub description: Option<String>,
    pub color: Option<String>,
    pub icon: Option<String>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
}

impl From<category::Model> for Category {
    fn from(row: category::Model) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            name: row.name,
            description: row.description,
            color: row.color,
            icon: row.icon,
            is_active: row.is_active,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            created_by: row.created_by,
        }
    }
}

/// A class: the template of its sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Class {
    pub id: ClassId,
    pub gym_id: GymId,
    pub name: String,
    pub description: Option<String>,
    /// Minutes.
    pub duration: i32,
    pub max_capacity: i32,
    pub difficulty_level: Difficulty,
    pub category_id: Option<CategoryId>,
    pub category_enum: Option<ClassCategory>,
    /// The same as `category_enum`, for older clients (SCH-39).
    pub category: Option<ClassCategory>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
    pub custom_category: Option<Category>,
}

impl Class {
    pub fn of(row: class::Model, category: Option<category::Model>) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            name: row.name,
            description: row.description,
            duration: row.duration,
            max_capacity: row.max_capacity,
            difficulty_level: row.difficulty_level,
            category_id: row.category_id,
            category_enum: row.category_enum,
            category: row.category_enum,
            is_active: row.is_active,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            created_by: row.created_by,
            custom_category: category.map(Category::from),
        }
    }
}

/// A session. Instants are UTC; `…_local` are of the gym's clock, without an offset (SCH-12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClassSession)]
pub struct Session {
    pub id: SessionId,
    pub gym_id: GymId,
    pub class_id: ClassId,
    pub trainer_id: UserId,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
    pub room: Option<String>,
    pub is_recurring: bool,
    /// `WEEKLY:0,2,4`; 0 is Monday.
    pub recurrence_pattern: Option<String>,
    /// The same for all sessions of one recurring request.
    pub series_id: Option<String>,
    pub status: SessionStatus,
    pub override_capacity: Option<i32>,
    pub notes: Option<String>,
    /// Seats taken.
    pub current_participants: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
    /// The gym's zone, by its IANA name.
    pub timezone: String,
    /// Of the gym's clock, without an offset; so are its likes.
    #[schema(value_type = String, example = "2026-03-02T18:00:00")]
    pub start_time_local: NaiveDateTime,
    #[schema(value_type = String, example = "2026-03-02T18:00:00")]
    pub end_time_local: NaiveDateTime,
}

impl Session {
    pub fn of(row: session::Model, zone: Tz) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            class_id: row.class_id,
            trainer_id: row.trainer_id,
            start_time: row.start_time,
            end_time: row.end_time,
            room: row.room,
            is_recurring: row.is_recurring,
            recurrence_pattern: row.recurrence_pattern,
            series_id: row.series_id,
            status: row.status,
            override_capacity: row.override_capacity,
            notes: row.notes,
            current_participants: row.current_participants,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            created_by: row.created_by,
            timezone: zone.name().to_owned(),
            start_time_local: row.start_time.with_timezone(&zone).naive_local(),
            end_time_local: row.end_time.with_timezone(&zone).naive_local(),
        }
    }
}

/// The start of a session, told in every way (SCH-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimeInfo {
    /// Of the gym's clock, without an offset.
    #[schema(value_type = String, example = "2026-03-02T18:00:00")]
    pub local_time: NaiveDateTime,
    pub gym_timezone: String,
    /// With the gym's offset at that time.
    pub iso_with_timezone: String,
    /// With the offset `+00:00`.
    pub utc_time: String,
}

impl TimeInfo {
    pub fn of(at: DateTime<Utc>, zone: Tz) -> Self {
        let local = at.with_timezone(&zone);
        Self {
            local_time: local.naive_local(),
            gym_timezone: zone.name().to_owned(),
            iso_with_timezone: local.to_rfc3339_opts(SecondsFormat::AutoSi, false),
            utc_time: at.to_rfc3339_opts(SecondsFormat::AutoSi, false),
        }
    }
}

/// A session, with its start told in every way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClassSessionWithTimezone)]
pub struct SessionTz {
    #[serde(flatten)]
    pub session: Session,
    pub gym_timezone: String,
    pub time_info: TimeInfo,
}

impl SessionTz {
    pub fn of(row: session::Model, zone: Tz) -> Self {
        let time_info = TimeInfo::of(row.start_time, zone);
        Self { session: Session::of(row, zone), gym_timezone: zone.name().to_owned(), time_info }
    }
}

/// The seats of a session (SCH-60).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeatCount {
    /// Seats that there are: the session's own number, or its class's.
    pub capacity: i64,
    /// Seats that are free; 0 also when more are taken than there are.
    pub available_spots: i64,
    pub is_full: bool,
    /// How many wait for a seat.
    pub waitlist_count: i64,
}

impl SeatCount {
    pub fn of(session: &session::Model, class: &class::Model, waiting: i64) -> Self {
        let capacity = booking::capacity(session, class.max_capacity);
        let occupied = i64::from(session.current_participants);
        Self {
            capacity,
            available_spots: (capacity - occupied).max(0),
            is_full: occupied >= capacity,
            waitlist_count: waiting,
        }
    }
}

/// A session and its class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionWithClass {
    pub session: Session,
    pub class_info: Class,
    #[serde(flatten)]
    pub seats: SeatCount,
    /// The caller's booking; null when they never had one. The last field: see `timetable`.
    pub my_status: Option<ParticipationStatus>,
}

/// A session, with its start told in every way, and its class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SessionWithClassAndTimezone)]
pub struct SessionTzWithClass {
    pub session: SessionTz,
    pub class_info: Class,
    #[serde(flatten)]
    pub seats: SeatCount,
    /// The caller's booking; null when they never had one. The last field: see `timetable`.
    pub my_status: Option<ParticipationStatus>,
}

/// A session with its class and its seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionDetails {
    pub session: Session,
    pub class: Class,
    /// Seats taken: the session's `current_participants` (SCH-61).
    pub registered_count: i32,
    #[serde(flatten)]
    pub seats: SeatCount,
    /// The caller's booking; null when they never had one. The last field: see `timetable`.
    pub my_status: Option<ParticipationStatus>,
}

/// A member's part in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ClassParticipation)]
pub struct Participation {
    pub id: ParticipationId,
    pub gym_id: GymId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub status: ParticipationStatus,
    /// Of the last booking.
    pub registration_time: DateTime<Utc>,
    pub attendance_time: Option<DateTime<Utc>>,
    pub cancellation_time: Option<DateTime<Utc>>,
    pub cancellation_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<participation::Model> for Participation {
    fn from(row: participation::Model) -> Self {
        Self {
            id: row.id,
            gym_id: row.gym_id,
            session_id: row.session_id,
            member_id: row.member_id,
            status: row.status,
            registration_time: row.registration_time,
            attendance_time: row.attendance_time,
            cancellation_time: row.cancellation_time,
            cancellation_reason: row.cancellation_reason,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
        }
    }
}
