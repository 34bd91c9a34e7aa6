use chrono::{TimeDelta, Utc};
use domain::{
    identity::{
        GymRole, PlatformRole,
        gym::{self, GymType},
        membership,
    },
    schedule::session::SessionStatus,
};
use ports::FixedClock;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{app::App, both, schedule::in_minutes};

const WORKSPACE: &str = "/api/v1/context/workspace";
const STATS: &str = "/api/v1/context/workspace/stats";

const ROLES: [GymRole; 4] = [GymRole::Owner, GymRole::Admin, GymRole::Trainer, GymRole::Member];

fn personal(g: &mut gym::Create) {
    g.kind = GymType::PersonalTrainer;
    g.name = "Entrenamiento Personal Ana Ruiz".into();
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

both! {
    async fn idn_85_without_a_header_it_is_the_active_gym_that_was_joined_first(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user("ana").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        let (later, first) = (app.world.gym("later").await, app.world.gym("first").await);
        for gym in [&shut, &first, &later] {
            app.world.join(gym.id, ana.id, GymRole::Member).await;
        }
        let seen = app.get(WORKSPACE).by(&ana).send().await.expect(200);
        assert_eq!(seen["workspace"]["id"], json!(first.id));
        let seen = app.get(WORKSPACE).by(&ana).at(later.id).send().await.expect(200);
        assert_eq!(seen["workspace"]["id"], json!(later.id));
    }

    async fn idn_85_membership_is_required(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let other = app.world.gym("other").await;
        let ana = app.world.member(&gym, "ana").await;
        let loner = app.world.user("loner").await;
        let root = app.world.super_admin("root").await;
        for path in [WORKSPACE, STATS] {
            assert_eq!(app.get(path).send().await.status, 401);
            for nobody in [&loner, &root] {
                assert_eq!(app.get(path).by(nobody).send().await.outcome(), (404, "gym_not_found".into()));
            }
            assert_eq!(app.get(path).by(&ana).at(other.id).send().await.outcome(), (403, "not_a_member".into()));
            for bad in ["", "abc", "0", "-1", "1.5"] {
                let refused = app.get(path).by(&ana).header("x-gym-id", bad).send().await;
                assert_eq!(refused.outcome(), (400, "gym_header_required".into()), "{bad:?}");
            }
        }
    }

    async fn idn_86_the_real_role_drives_what_a_gym_shows(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym_with("box", |g| (g.logo_url, g.phone) = (Some("https://x.test/l.png".into()), Some("1".into()))).await;
        for (role, label, extra, actions, hints) in [
            (GymRole::Owner, "propietario", 4, 4, 14),
            (GymRole::Admin, "administrador", 4, 4, 9),
            (GymRole::Trainer, "entrenador", 2, 2, 9),
            (GymRole::Member, "miembro", 0, 0, 8),
        ] {
            // the platform role says nothing here
            let handle = role.as_str().to_lowercase();
            let person = app.world.user_with(&handle, |u| u.role = PlatformRole::Admin).await;
            app.world.join(gym.id, person.id, role).await;
            let seen = app.get(WORKSPACE).by(&person).at(gym.id).send().await.expect(200);
            let user = &seen["user_context"];
            assert_eq!((&user["role"], &user["role_label"]), (&json!(role.as_str()), &json!(label)));
            assert_eq!((&user["id"], &user["email"], &user["name"]), (&json!(person.id), &json!(person.email), &json!(format!("{handle} Tester"))));
            assert_eq!(seen["navigation"].as_array().unwrap().len(), 7 + extra, "{role:?}");
            assert_eq!(seen["quick_actions"].as_array().unwrap().len(), actions, "{role:?}");
            assert_eq!(user["permissions"].as_array().unwrap().len(), hints, "{role:?}");
            assert_eq!(seen["features"]["show_staff_management"], extra == 4);
            assert_eq!((&seen["api_version"], &seen["environment"]), (&json!("1.0.0"), &json!("development")));
            assert_eq!(seen["terminology"]["members"], "miembros");
            let workspace = json!({
                "id": gym.id, "name": "Gym box", "type": "gym", "is_personal_trainer": false, "display_name": "Gym box",
                "entity_label": "Gimnasio", "timezone": "Europe/Madrid", "email": null, "phone": "1", "address": null,
                "max_clients": null, "specialties": null,
            });
            assert_eq!(seen["workspace"], workspace);
            let branding = json!({
                "logo_url": "https://x.test/l.png", "primary_color": "#007bff", "secondary_color": "#6c757d",
                "accent_color": "#28a745", "app_title": "Gym box", "app_subtitle": "Sistema de Gestión", "theme": "gym",
                "show_logo": true, "compact_mode": false,
            });
            assert_eq!(seen["branding"], branding);
        }
    }

    async fn idn_86_a_personal_trainers_workspace_has_words_and_looks_of_its_own(t: TestDb) {
        let app = App::with(t, |c| c.settings.environment = "production".into()).await;
        let gym = app.world.gym_with("pt-box", |g| {
            personal(g);
            (g.max_clients, g.trainer_specialties) = (Some(12), Some(vec!["Yoga".into()]));
        }).await;
        for (role, label, owner) in
            [(GymRole::Owner, "entrenador principal", true), (GymRole::Trainer, "asistente", false), (GymRole::Member, "cliente", false)]
        {
            let person = app.world.person(&gym, role.as_str(), role).await;
            let seen = app.get(WORKSPACE).by(&person).at(gym.id).send().await.expect(200);
            assert_eq!((&seen["user_context"]["role_label"], &seen["environment"]), (&json!(label), &json!("production")));
            assert_eq!(ids(&seen["navigation"]).contains(&"settings"), owner);
            assert!(ids(&seen["navigation"]).starts_with(&["dashboard", "clients", "appointments"]));
            assert_eq!(seen["quick_actions"].as_array().unwrap().is_empty(), role == GymRole::Member);
            assert_eq!((&seen["features"]["show_appointments"], seen["features"].get("event_management")), (&json!(true), None));
            let workspace = &seen["workspace"];
            assert_eq!((&workspace["display_name"], &workspace["entity_label"]), (&json!("Ana Ruiz"), &json!("Espacio de Trabajo")));
            assert_eq!((&workspace["max_clients"], &workspace["specialties"], &workspace["type"]), (&json!(12), &json!(["Yoga"]), &json!("personal_trainer")));
            let look = &seen["branding"];
            assert_eq!((&look["app_title"], &look["app_subtitle"]), (&json!("Ana Ruiz"), &json!("Entrenamiento Personalizado")));
            assert_eq!((&look["theme"], &look["primary_color"], &look["compact_mode"]), (&json!("trainer"), &json!("#28a745"), &json!(true)));
        }
    }

    async fn idn_86_the_platforms_administrators_see_what_an_owner_sees(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        let owner = app.world.person(&gym, "owner", GymRole::Owner).await;
        let root = app.world.user_with("root", |u| {
            u.role = PlatformRole::SuperAdmin;
            (u.first_name, u.last_name) = (None, None);
        }).await;
        let of_owner = app.get(WORKSPACE).by(&owner).at(gym.id).send().await.expect(200);
        let of_root = app.get(WORKSPACE).by(&root).at(gym.id).send().await.expect(200);
        let user = &of_root["user_context"];
        assert_eq!((&user["role"], &user["role_label"], &user["name"]), (&json!("SUPER_ADMIN"), &json!("SUPER_ADMIN"), &json!(root.email)));
        assert_eq!(user["permissions"], of_owner["user_context"]["permissions"]);
        for part in ["features", "navigation", "quick_actions", "terminology", "branding"] {
            assert_eq!(of_root[part], of_owner[part], "{part}");
        }
        app.get(WORKSPACE).by(&root).at(shut.id).send().await.expect(200);
        // with a row here the role is that of the row
        app.world.join(gym.id, root.id, GymRole::Member).await;
        app.services.core.committed(&[services::kernel::cache_key::CacheKey::UserGymMembership(root.id, gym.id)]).await;
        let as_member = app.get(WORKSPACE).by(&root).at(gym.id).send().await.expect(200);
        assert_eq!((&as_member["user_context"]["role"], &as_member["quick_actions"]), (&json!("MEMBER"), &json!([])));
    }

    async fn idn_87_figures_are_for_staff(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        for role in ROLES {
            let person = app.world.person(&gym, role.as_str(), role).await;
            let answer = app.get(STATS).by(&person).at(gym.id).send().await;
            if role == GymRole::Member {
                assert_eq!(answer.outcome(), (403, "role_too_low".into()));
            } else {
                assert_eq!(answer.expect(200)["type"], "gym");
                assert_eq!(app.get(STATS).by(&person).send().await.expect(200)["type"], "gym");
            }
        }
    }

    async fn idn_87_what_is_not_known_is_null(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        for handle in ["a", "b", "c"] {
            app.world.member(&gym, handle).await;
        }
        app.world.person(&gym, "tr", GymRole::Trainer).await;
        let gone = app.world.user("gone").await;
        let row = app.world.join(gym.id, gone.id, GymRole::Trainer).await;
        let suspended = membership::Update { role: None, is_active: Some(false), membership_type: None };
        app.services.core.stores.memberships.update(&t.db, gym.id, row.id, suspended).await.unwrap();
        let elsewhere = app.world.gym("elsewhere").await;
        app.world.member(&elsewhere, "other").await;

        // three new members, none before: a growth from nothing is no figure
        assert_eq!(app.get(STATS).by(&boss).at(gym.id).send().await.expect(200), json!({"type": "gym", "metrics": {
            "total_members": 3, "active_trainers": 1, "active_classes": 0, "occupancy_rate": null,
            "member_growth_rate": null, "revenue_this_month": null,
        }}));
    }

    async fn idn_87_classes_and_the_use_of_their_seats(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let figures = async || {
            app.services.core.committed(&[services::kernel::cache_key::CacheKey::WorkspaceStats(gym.id)]).await;
            let seen = app.get(STATS).by(&boss).at(gym.id).send().await.expect(200);
            (seen["metrics"]["active_classes"].clone(), seen["metrics"]["occupancy_rate"].clone())
        };
        let spin = app.world.class(&gym).await;
        app.world.class_with(&gym, |c| c.is_active = false).await;
        assert_eq!(figures().await, (json!(1), Value::Null));
        // 12 of 20, and 3 of 5 by its own; neither what is cancelled, to come, or longer ago counts, nor another gym's
        let day = 24 * 60;
        for (minutes, taken, seats, status) in [
            (-day, 12, None, SessionStatus::Completed),
            (-29 * day, 3, Some(5), SessionStatus::Scheduled),
            (-2 * day, 20, None, SessionStatus::Cancelled),
            (day, 20, None, SessionStatus::Scheduled),
            (-31 * day, 20, None, SessionStatus::Completed),
        ] {
            let change = |s: &mut domain::schedule::session::Create| {
                (s.current_participants, s.override_capacity, s.status) = (taken, seats, status);
            };
            app.world.session_with(&spin, &boss, in_minutes(minutes), change).await;
        }
        let there = app.world.gym("there").await;
        let foreign = app.world.class(&there).await;
        app.world.session(&foreign, &boss, in_minutes(-day)).await;
        assert_eq!(figures().await, (json!(1), json!(60.0)));
        // a class that is put away is seen at once
        let core = &app.services.core;
        let away = domain::schedule::class::Update { is_active: Some(false), ..Default::default() };
        core.stores.classes.update(&core.db, gym.id, spin.id, away).await.unwrap();
        core.committed(&[services::kernel::cache_key::CacheKey::Classes(gym.id)]).await;
        let seen = app.get(STATS).by(&boss).at(gym.id).send().await.expect(200);
        assert_eq!(seen["metrics"]["active_classes"], 0);
    }

    async fn idn_87_growth_sets_the_members_of_thirty_days_against_those_before(t: TestDb) {
        let clock = FixedClock::new(Utc::now());
        let app = App::with(t, |c| c.core.clock = Arc::new(clock.clone())).await;
        let growth = async |gym: &gym::Model, boss| {
            let seen = app.get(STATS).by(boss).at(gym.id).send().await.expect(200);
            (seen["metrics"]["total_members"].clone(), seen["metrics"]["member_growth_rate"].clone())
        };
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        for handle in ["a", "b", "c", "d"] {
            app.world.member(&gym, handle).await;
        }
        // all are older than thirty days now, one of them suspended: who joined counts, whatever became of them
        clock.advance(TimeDelta::days(31));
        let gone = app.world.user("gone").await;
        let row = app.world.join(gym.id, gone.id, GymRole::Member).await;
        let suspended = membership::Update { role: None, is_active: Some(false), membership_type: None };
        app.services.core.stores.memberships.update(&t.db, gym.id, row.id, suspended).await.unwrap();
        assert_eq!(growth(&gym, &boss).await, (json!(4), json!(0.0)));

        // half of the members are new to a clock that stands between them
        clock.advance(TimeDelta::days(-1) - TimeDelta::hours(23));
        let later = app.world.gym("later").await;
        let chief = app.world.person(&later, "chief", GymRole::Owner).await;
        for handle in ["e", "f", "g", "h"] {
            app.world.member(&later, handle).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let between = Utc::now();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        app.world.member(&later, "i").await;
        let at = between + TimeDelta::days(30);
        clock.advance(at - ports::Clock::now(&clock));
        assert_eq!(growth(&later, &chief).await, (json!(5), json!(25.0)));
    }

    async fn idn_87_a_personal_trainers_capacity_is_counted_in_clients(t: TestDb) {
        let app = App::new(t).await;
        for (subdomain, limit, max, percent) in [("limited", Some(8), 8, 25.0), ("unlimited", None, 30, 100.0 * 2.0 / 30.0)] {
            let gym = app.world.gym_with(subdomain, |g| {
                personal(g);
                g.max_clients = limit;
            }).await;
            let boss = app.world.person(&gym, &format!("{subdomain}-boss"), GymRole::Owner).await;
            for n in 0..2 {
                app.world.member(&gym, &format!("{subdomain}-{n}")).await;
            }
            assert_eq!(app.get(STATS).by(&boss).at(gym.id).send().await.expect(200), json!({"type": "trainer", "metrics": {
                "active_clients": 2, "max_clients": max, "capacity_percentage": percent, "sessions_this_week": null,
                "avg_sessions_per_client": null, "client_retention_rate": null, "revenue_this_month": null,
            }}));
        }
    }
}
