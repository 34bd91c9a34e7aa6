use domain::identity::{GymRole, relationship, user};
use ports::{identity::IdentityError, storage::ObjectPath};
use serde_json::{Value, json};
use testkit::{
    app::{Answer, App},
    both,
};

/// Looking at rows that no operation shows.
mod rows {
    use sea_orm::{ConnectionTrait, Statement};
    use testkit::database::TestDb;

    async fn texts(t: &TestDb, sql: &str) -> Vec<String> {
        let pool = t.pool();
        let rows = pool.query_all_raw(Statement::from_string(pool.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|r| r.try_get::<String>("", "text").unwrap()).collect()
    }
    pub async fn effects(t: &TestDb, kind: &str) -> Vec<String> {
        texts(t, &format!("SELECT CAST(payload AS TEXT) AS text FROM outbox WHERE kind = '{kind}' ORDER BY id")).await
    }
    /// `status` and whether there is an end, of every relationship.
    pub async fn relationships(t: &TestDb) -> Vec<String> {
        let sql = "SELECT status || CASE WHEN end_date IS NULL THEN ' open' ELSE ' ended' END AS text \
                   FROM trainer_member_relationships ORDER BY id";
        texts(t, sql).await
    }
}

async fn delete(app: &App, by: &user::Model, whom: &user::Model) -> Answer {
    app.delete(&format!("/api/v1/users/admin/users/{}", whom.id)).by(by).send().await
}

async fn row(app: &App, user: &user::Model) -> user::Model {
    app.services.core.stores.users.by_id(&app.world.db, user.id).await.unwrap().unwrap()
}

both! {
    async fn idn_66_a_deleted_person_is_gone_everywhere_and_leaves_an_empty_row(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let gyms = [app.world.gym("one").await, app.world.gym("two").await];
        let coach = app.world.user("coach").await;
        let ana = app.world.user_with("ana", |u| {
            u.bio = Some("hola".into());
            u.phone_number = Some("+34600".into());
            u.locale = Some("es".into());
            u.auth0_metadata = Some(json!({"sub": "test|ana"}));
        }).await;
        for gym in &gyms {
            app.world.join(gym.id, coach.id, GymRole::Trainer).await;
            app.world.join(gym.id, ana.id, GymRole::Member).await;
            let pair = relationship::Create {
                trainer_id: coach.id,
                member_id: ana.id,
                status: relationship::RelationshipStatus::Active,
                start_date: None,
                end_date: None,
                notes: None,
                created_by: None,
            };
            app.services.core.stores.relationships.create(&app.world.db, gym.id, pair).await.unwrap();
        }
        let at = ObjectPath { bucket: "profile-images".into(), path: format!("user_{}/x.webp", ana.id) };
        let url = ports::ObjectStore::public_url(app.objects.as_ref(), &at);
        app.services.core.stores.users.swap_picture(&app.world.db, ana.id, None, Some(url)).await.unwrap();
        let body = json!({
            "health_conditions": "asthma", "height": 170, "weight": 60, "birth_date": "1990-05-01T00:00:00Z",
            "goals": "run", "color": "#00ff00",
        });
        app.put(&format!("/api/v1/users/{}", ana.id)).by(&root).json(body).send().await.expect(200);
        app.accounts.add("test|ana", &ana.email);
        let participants = async |gym| {
            let list = app.get("/api/v1/users/p/gym-participants").by(&root).at(gym).send().await.expect(200);
            list.as_array().unwrap().len()
        };
        for gym in &gyms {
            app.get(&format!("/api/v1/users/profile/{}", coach.id)).by(&ana).at(gym.id).send().await.expect(200);
            assert_eq!(participants(gym.id).await, 2);
        }

        let before = delete(&app, &root, &ana).await.expect(200);
        assert_eq!((&before["email"], &before["first_name"]), (&json!(ana.email), &json!("ana")));
        assert_eq!(app.accounts.account("test|ana"), None);
        let blank = row(&app, &ana).await;
        let shown = serde_json::to_value(&blank).unwrap();
        let kept: Vec<_> = shown.as_object().unwrap().iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| k.as_str()).collect();
        assert_eq!(kept, ["created_at", "email", "id", "is_active", "is_superuser", "role", "updated_at"]);
        assert_eq!((blank.email, blank.is_active), (format!("deleted+{}@invalid", ana.id), false));
        assert_eq!(rows::relationships(t).await, ["terminated ended", "terminated ended"]);
        for gym in &gyms {
            assert_eq!(participants(gym.id).await, 1, "the cached lists of every gym are dropped");
            let next = app.get(&format!("/api/v1/users/profile/{}", coach.id)).by(&ana).at(gym.id).send().await;
            assert_eq!(next.outcome(), (403, "not_a_member".into()), "edge case 6: refused on the very next request");
        }
        let files = rows::effects(t, "storage.delete").await;
        assert!(files.len() == 1 && files[0].contains("x.webp"), "the picture is personal too: {files:?}");
        assert!(!rows::effects(t, "cache.drop").await.is_empty());
    }

    async fn edge_29_deleting_twice_is_safe(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        app.accounts.add("test|ana", &ana.email);
        delete(&app, &root, &ana).await.expect(200);
        let once = row(&app, &ana).await;
        let again = delete(&app, &root, &ana).await.expect(200);
        assert_eq!(again["email"], json!(format!("deleted+{}@invalid", ana.id)));
        assert_eq!(user::Model { updated_at: once.updated_at, ..row(&app, &ana).await }, once);
        assert_eq!(app.accounts.calls(), ["delete test|ana"], "there is no account left to ask about");
        let unknown = app.delete("/api/v1/users/admin/users/999999").by(&root).send().await;
        assert_eq!(unknown.outcome(), (404, "user_not_found".into()));

        let ben = app.world.user("ben").await;
        let both = tokio::join!(delete(&app, &root, &ben), delete(&app, &root, &ben));
        assert_eq!((both.0.status.as_u16(), both.1.status.as_u16()), (200, 200));
        assert!(!row(&app, &ben).await.is_active);
        // the address is free again
        app.world.user_with("ana", |u| u.auth0_id = Some("test|other".into())).await;
    }

    async fn edge_29_the_provider_decides_whether_anything_happens(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let gym = app.world.gym("box").await;
        for (handle, whom) in [("ana", app.world.member(&gym, "ana").await), ("chief", app.world.super_admin("chief").await)] {
            let subject = format!("test|{handle}");
            app.accounts.add(&subject, &whom.email);
            app.accounts.fail_next(IdentityError::Unavailable { reason: "500".into(), retry_after: None });
            let away = delete(&app, &root, &whom).await;
            assert_eq!(away.outcome(), (503, "identity_provider_unavailable".into()), "{handle}");
            app.accounts.fail_next(IdentityError::Refused("no".into()));
            let refused = delete(&app, &root, &whom).await;
            assert_eq!(refused.outcome(), (502, "identity_provider_refused".into()), "{handle}");
            assert_eq!(row(&app, &whom).await, whom, "nothing changes here");
            if handle == "ana" {
                app.get("/api/v1/users/p/gym-participants").by(&whom).at(gym.id).send().await.expect(200);
            }
            // 404 there is a success
            app.accounts.fail_next(IdentityError::NotFound);
            assert_eq!(delete(&app, &root, &whom).await.expect(200)["email"], json!(whom.email));
            assert!(!row(&app, &whom).await.is_active);
        }
    }

    async fn idn_66_without_an_account_the_provider_is_not_asked(t: TestDb) {
        let app = App::with(t, |c| c.ports.accounts = std::sync::Arc::new(ports::identity::NoIdentityProvider)).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        let ben = app.world.user_with("ben", |u| u.auth0_id = None).await;
        for whom in [&ana, &ben] {
            delete(&app, &root, whom).await.expect(200);
            assert!(!row(&app, whom).await.is_active);
        }
    }

    async fn idn_66_a_foreign_picture_is_left_alone(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let other = ObjectPath { bucket: "profile-images".into(), path: "user_1000/x.webp".into() };
        let other = ports::ObjectStore::public_url(app.objects.as_ref(), &other);
        for (handle, picture) in [("ana", "https://cdn.example/a.png".to_owned()), ("ben", other)] {
            let whom = app.world.user_with(handle, |u| u.picture = Some(picture)).await;
            assert_ne!(delete(&app, &root, &whom).await.expect(200)["picture"], Value::Null);
        }
        assert!(rows::effects(t, "storage.delete").await.is_empty());
    }

    async fn idn_53_an_owner_is_not_deleted_from_under_an_active_gym(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let (open, closed) = (app.world.gym("open").await, app.world.gym_with("closed", |g| g.is_active = false).await);
        let boss = app.world.person(&open, "boss", GymRole::Owner).await;
        let late = app.world.person(&closed, "late", GymRole::Owner).await;
        assert_eq!(delete(&app, &root, &boss).await.outcome(), (409, "owns_gym".into()));
        assert_eq!(row(&app, &boss).await, boss);
        assert!(app.accounts.calls().is_empty());
        delete(&app, &root, &late).await.expect(200);
    }
}
