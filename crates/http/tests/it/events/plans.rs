//! Lists of events cost as much among many gyms as among few: they go by indices, and look at one gym.
use domain::identity::user;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::BTreeMap;
use testkit::{
    app::App,
    crowd,
    database::{Kind, TestDb},
    plans::{Plan, Watched, explained},
};

const FEW: u32 = 6;
const MANY: u32 = 60;
/// What a request may cost at most among many, in parts of what it costs among few.
const MORE: f64 = 1.5;

/// Sixty events of each gym, each with every member of it.
const EVENTS: &str = "
    INSERT INTO events (gym_id, title, start_time, end_time, max_participants, status, is_paid, currency, creator_id,
        completion_attempts, version, created_at, updated_at)
    SELECT g.id, 'Event ' || n, now() + n * interval '7 hours', now() + n * interval '7 hours' + interval '2 hours', 20,
        CASE WHEN n % 10 = 0 THEN 'CANCELLED' ELSE 'SCHEDULED' END, false, 'EUR', m.user_id, 0, 0, now(), now()
    FROM gyms g CROSS JOIN generate_series(-20, 39) n
    JOIN LATERAL (SELECT user_id FROM user_gyms WHERE gym_id = g.id ORDER BY user_id LIMIT 1) m ON true;
    INSERT INTO event_participations (gym_id, event_id, member_id, status, attended, registered_at, payment_attempt,
        created_at, updated_at)
    SELECT e.gym_id, e.id, m.user_id, 'REGISTERED', false, now(), 0, now(), now()
    FROM events e JOIN user_gyms m ON m.gym_id = e.gym_id;
    ANALYZE events; ANALYZE event_participations;";

#[allow(clippy::disallowed_methods, reason = "people are no tenant's")]
async fn asked(gyms: u32) -> Option<BTreeMap<&'static str, BTreeMap<String, Plan>>> {
    let t = TestDb::open(Kind::Postgres, 4).await?;
    crowd::fill(t.pool(), gyms).await;
    t.pool().execute_unprepared(EVENTS).await.unwrap();
    let account = user::Column::Auth0Id.eq("crowd-5|4");
    let ben = user::Entity::find().filter(account).one(t.pool()).await.unwrap().unwrap();
    let watched = Watched::over(&t);
    let app = App::with(&t, |c| c.core.db = watched.db.clone()).await;
    let gyms_of = app.services.core.stores.people.gyms_of(&app.services.core.db, ben.id).await.unwrap();
    let gym = gyms_of[0].0;
    let first = app.get("/api/v1/events/?limit=1").by(&ben).at(gym).send().await.expect(200)[0]["id"].clone();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    watched.sent();
    let mut plans = BTreeMap::new();
    for (name, path) in [
        ("list", "/api/v1/events/?limit=50".to_owned()),
        ("open", "/api/v1/events/?status=SCHEDULED&only_available=true&limit=50".to_owned()),
        ("mine", "/api/v1/events/me".to_owned()),
        ("detail", format!("/api/v1/events/{first}")),
    ] {
        app.get(&path).by(&ben).at(gym).send().await.expect(200);
        let sent = watched.sent();
        assert!(!sent.is_empty(), "{name} asked nothing");
        plans.insert(name, explained(t.pool(), sent, gyms == FEW).await);
    }
    t.close().await;
    Some(plans)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_events_go_by_indices_and_cost_among_many_gyms_what_they_cost_among_few() {
    let Some(few) = asked(FEW).await else { return };
    let many = asked(MANY).await.expect("the same server");
    let mut wrong = Vec::new();
    for (request, plans) in &many {
        for (sql, plan) in plans {
            if !plan.scanned.is_empty() {
                wrong.push(format!("{request} reads {:?} from end to end: {sql}", plan.scanned));
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
