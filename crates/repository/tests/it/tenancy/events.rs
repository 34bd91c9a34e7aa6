use super::contract;
use domain::{
    billing::{event_credit, stripe_account, stripe_profile},
    events::{event, participation, refund_task},
    kernel::time,
};
use repository::{Repository, SeaRepo};
use testkit::{both, events::event_at, world::World};

both! {
    async fn idn_118_events_and_who_takes_part_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(world.user(&format!("p{n}")).await.id);
        }
        let to_come = |_| event_at(people[0], time::now(), 5);
        let renamed = || event::Update { title: Some("Another".into()), ..Default::default() };
        contract::<event::Entity>(&t.db, mine, other, 3, to_come, renamed).await;
        let event = SeaRepo::<event::Entity>::default().create(&t.db, mine, to_come(0)).await.unwrap();
        let part = |n: u64| participation::Create {
            event_id: event.id,
            member_id: people[n as usize],
            status: participation::EventParticipationStatus::Registered,
            payment_status: None,
            payment_expiry: None,
            registered_at: time::now(),
            queued_at: None,
        };
        let there = || participation::Update { attended: Some(true), ..Default::default() };
        contract::<participation::Entity>(&t.db, mine, other, 3, part, there).await;
        let row = SeaRepo::<participation::Entity>::default().create(&t.db, mine, part(0)).await.unwrap();
        let task = |n: u64| refund_task::Create {
            event_id: event.id,
            participation_id: row.id,
            payment_intent_id: Some(format!("pi_{n}")),
            amount_cents: 100,
            kind: refund_task::RefundKind::Policy,
            state: refund_task::RefundState::Pending,
            next_attempt_at: time::now(),
            last_error: None,
            stripe_refund_id: None,
            reason: None,
        };
        let failed = || refund_task::Update { attempts: Some(1), ..Default::default() };
        contract::<refund_task::Entity>(&t.db, mine, other, 3, task, failed).await;
        let credit = |n: u64| event_credit::Create {
            user_id: people[0],
            participation_id: row.id,
            payment_intent_id: Some(format!("pi_{n}")),
            amount: 100,
            currency: "EUR".into(),
        };
        let consumed = || event_credit::Update { consumed_at: Some(Some(time::now())) };
        contract::<event_credit::Entity>(&t.db, mine, other, 3, credit, consumed).await;
    }

    async fn idn_118_accounts_and_customers_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(world.user(&format!("p{n}")).await.id);
        }
        let account = |n: u64| stripe_account::Create {
            stripe_account_id: format!("acct_{n}"),
            account_type: stripe_account::AccountType::Standard,
            charges_enabled: true,
            payouts_enabled: true,
            details_submitted: true,
            onboarding_completed: true,
            country: "ES".into(),
            default_currency: "EUR".into(),
            is_active: true,
        };
        let closed = || stripe_account::Update { is_active: Some(false), ..Default::default() };
        // a gym has one
        contract::<stripe_account::Entity>(&t.db, mine, other, 1, account, closed).await;
        let customer = |n: u64| stripe_profile::Create {
            user_id: people[n as usize],
            stripe_customer_id: format!("cus_{n}"),
            stripe_account_id: "acct_1".into(),
            email: "ana@example.test".into(),
            is_active: true,
        };
        let renamed = || stripe_profile::Update { email: Some("x@example.test".into()), ..Default::default() };
        contract::<stripe_profile::Entity>(&t.db, mine, other, 3, customer, renamed).await;
    }
}
