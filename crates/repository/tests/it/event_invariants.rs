//! What must hold of events' seats and payments is found when it does not, and nothing else is.
use domain::{
    events::{
        event,
        participation::{EventParticipationStatus as S, Model as Part},
        refund_task::{self, RefundKind, RefundState},
    },
    identity::GymRole,
    kernel::time,
};
use repository::{
    Repository, STATEMENTS, SeaRepo,
    events::invariants::{Invariant, Severity, broken},
};
use sea_orm::ConnectionTrait;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use testkit::{both, database::TestDb, events::paid, world::World};

async fn found(t: &TestDb) -> Vec<(Invariant, Severity)> {
    broken(&t.db).await.unwrap().into_iter().map(|line| (line.invariant, line.severity)).collect()
}

async fn set(t: &TestDb, table: &str, id: i64, what: &str) {
    t.pool().execute_unprepared(&format!("UPDATE {table} SET {what} WHERE id = {id}")).await.unwrap();
}

/// Does something to a row, sees what is found, and puts it right again.
async fn finds(t: &TestDb, row: &Part, wrong: &str, right: &str, what: Invariant) {
    set(t, "event_participations", row.id.0, wrong).await;
    assert_eq!(found(t).await, [(what, Severity::Error)], "{wrong}");
    set(t, "event_participations", row.id.0, right).await;
    assert_eq!(found(t).await, [], "{right}");
}

both! {
    async fn evt_40_evt_54_evt_97_a_row_that_contradicts_itself_is_found(t: TestDb) {
        let world = World::new(&t.db);
        let gym = world.gym("box").await;
        let tom = world.person(&gym, "tom", GymRole::Trainer).await;
        let (ana, ben) = (world.member(&gym, "ana").await, world.member(&gym, "ben").await);
        let event = world.event_with(&gym, &tom, 1, |e| paid(e, 1000)).await;
        let seat = world.takes_part(&event, ana.id, S::Registered).await;
        let waits = world.takes_part(&event, ben.id, S::WaitingList).await;
        assert_eq!(found(t).await, []);
        let amount = "amount_paid_cents = NULL";
        finds(t, &seat, amount, "amount_paid_cents = 1000", Invariant::PaidWithoutAmount).await;
        finds(t, &seat, "payment_status = 'EXPIRED'", "payment_status = 'PAID'", Invariant::LapsedAlthoughActive).await;
        let claim = "status = 'PENDING_PAYMENT', payment_expiry = registered_at";
        let back = "status = 'WAITING_LIST', payment_status = 'PENDING'";
        finds(t, &waits, &format!("{claim}, payment_status = 'PAID', amount_paid_cents = 1, payment_date = registered_at"), back, Invariant::ClaimWithoutPayment).await;
        finds(t, &waits, "status = 'PENDING_PAYMENT', payment_expiry = NULL", back, Invariant::ClaimWithoutEnd).await;
        // to wait without a place is what the tables themselves refuse
        let without = format!("UPDATE event_participations SET queued_at = NULL WHERE id = {}", waits.id);
        assert!(t.pool().execute_unprepared(&without).await.is_err());
    }

    async fn evt_45_evt_95_evt_32_seats_that_do_not_fit_are_found(t: TestDb) {
        let world = World::new(&t.db);
        let gym = world.gym("box").await;
        let tom = world.person(&gym, "tom", GymRole::Trainer).await;
        let (ana, ben) = (world.member(&gym, "ana").await, world.member(&gym, "ben").await);
        let event: event::Model = world.event(&gym, &tom, 1).await;
        let seat = world.takes_part(&event, ana.id, S::Registered).await;
        let waits = world.takes_part(&event, ben.id, S::WaitingList).await;
        assert_eq!(found(t).await, []);
        finds(t, &seat, "status = 'CANCELLED'", "status = 'REGISTERED'", Invariant::FreeSeatWhileWaiting).await;
        // of those who left the gym nobody gets a seat
        let stranger = world.user("stranger").await;
        set(t, "event_participations", waits.id.0, &format!("member_id = {}", stranger.id)).await;
        set(t, "event_participations", seat.id.0, "status = 'CANCELLED'").await;
        assert_eq!(found(t).await, []);
        set(t, "event_participations", seat.id.0, "status = 'REGISTERED'").await;
        // capacity may have been lowered since, unless somebody joined after the event was last written
        set(t, "event_participations", waits.id.0, "status = 'REGISTERED', queued_at = NULL").await;
        assert_eq!(found(t).await, [(Invariant::OverCapacity, Severity::Warning)]);
        set(t, "events", event.id.0, "updated_at = '2020-01-01T00:00:00+00:00'").await;
        assert_eq!(found(t).await, [(Invariant::OverCapacity, Severity::Error)]);
        set(t, "event_participations", waits.id.0, "status = 'CANCELLED'").await;
        set(t, "events", event.id.0, "status = 'CANCELLED'").await;
        assert_eq!(found(t).await, [(Invariant::ActiveAlthoughCancelled, Severity::Error)]);
    }

    async fn evt_62_money_that_went_back_is_held_against_the_row(t: TestDb) {
        let world = World::new(&t.db);
        let gym = world.gym("box").await;
        let tom = world.person(&gym, "tom", GymRole::Trainer).await;
        let ana = world.member(&gym, "ana").await;
        let event = world.event_with(&gym, &tom, 1, |e| paid(e, 1000)).await;
        let seat = world.takes_part(&event, ana.id, S::Registered).await;
        let task = refund_task::Create {
            event_id: event.id,
            participation_id: seat.id,
            payment_intent_id: seat.stripe_payment_intent_id.clone(),
            amount_cents: 1000,
            kind: RefundKind::Admin,
            state: RefundState::Done,
            next_attempt_at: time::now(),
            last_error: None,
            stripe_refund_id: None,
            reason: None,
        };
        let task = SeaRepo::<refund_task::Entity>::default().create(&t.db, gym.id, task).await.unwrap();
        assert_eq!(found(t).await, [(Invariant::RefundedAlthoughPaid, Severity::Error)]);
        set(t, "event_participations", seat.id.0, "payment_status = 'REFUNDED'").await;
        assert_eq!(found(t).await, []);
        set(t, "event_refund_task", task.id.0, "amount_cents = 1001").await;
        assert_eq!(found(t).await, [(Invariant::MoreBackThanPaid, Severity::Error)]);
    }

    async fn the_questions_cost_the_same_whatever_there_is(t: TestDb) {
        let count = Arc::new(AtomicU64::new(0));
        STATEMENTS.scope(count.clone(), broken(&t.db)).await.unwrap();
        assert_eq!(count.load(Relaxed), 5);
    }
}
