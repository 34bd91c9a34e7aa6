//! The week, and what holds on a date.
use chrono::{Days, NaiveDate};
use domain::identity::{GymRole, gym, user};
use futures::future::join_all;
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

const REGULAR: &str = "/api/v1/schedule/gym-hours/regular";
const ON: &str = "/api/v1/schedule/gym-hours/date";
const BETWEEN: &str = "/api/v1/schedule/gym-hours/date-range";
const DEFAULTS: &str = "/api/v1/schedule/gym-hours/apply-defaults";
const SPECIAL: &str = "/api/v1/schedule/special-days/";

/// A gym with its owner and a member.
async fn cast(app: &App) -> (gym::Model, user::Model, user::Model) {
    let gym = app.world.gym("box").await;
    let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
    let ana = app.world.member(&gym, "ana").await;
    (gym, boss, ana)
}

async fn get(app: &App, path: &str, by: &user::Model, at: &gym::Model) -> Answer {
    app.get(path).by(by).at(at.id).send().await
}

async fn put(app: &App, day: &str, by: &user::Model, at: &gym::Model, body: Value) -> Answer {
    app.put(&format!("{REGULAR}/{day}")).by(by).at(at.id).json(body).send().await
}

fn times(of: &Value) -> Value {
    json!([of["open_time"], of["close_time"], of["is_closed"]])
}

/// Where a refusal of input points at.
fn place(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json()["detail"][0]["loc"].clone())
}

fn statements(answer: &Answer) -> u32 {
    answer.header("x-database-statements").parse().expect("a count")
}

both! {
    async fn sch_20_a_gym_that_set_nothing_has_the_usual_week(t: TestDb) {
        let app = App::new(t).await;
        let (gym, _, ana) = cast(&app).await;
        let week = get(&app, REGULAR, &ana, &gym).await.expect(200);
        let days = week.as_array().unwrap();
        let fields: Vec<_> = days[0].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["close_time", "day_of_week", "gym_id", "id", "is_closed", "open_time"]);
        assert_eq!(days.iter().map(|d| d["day_of_week"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert!(days[..6].iter().all(|day| times(day) == json!(["09:00:00", "21:00:00", false])), "{week}");
        assert_eq!(times(&days[6]), json!([null, null, true]));
        for day in days {
            let one = get(&app, &format!("{REGULAR}/{}", day["day_of_week"]), &ana, &gym).await.expect(200);
            assert_eq!(one, *day);
        }
        for bad in ["7", "-1", "monday", "99999"] {
            let answer = get(&app, &format!("{REGULAR}/{bad}"), &ana, &gym).await;
            assert_eq!(place(&answer), (422, json!(["path", "day"])), "{bad}");
        }
    }

    /// Edge case 18.
    async fn sch_20_first_reads_at_once_make_seven_rows(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        // of different answers, for each of which the week is looked for
        let mut paths = vec![REGULAR.to_owned(), format!("{BETWEEN}?start_date=2031-01-01&end_date=2031-01-09")];
        paths.extend((1..=8).map(|day| format!("{ON}/2031-01-0{day}")));
        let reads = join_all(paths.iter().map(|path| get(&app, path, &ana, &gym)));
        let (reads, change) = futures::join!(reads, put(&app, "3", &boss, &gym, json!({"open_time": "07:00"})));
        for read in reads {
            read.expect(200);
        }
        change.expect(200);
        let core = &app.services.core;
        let rows = core.stores.hours.week(&core.db, gym.id).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.day_of_week).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        let thursday = get(&app, &format!("{REGULAR}/3"), &ana, &gym).await.expect(200);
        assert_eq!(times(&thursday), json!(["07:00:00", "21:00:00", false]));
    }

    /// Edge case 19.
    async fn sch_21_sch_22_sch_23_what_is_sent_is_laid_over_the_day(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        // on a day that nobody read yet, and on one that is closed by default
        for (day, body, want) in [
            ("0", json!({"open_time": "08:30"}), json!(["08:30:00", "21:00:00", false])),
            ("0", json!({"close_time": "22:15:30"}), json!(["08:30:00", "22:15:30", false])),
            ("0", json!({}), json!(["08:30:00", "22:15:30", false])),
            ("0", json!({"is_closed": true}), json!([null, null, true])),
            ("0", json!({"open_time": "10:00", "close_time": "14:00:00"}), json!(["10:00:00", "14:00:00", false])),
            ("0", json!({"is_closed": true, "open_time": null, "close_time": null}), json!([null, null, true])),
            ("6", json!({"open_time": "00:00", "close_time": "23:59", "is_closed": false}), json!(["00:00:00", "23:59:00", false])),
        ] {
            let saved = put(&app, day, &boss, &gym, body.clone()).await.expect(200);
            assert_eq!(times(&saved), want, "{body}");
            assert_eq!(get(&app, &format!("{REGULAR}/{day}"), &ana, &gym).await.expect(200), saved);
        }
        for (day, body, field) in [
            ("1", json!({"close_time": "09:00"}), "close_time"),
            ("1", json!({"open_time": "21:00:01"}), "close_time"),
            ("1", json!({"is_closed": true, "open_time": "09:00"}), "open_time"),
            ("1", json!({"is_closed": true, "close_time": "09:00"}), "close_time"),
            ("1", json!({"open_time": null}), "open_time"),
            ("1", json!({"open_time": "9:00"}), "open_time"),
            ("1", json!({"close_time": "24:00"}), "close_time"),
            ("1", json!({"close_time": 20}), "close_time"),
            ("1", json!({"is_closed": "perhaps"}), "is_closed"),
            ("0", json!({"open_time": "10:00"}), "close_time"), // closed now
            ("0", json!({"is_closed": false}), "open_time"),
        ] {
            assert_eq!(place(&put(&app, day, &boss, &gym, body.clone()).await), (422, json!(["body", field])), "{body}");
        }
        let tuesday = get(&app, &format!("{REGULAR}/1"), &ana, &gym).await.expect(200);
        assert_eq!(times(&tuesday), json!(["09:00:00", "21:00:00", false]));
        assert_eq!(place(&put(&app, "7", &boss, &gym, json!({})).await), (422, json!(["path", "day"])));
    }

    async fn sch_22_two_changes_at_once_both_stand(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, _) = cast(&app).await;
        let (one, two) = futures::join!(
            put(&app, "2", &boss, &gym, json!({"open_time": "06:00"})),
            put(&app, "2", &boss, &gym, json!({"close_time": "23:00"})),
        );
        one.expect(200);
        two.expect(200);
        let day = get(&app, &format!("{REGULAR}/2"), &boss, &gym).await.expect(200);
        assert_eq!(times(&day), json!(["06:00:00", "23:00:00", false]));
    }

    /// Edge case 20.
    async fn sch_24_a_special_day_replaces_the_week_at_once(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let path = format!("{ON}/2031-12-24"); // a Wednesday
        let week = get(&app, REGULAR, &ana, &gym).await.expect(200);
        let regular = get(&app, &path, &ana, &gym).await.expect(200);
        assert_eq!(regular, json!({
            "date": "2031-12-24", "day_of_week": 2, "is_special": false, "special_hours": null,
            "regular_hours": {"id": week[2]["id"], "open_time": "09:00:00", "close_time": "21:00:00", "is_closed": false},
            "effective_hours": {"open_time": "09:00:00", "close_time": "21:00:00", "is_closed": false,
                "source": "regular", "source_id": week[2]["id"]},
        }));
        assert_eq!(statements(&get(&app, &path, &ana, &gym).await), 0, "the second look is the cache's");
        let eve = json!({"date": "2031-12-24", "open_time": "09:00", "close_time": "13:00", "description": "Eve"});
        let made = app.post(SPECIAL).by(&boss).at(gym.id).json(eve).send().await.expect(201);
        let special = get(&app, &path, &ana, &gym).await.expect(200);
        assert_eq!(special["is_special"], json!(true));
        assert_eq!(special["regular_hours"], regular["regular_hours"]);
        assert_eq!(special["special_hours"], json!({
            "id": made["id"], "open_time": "09:00:00", "close_time": "13:00:00", "is_closed": false, "description": "Eve",
        }));
        assert_eq!(special["effective_hours"], json!({
            "open_time": "09:00:00", "close_time": "13:00:00", "is_closed": false,
            "source": "special", "source_id": made["id"],
        }));
        // the template changes beneath it, and comes back when the day is gone
        put(&app, "2", &boss, &gym, json!({"is_closed": true})).await.expect(200);
        let still = get(&app, &path, &ana, &gym).await.expect(200);
        assert_eq!((&still["regular_hours"]["is_closed"], &still["effective_hours"]), (&json!(true), &special["effective_hours"]));
        app.delete(&format!("{SPECIAL}{}", made["id"])).by(&boss).at(gym.id).send().await.expect(200);
        let back = get(&app, &path, &ana, &gym).await.expect(200);
        assert_eq!((&back["effective_hours"]["source"], &back["effective_hours"]["is_closed"]), (&json!("regular"), &json!(true)));
        for bad in ["tomorrow", "2031-02-30", "0001-01-01", "2031-1-1"] {
            assert_eq!(place(&get(&app, &format!("{ON}/{bad}"), &ana, &gym).await), (422, json!(["path", "date"])), "{bad}");
        }
    }

    async fn sch_25_a_range_has_one_entry_for_each_day_with_both_ends(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let closed = json!({"date": "2031-01-01", "is_closed": true, "description": "New Year"});
        let made = app.post(SPECIAL).by(&boss).at(gym.id).json(closed).send().await.expect(201);
        let range = async |from: &str, to: &str| {
            get(&app, &format!("{BETWEEN}?start_date={from}&end_date={to}"), &ana, &gym).await
        };
        let answer = range("2030-12-28", "2031-01-02").await;
        let cold = statements(&answer);
        let days = answer.expect(200);
        let week = get(&app, REGULAR, &ana, &gym).await.expect(200);
        let shown: Vec<_> = days.as_array().unwrap().iter().map(|d| d["date"].as_str().unwrap()).collect();
        assert_eq!(shown, ["2030-12-28", "2030-12-29", "2030-12-30", "2030-12-31", "2031-01-01", "2031-01-02"]);
        assert_eq!(days[4], json!({
            "date": "2031-01-01", "day_of_week": 2, "open_time": null, "close_time": null, "is_closed": true,
            "is_special": true, "description": "New Year", "source_id": made["id"],
        }));
        assert_eq!(days[1], json!({
            "date": "2030-12-29", "day_of_week": 6, "open_time": null, "close_time": null, "is_closed": true,
            "is_special": false, "description": null, "source_id": week[6]["id"],
        }));
        assert_eq!(times(&days[5]), json!(["09:00:00", "21:00:00", false]));
        assert_eq!(range("2031-01-01", "2031-01-01").await.expect(200).as_array().unwrap().len(), 1);
        let year = range("2028-01-01", "2028-12-31").await; // a leap year
        assert!(statements(&year) <= cold, "a year costs no more than six days");
        assert_eq!(year.expect(200).as_array().unwrap().len(), 366);
        assert_eq!(range("2028-01-01", "2029-01-01").await.outcome(), (400, "date_range_too_long".into()));
        assert_eq!(range("2031-01-02", "2031-01-01").await.outcome(), (400, "invalid_date_range".into()));
        for (from, to, field) in [("", "2031-01-01", "start_date"), ("2031-01-01", "x", "end_date")] {
            assert_eq!(place(&range(from, to).await), (422, json!(["query", field])));
        }
        assert_eq!(get(&app, BETWEEN, &ana, &gym).await.status, 422);
        let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
        let far = range(&(last - Days::new(3)).to_string(), &last.to_string()).await.expect(200);
        assert_eq!(far.as_array().unwrap().len(), 4);
    }

    async fn sch_26_applying_defaults_makes_the_week_and_no_special_days(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let apply = async |from: &str, to: &str| {
            let body = json!({"start_date": from, "end_date": to, "overwrite_existing": true});
            app.post(DEFAULTS).by(&boss).at(gym.id).json(body).send().await
        };
        put(&app, "0", &boss, &gym, json!({"is_closed": true})).await.expect(200);
        assert_eq!(apply("2031-01-01", "2031-01-31").await.expect(200), json!([]));
        let core = &app.services.core;
        let rows = core.stores.hours.week(&core.db, gym.id).await.unwrap();
        assert_eq!((rows.len(), rows[0].is_closed), (7, true), "what stands is kept");
        assert_eq!(get(&app, &format!("{SPECIAL}?upcoming_only=false"), &ana, &gym).await.expect(200), json!([]));
        assert_eq!(place(&apply("2031-01-02", "2031-01-01").await), (422, json!(["body", "end_date"])));
        let without = app.post(DEFAULTS).by(&boss).at(gym.id).json(json!({"start_date": "2031-01-01"})).send().await;
        assert_eq!(without.status, 422);
    }

    async fn sch_20_sch_24_hours_are_read_from_the_cache_until_they_change(t: TestDb) {
        let app = App::new(t).await;
        let (gym, boss, ana) = cast(&app).await;
        let other = app.world.gym("other").await;
        let zoe = app.world.person(&other, "zoe", GymRole::Admin).await;
        let paths = [REGULAR.to_owned(), format!("{REGULAR}/4"), format!("{ON}/2031-01-03"), format!("{BETWEEN}?start_date=2031-01-03&end_date=2031-01-03")];
        let look = async |by: &user::Model, at: &gym::Model| {
            let mut seen = Vec::new();
            for path in &paths {
                let answer = get(&app, path, by, at).await;
                seen.push((statements(&answer), answer.expect(200)));
            }
            seen
        };
        look(&ana, &gym).await;
        let theirs = look(&zoe, &other).await;
        assert!(look(&ana, &gym).await.iter().all(|(statements, _)| *statements == 0));
        put(&app, "4", &boss, &gym, json!({"close_time": "15:00"})).await.expect(200);
        for (_, body) in look(&ana, &gym).await {
            assert!(body.to_string().contains("15:00:00"), "{body}");
        }
        let unchanged = look(&zoe, &other).await;
        assert!(unchanged.iter().zip(&theirs).all(|((statements, now), (_, then))| *statements == 0 && now == then));
    }
}
