use super::{GYM_OWNER, error_code, gym, owner, register, row};
use domain::identity::{GymRole, PlatformRole, gym::GymType, membership::MembershipType, module::initially_active};
use serde_json::{Value, json};
use testkit::{app::App, both};

async fn modules(app: &App, gym: domain::GymId) -> (Vec<String>, usize) {
    let core = &app.services.core;
    let states = core.stores.modules.of_gym(&core.db, gym).await.unwrap();
    let active = states.iter().filter(|m| m.active == Some(true)).map(|m| m.code.clone()).collect();
    (active, states.iter().filter(|m| m.active.is_some()).count())
}

both! {
    async fn idn_67_a_gym_owner_registers_and_owns_the_gym(t: TestDb) {
        let app = App::new(t).await;
        let body = owner(&json!({"gym_email": "info@box.example", "gym_phone": "55 1234", "gym_address": "Calle 1"}));
        let answer = register(&app, body).await.expect(201);
        assert_eq!((&answer["success"], &answer["stripe_setup_required"]), (&json!(true), &json!(true)));
        assert_eq!(answer["gym"], json!({
            "id": answer["gym"]["id"], "name": "La Caja", "subdomain": "la-caja", "type": "gym",
            "timezone": "America/Mexico_City", "is_active": true,
        }));
        assert_eq!(answer["user"], json!({
            "id": answer["user"]["id"], "email": "ana@box.example", "name": "Ana López", "role": "ADMIN",
        }));
        assert!(answer["message"].is_string() && answer["next_steps"].as_array().is_some_and(|s| s.len() > 1));

        let (ana, place) = (row(&app, "ANA@box.example").await.unwrap(), gym(&app, "la-caja").await.unwrap());
        assert_eq!((ana.role, ana.auth0_id.as_deref()), (PlatformRole::Admin, Some("auth0|1")));
        assert!(ana.qr_code.is_some());
        assert_eq!(ana.phone_number.as_deref(), Some("+525512345678"));
        assert_eq!((place.phone.as_deref(), place.email.as_deref()), (Some("551234"), Some("info@box.example")));
        let core = &app.services.core;
        let membership = core.stores.people.of_user(&core.db, place.id, ana.id).await.unwrap().unwrap();
        assert_eq!((membership.role, membership.membership_type), (GymRole::Owner, MembershipType::Owner));

        let account = app.accounts.account("auth0|1").unwrap();
        assert_eq!((account.verification_mails, account.roles.len()), (1, 0));
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("auth0|1").unwrap().roles, ["Owner"]);
        let profile = app.get("/api/v1/users/profile").by(&ana).at(place.id).send().await.expect(200);
        assert_eq!(profile["gym_role"], "OWNER");
    }

    async fn idn_67_broken_fields_are_422_and_leave_nothing(t: TestDb) {
        let app = App::new(t).await;
        let long = |n: usize| format!("Aa1{}", "x".repeat(n - 3));
        for (field, value) in [
            ("password", json!(long(7))),
            ("password", json!(long(129))),
            ("password", json!("secreto123")),
            ("first_name", json!("A")),
            ("last_name", json!("x".repeat(51))),
            ("gym_name", json!("ab")),
            ("phone", json!("not a number")),
            ("gym_phone", json!("0123")),
            ("timezone", json!("Mars/Olympus")),
            ("email", json!("ana")),
            ("gym_type", json!("spa")),
            ("gym_name", json!("a\u{0}bc")),
        ] {
            let refused = register(&app, owner(&json!({field: value}))).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{value}");
        }
        for missing in ["email", "password", "first_name", "last_name", "gym_name"] {
            let mut body = owner(&json!({}));
            body.as_object_mut().unwrap().remove(missing);
            register(&app, body).await.expect(422);
        }
        assert!(app.accounts.calls().is_empty() && row(&app, "ana@box.example").await.is_none());

        for (n, password) in [long(8), long(128)].into_iter().enumerate() {
            let body = owner(&json!({"email": format!("ana{n}@box.example"), "password": password, "phone": null}));
            register(&app, body).await.expect(201);
        }
    }

    async fn idn_64_throw_away_addresses_do_not_register(t: TestDb) {
        let app = App::new(t).await;
        for domain in domain::kernel::email::DISPOSABLE {
            let refused = register(&app, owner(&json!({"email": format!("x@{domain}")}))).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["body", "email"]), "{domain}");
        }
    }

    async fn idn_70_modules_of_a_new_gym(t: TestDb) {
        let app = App::new(t).await;
        for (kind, name) in [(GymType::Gym, "gym"), (GymType::PersonalTrainer, "personal_trainer")] {
            let body = owner(&json!({"email": format!("{name}@box.example"), "gym_name": name, "gym_type": name}));
            let answer = register(&app, body).await.expect(201);
            let mut told: Vec<String> = serde_json::from_value(answer["modules_activated"].clone()).unwrap();
            assert_eq!(told, initially_active(kind));
            let (mut active, rows) = modules(&app, domain::GymId(answer["gym"]["id"].as_i64().unwrap())).await;
            told.sort();
            active.sort();
            assert_eq!((active, rows), (told, 13));
        }
    }

    async fn idn_68_a_taken_address_is_email_exists_and_nothing_is_made(t: TestDb) {
        let app = App::new(t).await;
        app.world.user_with("here", |u| u.email = "Ana@Box.example".into()).await;
        let refused = register(&app, owner(&json!({}))).await;
        assert_eq!(refused.json()["detail"]["details"], json!({"email": "ana@box.example", "gym_name": "La Caja"}));
        assert_eq!(error_code(refused, 400), "EMAIL_EXISTS");
        assert!(app.accounts.calls().is_empty());

        app.accounts.add("auth0|there", "bob@box.example");
        let bob = owner(&json!({"email": "Bob@box.example"}));
        assert_eq!(error_code(register(&app, bob.clone()).await, 400), "EMAIL_EXISTS");

        app.accounts.fail_when("create", ports::identity::IdentityError::Exists);
        let eve = owner(&json!({"email": "eve@box.example"}));
        assert_eq!(error_code(register(&app, eve).await, 400), "EMAIL_EXISTS");
        assert!(row(&app, "bob@box.example").await.is_none() && row(&app, "eve@box.example").await.is_none());
        assert_eq!((gym(&app, "la-caja").await, app.accounts.ids()), (None, vec!["auth0|there".to_owned()]));

        let es = app.post(GYM_OWNER).header("accept-language", "es").json(bob).send().await.expect(400);
        assert_eq!(es["detail"]["message"], "Esta dirección de correo ya está registrada.");
    }

    async fn idn_68_of_parallel_registrations_of_one_address_one_is_kept(t: TestDb) {
        let app = App::new(t).await;
        let bodies = (0..6).map(|n| owner(&json!({"gym_name": format!("Box {n}")})));
        let answers = futures::future::join_all(bodies.map(|body| register(&app, body))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|a| a.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400, 400, 400, 400, 400]);
        assert_eq!(app.accounts.ids().len(), 1);
        let core = &app.services.core;
        let gyms = core.stores.gyms.subdomains_from(&core.db, "box").await.unwrap();
        assert_eq!((gyms.len(), core.stores.users.count(&core.db).await.unwrap()), (1, 1));
    }

    async fn idn_104_registrations_of_one_address_are_5_an_hour(t: TestDb) {
        let app = App::with(t, |c| c.settings.rate_limits = true).await;
        for _ in 0..5 {
            register(&app, json!({})).await.expect(422);
        }
        let refused: Value = register(&app, json!({})).await.expect(429);
        assert_eq!(refused["code"], "rate_limited");
    }
}
