//! The one place where seats of events change hands: whoever joins, cancels, pays, is promoted, or changes a capacity
//! holds the event's row first, and looks at its seats under that lock by a statement of its own (EVT-95, EVT-96).
use super::notices::Promoted;
use crate::{Core, Refusal, Result, access::GYM_NOT_FOUND, kernel::cache_key::CacheKey};
use chrono::{DateTime, Utc};
use domain::{
    EventId, EventParticipationId, GymId, UserId,
    events::{
        admission::{self, Promotion},
        event,
        participation::{self, PaymentStatus},
        refund_task::RefundKind,
    },
    identity::gym,
};
use repository::{Conn, Tx};
use std::collections::HashSet;

pub const EVENT_NOT_FOUND: Refusal =
    Refusal::not_found("event_not_found", "There is no such event.", "El evento no existe.");

/// How many of a queue are looked at together.
const CHUNK: i64 = 500;

/// What a change of who takes part makes stale.
pub(crate) fn stale(gym: GymId) -> [CacheKey; 1] {
    [CacheKey::Events(gym)]
}

pub(super) fn ids(rows: &[participation::Model]) -> Vec<EventParticipationId> {
    rows.iter().map(|row| row.id).collect()
}

pub(super) fn members(rows: &[participation::Model]) -> Vec<UserId> {
    rows.iter().map(|row| row.member_id).collect()
}

/// Of the front of a queue.
#[derive(Default)]
struct Sorted {
    /// Who left the gym.
    gone: Vec<EventParticipationId>,
    seated: Vec<EventParticipationId>,
    unpaid: Vec<EventParticipationId>,
}

impl Core {
    /// Holds an event, so that nobody else changes its seats meanwhile.
    ///
    /// # Errors
    /// [`EVENT_NOT_FOUND`].
    pub(crate) async fn hold_event(&self, tx: &Tx, gym: GymId, event: EventId) -> Result<event::Model> {
        Ok(self.stores.event_seats.hold(tx, gym, event).await?.ok_or(EVENT_NOT_FOUND)?)
    }

    /// The gym itself, for what people are told.
    pub(super) async fn gym_of(&self, conn: &Conn, gym: GymId) -> Result<gym::Model> {
        Ok(self.stores.gyms.by_id(conn, gym).await?.ok_or(GYM_NOT_FOUND)?)
    }

    /// Fills the free seats of a held event from its queue (EVT-45), and tells those who got one. Call it last, with the
    /// rows as this transaction leaves them. The number of statements does not depend on how many people there are, but
    /// for each five hundred of the queue.
    pub(crate) async fn promote_in_event(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        event: &event::Model,
        now: DateTime<Utc>,
    ) -> Result<Vec<participation::Model>> {
        if admission::promotable(event, 0, now) == 0 {
            return Ok(Vec::new());
        }
        let seats = &self.stores.event_seats;
        let mut left = admission::promotable(event, seats.registered(tx, gym.id, event.id).await?, now);
        let (mut seated, mut unpaid) = (Vec::new(), Vec::new());
        let expiry = admission::promotion_expiry(event, now);
        while left > 0 {
            let max = left.min(CHUNK).unsigned_abs();
            let queue = seats.queue(tx, gym.id, event.id, max).await?;
            let more = queue.len() as u64 == max;
            let sorted = self.sorted(tx, gym.id, event, queue, now).await?;
            seats.end(tx, gym.id, &sorted.gone).await?;
            seated.extend(seats.seat(tx, gym.id, &sorted.seated).await?);
            unpaid.extend(seats.seat_unpaid(tx, gym.id, &sorted.unpaid, expiry).await?);
            left = left.saturating_sub((sorted.seated.len() + sorted.unpaid.len()) as i64);
            if !more {
                break;
            }
        }
        self.promoted(tx, gym, event, Promoted { seated: &seated, unpaid: &unpaid, expiry }).await?;
        seated.append(&mut unpaid);
        Ok(seated)
    }

    /// Who of these gets a seat, and on which terms. What was to go back to who paid stays, unless it was sent.
    async fn sorted(
        &self,
        tx: &Tx,
        gym: GymId,
        event: &event::Model,
        queue: Vec<participation::Model>,
        now: DateTime<Utc>,
    ) -> Result<Sorted> {
        let mut sorted = Sorted::default();
        if queue.is_empty() {
            return Ok(sorted);
        }
        let present = self.stores.event_seats.hold_members(tx, gym, &members(&queue)).await?;
        let paid = |row: &&participation::Model| row.payment_status == Some(PaymentStatus::Paid);
        let paid: Vec<_> =
            queue.iter().filter(paid).filter(|row| present.contains(&row.member_id)).map(|row| row.id).collect();
        let tasks = &self.stores.refund_tasks;
        tasks.withdraw(tx, gym, &paid).await?;
        // a worker may have taken one since the queue was read: that money is on its way back
        let sent = tasks.open_of(tx, gym, &paid).await?;
        let sent = sent.into_iter().filter(|task| task.kind == RefundKind::Unseated);
        let sent: HashSet<_> = sent.map(|task| task.participation_id).collect();
        for row in queue {
            if !present.contains(&row.member_id) {
                sorted.gone.push(row.id);
            } else if !sent.contains(&row.id) {
                match admission::promotion(event, &row, now) {
                    Promotion::Seated => sorted.seated.push(row.id),
                    Promotion::ToBePaid(_) => sorted.unpaid.push(row.id),
                }
            }
        }
        Ok(sorted)
    }
}
