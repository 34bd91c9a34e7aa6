//! Joining, and lists; leaving is in `memberships/removal.rs`, roles and ownership in `memberships/roles.rs`.
mod removal;
mod roles;

use domain::{
    GymId, UserId,
    identity::{GymRole, gym, gym::GymType, membership, user},
};
use futures::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use testkit::{app::App, both, database::TestDb};

const ROLES: [GymRole; 4] = [GymRole::Owner, GymRole::Admin, GymRole::Trainer, GymRole::Member];

async fn standing(app: &App, gym: GymId, user: UserId) -> Option<membership::Model> {
    app.services.core.stores.people.of_user(&app.world.db, gym, user).await.unwrap()
}

async fn role(app: &App, gym: GymId, user: UserId) -> Option<GymRole> {
    standing(app, gym, user).await.map(|m| m.role)
}

async fn execute(t: &TestDb, sql: String) {
    t.pool().execute_unprepared(&sql).await.unwrap();
}

/// Effects of this kind that wait: their payloads, oldest first.
async fn waiting(t: &TestDb, kind: &str) -> Vec<Value> {
    let backend = if t.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let sql = format!("SELECT payload FROM outbox WHERE kind = '{kind}' AND status = 'pending' ORDER BY id");
    let rows = t.pool().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "payload").unwrap()).collect()
}

async fn synced(t: &TestDb) -> Vec<UserId> {
    let mut users: Vec<_> = waiting(t, "identity.role_sync")
        .await
        .iter()
        .map(|payload| UserId(payload["user_id"].as_i64().unwrap()))
        .collect();
    users.sort_unstable();
    users
}

fn member_path(user: &user::Model) -> String {
    format!("/api/v1/gyms/users/{}", user.id)
}

/// A workspace that takes so many clients.
async fn workspace(app: &App, subdomain: &str, max: i32) -> gym::Model {
    app.world
        .gym_with(subdomain, |g| {
            g.kind = GymType::PersonalTrainer;
            g.max_clients = Some(max);
        })
        .await
}

both! {
    async fn idn_47_who_is_added_is_a_member_and_passes_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let ana = app.world.user("ana").await;
        let refused = app.get("/api/v1/gyms/users").by(&ana).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "not_a_member".into()));

        let added = app.post(&member_path(&ana)).by(&boss).at(gym.id).send().await.expect(201);
        let row = standing(&app, gym.id, ana.id).await.unwrap();
        assert_eq!((row.role, row.is_active), (GymRole::Member, true));
        assert_eq!(
            (&added["user_id"], &added["gym_id"], &added["role"], &added["joined_at"]),
            (&json!(ana.id), &json!(gym.id), &json!("MEMBER"), &json!(row.created_at)),
        );
        assert!(added["message"].is_string());
        app.get("/api/v1/gyms/users").by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(synced(t).await, [ana.id]);
    }

    async fn idn_47_added_people_stand_in_the_lists_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let ana = app.world.user("ana").await;
        let list = "/api/v1/users/gym-participants";
        assert_eq!(app.get(list).by(&boss).at(gym.id).send().await.expect(200), json!([]));
        app.post(&member_path(&ana)).by(&boss).at(gym.id).send().await.expect(201);
        assert_eq!(app.get(list).by(&boss).at(gym.id).send().await.expect(200)[0]["id"], json!(ana.id));
        app.delete(&member_path(&ana)).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(app.get(list).by(&boss).at(gym.id).send().await.expect(200), json!([]));
    }

    async fn idn_47_unknown_people_are_404_and_members_400(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ana = app.world.member(&gym, "ana").await;
        let gone = app.world.user("gone").await;
        execute(t, format!("UPDATE users SET is_active = false WHERE id = {}", gone.id)).await;
        for id in [999_999, -1, 0, gone.id.0] {
            let call = app.post(&format!("/api/v1/gyms/users/{id}")).by(&boss).at(gym.id);
            assert_eq!(call.send().await.outcome(), (404, "user_not_found".into()), "{id}");
        }
        let again = app.post(&member_path(&ana)).by(&boss).at(gym.id).send().await;
        assert_eq!(again.outcome(), (400, "already_member".into()));
        app.post("/api/v1/gyms/users/ana").by(&boss).at(gym.id).send().await.expect(422);
        assert!(synced(t).await.is_empty());
        // only administrators
        let zoe = app.world.user("zoe").await;
        for (role, handle) in [(GymRole::Trainer, "tom"), (GymRole::Member, "mia")] {
            let caller = app.world.person(&gym, handle, role).await;
            let refused = app.post(&member_path(&zoe)).by(&caller).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (403, "role_too_low".into()));
        }
    }

    /// Edge case 11.
    async fn idn_47_an_address_is_taken_as_object_and_as_bare_string(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let path = "/api/v1/gyms/users/by-email";
        for (handle, body) in [("ana", json!({"email": "ana@example.test"})), ("ben", json!(" BEN@example.test "))] {
            let user = app.world.user(handle).await;
            let added = app.post(path).by(&boss).at(gym.id).json(body).send().await.expect(201);
            assert_eq!((&added["user_id"], &added["user_email"]), (&json!(user.id), &json!(user.email)));
            assert_eq!((&added["role"], &added["gym_id"]), (&json!("MEMBER"), &json!(gym.id)));
            assert_eq!(role(&app, gym.id, user.id).await, Some(GymRole::Member));
        }
        for (body, outcome) in [
            (json!("ana@example.test"), (400, "already_member")),
            (json!({"email": "nobody@example.test"}), (404, "user_not_found")),
            (json!({"email": "nobody"}), (422, "validation_error")),
            (json!({}), (422, "validation_error")),
            (json!(7), (422, "validation_error")),
        ] {
            let refused = app.post(path).by(&boss).at(gym.id).json(body.clone()).send().await;
            assert_eq!(refused.outcome(), (outcome.0, outcome.1.into()), "{body}");
        }
        app.post(path).by(&boss).at(gym.id).send().await.expect(422);
    }

    /// Edge case 9.
    async fn idn_47_of_many_adds_of_one_person_one_succeeds(t: TestDb) {
        let app = App::new(t).await;
        for (gym, name) in [(app.world.gym("box").await, "plain"), (workspace(&app, "studio", 30).await, "limited")] {
            let boss = app.world.person(&gym, &format!("boss-{name}"), GymRole::Admin).await;
            let ana = app.world.user(&format!("ana-{name}")).await;
            let path = member_path(&ana);
            let answers = join_all((0..8).map(|_| app.post(&path).by(&boss).at(gym.id).send())).await;
            let mut outcomes: Vec<_> = answers.iter().map(|a| a.outcome()).collect();
            outcomes.sort();
            assert_eq!(outcomes.remove(0), (201, String::new()), "{name}");
            assert!(outcomes.iter().all(|o| *o == (400, "already_member".into())), "{name}: {outcomes:?}");
        }
    }

    /// Edge case 9.
    async fn idn_42_the_last_place_is_taken_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = workspace(&app, "studio", 3).await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        app.world.member(&gym, "one").await;
        app.world.member(&gym, "two").await;
        let mut paths = Vec::new();
        for n in 0..6 {
            paths.push(member_path(&app.world.user(&format!("new{n}")).await));
        }
        let answers = join_all(paths.iter().map(|path| app.post(path).by(&boss).at(gym.id).send())).await;
        let mut outcomes: Vec<_> = answers.iter().map(|a| a.outcome()).collect();
        outcomes.sort();
        assert_eq!(outcomes.remove(0), (201, String::new()));
        assert!(outcomes.iter().all(|o| *o == (409, "max_clients_reached".into())), "{outcomes:?}");
    }

    async fn idn_42_only_active_members_of_a_workspace_count(t: TestDb) {
        let app = App::new(t).await;
        let gym = workspace(&app, "studio", 1).await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        let ana = app.world.member(&gym, "ana").await;
        let ben = app.world.user("ben").await;
        let add = async |user: &user::Model| app.post(&member_path(user)).by(&boss).at(gym.id).send().await.outcome();
        assert_eq!(add(&ben).await, (409, "max_clients_reached".into()));
        assert_eq!(add(&ana).await, (400, "already_member".into()));
        // a trainer who becomes a client needs a place as well
        let demote = app.put(&format!("{}/role", member_path(&tom))).json(json!({"role": "MEMBER"})).by(&boss).at(gym.id);
        assert_eq!(demote.send().await.outcome(), (409, "max_clients_reached".into()));

        execute(t, format!("UPDATE user_gyms SET is_active = false WHERE user_id = {}", ana.id)).await;
        assert_eq!(add(&ben).await.0, 201);

        let plain = app.world.gym_with("plain", |g| g.max_clients = Some(1)).await;
        app.world.join(plain.id, boss.id, GymRole::Owner).await;
        app.world.join(plain.id, ana.id, GymRole::Member).await;
        app.post(&member_path(&ben)).by(&boss).at(plain.id).send().await.expect(201);
    }

    /// Edge case 6.
    async fn idn_100_a_removed_member_is_refused_at_once_and_a_readded_one_passes_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let ana = app.world.member(&gym, "ana").await;
        let outcome = async || app.get("/api/v1/gyms/users").by(&ana).at(gym.id).send().await.outcome();
        for _ in 0..2 {
            assert_eq!(outcome().await.0, 200);
            app.delete(&member_path(&ana)).by(&boss).at(gym.id).send().await.expect(200);
            assert_eq!(outcome().await, (403, "not_a_member".into()));
            app.post(&member_path(&ana)).by(&boss).at(gym.id).send().await.expect(201);
        }
        assert_eq!(outcome().await.0, 200);
    }

    /// Edge case 7.
    async fn idn_21_power_in_one_gym_is_none_in_another(t: TestDb) {
        let app = App::new(t).await;
        let (a, b) = (app.world.gym("aaa").await, app.world.gym("bbb").await);
        let olga = app.world.person(&a, "olga", GymRole::Owner).await;
        app.world.join(b.id, olga.id, GymRole::Member).await;
        let mia = app.world.member(&b, "mia").await;
        let role_path = format!("{}/role", member_path(&mia));
        let body = json!({"role": "TRAINER"});
        for refused in [
            app.post("/api/v1/gyms/users/by-email").by(&olga).at(b.id).json(json!("mia@example.test")).send().await,
            app.post(&member_path(&mia)).by(&olga).at(b.id).send().await,
            app.put(&role_path).by(&olga).at(b.id).json(body.clone()).send().await,
            app.delete(&format!("/api/v1/users/users/{}", mia.id)).by(&olga).at(b.id).send().await,
        ] {
            assert_eq!(refused.outcome(), (403, "role_too_low".into()));
        }
        let refused = app.delete(&member_path(&mia)).by(&olga).at(b.id).send().await;
        assert_eq!(refused.outcome(), (403, "removal_of_others".into()));
        // and in her own gym there is no such person
        for missing in [
            app.put(&role_path).by(&olga).at(a.id).json(body).send().await,
            app.delete(&member_path(&mia)).by(&olga).at(a.id).send().await,
        ] {
            assert_eq!(missing.outcome(), (404, "user_not_in_gym".into()));
        }
        assert_eq!(role(&app, b.id, mia.id).await, Some(GymRole::Member));
    }

    async fn lists_hide_addresses_from_members_and_page_by_time_of_joining(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        let ana = app.world.member(&gym, "ana").await;
        let ben = app.world.member(&gym, "ben").await;
        app.world.user("stranger").await;

        let emails = |list: &Value| -> Vec<Value> {
            list.as_array().unwrap().iter().map(|line| line["email"].clone()).collect()
        };
        let all = [&boss, &tom, &ana, &ben].map(|u| json!(u.email));
        let seen = app.get("/api/v1/gyms/users").by(&ana).at(gym.id).send().await.expect(200);
        assert_eq!(emails(&seen), [all[0].clone(), all[1].clone(), all[2].clone(), json!(null)]);
        assert_eq!((&seen[3]["full_name"], &seen[3]["role"]), (&json!("ben Tester"), &json!("MEMBER")));
        let seen = app.get("/api/v1/gyms/users").by(&tom).at(gym.id).send().await.expect(200);
        assert_eq!(emails(&seen), all);

        let platform = format!("/api/v1/gyms/{}/users", gym.id);
        app.get(&platform).by(&root).send().await.expect(200); // fills the caches, but for the pages below
        let answer = app.get(&format!("{platform}?limit=50")).by(&root).send().await;
        let statements = answer.header("x-database-statements").to_owned();
        assert_eq!(emails(&answer.expect(200)), all);
        let page = app.get(&format!("{platform}?role=MEMBER&skip=1&limit=1")).by(&root).send().await;
        assert_eq!(page.header("x-database-statements"), statements);
        assert_eq!(emails(&page.expect(200)), all[3..]);
        assert_eq!(app.get(&platform).by(&boss).send().await.outcome(), (403, "super_admin_only".into()));
        let nowhere = app.get("/api/v1/gyms/999999/users").by(&root).send().await;
        assert_eq!(nowhere.outcome(), (404, "gym_not_found".into()));
        for bad in ["?limit=0", "?limit=1001", "?skip=-1", "?role=BOSS"] {
            app.get(&format!("/api/v1/gyms/users{bad}")).by(&boss).at(gym.id).send().await.expect(422);
            app.get(&format!("{platform}{bad}")).by(&root).send().await.expect(422);
        }
    }
}
