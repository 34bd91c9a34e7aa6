//! Taking part anew in an event that cost something the first time.
use super::{cast::*, deeds::*};
use domain::{
    events::{
        event::RefundPolicy,
        participation::{EventParticipationStatus as S, PaymentStatus as Pay},
    },
    identity::GymRole,
};
use services::{Actor, STATEMENTS};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use testkit::{app::App, both};

both! {
    async fn evt_95_joining_anew_after_a_payment_that_the_gym_kept_takes_at_most_six_statements(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::NoRefund).await;
        joins_and_pays(&app, &event, &c.ana).await;
        leave(&app, &c.ana, &event).await.expect(204);
        joins_and_pays(&app, &event, &c.ben).await;
        let before = part(&app, &event, &c.ana).await;
        assert_eq!((before.status, before.payment_status), (S::Cancelled, Some(Pay::Paid)));
        let count = Arc::new(AtomicU64::new(0));
        let actor = Actor::for_test(&c.ana, &c.gym, Some(GymRole::Member));
        let joined = app.services.event_participations.join(&actor, event.id);
        STATEMENTS.scope(count.clone(), joined).await.unwrap();
        let count = count.load(Ordering::Relaxed);
        assert!(count <= 6, "{count}");
        assert_eq!(tasks(t).await, [("policy".to_owned(), "kept".to_owned(), PRICE, 0)]);
        let row = part(&app, &event, &c.ana).await;
        assert_eq!((row.id, row.status, row.payment_status), (before.id, S::WaitingList, Some(Pay::Pending)));
        assert_eq!((row.stripe_payment_intent_id, row.amount_paid_cents), (None, None), "nothing of the time before");
        assert_eq!(row.payment_attempt, before.payment_attempt + 1);
        assert_eq!(broken(t).await, Vec::<String>::new());
    }
}
