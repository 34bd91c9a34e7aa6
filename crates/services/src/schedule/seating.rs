//! The one place where seats change hands: every booking, cancellation, promotion and check-in holds the session's row
//! first and leaves its counter equal to its rows (SCH-61, SCH-62).
use super::notice::{self, NoticeKind};
use crate::{Core, Error, Refusal, Result, kernel::cache_key::CacheKey};
use chrono::{DateTime, Utc};
use domain::{
    GymId, SessionId, UserId,
    schedule::{
        booking::{self, Seats},
        cancellation::{self, CancellationActor},
        participation::{self, ParticipationStatus},
        session::{self, SessionStatus},
        settings,
        waitlist::WaitlistStatus,
    },
};
use repository::{Tx, schedule::seat_state::SeatState};
use std::collections::{BTreeMap, HashSet};

pub const SESSION_NOT_FOUND: Refusal =
    Refusal::not_found("session_not_found", "There is no such session.", "La sesión no existe.");

/// Why a session's bookings end with it.
pub(crate) const SESSION_CANCELLED: &str = "session_cancelled";
/// Why a member's bookings end with their membership.
pub(crate) const LEFT_GYM: &str = "left_gym";

/// A session that the transaction holds, and its seats.
pub(crate) struct Held {
    pub session: session::Model,
    pub state: SeatState,
    pub settings: settings::Create,
}

impl Held {
    fn new(session: session::Model, state: SeatState) -> Self {
        let settings = state.settings();
        Self { session, state, settings }
    }

    pub fn seats(&self) -> Seats<'_> {
        Seats {
            session: &self.session,
            settings: &self.settings,
            capacity: booking::capacity(&self.session, self.state.class_capacity),
            occupied: self.state.occupied,
            waiting: self.state.waiting,
        }
    }
}

/// Who got what, and whose views that makes stale.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub promoted: Vec<participation::Model>,
}

/// What a change of these people's bookings makes stale.
pub(crate) fn stale(gym: GymId, members: impl IntoIterator<Item = UserId>) -> Vec<CacheKey> {
    let members: HashSet<UserId> = members.into_iter().collect();
    let of_members =
        members.into_iter().flat_map(|m| [CacheKey::MemberSchedule(m, gym), CacheKey::MemberStats(m, gym)]);
    [CacheKey::Sessions(gym)].into_iter().chain(of_members).collect()
}

impl Core {
    /// Holds a session, and looks at its seats and the member's part in it.
    ///
    /// # Errors
    /// [`SESSION_NOT_FOUND`].
    pub(crate) async fn hold_session(
        &self,
        tx: &Tx,
        gym: GymId,
        session: SessionId,
        member: Option<UserId>,
    ) -> Result<Held> {
        let seats = &self.stores.seats;
        let row = seats.hold(tx, gym, session).await?.ok_or(SESSION_NOT_FOUND)?;
        // a statement of its own, so that it sees what was written while the lock was waited for
        let state = seats.state(tx, gym, &[session], member).await?.pop().ok_or(SESSION_NOT_FOUND)?;
        Ok(Held::new(row, state))
    }

    /// Looks at the seats of sessions that are held already, as they are now.
    pub(crate) async fn look_at(&self, tx: &Tx, gym: GymId, sessions: Vec<session::Model>) -> Result<Vec<Held>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = sessions.iter().map(|s| s.id).collect();
        let states = self.stores.seats.state(tx, gym, &ids, None).await?;
        let mut states: BTreeMap<_, _> = states.into_iter().map(|state| (state.session_id, state)).collect();
        Ok(sessions.into_iter().filter_map(|s| Some(Held::new(s.clone(), states.remove(&s.id)?))).collect())
    }

    /// Gives free seats to who waits for them (SCH-83), and writes the counters. Call it last, with the seats as this
    /// transaction leaves them: a number of statements that does not depend on how many sessions or people there are,
    /// but for one notice of each session where somebody is promoted.
    pub(crate) async fn settle(&self, tx: &Tx, gym: GymId, sessions: &[Held], now: DateTime<Utc>) -> Result<Settled> {
        let mut settled = Settled::default();
        if sessions.is_empty() {
            return Ok(settled);
        }
        let mut free: BTreeMap<SessionId, i64> =
            sessions.iter().map(|held| (held.session.id, held.seats().promotable(now))).collect();
        free.retain(|_, seats| *seats > 0);
        if !free.is_empty() {
            let active = sessions.iter().any(|held| held.settings.require_active_membership);
            settled.promoted = self.promote(tx, gym, free, active, now).await?;
        }
        let seats = &self.stores.seats;
        if let [held] = sessions {
            let occupied = held.state.occupied + settled.promoted.len() as i64;
            seats.count(tx, gym, held.session.id, occupied).await?;
        } else {
            let ids: Vec<_> = sessions.iter().map(|held| held.session.id).collect();
            seats.recount(tx, gym, &ids).await?;
        }
        Ok(settled)
    }

    async fn promote(
        &self,
        tx: &Tx,
        gym: GymId,
        mut free: BTreeMap<SessionId, i64>,
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>> {
        let (seats, waitlists) = (&self.stores.seats, &self.stores.waitlists);
        let ids: Vec<_> = free.keys().copied().collect();
        let queue = waitlists.queue(tx, gym, &ids).await?;
        let waiting: Vec<_> = queue.iter().map(|place| place.member_id).collect();
        let members = seats.hold_members(tx, gym, &waiting).await?;
        let (mut promoted, mut expired) = (Vec::new(), Vec::new());
        for place in queue {
            let Some(left) = free.get_mut(&place.session_id).filter(|left| **left > 0) else { continue };
            match members.get(&place.member_id) {
                None => expired.push(place.id),
                // who may not book now keeps their place for when they may (SCH-74)
                Some(standing) if active && !standing.may_book(now) => {}
                Some(_) => {
                    *left -= 1;
                    promoted.push(place);
                }
            }
        }
        waitlists.resolve(tx, gym, &expired, WaitlistStatus::Expired, now).await?;
        let places: Vec<_> = promoted.iter().map(|place| place.id).collect();
        waitlists.resolve(tx, gym, &places, WaitlistStatus::Promoted, now).await?;
        let who: Vec<_> = promoted.iter().map(|place| (place.session_id, place.member_id)).collect();
        let rows = seats.seat(tx, gym, &who, ParticipationStatus::Registered, now).await?;
        let mut told: BTreeMap<SessionId, Vec<UserId>> = BTreeMap::new();
        for place in promoted {
            told.entry(place.session_id).or_default().push(place.member_id);
        }
        for (session, users) in told {
            self.notice(tx, gym, NoticeKind::WaitlistPromoted, session, users).await?;
        }
        Ok(rows)
    }

    /// Ends bookings of held sessions without their members asking for it (SCH-54, SCH-79), and keeps the record.
    pub(crate) async fn cancel_booked(
        &self,
        tx: &Tx,
        gym: GymId,
        sessions: &[SessionId],
        member: Option<UserId>,
        reason: &'static str,
        now: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>> {
        let cancelled = self.stores.seats.cancel_booked(tx, gym, sessions, member, reason, now).await?;
        let record = |row: &participation::Model| cancellation::Create {
            session_id: row.session_id,
            member_id: row.member_id,
            participation_id: row.id,
            cancelled_by: None,
            actor: CancellationActor::System,
            is_late: false,
            reason: Some(reason.to_owned()),
            cancelled_at: now,
        };
        self.stores.seats.record(tx, gym, cancelled.iter().map(record).collect()).await?;
        Ok(cancelled)
    }

    /// Cancels held sessions that are `scheduled` or `in_progress`: their bookings and queues end, and everybody
    /// concerned is told (SCH-54). Returns the people.
    pub(crate) async fn cancel_sessions(
        &self,
        tx: &Tx,
        gym: GymId,
        sessions: &[session::Model],
        now: DateTime<Utc>,
    ) -> Result<Vec<UserId>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = sessions.iter().map(|s| s.id).collect();
        let (seats, waitlists) = (&self.stores.seats, &self.stores.waitlists);
        seats.set_status(tx, gym, &ids, SessionStatus::Cancelled).await?;
        let booked = self.cancel_booked(tx, gym, &ids, None, SESSION_CANCELLED, now).await?;
        let waited = waitlists.leave(tx, gym, &ids, None, WaitlistStatus::Cancelled, now).await?;
        seats.recount(tx, gym, &ids).await?;
        let mut told: BTreeMap<SessionId, Vec<UserId>> = BTreeMap::new();
        for (session, member) in booked
            .iter()
            .map(|row| (row.session_id, row.member_id))
            .chain(waited.iter().map(|place| (place.session_id, place.member_id)))
        {
            told.entry(session).or_default().push(member);
        }
        let people = told.values().flatten().copied().collect();
        for (session, users) in told {
            self.notice(tx, gym, NoticeKind::SessionCancelled, session, users).await?;
        }
        let reminders: Vec<_> = ids.into_iter().map(notice::reminders_of).collect();
        self.withdraw(tx, gym, &reminders).await?;
        Ok::<_, Error>(people)
    }
}
