//! The list of what was paid for an event.
use domain::{
    EventRefundTaskId,
    events::{
        participation::{self, EventParticipationStatus as S},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::GymRole,
    kernel::time,
};
use repository::{
    Page, Repository, STATEMENTS, SeaRepo,
    events::participations::{EventParticipations, SeaEventParticipations},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use testkit::{both, database::TestDb, events::paid, world::World};

/// One of several payments of a row goes back.
async fn goes_back(t: &TestDb, row: &participation::Model, intent: &str, state: RefundState) -> EventRefundTaskId {
    let task = refund_task::Create {
        event_id: row.event_id,
        participation_id: row.id,
        payment_intent_id: Some(intent.into()),
        amount_cents: 100,
        kind: RefundKind::LatePayment,
        state,
        next_attempt_at: time::now(),
        last_error: None,
        stripe_refund_id: None,
        reason: None,
    };
    SeaRepo::<refund_task::Entity>::default().create(&t.db, row.gym_id, task).await.unwrap().id
}

both! {
    async fn evt_63_a_row_is_listed_once_with_the_newest_of_its_refunds_that_are_not_through(t: TestDb) {
        let world = World::new(&t.db);
        let gym = world.gym("box").await;
        let tom = world.person(&gym, "tom", GymRole::Trainer).await;
        let event = world.event_with(&gym, &tom, 5, |e| paid(e, 1000)).await;
        let mut rows = Vec::new();
        for name in ["ana", "ben", "zoe"] {
            let member = world.member(&gym, name).await;
            rows.push(world.takes_part(&event, member.id, S::Registered).await);
        }
        let [ana, ben, zoe] = &rows[..] else { panic!("{rows:?}") };
        goes_back(t, ana, "pi_a1", RefundState::Pending).await;
        let newest = goes_back(t, ana, "pi_a2", RefundState::Failed).await;
        goes_back(t, ana, "pi_a3", RefundState::Done).await;
        goes_back(t, ben, "pi_b1", RefundState::Withdrawn).await;
        let only = goes_back(t, zoe, "pi_z1", RefundState::Pending).await;
        let count = Arc::new(AtomicU64::new(0));
        let lists = SeaEventParticipations;
        let list = async |skip: u64, limit: u64| {
            let page = Page { skip, limit };
            let listed = lists.payments(&t.db, gym.id, event.id, None, page);
            let listed = STATEMENTS.scope(count.clone(), listed).await;
            listed.unwrap().into_iter().map(|(row, task)| (row.id, task.map(|task| task.id))).collect::<Vec<_>>()
        };
        let expected = [(ana.id, Some(newest)), (ben.id, None), (zoe.id, Some(only))];
        assert_eq!(list(0, 10).await, expected);
        // a page is counted in rows, not in refunds
        assert_eq!(list(1, 2).await, expected[1..]);
        assert_eq!(count.load(Relaxed), 2, "a list is one statement");
    }
}
