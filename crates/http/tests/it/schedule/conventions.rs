//! What holds for every operation of the schedule.
use async_trait::async_trait;
use domain::{
    identity::{GymRole, gym, user},
    schedule::special_day,
};
use ports::{
    CacheFront,
    cache::{Bytes, Cache, CacheError, Lookup, Ns, Version},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::{
    app::{Answer, App, Call},
    both,
    schedule::in_minutes,
};

const REGULAR: &str = "/api/v1/schedule/gym-hours/regular";
const DAYS: &str = "/api/v1/schedule/special-days/";
const SETTINGS: &str = "/api/v1/schedule/settings";
const BOOK: &str = "/api/v1/schedule/participation/register";
const CANCEL: &str = "/api/v1/schedule/participation/cancel-registration";

/// A store that is away.
struct Down;

fn down<T>() -> Result<T, CacheError> {
    Err(CacheError::Unavailable("away".into()))
}

#[async_trait]
impl Cache for Down {
    async fn get_many(&self, _: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        down()
    }
    async fn put(&self, _: &Ns, _: &str, _: Version, _: Bytes, _: Duration) -> Result<(), CacheError> {
        down()
    }
    async fn bump(&self, _: &[&Ns]) -> Result<(), CacheError> {
        down()
    }
    async fn clear_matching(&self, _: &str) -> Result<u64, CacheError> {
        down()
    }
}

/// A gym with an administrator, a trainer, a member, and a session in two hours.
struct Cast {
    gym: gym::Model,
    boss: user::Model,
    tom: user::Model,
    ana: user::Model,
    session: String,
}

async fn cast(app: &App, name: &str) -> Cast {
    let gym = app.world.gym(name).await;
    let boss = app.world.person(&gym, &format!("{name}-boss"), GymRole::Admin).await;
    let tom = app.world.person(&gym, &format!("{name}-tom"), GymRole::Trainer).await;
    let ana = app.world.member(&gym, &format!("{name}-ana")).await;
    let spin = app.world.class(&gym).await;
    let session = app.world.session(&spin, &tom, in_minutes(120)).await.id.to_string();
    Cast { gym, boss, tom, ana, session }
}

fn closed(date: &str) -> Value {
    json!({"date": date, "is_closed": true})
}

/// One call of each kind, all of which a member may make.
fn calls<'a>(app: &'a App, session: &str) -> Vec<Call<'a>> {
    vec![app.get(REGULAR), app.get(DAYS), app.get(SETTINGS), app.post(&format!("{BOOK}/{session}"))]
}

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().expect("a list").iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

both! {
    async fn sch_1_every_operation_is_asked_in_a_gym_that_one_belongs_to(t: TestDb) {
        let app = App::new(t).await;
        let here = cast(&app, "here").await;
        let there = cast(&app, "there").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        app.world.join(shut.id, here.ana.id, GymRole::Member).await;
        for call in calls(&app, &here.session) {
            assert_eq!(call.by(&here.ana).send().await.outcome(), (400, "gym_header_required".into()));
        }
        for (header, want) in [
            ("box", (400, "gym_header_required")),
            ("", (400, "gym_header_required")),
            ("1.5", (400, "gym_header_required")),
            ("999999", (404, "gym_not_found")),
            (&shut.id.to_string(), (404, "gym_not_found")),
            (&there.gym.id.to_string(), (403, "not_a_member")),
        ] {
            for call in calls(&app, &here.session) {
                let answer = call.by(&here.ana).header("x-gym-id", header).send().await;
                assert_eq!(answer.outcome(), (want.0, want.1.to_owned()), "{header}");
            }
        }
        let root = app.world.super_admin("root").await;
        for call in calls(&app, &here.session).into_iter().take(3) {
            call.by(&root).at(here.gym.id).send().await.expect(200);
        }
        let for_member = format!("{BOOK}/{}/{}", here.session, here.ana.id);
        app.post(&for_member).by(&root).at(here.gym.id).send().await.expect(200);
        app.put(SETTINGS).by(&root).at(here.gym.id).json(json!({})).send().await.expect(200);
    }

    async fn sch_2_who_may_write_is_decided_by_the_role_in_that_gym(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (cast(&app, "here").await, cast(&app, "there").await);
        // an administrator there is a member here, whatever the token grants
        app.world.join(here.gym.id, there.boss.id, GymRole::Member).await;
        let for_member = format!("{BOOK}/{}/{}", here.session, here.ana.id);
        let writes = || {
            vec![
                app.put(&format!("{REGULAR}/0")).json(json!({"is_closed": true})),
                app.post(DAYS).json(closed("2031-01-01")),
                app.put(SETTINGS).json(json!({"waitlist_enabled": false})),
            ]
        };
        for low in [&there.boss, &here.ana, &here.tom] {
            for write in writes() {
                assert_eq!(write.by(low).at(here.gym.id).send().await.outcome(), (403, "role_too_low".into()));
            }
        }
        for low in [&there.boss, &here.ana] {
            let answer = app.post(&for_member).by(low).at(here.gym.id).send().await;
            assert_eq!(answer.outcome(), (403, "role_too_low".into()));
        }
        // a trainer's token carries no `resource:admin`, and needs none
        app.post(&for_member).by_with(&here.tom, &["resource:write"]).at(here.gym.id).send().await.expect(200);
        for write in writes() {
            assert!(write.by_with(&here.boss, &["resource:write"]).at(here.gym.id).send().await.status.is_success());
        }
        // what reads needs `resource:read`, and what writes `resource:write`
        for write in writes() {
            let answer = write.by_with(&here.boss, &["resource:read", "resource:admin"]).at(here.gym.id).send().await;
            assert_eq!(answer.outcome(), (403, "missing_scope".into()));
        }
        for path in [REGULAR, DAYS, SETTINGS] {
            app.get(path).by_with(&here.ana, &["resource:read"]).at(here.gym.id).send().await.expect(200);
            let answer = app.get(path).by_with(&here.boss, &["resource:write"]).at(here.gym.id).send().await;
            assert_eq!(answer.outcome(), (403, "missing_scope".into()));
        }
    }

    /// Edge case 7.
    async fn sch_3_a_row_of_another_gym_is_answered_like_one_that_is_not_there(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (cast(&app, "here").await, cast(&app, "there").await);
        let made = app.post(DAYS).by(&there.boss).at(there.gym.id).json(closed("2031-01-01")).send().await.expect(201);
        let day = made["id"].to_string();
        let asked = async |session: &str, member: &str, day: &str, date: &str| {
            let calls: Vec<Call<'_>> = vec![
                app.get(&format!("{DAYS}{day}")),
                app.put(&format!("{DAYS}{day}?cancel_sessions=true")).json(json!({"is_closed": true})),
                app.delete(&format!("{DAYS}{day}")),
                app.get(&format!("{DAYS}date/{date}")),
                app.put(&format!("{DAYS}date/{date}")).json(json!({"is_closed": true})),
                app.post(&format!("{BOOK}/{session}")),
                app.post(&format!("{BOOK}/{session}/{}", here.ana.id)),
                app.post(&format!("{BOOK}/{}/{member}", here.session)),
                app.post(&format!("{CANCEL}/{session}")),
                app.post(&format!("{CANCEL}/{session}/{}", here.ana.id)),
                app.post(&format!("{CANCEL}/{}/{member}", here.session)),
            ];
            let mut answers: Vec<Answer> = Vec::new();
            for call in calls {
                answers.push(call.by(&here.boss).at(here.gym.id).send().await);
            }
            answers
        };
        let foreign = asked(&there.session, &there.ana.id.to_string(), &day, "2031-01-01").await;
        let missing = asked("999999", "999999", "999999", "2031-01-02").await;
        for (foreign, missing) in foreign.iter().zip(&missing) {
            assert_eq!(foreign.status, 404, "{foreign:?}");
            assert_eq!((foreign.json(), foreign.status), (missing.json(), missing.status));
        }
        let untouched = app.get(&format!("{DAYS}{day}")).by(&there.boss).at(there.gym.id).send().await.expect(200);
        assert_eq!(untouched, made);
    }

    async fn sch_4_a_module_that_is_off_shuts_nothing(t: TestDb) {
        let app = App::new(t).await;
        let here = cast(&app, "here").await;
        let root = app.world.super_admin("root").await;
        app.patch("/api/v1/modules/schedule/deactivate").by(&root).at(here.gym.id).send().await.expect(200);
        let modules = app.get("/api/v1/modules").by(&here.ana).at(here.gym.id).send().await.expect(200);
        let row = modules["modules"].as_array().unwrap().iter().find(|m| m["code"] == "schedule").unwrap();
        assert_eq!(row["active"], json!(false));
        for call in calls(&app, &here.session) {
            call.by(&here.ana).at(here.gym.id).send().await.expect(200);
        }
        app.post(DAYS).by(&here.boss).at(here.gym.id).json(closed("2031-01-01")).send().await.expect(201);
        app.put(&format!("{REGULAR}/0")).by(&here.boss).at(here.gym.id).json(json!({})).send().await.expect(200);
        app.put(SETTINGS).by(&here.boss).at(here.gym.id).json(json!({})).send().await.expect(200);
    }

    /// Edge case 28.
    async fn sch_5_lists_come_in_pages_of_one_order(t: TestDb) {
        let app = App::new(t).await;
        let here = cast(&app, "here").await;
        let core = &app.services.core;
        let first: chrono::NaiveDate = "2031-01-01".parse().unwrap();
        for n in 0..503 {
            let day = special_day::Create {
                date: first + chrono::Days::new(n),
                open_time: None,
                close_time: None,
                is_closed: true,
                description: None,
                created_by: None,
            };
            core.stores.special_days.create(&core.db, here.gym.id, day).await.unwrap();
        }
        for filter in ["upcoming_only=true", "upcoming_only=false"] {
            let page = async |query: &str| app.get(&format!("{DAYS}?{filter}{query}")).by(&here.ana).at(here.gym.id).send().await;
            let whole = ids(&page("&limit=100000").await.expect(200));
            assert_eq!(whole.len(), 500);
            assert_eq!(ids(&page("").await.expect(200)), whole[..100]);
            assert_eq!(ids(&page("&limit=500").await.expect(200)), whole);
            assert_eq!(ids(&page("&skip=500").await.expect(200)).len(), 3);
            let mut paged = Vec::new();
            for skip in (0..500).step_by(125) {
                paged.extend(ids(&page(&format!("&skip={skip}&limit=125")).await.expect(200)));
            }
            assert_eq!(paged, whole);
            assert_eq!(page("&skip=10000").await.expect(200), json!([]));
            for bad in ["&limit=0", "&limit=-1", "&skip=-1", "&limit=many"] {
                assert_eq!(page(bad).await.outcome(), (422, "validation_error".into()), "{bad}");
            }
        }
    }

    async fn sch_6_refusals_are_a_text_and_a_code_and_broken_input_is_listed(t: TestDb) {
        let app = App::new(t).await;
        let here = cast(&app, "here").await;
        let as_boss = async |call: Call<'_>| call.by(&here.boss).at(here.gym.id).send().await;
        app.post(&format!("{BOOK}/{}", here.session)).by(&here.boss).at(here.gym.id).send().await.expect(200);
        for (call, code) in [
            (app.post(&format!("{BOOK}/{}", here.session)), (400, "already_registered")),
            (app.get(&format!("{DAYS}999999")), (404, "special_day_not_found")),
            (app.get("/api/v1/schedule/gym-hours/date-range?start_date=2031-01-02&end_date=2031-01-01"), (400, "invalid_date_range")),
        ] {
            let answer = as_boss(call).await;
            assert_eq!(answer.outcome(), (code.0, code.1.to_owned()));
            assert!(answer.json()["detail"].is_string(), "{answer:?}");
        }
        let spanish = app.get(&format!("{DAYS}999999")).header("accept-language", "es");
        assert_eq!(as_boss(spanish).await.json()["detail"], json!("El día especial no existe."));
        for (call, loc) in [
            (app.put(&format!("{REGULAR}/0")).json(json!({"open_time": "late"})), json!(["body", "open_time"])),
            (app.put(&format!("{REGULAR}/9")).json(json!({})), json!(["path", "day"])),
            (app.get(&format!("{DAYS}?limit=0")), json!(["query", "limit"])),
            (app.post(DAYS).json(json!({"date": "2031-01-01"})), json!(["body", "open_time"])),
            (app.post(&format!("{BOOK}/first")), json!(["path", "session_id"])),
            (app.post(&format!("{CANCEL}/{}?reason={}", here.session, "x".repeat(501))), json!(["query", "reason"])),
        ] {
            let answer = as_boss(call).await;
            assert_eq!(answer.outcome(), (422, "validation_error".into()));
            let (body, error) = (answer.json(), &answer.json()["detail"][0]);
            assert!(body["detail"].is_array(), "{body}");
            assert_eq!(error["loc"], loc);
            assert!(error["msg"].is_string() && error["type"].is_string(), "{error}");
        }
    }

    async fn sch_7_a_slash_at_the_end_makes_no_difference(t: TestDb) {
        let app = App::new(t).await;
        let here = cast(&app, "here").await;
        let made = app.post(DAYS.trim_end_matches('/')).by(&here.boss).at(here.gym.id).json(closed("2031-01-01")).send().await.expect(201);
        for path in [
            REGULAR.to_owned(),
            format!("{REGULAR}/0"),
            "/api/v1/schedule/gym-hours/date/2031-01-01".into(),
            DAYS.trim_end_matches('/').to_owned(),
            format!("{DAYS}{}", made["id"]),
            format!("{DAYS}date/2031-01-01"),
            SETTINGS.to_owned(),
        ] {
            let plain = app.get(&path).by(&here.ana).at(here.gym.id).send().await;
            let slashed = app.get(&format!("{path}/")).by(&here.ana).at(here.gym.id).send().await;
            assert_eq!((plain.status.as_u16(), slashed.status.as_u16(), slashed.header("location")), (200, 200, ""), "{path}");
            assert_eq!(plain.json(), slashed.json());
        }
        app.post(&format!("{BOOK}/{}/", here.session)).by(&here.ana).at(here.gym.id).send().await.expect(200);
        app.post(&format!("{CANCEL}/{}/?reason=ill", here.session)).by(&here.ana).at(here.gym.id).send().await.expect(200);
        app.post(&format!("{DAYS}?overwrite=true")).by(&here.boss).at(here.gym.id).json(closed("2031-01-01")).send().await.expect(201);
    }

    async fn edge_25_without_the_cache_every_read_and_write_is_right(t: TestDb) {
        let app = App::with(t, |c| c.core.cache = Arc::new(CacheFront::new(Arc::new(Down)))).await;
        let here = cast(&app, "here").await;
        for (hour, closes) in [(8, "20:00:00"), (9, "21:30:00")] {
            let body = json!({"open_time": format!("0{hour}:00"), "close_time": closes});
            let path = format!("{REGULAR}/2");
            let saved = app.put(&path).by(&here.boss).at(here.gym.id).json(body).send().await.expect(200);
            assert_eq!(app.get(&path).by(&here.ana).at(here.gym.id).send().await.expect(200), saved);
            let date = format!("2031-01-0{hour}");
            let on = format!("/api/v1/schedule/gym-hours/date/{date}");
            let before = app.get(&on).by(&here.ana).at(here.gym.id).send().await.expect(200);
            assert_eq!(before["is_special"], json!(false));
            let day = app.post(DAYS).by(&here.boss).at(here.gym.id).json(closed(&date)).send().await.expect(201);
            let after = app.get(&on).by(&here.ana).at(here.gym.id).send().await.expect(200);
            assert_eq!(after["effective_hours"]["source_id"], day["id"]);
            let one = app.get(&format!("{DAYS}{}", day["id"])).by(&here.ana).at(here.gym.id).send().await.expect(200);
            assert_eq!(one, day);
            let decided = json!({"waitlist_max_size": hour});
            let decided = app.put(SETTINGS).by(&here.boss).at(here.gym.id).json(decided).send().await.expect(200);
            assert_eq!(app.get(SETTINGS).by(&here.ana).at(here.gym.id).send().await.expect(200), decided);
        }
        let days = app.get(DAYS).by(&here.ana).at(here.gym.id).send().await.expect(200);
        assert_eq!(days.as_array().unwrap().len(), 2);
        for _ in 0..2 {
            app.post(&format!("{BOOK}/{}", here.session)).by(&here.ana).at(here.gym.id).send().await.expect(200);
            app.post(&format!("{CANCEL}/{}", here.session)).by(&here.ana).at(here.gym.id).send().await.expect(200);
        }
    }
}
