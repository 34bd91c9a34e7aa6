use super::{MINE, PROFILE};
use serde_json::json;
use testkit::{
    app::{Answer, App},
    both,
};

fn number(answer: &Answer, name: &str) -> u64 {
    answer.header(name).parse().unwrap_or_else(|_| panic!("{name}: {:?}", answer.headers))
}

both! {
    async fn idn_106_an_answer_tells_what_was_asked_and_how_long_it_took(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let calls = [
            (app.get(MINE).by(&ana).send().await, 200, "GET", MINE),
            (app.put(PROFILE).by(&ana).json(json!({"bio": 1})).send().await, 422, "PUT", PROFILE),
            (app.get(PROFILE).send().await, 401, "GET", PROFILE),
            (app.delete("/nothing").send().await, 404, "DELETE", "/nothing"),
        ];
        for (answer, status, method, path) in calls {
            assert_eq!(answer.status.as_u16(), status, "{method} {path}");
            assert_eq!((answer.header("x-request-method"), answer.header("x-request-path")), (method, path));
            let time = answer.header("x-process-time");
            let (whole, decimals) = time.strip_suffix("ms").and_then(|t| t.split_once('.')).expect(time);
            assert!(whole.parse::<u64>().is_ok() && decimals.len() == 2, "{time}");
            let speed = answer.header("x-process-speed");
            let ms: f64 = time.trim_end_matches("ms").parse().unwrap();
            assert!(if ms <= 300.0 { speed == "FAST" } else { speed != "FAST" }, "{speed} {time}");
        }
    }

    async fn idn_101_idn_106_lookups_in_the_cache_are_counted_per_request(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let ask = async || app.get("/api/v1/users/p/gym-participants").by(&ana).at(gym.id).send().await;
        let cold = ask().await;
        assert_eq!((number(&cold, "x-cache-hits"), cold.header("x-cache-hit-ratio")), (0, "0.0%"));
        assert!(number(&cold, "x-cache-misses") >= 3 && number(&cold, "x-database-statements") >= 3);
        let warm = ask().await;
        assert_eq!((number(&warm, "x-cache-misses"), warm.header("x-cache-hit-ratio")), (0, "100.0%"));
        assert!(number(&warm, "x-cache-hits") >= 3);
        let none = app.get("/health/live").send().await;
        assert_eq!((number(&none, "x-cache-hits"), none.header("x-cache-hit-ratio")), (0, "0.0%"));

        // the person and the list are warm, gym and membership of another gym are not
        let other = app.world.gym("other").await;
        let mixed = app.get("/api/v1/users/p/gym-participants").by(&ana).at(other.id).send().await;
        let (hits, misses) = (number(&mixed, "x-cache-hits"), number(&mixed, "x-cache-misses"));
        assert_eq!((hits, misses, mixed.header("x-cache-hit-ratio")), (1, 2, "33.3%"));
    }

    async fn a_request_keeps_a_plain_id_and_gets_one_otherwise(t: TestDb) {
        let app = App::new(t).await;
        let sent = app.get("/health/live").header("x-request-id", "trace-42").send().await;
        assert_eq!(sent.header("x-request-id"), "trace-42");
        let mut seen = std::collections::HashSet::new();
        for id in ["", "a b", "../../etc", &"x".repeat(65)] {
            let answer = app.get("/health/live").header("x-request-id", id).send().await;
            let given = answer.header("x-request-id").to_owned();
            assert!(given != id && given.len() == 32 && seen.insert(given), "{id}");
        }
    }
}
