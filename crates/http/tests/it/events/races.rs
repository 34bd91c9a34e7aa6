//! Many at once: seats, promotions and payments come out right, whoever wins (EVT-95 … EVT-97).
//!
//! Choices follow from a seed, which a failure prints: `GYMAPI_TEST_SEED=…` makes the same choices again. Which of them
//! wins a race is the database's choice.
use super::{cast::*, deeds::*};
use chrono::TimeDelta;
use domain::{
    events::{
        event::{self, RefundPolicy},
        participation::{EventParticipationStatus as S, PaymentStatus as Pay},
    },
    identity::user,
};
use futures::future::join_all;
use ports::{FixedClock, payments::IntentState};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::{app::App, both, database::TestDb};

/// SplitMix64.
struct Choices(u64);

impl Choices {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// Numbers of members and events.
#[derive(Clone, Copy, Debug)]
enum Action {
    Join(usize, usize),
    Leave(usize, usize),
    /// The member pays, and somebody tells of it.
    Pay(usize, usize),
    Confirm(usize, usize),
    Seats(usize, i32),
    Expire,
    Refund,
    CancelEvent(usize),
}

const MEMBERS: usize = 10;
const ACTIONS: usize = 45;
const ROUNDS: usize = 4;

struct Stage {
    app: App,
    clock: FixedClock,
    cast: Cast,
    members: Vec<user::Model>,
    /// The first is free, the others cost.
    events: Vec<event::Model>,
}

impl Stage {
    async fn set(t: &TestDb) -> Self {
        let (app, clock) = app_with_clock(t).await;
        let cast = cast(&app).await;
        let members = cast.members(&app, "m", MEMBERS).await;
        let mut stage = Self { app, clock, cast, members, events: Vec::new() };
        stage.cast.takes_payments(t).await;
        for n in 0..3 {
            let event = stage.event(n).await;
            stage.events.push(event);
        }
        stage
    }

    async fn event(&self, n: usize) -> event::Model {
        let (app, c) = (&self.app, &self.cast);
        let far = |e: &mut event::Create| {
            e.start_time += TimeDelta::days(60);
            e.end_time += TimeDelta::days(60);
            if n > 0 {
                testkit::events::paid(e, PRICE);
                e.refund_policy = Some([RefundPolicy::FullRefund, RefundPolicy::NoRefund][n - 1]);
            }
        };
        app.world.event_with(&c.gym, &c.tom, 3, far).await
    }

    fn choose(&self, choices: &mut Choices) -> Action {
        let (m, e) = (choices.next(MEMBERS), choices.next(self.events.len()));
        match choices.next(40) {
            0..13 => Action::Join(m, e),
            13..20 => Action::Leave(m, e),
            20..27 => Action::Pay(m, e),
            27..32 => Action::Confirm(m, e),
            32..35 => Action::Seats(e, [0, 1, 3, 5][choices.next(4)]),
            35..37 => Action::Expire,
            37..39 => Action::Refund,
            _ if choices.next(4) == 0 => Action::CancelEvent(e),
            _ => Action::Join(m, e),
        }
    }

    async fn perform(&self, action: Action) {
        let (app, c) = (&self.app, &self.cast);
        let answer = match action {
            Action::Join(m, e) => join(app, &self.members[m], &self.events[e]).await,
            Action::Leave(m, e) => leave(app, &self.members[m], &self.events[e]).await,
            Action::Pay(m, e) => return self.pays(m, e).await,
            Action::Confirm(m, e) => {
                let rows = participations(app, &self.events[e]).await;
                let Some(row) = rows.iter().find(|row| row.member_id == self.members[m].id) else { return };
                confirm(app, &self.members[m], row, json!({})).await
            }
            Action::Seats(e, seats) => c.put(app, &c.admin, &self.events[e], json!({"max_participants": seats})).await,
            Action::CancelEvent(e) => c.cancel(app, &c.admin, &self.events[e]).await,
            Action::Expire => {
                self.clock.advance(TimeDelta::hours(9));
                return nudge(app, "payment_expiry").await;
            }
            Action::Refund => return nudge(app, "refund_retry").await,
        };
        match answer.status.as_u16() {
            200 | 201 | 204 | 400 | 404 | 409 => {}
            503 if !answer.header("retry-after").is_empty() => {}
            _ => panic!("{action:?}: {:?}", answer.outcome()),
        }
    }

    /// What is open may be paid; what was cancelled may not.
    async fn pays(&self, m: usize, e: usize) {
        let rows = participations(&self.app, &self.events[e]).await;
        let row = rows.into_iter().find(|row| row.member_id == self.members[m].id);
        let Some(id) = row.and_then(|row| row.stripe_payment_intent_id) else { return };
        if !self.app.payments.pay(&id) {
            return;
        }
        let paid = self.app.payments.intents().into_iter().find(|(_, intent)| intent.id == id).unwrap().1;
        self.app.services.event_payments.succeeded(ACCOUNT, &paid).await.unwrap();
    }

    /// The most seats that each event may have taken after these actions: those that are taken, or those that there
    /// were at some time.
    async fn limits(&self, actions: &[Action]) -> Vec<usize> {
        let mut limits = Vec::new();
        for (n, event) in self.events.iter().enumerate() {
            let now = self.app.world.event_now(event).await.map_or(0, |row| row.max_participants);
            let given = actions.iter().filter_map(|action| match action {
                Action::Seats(e, seats) if *e == n => Some(*seats),
                _ => None,
            });
            let seats = given.chain([now]).map(|seats| if seats == 0 { usize::MAX } else { seats as usize });
            limits.push(seats.max().unwrap().max(seated(&self.app, event).await.len()));
        }
        limits
    }

    async fn round(&mut self, t: &TestDb, choices: &mut Choices) {
        let actions: Vec<_> = (0..ACTIONS).map(|_| self.choose(choices)).collect();
        let limits = self.limits(&actions).await;
        join_all(actions.iter().map(|action| self.perform(*action))).await;
        for (event, limit) in self.events.iter().zip(limits) {
            let taken = seated(&self.app, event).await.len();
            assert!(taken <= limit, "event {} has {taken} of {limit} seats taken: {actions:?}", event.id);
        }
        // how many seats there were when the last was taken is known here better: this clock runs ahead of the rows'
        let wrong = |line: &String| line.starts_with("error") && !line.contains("event_over_capacity");
        let wrong: Vec<_> = broken(t).await.into_iter().filter(wrong).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\nafter {actions:?}");
        self.money(t, &actions).await;
        for n in 0..self.events.len() {
            let now = self.app.world.event_now(&self.events[n]).await;
            if now.is_none_or(|event| event.status != event::EventStatus::Scheduled) {
                self.events[n] = self.event(n).await;
            }
        }
    }

    /// Every payment is somebody's seat or place, was kept by the policy, or goes back: once, and never more than it was.
    async fn money(&self, t: &TestDb, actions: &[Action]) {
        let mut back: BTreeMap<String, i64> = BTreeMap::new();
        for (intent, amount) in given_back(&self.app) {
            *back.entry(intent).or_default() += amount;
        }
        let held = all_intents(t).await;
        for (id, state) in intents(&self.app) {
            let returned = back.get(&id).copied().unwrap_or_default();
            if state == IntentState::Succeeded {
                assert!(returned == 0 || returned == i64::from(PRICE), "{id}: {returned} back\nafter {actions:?}");
                assert!(held.contains(&id), "the payment {id} is nobody's\nafter {actions:?}");
            } else {
                assert_eq!(returned, 0, "{id} was never paid");
            }
        }
    }
}

async fn play(t: &TestDb, seed: u64) {
    eprintln!("GYMAPI_TEST_SEED={seed} makes the same choices again");
    let mut stage = Stage::set(t).await;
    let mut choices = Choices(seed);
    for _ in 0..ROUNDS {
        stage.round(t, &mut choices).await;
    }
}

both! {
    async fn evt_95_twenty_at_once_on_five_seats(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let m = c.members(&app, "m", 20).await;
        let answers = join_all(m.iter().map(|who| join(&app, who, &event))).await;
        answers.into_iter().for_each(|answer| drop(answer.expect(201)));
        let rows = participations(&app, &event).await;
        let count = |status| rows.iter().filter(|row| row.status == status).count();
        assert_eq!((count(S::Registered), count(S::WaitingList)), (5, 15));
        // the queue is in the order of arrival: of the event's lock, and so of the rows
        let mut queue: Vec<_> = rows.iter().filter(|row| row.status == S::WaitingList).collect();
        queue.sort_by_key(|row| (row.queued_at, row.id));
        assert!(queue.is_sorted_by_key(|row| row.id));
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn evt_95_one_who_taps_twice_has_one_row(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let twice = join_all((0..4).map(|_| join(&app, &c.ana, &event))).await;
        let mut outcomes: Vec<_> = twice.iter().map(|answer| answer.status.as_u16()).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [201, 400, 400, 400]);
        let costs = c.paid_event(&app, t, 5, RefundPolicy::FullRefund).await;
        let twice = join_all((0..4).map(|_| join(&app, &c.ana, &costs))).await;
        let secrets: Vec<_> = twice.into_iter().map(|answer| answer.expect(201)["payment_client_secret"].clone()).collect();
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "one intent for all: {secrets:?}");
        assert_eq!((participations(&app, &costs).await.len(), intents(&app).len()), (1, 1));
    }

    async fn evt_96_two_cancellations_at_once_promote_two(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 2).await;
        let m = c.members(&app, "m", 5).await;
        for who in &m {
            join(&app, who, &event).await.expect(201);
        }
        let (one, two) = futures::join!(leave(&app, &m[0], &event), leave(&app, &m[1], &event));
        one.expect(204);
        two.expect(204);
        assert_eq!(seated(&app, &event).await, [m[2].id, m[3].id]);
        let mut told = told(t, "waitlist_promoted").await;
        told.sort_unstable();
        assert_eq!(told, [m[2].id, m[3].id]);
    }

    async fn evt_97_a_payment_that_is_told_confirmed_and_lapses_at_once_has_one_outcome(t: TestDb) {
        let (app, clock) = app_with_clock(t).await;
        let c = cast(&app).await;
        let event = c.paid_event(&app, t, 1, RefundPolicy::FullRefund).await;
        set(t, &event, "start_time = '2099-01-01 10:00:00+00:00', end_time = '2099-01-01 12:00:00+00:00'").await;
        let m = c.members(&app, "m", 6).await;
        for who in &m {
            join(&app, who, &event).await.expect(201);
        }
        clock.advance(TimeDelta::hours(25));
        let paid = join_all(m.iter().map(|who| pay_quietly(&app, &event, who))).await;
        let rows = join_all(m.iter().map(|who| part(&app, &event, who))).await;
        let told = join_all(paid.iter().map(|intent| app.services.event_payments.succeeded(ACCOUNT, intent)));
        let confirmed = join_all(m.iter().zip(&rows).map(|(who, row)| confirm(&app, who, row, json!({}))));
        let (told, confirmed, _) = futures::join!(told, confirmed, run_job(&app, "payment_expiry"));
        told.into_iter().for_each(|outcome| outcome.unwrap());
        for answer in confirmed {
            assert!(matches!(answer.status.as_u16(), 200 | 400), "{answer:?}");
        }
        let rows = participations(&app, &event).await;
        assert_eq!(rows.iter().filter(|row| row.status == S::Registered).count(), 1, "one seat");
        for row in &rows {
            let fits = match row.status {
                S::Registered | S::WaitingList => row.payment_status == Some(Pay::Paid),
                S::Cancelled => row.payment_status == Some(Pay::Expired),
                S::PendingPayment => false,
            };
            assert!(fits, "{row:?}");
        }
        run_job(&app, "refund_retry").await;
        assert_eq!(given_back(&app).len(), 5, "everybody else is given back, once");
        assert_eq!(broken(t).await, Vec::<String>::new());
    }

    async fn evt_95_joining_races_the_cancellation_of_the_event(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let event = app.world.event(&c.gym, &c.tom, 5).await;
        let m = c.members(&app, "m", 10).await;
        join(&app, &m[0], &event).await.expect(201);
        let joins = join_all(m[1..].iter().map(|who| join(&app, who, &event)));
        let (joins, cancelled) = futures::join!(joins, c.cancel(&app, &c.tom, &event));
        cancelled.expect(200);
        for answer in joins {
            assert!(answer.status == 201 || answer.outcome() == (400, "event_not_open".into()), "{answer:?}");
        }
        assert_eq!((seated(&app, &event).await, broken(t).await), (vec![], vec![]));
    }

    async fn evt_95_evt_96_evt_97_whatever_happens_at_once_seats_and_payments_are_right(t: TestDb) {
        let seed = std::env::var("GYMAPI_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
        Box::pin(play(t, seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0))).await;
    }

    async fn evt_95_evt_96_evt_97_and_so_they_are_with_choices_that_were_made_before(t: TestDb) {
        Box::pin(play(t, 20_261_201)).await;
    }
}
