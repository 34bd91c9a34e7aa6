//! Of events, their chats and their payments.
use domain::{
    UserId,
    billing::{event_credit, stripe_account, stripe_profile},
    chat::room::{self, RoomKind, RoomStatus, StreamState},
    events::{
        event,
        participation::{self, EventParticipationStatus},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::{gym, user},
    kernel::time,
};
use repository::{Db, Repository, SeaRepo};
use testkit::{events::paid, world::World};

pub fn chat_room(event: &event::Model) -> room::Create {
    room::Create {
        kind: RoomKind::Event,
        stream_channel_id: format!("gym_{}_event_{}", event.gym_id, event.id),
        stream_channel_type: "messaging".into(),
        name: Some("Evento".into()),
        event_id: Some(event.id),
        creator_id: Some(event.creator_id),
        status: RoomStatus::Active,
        stream_state: StreamState::Ready,
    }
}

/// By the policy, and due now; in cash without an intent.
pub fn refund(row: &participation::Model, intent: Option<String>) -> refund_task::Create {
    refund_task::Create {
        event_id: row.event_id,
        participation_id: row.id,
        payment_intent_id: intent,
        amount_cents: 100,
        kind: RefundKind::Policy,
        state: RefundState::Pending,
        next_attempt_at: time::now(),
        last_error: None,
        stripe_refund_id: None,
        reason: None,
    }
}

pub async fn fill(db: &Db, gym: &gym::Model, creator: &user::Model, member: UserId, name: &str) {
    let world = World::new(db);
    let event = world.event_with(gym, creator, 5, |e| paid(e, 1000)).await;
    let row = world.takes_part(&event, member, EventParticipationStatus::Registered).await;
    SeaRepo::<room::Entity>::default().create(db, gym.id, chat_room(&event)).await.expect("a room");
    let back = refund(&row, Some(format!("pi_{name}")));
    SeaRepo::<refund_task::Entity>::default().create(db, gym.id, back).await.expect("a refund");
    let credit = event_credit::Create {
        user_id: member,
        participation_id: row.id,
        payment_intent_id: Some(format!("pi_{name}")),
        amount: 100,
        currency: "EUR".into(),
    };
    SeaRepo::<event_credit::Entity>::default().create(db, gym.id, credit).await.expect("a credit");
    let account = stripe_account::Create {
        stripe_account_id: format!("acct_{name}"),
        account_type: stripe_account::AccountType::Standard,
        charges_enabled: true,
        payouts_enabled: true,
        details_submitted: true,
        onboarding_completed: true,
        country: "ES".into(),
        default_currency: "EUR".into(),
        is_active: true,
    };
    SeaRepo::<stripe_account::Entity>::default().create(db, gym.id, account).await.expect("an account");
    let customer = stripe_profile::Create {
        user_id: member,
        stripe_customer_id: format!("cus_{name}"),
        stripe_account_id: format!("acct_{name}"),
        email: format!("{name}@example.test"),
        is_active: true,
    };
    SeaRepo::<stripe_profile::Entity>::default().create(db, gym.id, customer).await.expect("a customer");
}
