//! Profile images and logos: replaced and removed here; what is taken in `pictures/intake.rs`, what fails in
//! `pictures/failure.rs`, what is done afterwards in `pictures/upkeep.rs`.
mod failure;
mod intake;
mod upkeep;

use bytes::Bytes;
use domain::{
    GymId,
    identity::{GymRole, gym},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use services::kernel::{cache_key::CacheKey, effect};
use testkit::{app::App, both, database::TestDb, form::Form, images};

const IMAGE: &str = "/api/v1/users/profile/image";

fn logo_of(gym: GymId) -> String {
    format!("/api/v1/gyms/{gym}/logo")
}

fn file(bytes: &[u8]) -> Form {
    Form::new().file("file", "me.png", Some("image/png"), bytes)
}

/// Bytes and content type of the object behind an address.
fn stored(app: &App, url: &Value) -> (Bytes, String) {
    use ports::ObjectStore;
    let at = app.objects.object_of(url.as_str().expect("an address")).expect("an address of the store");
    app.objects.object(&at).expect("an object at this address")
}

fn paths(app: &App) -> Vec<String> {
    app.objects.paths().into_iter().map(|at| at.path).collect()
}

/// Path and reason of every deletion that was ever queued.
async fn deletions(t: &TestDb) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().expect("a text").to_owned();
    payloads(t, effect::STORAGE_DELETE).await.iter().map(|row| (text(row, "path"), text(row, "reason"))).collect()
}

async fn payloads(t: &TestDb, kind: &str) -> Vec<Value> {
    let sql = format!("SELECT CAST(payload AS TEXT) AS payload FROM outbox WHERE kind = '{kind}' ORDER BY id");
    let statement = Statement::from_string(t.pool().get_database_backend(), sql);
    let rows = t.pool().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.try_get::<String>("", "payload").unwrap()).unwrap()).collect()
}

async fn execute(t: &TestDb, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
}

/// The last segment of an address, without its extension.
fn name_of(url: &Value) -> String {
    let name = url.as_str().unwrap().rsplit('/').next().unwrap();
    name.split('.').next().unwrap().to_owned()
}

/// The gym as the guard sees it, through the cache.
async fn guarded(app: &App, user: &domain::identity::user::Model, gym: GymId) -> gym::Model {
    let claims = app.services.gate.verify(&app.token(user)).await.unwrap();
    app.services.gate.actor(claims, gym).await.unwrap().gym().clone()
}

both! {
    async fn idn_55_med_28_med_29_a_new_picture_is_answered_and_read_by_everybody_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let (ana, ben) = (app.world.member(&gym, "ana").await, app.world.member(&gym, "ben").await);
        app.accounts.add("test|ana", &ana.email);
        let public = format!("/api/v1/users/p/public-profile/{}", ana.id);
        for path in [public.as_str(), "/api/v1/users/p/gym-participants"] {
            app.get(path).by(&ben).at(gym.id).send().await.expect(200);
        }

        let user = app.post(IMAGE).by(&ana).at(gym.id).form(file(&images::png(300, 200))).send().await.expect(200);
        assert_eq!((&user["id"], &user["qr_code"], &user["gym_role"]), (&json!(ana.id), &json!(ana.qr_code), &json!("MEMBER")));
        let (bytes, kind) = stored(&app, &user["picture"]);
        assert_eq!(images::size_of(&bytes, &kind), (300, 200));

        let url = &user["picture"];
        let own = app.get("/api/v1/users/profile").by(&ana).send().await.expect(200);
        assert_eq!((&own["picture"], &own["updated_at"]), (url, &user["updated_at"]));
        assert_eq!(&app.get(&public).by(&ben).at(gym.id).send().await.expect(200)["picture"], url);
        let list = app.get("/api/v1/users/p/gym-participants").by(&ben).at(gym.id).send().await.expect(200);
        assert!(list.as_array().unwrap().iter().any(|person| &person["picture"] == url), "{list}");
        let claims = app.services.gate.verify(&app.token(&ana)).await.unwrap();
        let caller = app.services.gate.caller(claims).await.unwrap();
        assert_eq!(caller.identity().picture.as_deref(), url.as_str());

        app.deliver_effects().await;
        assert_eq!(app.accounts.account("test|ana").unwrap().picture.as_deref(), url.as_str());
    }

    async fn med_28_med_25_the_old_object_is_deleted_after_the_new_one_is_named(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let first = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        let old = paths(&app);
        let second = app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        assert_ne!(first["picture"], second["picture"]);
        assert_eq!(deletions(t).await, [(old[0].clone(), "replaced".into())]);
        assert_eq!(paths(&app).len(), 2, "nothing is deleted before the commit");
        app.deliver_effects().await;
        assert_eq!(paths(&app).len(), 1);
        stored(&app, &second["picture"]);
    }

    async fn med_4_med_16_med_26_an_object_lies_under_its_owner_with_a_random_name(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let form = || Form::new().file("file", "../../evil.html", Some("image/png"), &images::jpeg(9, 9));
        let user = app.post(IMAGE).by(&boss).form(form()).send().await.expect(200);
        let gym_after = app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(form()).send().await.expect(200);

        let mark = app.services.core.installation().await.unwrap();
        let (picture, logo) = (name_of(&user["picture"]), name_of(&gym_after["logo_url"]));
        let at = format!("memory://objects/profile-images/user_{}/{picture}.jpg", boss.id);
        assert_eq!(user["picture"], at);
        assert_eq!(gym_after["logo_url"], format!("memory://objects/gym_logo/gym_{}/{logo}.jpg", gym.id));
        for name in [picture.as_str(), logo.strip_prefix("logo_").unwrap()] {
            let random = name.strip_prefix(&format!("{mark}-")).expect("the mark of the installation");
            assert_eq!(random.len(), 32);
            assert!(random.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{name}");
        }
        assert_eq!(stored(&app, &user["picture"]).1, "image/jpeg");
    }

    async fn med_33_med_26_a_picture_that_is_not_ours_is_left_alone(t: TestDb) {
        let app = App::new(t).await;
        let own = |user: u8| format!("memory://objects/profile-images/user_{user}");
        for (n, foreign) in [
            "https://lh3.googleusercontent.com/a/x.jpg".to_owned(),
            "https://evil.example/profile-images/user_1/a.png".to_owned(),
            "memory://objects/profile-images/user_999/a.png".to_owned(),
            "memory://objects/gym_logo/gym_1/logo_a.png".to_owned(),
            "memory://objects/stories/user_1/a.png".to_owned(),
            format!("{}/../user_2/a.png", own(6)),
            format!("{}/%2e%2e/a.png", own(7)),
            format!("{}/posts/a.png", own(8)),
        ]
        .into_iter()
        .enumerate()
        {
            let ana = app.world.user_with(&format!("ana{n}"), |u| u.picture = Some(foreign.clone())).await;
            app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
            assert_eq!(deletions(t).await, [], "{foreign}");
        }
        let url = format!("{}/a.png?width=3#top", own(9));
        let ana = app.world.user_with("ana8", |u| u.picture = Some(url)).await;
        assert_eq!(ana.id.0, 9, "the address is this user's own");
        app.post(IMAGE).by(&ana).form(file(&images::png(9, 9))).send().await.expect(200);
        assert_eq!(deletions(t).await, [("user_9/a.png".into(), "replaced".into())]);
    }

    async fn med_32_removing_clears_the_column_and_deletes_what_is_ours(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        app.post(IMAGE).by(&boss).form(file(&images::png(9, 9))).send().await.expect(200);
        app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(file(&images::png(9, 9))).send().await.expect(200);
        for _ in 0..2 {
            app.delete(IMAGE).by(&boss).send().await.expect(204);
            app.delete(&logo_of(gym.id)).by(&boss).at(gym.id).send().await.expect(204);
        }
        let own = app.get("/api/v1/users/profile").by(&boss).send().await.expect(200);
        assert_eq!(own["picture"], json!(null));
        assert_eq!(guarded(&app, &boss, gym.id).await.logo_url, None);
        let queued = deletions(t).await;
        assert_eq!(queued.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>(), ["content_deleted"; 2]);
        app.deliver_effects().await;
        assert_eq!(paths(&app), [] as [String; 0]);

        let foreign = Some("https://lh3.googleusercontent.com/a/x.jpg".to_owned());
        let ben = app.world.user_with("ben", |u| u.picture = foreign).await;
        app.delete(IMAGE).by(&ben).send().await.expect(204);
        assert_eq!(deletions(t).await.len(), 2);
    }

    async fn idn_41_idn_40_a_new_logo_is_seen_at_once_and_touches_nothing_else(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let details = format!("/api/v1/gyms/{}/details", gym.id);
        assert_eq!(app.get(&details).send().await.expect(200)["logo_url"], json!(null));
        assert_eq!(guarded(&app, &boss, gym.id).await.logo_url, None);
        let other = CacheKey::GymPeople(gym.id).ns();
        let version = app.services.core.cache.look_up(&[(&other, "")]).await.unwrap()[0].version;

        let after = app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(file(&images::png(40, 20))).send().await.expect(200);
        assert_eq!((&after["id"], &after["subdomain"]), (&json!(gym.id), &json!("box")));
        let (bytes, kind) = stored(&app, &after["logo_url"]);
        assert_eq!(images::size_of(&bytes, &kind), (40, 20));
        assert_eq!(app.get(&details).send().await.expect(200)["logo_url"], after["logo_url"]);
        assert_eq!(guarded(&app, &boss, gym.id).await.logo_url.as_deref(), after["logo_url"].as_str());
        let unchanged = app.services.core.cache.look_up(&[(&other, "")]).await.unwrap()[0].version;
        assert_eq!(version, unchanged);

        let again = app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(file(&images::png(8, 8))).send().await.expect(200);
        assert_ne!(again["logo_url"], after["logo_url"]);
        app.deliver_effects().await;
        assert_eq!(paths(&app).len(), 1);
    }

    async fn med_31_who_may_change_a_logo(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let boss = app.world.person(&here, "boss", GymRole::Owner).await;
        app.world.join(there.id, boss.id, GymRole::Member).await;
        let form = || file(&images::png(9, 9));
        for (role, handle) in [(GymRole::Member, "mia"), (GymRole::Trainer, "tom")] {
            let person = app.world.person(&here, handle, role).await;
            let refused = app.post(&logo_of(here.id)).by(&person).at(here.id).form(form()).send().await;
            assert_eq!(refused.outcome(), (403, "role_too_low".into()));
            let refused = app.delete(&logo_of(here.id)).by(&person).at(here.id).send().await;
            assert_eq!(refused.outcome(), (403, "role_too_low".into()));
        }
        for (path, header, want) in [
            (there.id, here.id, (403, "gym_mismatch")),
            (GymId(99), here.id, (403, "gym_mismatch")),
            (there.id, there.id, (403, "role_too_low")),
            (GymId(99), GymId(99), (404, "gym_not_found")),
        ] {
            let refused = app.post(&logo_of(path)).by(&boss).at(header).form(form()).send().await;
            assert_eq!(refused.outcome(), (want.0, want.1.into()), "{path} {header}");
            let refused = app.delete(&logo_of(path)).by(&boss).at(header).send().await;
            assert_eq!(refused.outcome(), (want.0, want.1.into()), "{path} {header}");
        }
        let refused = app.post(&logo_of(here.id)).by(&boss).form(form()).send().await;
        assert_eq!(refused.outcome(), (400, "gym_header_required".into()));
        assert_eq!(app.post(&logo_of(here.id)).at(here.id).form(form()).send().await.status.as_u16(), 401);
        assert_eq!(app.post(IMAGE).form(form()).send().await.status.as_u16(), 401);
        assert_eq!(paths(&app), [] as [String; 0]);

        let root = app.world.super_admin("root").await;
        app.post(&logo_of(there.id)).by(&root).at(there.id).form(form()).send().await.expect(200);
    }

    async fn med_9_the_eleventh_upload_within_a_minute_is_refused(t: TestDb) {
        let app = App::with(t, |change| change.settings.rate_limits = true).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let form = || file(&images::png(9, 9));
        for _ in 0..5 {
            app.post(IMAGE).by(&boss).form(form()).send().await.expect(200);
            app.post(&logo_of(gym.id)).by(&boss).at(gym.id).form(form()).send().await.expect(200);
        }
        let refused = app.post(IMAGE).by(&boss).form(form()).send().await;
        assert_eq!(refused.outcome(), (429, "rate_limited".into()));
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        app.delete(IMAGE).by(&boss).send().await.expect(204);
        let ben = app.world.user("ben").await;
        app.post(IMAGE).by(&ben).form(form()).send().await.expect(200);
    }
}
