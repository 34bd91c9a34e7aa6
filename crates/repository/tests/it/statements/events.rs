//! Events with all of the people in them: with a seat, without having paid in time, and in a queue.
use super::world::first;
use crate::rows::events::{chat_room, refund};
use domain::{
    EventId, EventParticipationId, UserId,
    chat::room,
    events::{
        participation::{self, EventParticipationStatus, PaymentStatus},
        refund_task::{self, RefundKind},
    },
    identity::{gym, user},
};
use repository::{
    Page, Repository, SeaRepo,
    events::{
        refund_tasks::{RefundTasks, SeaRefundTasks},
        seats::{EventSeats, SeaEventSeats},
    },
};
use testkit::{events::paid, schedule::in_minutes, world::World};

pub struct Events {
    /// Free: each has a seat.
    pub full: EventId,
    pub seats: Vec<participation::Model>,
    /// Each has a seat that was not paid in time, and a refund that is not through.
    pub unpaid: EventId,
    claims: Vec<participation::Model>,
    /// Each is in the queue.
    pub awaited: EventId,
}

impl Events {
    /// These, and thirty with a chat each, in whose queue the person has paid.
    pub async fn make(
        world: &World,
        gym: &gym::Model,
        creator: &user::Model,
        person: UserId,
        people: &[user::Model],
    ) -> Self {
        use EventParticipationStatus::{PendingPayment, Registered, WaitingList};
        let full = world.event(gym, creator, 0).await;
        let unpaid = world.event_with(gym, creator, 0, |e| paid(e, 1000)).await;
        let awaited = world.event(gym, creator, 1).await;
        let (mut seats, mut claims) = (Vec::new(), Vec::new());
        for one in people {
            seats.push(world.takes_part(&full, one.id, Registered).await);
            claims.push(world.takes_part(&unpaid, one.id, PendingPayment).await);
            world.takes_part(&awaited, one.id, WaitingList).await;
        }
        let claimed: Vec<_> = claims.iter().map(|row| row.id).collect();
        SeaEventSeats.seat_unpaid(&world.db, gym.id, &claimed, in_minutes(-1)).await.unwrap();
        let unseated = |row| refund_task::Create { kind: RefundKind::Unseated, ..refund(row, None) };
        SeaRefundTasks.add(&world.db, gym.id, claims.iter().map(unseated).collect()).await.unwrap();
        for _ in 0..30 {
            let event = world.event_with(gym, creator, 1, |e| paid(e, 1000)).await;
            let waits = world.takes_part(&event, person, WaitingList).await;
            let payment = participation::Update {
                payment_status: Some(Some(PaymentStatus::Paid)),
                amount_paid_cents: Some(event.price_cents),
                ..Default::default()
            };
            let rows = SeaRepo::<participation::Entity>::default();
            rows.update(&world.db, gym.id, waits.id, payment).await.unwrap();
            SeaRepo::<room::Entity>::default().create(&world.db, gym.id, chat_room(&event)).await.unwrap();
        }
        Self { full: full.id, seats, unpaid: unpaid.id, claims, awaited: awaited.id }
    }

    /// As many of the seats that were not paid as the page is long.
    pub fn claims(&self, page: Page) -> Vec<EventParticipationId> {
        first(&self.claims, page).iter().map(|row| row.id).collect()
    }

    /// As many more refunds of theirs, in cash.
    pub fn refunds(&self, page: Page) -> Vec<refund_task::Create> {
        first(&self.claims, page).iter().map(|row| refund(row, None)).collect()
    }
}
