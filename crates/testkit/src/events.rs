//! Events and who takes part in them in one line: `let run = world.event(&gym, &tom, 5).await;`
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, UserId,
    events::{
        event::{self, EventStatus, RefundPolicy},
        participation::{self, EventParticipationStatus, PaymentStatus},
    },
    identity::{gym, user},
    kernel::time,
};
use repository::{
    Db, MockRepo, Repo, Repository, SeaRepo, StoreError,
    events::{
        invariants::{self, Broken},
        upkeep::{EventUpkeep, MockEventUpkeep},
    },
};
pub use repository::{Tx, events::refund_tasks::Wanted};
use std::sync::Arc;

/// What does not hold of events' seats, queues and payments.
pub async fn broken(db: &Db) -> Vec<Broken> {
    invariants::broken(db).await.expect("the rows can be asked")
}

/// A free event of two hours that starts at this instant, with so many seats.
pub fn event_at(creator: UserId, start: DateTime<Utc>, seats: i32) -> event::Create {
    event::Create {
        title: "Open day".into(),
        description: None,
        start_time: start,
        end_time: start + TimeDelta::hours(2),
        location: Some("Sala 1".into()),
        max_participants: seats,
        is_paid: false,
        price_cents: None,
        currency: "EUR".into(),
        refund_policy: None,
        refund_deadline_hours: Some(24),
        partial_refund_percentage: Some(50),
        status: EventStatus::Scheduled,
        creator_id: creator,
    }
}

/// Makes an event cost so much, refunded in full.
pub fn paid(event: &mut event::Create, cents: i32) {
    event.is_paid = true;
    event.price_cents = Some(cents);
    event.refund_policy = Some(RefundPolicy::FullRefund);
}

/// Events of this gym that cannot be read when they are to be completed: exactly one failure is to be counted.
pub fn never_completed(gym: GymId) -> (Repo<event::Model>, Arc<dyn EventUpkeep>) {
    let mut events = MockRepo::<event::Model>::new();
    events.expect_get_for_update().returning(|_, _, _| Err(StoreError::Detached));
    let mut upkeep = MockEventUpkeep::new();
    upkeep.expect_gym_of().returning(move |_, _| Ok(Some(gym)));
    upkeep.expect_count_failure().times(1).returning(|_, _| Ok(()));
    (Arc::new(events), Arc::new(upkeep))
}

impl World {
    /// A free event in three days, with so many seats; 0 is no limit.
    pub async fn event(&self, gym: &gym::Model, creator: &user::Model, seats: i32) -> event::Model {
        self.event_with(gym, creator, seats, |_| {}).await
    }

    pub async fn event_with(
        &self,
        gym: &gym::Model,
        creator: &user::Model,
        seats: i32,
        change: impl FnOnce(&mut event::Create),
    ) -> event::Model {
        let mut input = event_at(creator.id, time::now() + TimeDelta::days(3), seats);
        change(&mut input);
        SeaRepo::<event::Entity>::default().create(&self.db, gym.id, input).await.expect("an event")
    }

    /// A part in an event, in any state; of a paid one as if it had been paid when it has a seat.
    pub async fn takes_part(
        &self,
        event: &event::Model,
        member: UserId,
        status: EventParticipationStatus,
    ) -> participation::Model {
        let now = time::now();
        let seated = status == EventParticipationStatus::Registered;
        let payment = if seated { PaymentStatus::Paid } else { PaymentStatus::Pending };
        let input = participation::Create {
            event_id: event.id,
            member_id: member,
            status,
            payment_status: event.is_paid.then_some(payment),
            payment_expiry: None,
            registered_at: now,
            queued_at: (status == EventParticipationStatus::WaitingList).then_some(now),
        };
        let rows = SeaRepo::<participation::Entity>::default();
        let row = rows.create(&self.db, event.gym_id, input).await.expect("a part");
        if !event.is_paid || !seated {
            return row;
        }
        let change = participation::Update {
            amount_paid_cents: Some(event.price_cents),
            payment_date: Some(Some(now)),
            stripe_payment_intent_id: Some(Some(format!("pi_{}", row.id))),
            ..Default::default()
        };
        rows.update(&self.db, event.gym_id, row.id, change).await.expect("a payment")
    }

    /// The event as it is now; none when it was removed.
    pub async fn event_now(&self, event: &event::Model) -> Option<event::Model> {
        SeaRepo::<event::Entity>::default().get(&self.db, event.gym_id, event.id).await.expect("readable")
    }
}
