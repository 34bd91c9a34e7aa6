//! Devices: registered, listed, signed out.
#![allow(clippy::disallowed_methods, reason = "rows are looked at as they are, whoever's they are")]
use super::cast::{Cast, NOTIFICATIONS, cast};
use domain::{
    identity::{GymRole, membership, user},
    notifications::device,
};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use testkit::{app::App, both, database::TestDb};

async fn devices(t: &TestDb) -> Vec<device::Model> {
    device::Entity::find().order_by_asc(device::Column::Id).all(t.pool()).await.unwrap()
}

async fn listed(c: &Cast, app: &App, who: &user::Model) -> Vec<String> {
    let list = c.get(app, who, "/devices").await;
    list.as_array().unwrap().iter().map(|d| d["device_token"].as_str().unwrap().to_owned()).collect()
}

async fn drop_of(c: &Cast, app: &App, who: &user::Model, query: &str) -> Value {
    app.delete(&format!("{NOTIFICATIONS}/devices{query}")).by(who).at(c.gym.id).send().await.expect(200)
}

both! {
    async fn ntf_1_the_same_device_again_is_the_same_registration(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let first = c.register(&app, &c.ana, " one ").await.expect(200);
        assert_eq!(first["user_id"], json!(c.ana.auth0_id));
        assert_eq!((&first["device_token"], &first["platform"], &first["is_active"]), (&json!("one"), &json!("ios"), &json!(true)));
        drop_of(&c, &app, &c.ana, "").await;
        let body = json!({"device_token": "one", "platform": "ANDROID"});
        let again = app.post(&format!("{NOTIFICATIONS}/devices")).by(&c.ana).at(c.gym.id).json(body).send().await.expect(200);
        assert_eq!((&again["id"], &again["platform"], &again["is_active"]), (&first["id"], &json!("android"), &json!(true)));
        let at_once = futures::future::join_all((0..8).map(|_| c.register(&app, &c.ana, "two"))).await;
        let ids: std::collections::BTreeSet<_> = at_once.into_iter().map(|a| a.expect(200)["id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(devices(t).await.len(), 2);
    }

    async fn ntf_2_a_shared_phone_is_signed_in_for_one_person_at_a_time(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        c.register(&app, &c.ana, "phone").await.expect(200);
        c.register(&app, &c.ben, "phone").await.expect(200);
        assert!(listed(&c, &app, &c.ana).await.is_empty());
        assert_eq!(listed(&c, &app, &c.ben).await, ["phone"]);
        let at_once = futures::future::join_all([&c.ana, &c.ben, &c.boss].map(|who| c.register(&app, who, "phone"))).await;
        for answer in at_once {
            answer.expect(200);
        }
        assert_eq!(devices(t).await.iter().filter(|d| d.is_active).count(), 1);
    }

    async fn ntf_3_an_unknown_platform_and_an_empty_token_are_refused(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        for body in [
            json!({"device_token": "x", "platform": "windows"}),
            json!({"device_token": "  ", "platform": "ios"}),
            json!({"device_token": "x".repeat(256), "platform": "ios"}),
        ] {
            let answer = app.post(&format!("{NOTIFICATIONS}/devices")).by(&c.ana).at(c.gym.id).json(body).send().await;
            assert_eq!(answer.status, 422);
        }
        assert!(devices(t).await.is_empty());
    }

    async fn ntf_4_ntf_5_active_devices_are_listed_and_signed_out_one_or_all(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        assert_eq!(drop_of(&c, &app, &c.ana, "").await["message"], "0 devices deactivated");
        for token in ["a", "b", "c"] {
            c.register(&app, &c.ana, token).await.expect(200);
        }
        c.register(&app, &c.ben, "other").await.expect(200);
        assert_eq!(listed(&c, &app, &c.ana).await, ["c", "b", "a"]);
        assert_eq!(drop_of(&c, &app, &c.ana, "?device_token=b").await["message"], "1 devices deactivated");
        assert_eq!(drop_of(&c, &app, &c.ana, "?device_token=b").await["message"], "0 devices deactivated");
        assert_eq!(listed(&c, &app, &c.ana).await, ["c", "a"]);
        assert_eq!(drop_of(&c, &app, &c.ana, "").await["message"], "2 devices deactivated");
        assert!(listed(&c, &app, &c.ana).await.is_empty());
        assert_eq!(listed(&c, &app, &c.ben).await, ["other"]);
    }

    async fn ntf_7_of_more_than_twenty_devices_the_longest_unused_goes(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        for n in 0..20 {
            c.register(&app, &c.ana, &format!("d{n}")).await.expect(200);
        }
        let now = domain::kernel::time::now();
        let core = &app.services.core;
        // the oldest of all was used since
        core.stores.devices.used(&core.db, &[c.ana.id], now).await.unwrap();
        c.register(&app, &c.ana, "d0").await.expect(200);
        c.register(&app, &c.ana, "new").await.expect(200);
        let left = listed(&c, &app, &c.ana).await;
        assert_eq!(left.len(), 20);
        assert!(left.contains(&"d0".to_owned()) && left.contains(&"new".to_owned()), "{left:?}");
    }

    async fn ntf_op1_a_membership_that_is_not_active_is_enough_whatever_the_role(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let core = &app.services.core;
        let tom = app.world.person(&c.gym, "tom", GymRole::Trainer).await;
        for who in [&tom, &c.ana] {
            let row = core.stores.people.of_user(&core.db, c.gym.id, who.id).await.unwrap().unwrap();
            let ended = membership::Update { is_active: Some(false), ..Default::default() };
            core.stores.memberships.update(&core.db, c.gym.id, row.id, ended).await.unwrap();
            c.register(&app, who, &format!("of-{}", who.id)).await.expect(200);
            assert_eq!(listed(&c, &app, who).await.len(), 1);
        }
        let stranger = app.world.user("stranger").await;
        assert_eq!(c.register(&app, &stranger, "x").await.outcome(), (403, "not_a_member".into()));
    }

    async fn idn_66_the_devices_of_a_deleted_person_are_signed_out(t: TestDb) {
        let app = App::new(t).await;
        let c = cast(&app).await;
        let root = app.world.super_admin("root").await;
        c.register(&app, &c.ana, "phone").await.expect(200);
        app.delete(&format!("/api/v1/users/admin/users/{}", c.ana.id)).by(&root).send().await.expect(200);
        assert!(devices(t).await.iter().all(|d| !d.is_active));
    }
}
