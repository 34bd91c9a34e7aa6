//! Sessions: made, changed, cancelled, removed (SCH-44 … SCH-55).
use super::{
    placing::{Placing, instant, room, zone_of},
    recurring::NewSeries,
    seating::{SESSION_NOT_FOUND, stale},
    view::Session,
};
use crate::{Actor, Core, Error, Refusal, Result};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use domain::{
    ClassId, SessionId, UserId,
    identity::GymRole,
    kernel::{patch, timezone::GivenTime, validation::check},
    schedule::{
        lifecycle::Slot,
        session::{self, SessionStatus},
    },
};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

pub const NOT_SCHEDULED: Refusal = Refusal::bad_request(
    "status_not_scheduled",
    "A new session is `scheduled`.",
    "Una sesión nueva tiene el estado `scheduled`.",
);
pub const STATUS_CHANGE: Refusal = Refusal::bad_request(
    "status_change_not_allowed",
    "A session in this state does not go over to that one, or not now.",
    "La sesión no puede pasar de su estado a ese, o todavía no.",
);
pub const SESSION_COMPLETED: Refusal = Refusal::bad_request(
    "session_completed",
    "The session is over: nothing is left to cancel.",
    "La sesión ha terminado: no queda nada que cancelar.",
);

/// A session to be made. Times without an offset are of the gym's clock.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ClassSessionCreate, example = json!({
    "class_id": 7, "trainer_id": 12, "start_time": "2026-03-02T18:30:00", "room": "Sala 2",
}))]
pub struct NewSession {
    #[garde(skip)]
    pub class_id: ClassId,
    /// A trainer, an administrator or the owner of the gym.
    #[garde(skip)]
    pub trainer_id: UserId,
    #[garde(skip)]
    #[schema(value_type = String, format = DateTime)]
    pub start_time: GivenTime,
    /// Without it the session lasts as long as its class.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub end_time: Option<GivenTime>,
    #[garde(inner(length(chars, max = 255)))]
    #[schema(max_length = 255)]
    pub room: Option<String>,
    /// `scheduled`, or nothing.
    #[garde(skip)]
    pub status: Option<SessionStatus>,
    /// Seats of this session, instead of its class's.
    #[garde(inner(range(min = 1)))]
    #[schema(minimum = 1)]
    pub override_capacity: Option<i32>,
    #[garde(skip)]
    pub notes: Option<String>,
}

/// What of a session changes: a field that is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[schema(as = ClassSessionUpdate, example = json!({"start_time": "2026-03-02T19:00:00", "override_capacity": null}))]
pub struct SessionPatch {
    #[garde(skip)]
    pub class_id: Option<ClassId>,
    #[garde(skip)]
    pub trainer_id: Option<UserId>,
    /// Alone it keeps the duration.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub start_time: Option<GivenTime>,
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub end_time: Option<GivenTime>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "patch::present")]
    #[garde(inner(inner(length(chars, max = 255))))]
    #[schema(max_length = 255, value_type = Option<String>)]
    pub room: Option<Option<String>>,
    #[garde(skip)]
    pub is_recurring: Option<bool>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "patch::present")]
    #[garde(inner(inner(length(chars, max = 64))))]
    #[schema(max_length = 64, value_type = Option<String>)]
    pub recurrence_pattern: Option<Option<String>>,
    #[garde(skip)]
    pub status: Option<SessionStatus>,
    /// `null` gives the session its class's seats back.
    #[serde(default, deserialize_with = "patch::present")]
    #[garde(inner(inner(range(min = 1))))]
    #[schema(minimum = 1, value_type = Option<i32>)]
    pub override_capacity: Option<Option<i32>>,
    /// `null` removes them.
    #[serde(default, deserialize_with = "patch::present")]
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    pub notes: Option<Option<String>>,
}

impl SessionPatch {
    /// Whether it may put the session where another one is.
    pub(super) fn places(&self) -> bool {
        self.trainer_id.is_some()
            || self.start_time.is_some()
            || self.end_time.is_some()
            || self.room.is_some()
            || self.status.is_some()
    }
}

/// Sessions of the gym. `allow_overlap` lets administrators place a session where another one is (SCH-44); from others
/// it changes nothing.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Trainer guard.
    ///
    /// # Errors
    /// [`CLASS_NOT_FOUND`](super::placing::CLASS_NOT_FOUND) and the other refusals of [`super::placing`];
    /// [`NOT_SCHEDULED`].
    async fn create(&self, actor: &Actor, input: NewSession, allow_overlap: bool) -> Result<Session>;
    /// Every week on the same days at the same hour of the gym's clock: all of them or none (SCH-47 … SCH-49). Closed
    /// special days are left out unless `include_closed`. Trainer guard.
    ///
    /// # Errors
    /// As for one; and those of [`super::recurring`].
    async fn create_series(
        &self,
        actor: &Actor,
        input: NewSeries,
        allow_overlap: bool,
        include_closed: bool,
    ) -> Result<Vec<Session>>;
    /// Changes what the patch names (SCH-50 … SCH-53). Trainer guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`STATUS_CHANGE`], and the refusals of [`super::placing`] for what changes.
    async fn update(
        &self,
        actor: &Actor,
        session: SessionId,
        patch: SessionPatch,
        allow_overlap: bool,
    ) -> Result<Session>;
    /// Ends a session with its bookings and its queue, and tells everybody concerned (SCH-54). Trainer guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`SESSION_COMPLETED`].
    async fn cancel(&self, actor: &Actor, session: SessionId) -> Result<Session>;
    /// Removes a session that nobody ever booked; any other is cancelled (SCH-55). Admin guard.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`], [`SESSION_COMPLETED`].
    async fn remove(&self, actor: &Actor, session: SessionId) -> Result<Session>;
}

pub struct SessionService {
    core: Core,
}

impl SessionService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }
}

#[async_trait]
impl Sessions for SessionService {
    async fn create(&self, actor: &Actor, input: NewSession, allow_overlap: bool) -> Result<Session> {
        actor.must_be(GymRole::Trainer)?;
        check(&input)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let allow = allow_overlap && actor.is_at_least(GymRole::Admin);
        let (row, zone) = core
            .db
            .run(async |tx| {
                let zone = core.hold_calendar(&tx, gym).await?;
                let class = core.hold_cast(&tx, gym, input.trainer_id, input.class_id).await?;
                if input.status.is_some_and(|status| status != SessionStatus::Scheduled) {
                    return Err(NOT_SCHEDULED.into());
                }
                let start = instant(input.start_time, zone);
                let lasts = TimeDelta::minutes(class.duration.into());
                let end = input.end_time.map_or(start + lasts, |given| instant(given, zone));
                let slot = Slot { start, end }.to_come(core.clock.now())?;
                let new = session::Create {
                    start_time: slot.start,
                    end_time: slot.end,
                    created_by: Some(actor.user_id()),
                    ..input.row()
                };
                if !allow {
                    let room = new.room.as_deref();
                    let placing = Placing { slots: &[slot], trainer: new.trainer_id, room, except: None };
                    core.must_be_free(&tx, gym, zone, placing).await?;
                }
                Ok::<_, Error>((core.stores.sessions.create(&tx, gym, new).await?, zone))
            })
            .await?;
        core.committed(&stale(gym, [])).await;
        Ok(Session::of(row, zone))
    }

    async fn create_series(
        &self,
        actor: &Actor,
        input: NewSeries,
        allow_overlap: bool,
        include_closed: bool,
    ) -> Result<Vec<Session>> {
        actor.must_be(GymRole::Trainer)?;
        let allow = allow_overlap && actor.is_at_least(GymRole::Admin);
        self.core.create_series(actor, input, allow, include_closed).await
    }

    async fn update(
        &self,
        actor: &Actor,
        session: SessionId,
        patch: SessionPatch,
        allow_overlap: bool,
    ) -> Result<Session> {
        actor.must_be(GymRole::Trainer)?;
        check(&patch)?;
        let allow = allow_overlap && actor.is_at_least(GymRole::Admin);
        self.core.change_session(actor, session, patch, allow).await
    }

    async fn cancel(&self, actor: &Actor, session: SessionId) -> Result<Session> {
        actor.must_be(GymRole::Trainer)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let (row, people) = core
            .db
            .run(async |tx| {
                let row = core.stores.seats.hold(&tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
                core.end_session(&tx, row).await
            })
            .await?;
        core.committed(&stale(gym, people)).await;
        Ok(Session::of(row, zone_of(actor.gym())))
    }

    async fn remove(&self, actor: &Actor, session: SessionId) -> Result<Session> {
        actor.must_be(GymRole::Admin)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let (row, people) = core
            .db
            .run(async |tx| {
                // whoever books at the same time holds the session first, or finds it gone
                let row = core.stores.seats.hold(&tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
                if core.stores.session_queries.was_ever_booked(&tx, gym, session).await? {
                    return core.end_session(&tx, row).await;
                }
                Ok((core.stores.sessions.remove(&tx, gym, session).await?, Vec::new()))
            })
            .await?;
        core.committed(&stale(gym, people)).await;
        Ok(Session::of(row, zone_of(actor.gym())))
    }
}

impl NewSession {
    /// The row of it, but for its times.
    pub(super) fn row(&self) -> session::Create {
        session::Create {
            class_id: self.class_id,
            trainer_id: self.trainer_id,
            start_time: DateTime::UNIX_EPOCH,
            end_time: DateTime::UNIX_EPOCH,
            room: room(self.room.clone()),
            is_recurring: false,
            recurrence_pattern: None,
            series_id: None,
            status: SessionStatus::Scheduled,
            current_participants: 0,
            override_capacity: self.override_capacity,
            notes: self.notes.clone(),
            created_by: None,
        }
    }
}
