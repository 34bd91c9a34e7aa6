//! Seats and rows at the door: what a check-in writes, and what it never writes twice.
use super::{CHECK_IN, Cast, cast, code, get, show};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    identity::user,
    schedule::{
        participation::{self, ParticipationStatus as P},
        session,
    },
};
use futures::future::join_all;
use ports::{
    Cache, CacheError, CacheFront, Counter, Ns,
    cache::{Bytes, Lookup, Version},
    counter::Hits,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{
    app::{Answer, App},
    both,
    schedule::in_minutes,
};

async fn row(app: &App, session: &session::Model, member: &user::Model) -> participation::Model {
    let page = services::Page { skip: 0, limit: 1000 };
    let rows = app.services.core.stores.participations.list(&app.world.db, session.gym_id, page).await.unwrap();
    let mut of: Vec<_> = rows.into_iter().filter(|r| (r.session_id, r.member_id) == (session.id, member.id)).collect();
    assert_eq!(of.len(), 1, "one row for a member of a session");
    of.remove(0)
}

async fn taken(app: &App, session: &session::Model) -> i32 {
    app.world.session_now(session.gym_id, session.id).await.current_participants
}

fn sorted(answers: &[Answer]) -> Vec<(u16, String)> {
    let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
    outcomes.sort();
    outcomes
}

/// A store that is down.
struct Down;

#[async_trait]
impl Cache for Down {
    async fn get_many(&self, _: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
    async fn put(&self, _: &Ns, _: &str, _: Version, _: Bytes, _: Duration) -> Result<(), CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
    async fn bump(&self, _: &[&Ns]) -> Result<(), CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
    async fn clear_matching(&self, _: &str) -> Result<u64, CacheError> {
        Err(CacheError::Unavailable("down".into()))
    }
}

/// A window that no clock ends in the middle of a test.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, f64>>);

#[async_trait]
impl Counter for Counts {
    async fn slide(&self, key: &str, window: Duration) -> Result<Hits, CacheError> {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1.0;
        Ok(Hits { count: *count, resets_in: window })
    }
    async fn add(&self, key: &str, _: u64, window: Duration) -> Result<Hits, CacheError> {
        self.slide(key, window).await
    }
}

both! {
    async fn att_11_att_10_a_booking_becomes_an_attendance_once(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 1).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        let booked = app.world.booking(&session, ana.id, P::Registered).await;
        let before = Utc::now();
        show(&app, &tom, gym.id, &code(&ana), Some(session.id)).await.expect(200);
        let first = row(&app, &session, &ana).await;
        assert_eq!((first.id, first.status, first.registration_time), (booked.id, P::Attended, booked.registration_time));
        assert!(first.attendance_time.unwrap() >= before && first.attendance_time.unwrap() <= Utc::now());
        assert_eq!(taken(&app, &session).await, 1);
        for named in [Some(session.id), None] {
            let again = show(&app, &tom, gym.id, &code(&ana), named).await;
            assert_eq!(again.outcome(), (400, "already_checked_in".into()));
        }
        assert_eq!(row(&app, &session, &ana).await, first, "nothing changes");
    }

    async fn att_13_a_walk_in_is_there_at_once_and_takes_a_seat(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 3).await;
        let session = app.world.session(&spin, &tom, in_minutes(-5)).await;
        show(&app, &ana, gym.id, &code(&ana), None).await.expect(200);
        let made = row(&app, &session, &ana).await;
        assert_eq!((made.status, made.cancellation_time), (P::Attended, None));
        assert_eq!(made.attendance_time, Some(made.registration_time));
        assert_eq!(taken(&app, &session).await, 1);
    }

    /// Edge case 10.
    async fn att_12_att_14_who_comes_after_all_takes_a_seat_again(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 2).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        let (ben, cara) = (app.world.member(&gym, "ben").await, app.world.member(&gym, "cara").await);
        let gone = app.world.booking(&session, ana.id, P::Cancelled).await;
        let reason = participation::Update {
            cancellation_time: Some(Some(Utc::now())),
            cancellation_reason: Some(Some("a cold".into())),
            ..Default::default()
        };
        app.services.core.stores.participations.update(&app.world.db, gym.id, gone.id, reason).await.unwrap();
        app.world.booking(&session, ben.id, P::NoShow).await;
        app.world.booking(&session, cara.id, P::Cancelled).await;
        show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        let back = row(&app, &session, &ana).await;
        assert_eq!((back.id, back.status), (gone.id, P::Attended));
        assert_eq!((back.cancellation_time, back.cancellation_reason), (None, None));
        assert_eq!(taken(&app, &session).await, 1);
        show(&app, &tom, gym.id, &code(&ben), None).await.expect(200);
        assert_eq!(taken(&app, &session).await, 2);
        for late in [&cara, &app.world.member(&gym, "dan").await] {
            let answer = show(&app, &tom, gym.id, &code(late), None).await;
            assert_eq!(answer.outcome(), (400, "session_full".into()));
        }
        assert_eq!(row(&app, &session, &cara).await.status, P::Cancelled);
        assert_eq!(taken(&app, &session).await, 2);
    }

    async fn att_14_a_session_may_have_seats_of_its_own(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 9).await;
        let session = app.world.session_with(&spin, &tom, in_minutes(5), |s| s.override_capacity = Some(1)).await;
        app.world.booking(&session, tom.id, P::Registered).await;
        assert_eq!(show(&app, &tom, gym.id, &code(&ana), None).await.outcome(), (400, "session_full".into()));
        show(&app, &tom, gym.id, &code(&tom), None).await.expect(200);
        assert_eq!(taken(&app, &session).await, 1);
    }

    /// Edge case 8.
    async fn att_15_of_twenty_scans_at_once_one_succeeds(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        for booked in [false, true] {
            let session = app.world.session(&spin, &tom, in_minutes(5)).await;
            if booked {
                app.world.booking(&session, ana.id, P::Registered).await;
            }
            let ana_code = code(&ana);
            let scans = (0..20).map(|_| show(&app, &tom, gym.id, &ana_code, Some(session.id)));
            let outcomes = sorted(&join_all(scans).await);
            assert_eq!(outcomes[0], (200, String::new()));
            assert!(outcomes[1..].iter().all(|o| *o == (400, "already_checked_in".into())), "{outcomes:?}");
            assert_eq!(row(&app, &session, &ana).await.status, P::Attended);
            assert_eq!(taken(&app, &session).await, 1);
        }
    }

    /// Edge case 9.
    async fn att_15_att_14_of_two_walk_ins_one_gets_the_last_seat_and_who_booked_gets_in(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 2).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        app.world.booking(&session, ana.id, P::Registered).await;
        let (ben, cara) = (app.world.member(&gym, "ben").await, app.world.member(&gym, "cara").await);
        let codes = [code(&ben), code(&ana), code(&cara)];
        let answers = join_all(codes.iter().map(|code| show(&app, &tom, gym.id, code, None))).await;
        assert_eq!(answers[1].status, 200);
        let outcomes = sorted(&answers);
        assert_eq!(outcomes, [(200, String::new()), (200, String::new()), (400, "session_full".into())]);
        assert_eq!(taken(&app, &session).await, 2);
    }

    async fn att_13_sch_71_who_waited_and_walks_in_waits_no_more(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 1).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        let place = app.world.waiting(&session, ana.id).await;
        show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        let place = app.services.core.stores.places.get(&app.world.db, gym.id, place.id).await.unwrap().unwrap();
        assert_eq!(place.status, domain::schedule::waitlist::WaitlistStatus::Promoted);
    }

    async fn att_15_a_check_in_costs_at_most_six_statements(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 50).await;
        let mut sessions = Vec::new();
        for n in 0..30 {
            sessions.push(app.world.session(&spin, &tom, in_minutes(n - 10)).await);
        }
        let ben = app.world.member(&gym, "ben").await;
        app.world.booking(&sessions[20], ben.id, P::Registered).await;
        // who the caller is is known by then
        get(&app, &tom, gym.id, "/api/v1/users/last-attendance").await;
        for (who, session) in [(&ana, None), (&ben, Some(sessions[20].id))] {
            let answer = show(&app, &tom, gym.id, &code(who), session).await;
            let statements: u64 = answer.header("x-database-statements").parse().unwrap();
            answer.expect(200);
            assert!((1..=6).contains(&statements), "{statements}");
        }
    }

    /// Edge case 11.
    async fn att_17_what_is_shown_is_new_at_once(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let mut seen: Option<DateTime<Utc>> = None;
        for minutes in [2, 20] {
            let session = app.world.session(&spin, &tom, in_minutes(minutes)).await;
            // into the cache
            let last = get(&app, &ana, gym.id, "/api/v1/users/last-attendance").await;
            assert_eq!(last["has_attendance"], json!(seen.is_some()));
            get(&app, &ana, gym.id, "/api/v1/users/me/achievements/next-milestones").await;
            show(&app, &tom, gym.id, &code(&ana), Some(session.id)).await.expect(200);
            let last = get(&app, &ana, gym.id, "/api/v1/users/last-attendance").await;
            let date = last["last_attendance_date"].as_str().unwrap().parse().ok();
            assert!(date > seen);
            seen = date;
        }
        let next = get(&app, &ana, gym.id, "/api/v1/users/me/achievements/next-milestones").await;
        let classes: Vec<_> = next["next_milestones"].as_array().unwrap().iter().map(|n| &n["current_value"]).collect();
        assert!(classes.contains(&&json!(2.0)), "{next}");
    }

    async fn att_17_a_store_that_is_down_fails_no_check_in(t: TestDb) {
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(Arc::new(Down)))).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        show(&app, &tom, gym.id, &code(&ana), None).await.expect(200);
        assert_eq!(row(&app, &session, &ana).await.status, P::Attended);
        let last = get(&app, &ana, gym.id, "/api/v1/users/last-attendance").await;
        assert_eq!(last["has_attendance"], json!(true));
    }

    async fn att_18_what_it_earns_is_worked_out_afterwards(t: TestDb) {
        let app = App::new(t).await;
        let Cast { gym, tom, ana, spin } = cast(&app, 5).await;
        let session = app.world.session(&spin, &tom, in_minutes(5)).await;
        let waiting = async || app.services.core.stores.outbox.backlog(&app.world.db).await.unwrap().0;
        let refused = show(&app, &tom, gym.id, "U1_0123456789abcdef", None).await;
        assert_eq!((refused.status.as_u16(), waiting().await), (400, 0));
        show(&app, &tom, gym.id, &code(&ana), Some(session.id)).await.expect(200);
        assert_eq!(waiting().await, 1);
        app.deliver_effects().await;
        assert_eq!(waiting().await, 0);
    }

    async fn att_19_thirty_scans_a_minute(t: TestDb) {
        let app = App::with(t, |c| {
            c.settings.rate_limits = true;
            c.ports.counter = Arc::new(Counts::default());
        })
        .await;
        let Cast { gym, tom, ana, .. } = cast(&app, 5).await;
        let scan = async |by: &user::Model| {
            let body: Value = json!({"qr_code": "U1_0123456789abcdef"});
            app.post(CHECK_IN).by(by).at(gym.id).json(body).send().await.outcome()
        };
        for _ in 0..30 {
            assert_eq!(scan(&tom).await, (400, "invalid_qr".into()));
        }
        assert_eq!(scan(&tom).await, (429, "rate_limited".into()));
        assert_eq!(scan(&ana).await, (400, "invalid_qr".into()), "each caller has a budget of their own");
    }
}
