//! Events in every state: to come with room, full with people who wait, paid, running, over, cancelled.
use super::{pick, timetable::Venue};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    EventId, UserId,
    events::{
        event::{self, EventStatus, RefundPolicy},
        participation::{self, EventParticipationStatus, PaymentStatus},
    },
};
use sea_orm::ActiveValue::{NotSet, Set};

/// Rows of the events of some gyms.
#[derive(Default)]
pub(super) struct Rows {
    pub events: Vec<event::ActiveModel>,
    pub participations: Vec<participation::ActiveModel>,
}

impl Rows {
    pub fn count(&self) -> u64 {
        (self.events.len() + self.participations.len()) as u64
    }
}

/// One event of every gym.
struct Sample {
    title: &'static str,
    /// From now.
    starts_in_hours: i64,
    seats: usize,
    seated: usize,
    waiting: usize,
    status: EventStatus,
    price: Option<i32>,
}

const fn sample(title: &'static str, starts_in_hours: i64, status: EventStatus) -> Sample {
    Sample { title, starts_in_hours, seats: 0, seated: 0, waiting: 0, status, price: None }
}

use EventStatus::{Cancelled, Completed, Scheduled};

const SAMPLES: [Sample; 7] = [
    Sample { seats: 30, seated: 8, ..sample("Jornada de puertas abiertas", 6 * 24, Scheduled) },
    Sample { seats: 3, seated: 3, waiting: 2, ..sample("Taller de halterofilia", 9 * 24, Scheduled) },
    Sample { seats: 12, seated: 5, price: Some(1500), ..sample("Seminario de nutrición", 12 * 24, Scheduled) },
    Sample { seated: 6, ..sample("Maratón de spinning", -1, Scheduled) },
    Sample { seats: 20, seated: 9, ..sample("Competición interna", -10 * 24, Completed) },
    Sample { seats: 10, ..sample("Salida a la montaña", 4 * 24, Cancelled) },
    sample("Charla sobre el descanso", 20 * 24, Scheduled),
];

pub(super) struct Calendar<'a> {
    pub now: DateTime<Utc>,
    /// The id that the next event gets.
    pub next: &'a mut i64,
    pub rows: &'a mut Rows,
}

impl Calendar<'_> {
    pub fn fill(&mut self, venue: &Venue<'_>) {
        for (n, sample) in SAMPLES.iter().enumerate() {
            self.event(venue, n, sample);
        }
    }

    fn event(&mut self, venue: &Venue<'_>, n: usize, sample: &Sample) {
        let id = EventId(*self.next);
        *self.next += 1;
        let start = self.now + TimeDelta::hours(sample.starts_in_hours);
        let made = start.min(self.now) - TimeDelta::days(20);
        let creator = pick(venue.trainers, n);
        let cancelled = sample.status == Cancelled;
        self.rows.events.push(event::ActiveModel {
            id: Set(id),
            gym_id: Set(venue.gym),
            title: Set(sample.title.into()),
            description: Set(Some("Te esperamos: trae agua y ganas.".into())),
            start_time: Set(start),
            end_time: Set(start + TimeDelta::hours(3)),
            location: Set(Some("Sala principal".into())),
            max_participants: Set(i32::try_from(sample.seats).unwrap_or(0)),
            status: Set(sample.status),
            is_paid: Set(sample.price.is_some()),
            price_cents: Set(sample.price),
            currency: Set("EUR".into()),
            refund_policy: Set(sample.price.map(|_| RefundPolicy::FullRefund)),
            refund_deadline_hours: Set(Some(24)),
            partial_refund_percentage: Set(Some(50)),
            stripe_product_id: Set(None),
            stripe_price_id: Set(None),
            creator_id: Set(creator),
            completion_attempts: Set(0),
            cancellation_date: Set(cancelled.then_some(self.now - TimeDelta::hours(5))),
            cancelled_by_user_id: Set(cancelled.then_some(creator)),
            cancellation_reason: Set(cancelled.then(|| "Aviso de tormenta".into())),
            total_refunded_cents: Set(None),
            version: Set(0),
            created_at: Set(made),
            updated_at: Set(made),
        });
        // a personal trainer has fewer people than seats: then nobody waits
        let members: Vec<UserId> = venue.members.iter().copied().skip(n).collect();
        let full = members.len() >= sample.seated;
        let waiting = if full { sample.waiting } else { 0 };
        for (place, member) in members.into_iter().take(sample.seated + waiting).enumerate() {
            let at = made + TimeDelta::hours(1 + i64::try_from(place).unwrap_or(0));
            self.part(venue, id, member, sample, place < sample.seated, at);
        }
    }

    fn part(
        &mut self,
        venue: &Venue<'_>,
        event: EventId,
        member: UserId,
        sample: &Sample,
        seated: bool,
        at: DateTime<Utc>,
    ) {
        use EventParticipationStatus::{Registered, WaitingList};
        // at the desk, in cash
        let paid = sample.price.filter(|_| seated);
        self.rows.participations.push(participation::ActiveModel {
            id: NotSet,
            gym_id: Set(venue.gym),
            event_id: Set(event),
            member_id: Set(member),
            status: Set(if seated { Registered } else { WaitingList }),
            attended: Set(seated && sample.status == Completed),
            payment_status: Set(paid.map(|_| PaymentStatus::Paid)),
            stripe_payment_intent_id: Set(None),
            amount_paid_cents: Set(paid),
            refund_amount_cents: Set(None),
            payment_date: Set(paid.map(|_| at)),
            refund_date: Set(None),
            payment_expiry: Set(None),
            registered_at: Set(at),
            queued_at: Set((!seated).then_some(at)),
            payment_attempt: Set(0),
            created_at: Set(at),
            updated_at: Set(at),
        });
    }
}
