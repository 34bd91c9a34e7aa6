//! What was paid for an event that is cancelled goes back, whatever the payment service does.
use super::{cast::*, deeds::*};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    events::{
        event::{EventStatus, RefundPolicy},
        participation::{EventParticipationStatus as S, PaymentStatus as Pay},
    },
    kernel::time,
};
use ports::{
    FixedClock,
    payments::{Intent, IntentState, Metadata, NewIntent, NewRefund, Payer, PaymentError, Payments, Refund},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{
    app::App,
    both,
    database::{Kind, TestDb},
};
use tokio::sync::{Semaphore, watch};

/// A payment service that makes refunds when it is let.
struct HeldPayments {
    service: Arc<dyn Payments>,
    refunds: watch::Sender<UnderWay>,
    /// A refund takes one.
    permits: Semaphore,
}

/// How many refunds are being asked for, and how many were at most.
#[derive(Clone, Copy, Default)]
struct UnderWay {
    now: usize,
    most: usize,
}

/// One of them.
struct Asked<'a>(&'a watch::Sender<UnderWay>);

impl<'a> Asked<'a> {
    fn one(refunds: &'a watch::Sender<UnderWay>) -> Self {
        refunds.send_modify(|refunds| {
            refunds.now += 1;
            refunds.most = refunds.most.max(refunds.now);
        });
        Self(refunds)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|refunds| refunds.now -= 1);
    }
}

impl HeldPayments {
    fn before(service: Arc<dyn Payments>) -> Arc<Self> {
        let refunds = watch::Sender::new(UnderWay::default());
        Arc::new(Self { service, refunds, permits: Semaphore::new(0) })
    }

    async fn until_under_way(&self, many: usize) {
        let mut refunds = self.refunds.subscribe();
        in_time(refunds.wait_for(|refunds| refunds.now >= many)).await.unwrap();
    }
}

#[async_trait]
impl Payments for HeldPayments {
    fn is_enabled(&self) -> bool {
        self.service.is_enabled()
    }
    async fn customer(&self, account: &str, known: Option<&str>, payer: &Payer) -> Result<String, PaymentError> {
        self.service.customer(account, known, payer).await
    }
    async fn create_intent(&self, account: &str, new: &NewIntent) -> Result<Intent, PaymentError> {
        self.service.create_intent(account, new).await
    }
    async fn intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError> {
        self.service.intent(account, id).await
    }
    async fn succeeded(&self, account: &str, metadata: &Metadata) -> Result<Vec<Intent>, PaymentError> {
        self.service.succeeded(account, metadata).await
    }
    async fn cancel_intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError> {
        self.service.cancel_intent(account, id).await
    }
    async fn refund(&self, account: &str, new: &NewRefund) -> Result<Refund, PaymentError> {
        let _asked = Asked::one(&self.refunds);
        self.permits.acquire().await.unwrap().forget();
        self.service.refund(account, new).await
    }
}

/// The API with refunds that are held back, and a clock that can be moved.
async fn app_with_held_refunds(t: &TestDb) -> (App, Arc<HeldPayments>, FixedClock) {
    let (clock, mut held) = (FixedClock::new(time::now()), None);
    let app = App::with(t, |change| {
        let payments = HeldPayments::before(change.ports.payments.clone());
        held = Some(payments.clone());
        change.ports.payments = payments;
        change.core.clock = Arc::new(clock.clone());
    })
    .await;
    (app, held.unwrap(), clock)
}

/// Of the answer to a cancellation: refunds that were made, that failed, that are still to be tried, and their sum.
fn refunds_of(answer: &Value) -> [i64; 4] {
    ["refunds_processed", "refunds_failed", "refunds_pending", "total_refunded_amount"]
        .map(|field| answer[field].as_i64().unwrap())
}

both! {
    async fn evt_33_evt_98_payments_go_back_outside_the_transaction_no_more_than_five_at_once(t: TestDb) {
        let (app, held, _) = app_with_held_refunds(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 9, RefundPolicy::NoRefund).await;
        let payers = c.members(&app, "payer", 7).await;
        for payer in &payers {
            joins_and_pays(&app, &event, payer).await;
        }
        join(&app, &c.ben, &event).await.expect(201);
        let claim = intent(&app, &event, &c.ben).await.id;
        let meanwhile = async {
            held.until_under_way(5).await;
            // everything is decided and committed, and nobody holds a row
            set(t, &event, "description = 'written meanwhile'").await;
            let now = app.world.event_now(&event).await.unwrap();
            assert_eq!((now.status, now.total_refunded_cents), (EventStatus::Cancelled, None));
            for payer in &payers {
                assert_eq!(standing(&app, &event, &[payer]).await, [(S::Cancelled, Some(Pay::Paid))]);
            }
            let mut owed = tasks(t).await;
            owed.sort_by_key(|(.., attempts)| *attempts);
            let task = |attempts| ("event_cancelled".to_owned(), "pending".to_owned(), PRICE, attempts);
            assert_eq!(owed, [0, 0, 1, 1, 1, 1, 1].map(task), "five are tried, two wait");
            held.permits.add_permits(7);
        };
        let (answer, ()) = tokio::join!(c.cancel(&app, &c.admin, &event), meanwhile);
        let answer = answer.expect(200);
        assert_eq!(refunds_of(&answer), [7, 0, 0, i64::from(7 * PRICE)]);
        assert_eq!(answer["payments_cancelled"], 1);
        assert_eq!(held.refunds.borrow().most, 5);
        for payer in &payers {
            let row = part(&app, &event, payer).await;
            assert_eq!((row.status, row.payment_status), (S::Cancelled, Some(Pay::Refunded)));
            assert_eq!((row.refund_amount_cents, row.refund_date.is_some()), (Some(PRICE), true));
        }
        assert_eq!(app.world.event_now(&event).await.unwrap().total_refunded_cents, Some(7 * PRICE));
        assert_eq!(given_back(&app).len(), 7);
        let by = c.admin.id.to_string();
        assert!(app.payments.refunds().iter().all(|(new, _)| new.metadata["cancelled_by_user_id"] == by));
        // what could still be paid is cancelled, too
        assert_eq!(standing(&app, &event, &[&c.ben]).await, [(S::Cancelled, Some(Pay::Expired))]);
        app.deliver_effects().await;
        assert!(intents(&app).contains(&(claim, IntentState::Canceled)), "{:?}", intents(&app));
    }

    async fn evt_33_a_refund_that_fails_undoes_nothing_and_is_made_by_the_job(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let payers = [&c.ana, &c.ben, &c.tina];
        for payer in payers {
            joins_and_pays(&app, &event, payer).await;
        }
        app.payments.fail(refused());
        let answer = c.cancel(&app, &c.admin, &event).await.expect(200);
        assert_eq!(refunds_of(&answer), [2, 1, 0, i64::from(2 * PRICE)]);
        let failed = &answer["failed_refunds"][0];
        assert_eq!((&failed["error"], &failed["error_code"]), (&json!("payment refused: no balance"), &json!("balance_insufficient")));
        let unlucky = payers.into_iter().find(|payer| failed["member_id"] == json!(payer.id)).unwrap();
        let row = part(&app, &event, unlucky).await;
        assert_eq!((row.status, row.payment_status), (S::Cancelled, Some(Pay::Paid)));
        assert_eq!((row.refund_amount_cents, row.refund_date), (None, None));
        let now = app.world.event_now(&event).await.unwrap();
        assert_eq!((now.status, now.total_refunded_cents), (EventStatus::Cancelled, Some(2 * PRICE)));
        clock.advance(TimeDelta::minutes(1));
        assert_eq!(run_job(&app, "refund_retry").await, "ok: 1 given back, 0 not");
        assert_eq!(standing(&app, &event, &payers).await, [(S::Cancelled, Some(Pay::Refunded)); 3]);
        let now = app.world.event_now(&event).await.unwrap();
        assert_eq!((now.status, now.total_refunded_cents), (EventStatus::Cancelled, Some(3 * PRICE)));
        assert_eq!(given_back(&app).len(), 3);
    }
}

/// On one thread, where time can be moved.
#[tokio::test]
async fn evt_33_after_twenty_seconds_the_rest_is_the_jobs() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        if let Some(t) = TestDb::open(kind, 16).await {
            the_rest_is_the_jobs(&t).await;
            t.close().await;
        }
    }
}

async fn the_rest_is_the_jobs(t: &TestDb) {
    let (app, held, clock) = app_with_held_refunds(t).await;
    let c = cast(&app).await;
    let event = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
    for payer in [&c.ana, &c.ben] {
        joins_and_pays(&app, &event, payer).await;
    }
    let meanwhile = async {
        // nothing but the payment service is waited for now
        held.until_under_way(2).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(20)).await;
        tokio::time::resume();
    };
    let (answer, ()) = tokio::join!(c.cancel(&app, &c.admin, &event), meanwhile);
    assert_eq!(refunds_of(&answer.expect(200)), [0, 0, 2, 0]);
    assert_eq!(standing(&app, &event, &[&c.ana, &c.ben]).await, [(S::Cancelled, Some(Pay::Paid)); 2]);
    held.permits.add_permits(2);
    assert_eq!(run_job(&app, "refund_retry").await, "ok: 0 given back, 0 not", "the attempt may still be under way");
    clock.advance(TimeDelta::minutes(2));
    assert_eq!(run_job(&app, "refund_retry").await, "ok: 2 given back, 0 not");
    assert_eq!(standing(&app, &event, &[&c.ana, &c.ben]).await, [(S::Cancelled, Some(Pay::Refunded)); 2]);
    assert_eq!(app.world.event_now(&event).await.unwrap().total_refunded_cents, Some(2 * PRICE));
}
