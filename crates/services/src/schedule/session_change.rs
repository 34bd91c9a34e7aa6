//! A session is changed, or ends before its time (SCH-50 … SCH-54).
use super::{
    notice::NoticeKind,
    placing::{Placing, instant, must_be_active, must_train, room, zone_of},
    seating::{SESSION_NOT_FOUND, stale},
    sessions::{SESSION_COMPLETED, STATUS_CHANGE, SessionPatch},
    view::Session,
};
use crate::{Actor, Core, Error, Result};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    SessionId, UserId,
    schedule::{
        lifecycle::{self, Slot, Transition, same_room},
        session::{self, SessionStatus},
        waitlist::WaitlistStatus,
    },
};
use repository::Tx;

/// A change that was decided and is not written yet.
struct Change {
    slot: Slot,
    transition: Transition,
    /// The state afterwards.
    status: SessionStatus,
    /// Whether start, end, room or trainer are others afterwards.
    moved: bool,
    values: session::Update,
}

impl Change {
    fn of(before: &session::Model, patch: &SessionPatch, zone: Tz, now: DateTime<Utc>) -> Result<Self> {
        let patch = patch.clone();
        let given = |time: Option<_>| time.map(|t| instant(t, zone));
        let slot = lifecycle::moved(before, given(patch.start_time), given(patch.end_time), now)?;
        let transition = match patch.status {
            None => Transition::Stay,
            Some(to) => lifecycle::transition(before.status, to, slot.start, now).ok_or(STATUS_CHANGE)?,
        };
        let status = patch.status.unwrap_or(before.status);
        let room = patch.room.map(room);
        let other_room = room.as_ref().is_some_and(|room| match (room, &before.room) {
            (Some(new), Some(old)) => !same_room(new, old),
            (new, old) => new.is_some() != old.is_some(),
        });
        let other_trainer = patch.trainer_id.is_some_and(|t| t != before.trainer_id);
        let old = Slot::of(before);
        let values = session::Update {
            class_id: patch.class_id,
            trainer_id: patch.trainer_id,
            start_time: (slot.start != old.start).then_some(slot.start),
            end_time: (slot.end != old.end).then_some(slot.end),
            room,
            is_recurring: patch.is_recurring,
            recurrence_pattern: patch.recurrence_pattern,
            // a cancellation writes its state by itself
            status: matches!(transition, Transition::Start | Transition::Complete | Transition::Reopen)
                .then_some(status),
            override_capacity: patch.override_capacity,
            notes: patch.notes,
            // another start is reminded of anew
            reminder_sent_at: (slot.start != old.start).then_some(None),
        };
        Ok(Self { slot, transition, status, moved: other_room || other_trainer || slot != old, values })
    }

    /// Whether the session takes its trainer's and its room's time where it did not before.
    fn takes_time(&self) -> bool {
        let alive = matches!(self.status, SessionStatus::Scheduled | SessionStatus::InProgress);
        alive && (self.moved || self.transition == Transition::Reopen)
    }
}

impl Core {
    /// Changes a session as the patch says; `allow_overlap` was decided by who asks.
    pub(super) async fn change_session(
        &self,
        actor: &Actor,
        session: SessionId,
        patch: SessionPatch,
        allow_overlap: bool,
    ) -> Result<Session> {
        let (gym, stores) = (actor.gym_id(), &self.stores);
        let (row, zone, people) = self
            .db
            .run(async |tx| {
                // what cannot be in another session's way need not wait for the calendar
                let zone = if patch.places() { self.hold_calendar(&tx, gym).await? } else { zone_of(actor.gym()) };
                let trainer = match patch.trainer_id {
                    Some(trainer) => stores.seats.hold_membership(&tx, gym, trainer).await?,
                    None => None,
                };
                let class = match patch.class_id {
                    Some(class) => stores.classes.get_for_update(&tx, gym, class).await?,
                    None => None,
                };
                let before = stores.seats.hold(&tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
                if patch.class_id.is_some_and(|id| id != before.class_id) {
                    must_be_active(class)?;
                }
                if patch.trainer_id.is_some_and(|id| id != before.trainer_id) {
                    must_train(trainer)?;
                }
                let now = self.clock.now();
                let change = Change::of(&before, &patch, zone, now)?;
                if change.takes_time() && !allow_overlap {
                    let room = change.values.room.as_ref().unwrap_or(&before.room).as_deref();
                    let trainer = patch.trainer_id.unwrap_or(before.trainer_id);
                    let placing = Placing { slots: &[change.slot], trainer, room, except: Some(session) };
                    self.must_be_free(&tx, gym, zone, placing).await?;
                }
                let (row, people) = self.write_change(&tx, &before, change, now).await?;
                Ok::<_, Error>((row, zone, people))
            })
            .await?;
        self.committed(&stale(gym, people)).await;
        Ok(Session::of(row, zone))
    }

    /// Writes a change of a held session, and what follows from it; returns the row, and whose views show it.
    async fn write_change(
        &self,
        tx: &Tx,
        before: &session::Model,
        change: Change,
        now: DateTime<Utc>,
    ) -> Result<(session::Model, Vec<UserId>)> {
        let (stores, gym, id) = (&self.stores, before.gym_id, before.id);
        let row = stores.sessions.update(tx, gym, id, change.values).await?;
        let booked = stores.session_queries.registered(tx, gym, &[id]).await?;
        let booked: Vec<_> = booked.into_iter().map(|(_, member)| member).collect();
        let mut people = booked.clone();
        match change.transition {
            Transition::Cancel => {
                people.extend(self.cancel_sessions(tx, gym, &[row], now).await?);
            }
            // SCH-84: what has begun takes nobody from its queue
            Transition::Start | Transition::Complete => {
                let left = stores.waitlists.leave(tx, gym, &[id], None, WaitlistStatus::Expired, now).await?;
                people.extend(left.into_iter().map(|place| place.member_id));
            }
            Transition::Stay | Transition::Reopen => {
                if change.moved {
                    self.notice(tx, gym, NoticeKind::SessionUpdated, id, booked).await?;
                }
                // capacity, start and state decide who gets a seat (SCH-52)
                let held = self.look_at(tx, gym, vec![row]).await?;
                let settled = self.settle(tx, gym, &held, now).await?;
                people.extend(settled.promoted.into_iter().map(|seat| seat.member_id));
            }
        }
        let row = stores.sessions.get(tx, gym, id).await?.ok_or(SESSION_NOT_FOUND)?;
        Ok((row, people))
    }

    /// Ends a held session with its bookings and its queue (SCH-54); one that is cancelled already stays as it is.
    /// Returns the row, and whose views show it.
    pub(super) async fn end_session(&self, tx: &Tx, session: session::Model) -> Result<(session::Model, Vec<UserId>)> {
        match session.status {
            SessionStatus::Cancelled => Ok((session, Vec::new())),
            SessionStatus::Completed => Err(SESSION_COMPLETED.into()),
            SessionStatus::Scheduled | SessionStatus::InProgress => {
                let (gym, id) = (session.gym_id, session.id);
                let people = self.cancel_sessions(tx, gym, &[session], self.clock.now()).await?;
                let row = self.stores.sessions.get(tx, gym, id).await?.ok_or(SESSION_NOT_FOUND)?;
                Ok((row, people))
            }
        }
    }
}
