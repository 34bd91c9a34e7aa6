use domain::{
    UserId,
    identity::{GymRole, PlatformRole, relationship, user},
};
use ports::{identity::IdentityError, storage::ObjectPath};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use services::kernel::effect;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
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
        assert!(app.accounts.account("test|ana").is_some());
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("test|ana"), None);
        // her token was still good, and made a row anew: it went with the account
        let again = app.services.core.stores.users.by_auth0_id(&app.world.db, "test|ana").await.unwrap();
        assert_eq!(again, None);
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
        app.deliver_effects().await;
        let calls = app.accounts.calls();
        assert_eq!(calls, ["by_id test|ana", "delete test|ana"], "there is no account left to ask about");
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
            for no in [IdentityError::Refused("no".into()), IdentityError::Forbidden("403".into())] {
                app.accounts.fail_next(no);
                let refused = delete(&app, &root, &whom).await;
                assert_eq!(refused.outcome(), (502, "identity_provider_refused".into()), "{handle}");
            }
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

    async fn idn_66_an_account_is_deleted_in_the_end_however_often_the_provider_fails(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        app.accounts.add("test|ana", &ana.email);
        // it goes away after it was asked
        for _ in 0..30 {
            app.accounts.fail_when("delete test|ana", IdentityError::Unavailable { reason: "500".into(), retry_after: None });
        }
        delete(&app, &root, &ana).await.expect(200);
        assert!(!row(&app, &ana).await.is_active);
        let core = &app.services.core;
        for attempt in 1..=30 {
            app.services.relay().run_once().await.unwrap();
            assert!(app.accounts.account("test|ana").is_some());
            assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (1, 0), "after attempt {attempt}");
            t.pool().execute_unprepared("UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await.unwrap();
        }
        app.services.relay().run_once().await.unwrap();
        assert_eq!(app.accounts.account("test|ana"), None);
        // delivered twice it finds nothing, and is done
        core.effect(&core.db, effect::account_erase("test|ana")).await.unwrap();
        app.accounts.fail_when("delete test|ana", IdentityError::NotFound);
        app.deliver_effects().await;
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 0));
    }

    async fn idn_66_idn_91_a_deletion_that_the_provider_does_not_allow_waits_for_an_operator(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let ana = app.world.user("ana").await;
        app.accounts.add("test|ana", &ana.email);
        app.accounts.fail_when("delete test|ana", IdentityError::Forbidden("403 Insufficient scope".into()));
        delete(&app, &root, &ana).await.expect(200);
        app.services.relay().run_once().await.unwrap();
        let core = &app.services.core;
        assert_eq!(core.stores.outbox.backlog(&core.db).await.unwrap(), (0, 1), "parked at once");
    }

    async fn idn_66_nobody_waits_for_the_provider_behind_a_lock(t: TestDb) {
        let app = App::new(t).await;
        let (root, chief) = (app.world.super_admin("root").await, app.world.super_admin("chief").await);
        app.accounts.add("test|chief", &chief.email);
        let written = Arc::new(AtomicU32::new(0));
        let write = |id: UserId| {
            let (db, users, written) = (t.db.clone(), app.services.core.stores.users.clone(), written.clone());
            move |_| async move {
                // another connection: it would wait for whoever holds the administrators' rows
                let change = users.set_role(&db, id, PlatformRole::SuperAdmin);
                if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(3), change).await {
                    written.fetch_add(1, Ordering::SeqCst);
                }
            }
        };
        app.accounts.during("by_id test|chief", write(chief.id));
        delete(&app, &root, &chief).await.expect(200);
        app.accounts.during("delete test|chief", write(root.id));
        app.deliver_effects().await;
        assert_eq!(written.load(Ordering::SeqCst), 2);
        assert_eq!(app.accounts.account("test|chief"), None);
    }

    async fn idn_66_of_two_administrators_who_delete_each_other_one_stays_with_their_account(t: TestDb) {
        let app = App::new(t).await;
        for round in 0..5 {
            let handles = [format!("one{round}"), format!("two{round}")];
            let (one, two) = (app.world.super_admin(&handles[0]).await, app.world.super_admin(&handles[1]).await);
            for (handle, user) in handles.iter().zip([&one, &two]) {
                app.accounts.add(&format!("test|{handle}"), &user.email);
            }
            let (first, second) = tokio::join!(delete(&app, &one, &two), delete(&app, &two, &one));
            let mut codes = [first.status.as_u16(), second.status.as_u16()];
            codes.sort_unstable();
            // the other is the last one, or is deleted before their call is looked at
            assert!(codes[0] == 200 && matches!(codes[1], 403 | 409), "{codes:?}");
            app.deliver_effects().await;
            let mut left = Vec::new();
            for (handle, user) in handles.iter().zip([&one, &two]) {
                let active = row(&app, user).await.is_active;
                assert_eq!(app.accounts.account(&format!("test|{handle}")).is_some(), active, "{handle}");
                left.extend(active.then_some(user));
            }
            assert_eq!(left.len(), 1);
            t.pool().execute_unprepared("UPDATE users SET role = 'MEMBER', is_superuser = FALSE").await.unwrap();
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
