//! What is asked most costs as much among a thousand gyms as among ten: it goes by indices, and looks at one gym.
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    SessionId,
    identity::user,
    schedule::session::{self, SessionStatus},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryOrder, Statement};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::{
    app::App,
    crowd,
    database::{Kind, TestDb},
    plans::{Plan, Watched, explained},
};

const FEW: u32 = 10;
const MANY: u32 = 1000;
/// What a request may cost at most among many, in parts of what it costs among few.
const MORE: f64 = 1.5;
/// A short list that is everybody's, and is asked for as a whole.
const CATALOGUE: &str = "modules";

/// A person of the crowd's fifth gym: the first is its trainer.
#[allow(clippy::disallowed_methods, reason = "people are no tenant's")]
async fn person(t: &TestDb, n: u32) -> user::Model {
    let account = user::Column::Auth0Id.eq(format!("crowd-5|{n}"));
    user::Entity::find().filter(account).one(t.pool()).await.unwrap().unwrap()
}

/// A thousand attended sessions of two years, for one member.
async fn remember(t: &TestDb, member: &user::Model) {
    let sql =
        "INSERT INTO class_participation (gym_id, session_id, member_id, status, registration_time, attendance_time,
            created_at, updated_at)
         SELECT gym_id, id, $1, 'attended', now(), now() - n * interval '17 hours', now(), now()
         FROM (SELECT s.gym_id, s.id, row_number() OVER (ORDER BY s.id) AS n FROM class_session s
               JOIN gyms g ON g.id = s.gym_id WHERE g.subdomain = 'crowd-5' AND s.status = 'completed') s
         ON CONFLICT DO NOTHING";
    t.pool().execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [member.id.0.into()])).await.unwrap();
    t.pool().execute_unprepared("ANALYZE class_participation").await.unwrap();
}

/// A session of the fifth gym that starts within these minutes from now.
#[allow(clippy::disallowed_methods, reason = "the gym is known by its trainer")]
async fn session(t: &TestDb, trainer: &user::Model, from: i64) -> session::Model {
    let start: DateTime<Utc> = Utc::now() + TimeDelta::minutes(from);
    let wanted = session::Column::TrainerId
        .eq(trainer.id)
        .and(session::Column::StartTime.gt(start))
        .and(session::Column::Status.eq(SessionStatus::Scheduled));
    let found = session::Entity::find().filter(wanted).order_by_asc(session::Column::StartTime).one(t.pool()).await;
    found.unwrap().unwrap()
}

/// The plans of everything that each request sends, by the request.
async fn asked(gyms: u32) -> Option<BTreeMap<&'static str, BTreeMap<String, Plan>>> {
    let t = TestDb::open(Kind::Postgres, 4).await?;
    crowd::fill(t.pool(), gyms).await;
    let (trainer, ana, ben) = (person(&t, 1).await, person(&t, 3).await, person(&t, 4).await);
    remember(&t, &ana).await;
    let soon: SessionId = session(&t, &trainer, -20).await.id;
    let later: SessionId = session(&t, &trainer, 24 * 60).await.id;
    let gym = session(&t, &trainer, 0).await.gym_id;
    let watched = Watched::over(&t);
    let app = App::with(&t, |c| c.core.db = watched.db.clone()).await;
    // who calls is known from here on, and that they came is written down
    for who in [&trainer, &ana, &ben] {
        app.get("/api/v1/users/last-attendance").by(who).at(gym).send().await.expect(200);
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    watched.sent();

    let mut plans = BTreeMap::new();
    let today = Utc::now().date_naive();
    let days = format!("start_date={today}&end_date={}", today + TimeDelta::days(6));
    for (name, call) in [
        ("week", app.get(&format!("/api/v1/schedule/sessions/date-range?{days}&limit=500")).by(&ben)),
        ("upcoming", app.get("/api/v1/schedule/sessions/sessions?limit=200").by(&ben)),
        ("statistics", app.get("/api/v1/users/stats/comprehensive?period=year").by(&ana)),
        ("summary", app.get("/api/v1/users/dashboard/summary").by(&ana)),
        ("history", app.get("/api/v1/schedule/participation/my-history").by(&ana)),
        ("booking", app.post(&format!("/api/v1/schedule/participation/register/{later}")).by(&ben)),
        ("cancellation", app.post(&format!("/api/v1/schedule/participation/cancel-registration/{later}")).by(&ben)),
        (
            "check-in",
            app.post("/api/v1/attendance/check-in")
                .by(&trainer)
                .json(json!({"qr_code": ben.qr_code, "session_id": soon})),
        ),
    ] {
        let answer = call.at(gym).send().await;
        assert_eq!(answer.status.as_u16(), 200, "{name}: {}", String::from_utf8_lossy(&answer.body));
        let sent = watched.sent();
        assert!(!sent.is_empty(), "{name} asked nothing");
        plans.insert(name, explained(t.pool(), sent, gyms == FEW).await);
    }
    t.close().await;
    Some(plans)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_queries_go_by_indices_and_cost_among_a_thousand_gyms_what_they_cost_among_ten() {
    let Some(few) = asked(FEW).await else { return };
    let many = asked(MANY).await.expect("the same server");
    let mut wrong = Vec::new();
    for (request, plans) in &many {
        for (sql, plan) in plans {
            let scanned: Vec<_> = plan.scanned.iter().filter(|table| *table != CATALOGUE).collect();
            if !scanned.is_empty() {
                wrong.push(format!("{request} reads {scanned:?} from end to end: {sql}"));
            }
        }
        let cost = |plans: &BTreeMap<String, Plan>| plans.values().map(|plan| plan.cost).sum::<f64>();
        let (before, now) = (cost(&few[request]), cost(plans));
        if now > MORE * before {
            wrong.push(format!("{request}: {now:.0} instead of {before:.0}: {plans:#?}\n{:#?}", few[request]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
