//! Personal trainers (IDN-71).
use super::{TRAINER, error_code, gym, row, trainer};
use domain::identity::{GymRole, PlatformRole, gym::GymType, membership::MembershipType, module::initially_active};
use serde_json::json;
use testkit::{app::App, both};

both! {
    async fn idn_71_a_trainer_registers_with_defaults(t: TestDb) {
        let app = App::new(t).await;
        let answer = app.post(TRAINER).json(trainer(&json!({}))).send().await.expect(201);
        let id = &answer["workspace"]["id"];
        assert_eq!(answer["workspace"], json!({
            "id": id, "name": "Entrenamiento Personal Leo Núñez", "subdomain": "leo-nunez", "type": "personal_trainer",
            "email": "leo@fit.example", "timezone": "America/Mexico_City", "specialties": ["Fitness General"],
            "max_clients": 30,
        }));
        assert_eq!((&answer["user"]["name"], &answer["user"]["role"]), (&json!("Leo Núñez"), &json!("TRAINER")));
        assert_eq!(answer["modules_activated"], json!(initially_active(GymType::PersonalTrainer)));
        assert_eq!((&answer["payment_plans"], &answer["stripe_onboarding_url"]), (&json!([]), &json!(null)));

        let (leo, place) = (row(&app, "leo@fit.example").await.unwrap(), gym(&app, "leo-nunez").await.unwrap());
        assert_eq!((leo.auth0_id.clone(), leo.role), (None, PlatformRole::Trainer));
        assert!(leo.qr_code.is_some() && place.description.is_some());
        let core = &app.services.core;
        let membership = core.stores.people.of_user(&core.db, place.id, leo.id).await.unwrap().unwrap();
        assert_eq!((membership.role, membership.membership_type), (GymRole::Owner, MembershipType::Owner));
        assert!(app.accounts.ids().is_empty(), "no password, no account");

        // a verified login claims the row, and its account is told the role
        app.accounts.add("auth0|leo", "leo@fit.example");
        let mut login = leo.clone();
        login.auth0_id = Some("auth0|leo".into());
        let seen = app.get("/api/v1/users/profile").by(&login).at(place.id).send().await.expect(200);
        assert_eq!(seen["gym_role"], "OWNER");
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("auth0|leo").unwrap().roles, ["Owner"]);
    }

    async fn idn_71_a_password_makes_the_account_too(t: TestDb) {
        let app = App::new(t).await;
        let body = trainer(&json!({
            "password": "Secreto123", "specialties": ["Yoga", "Fuerza"], "max_clients": 5, "bio": "Fuerte",
            "certifications": [{"name": "NSCA", "year": 2020, "institution": "NSCA"}], "timezone": "Europe/Madrid",
        }));
        let answer = app.post(TRAINER).json(body).send().await.expect(201);
        assert_eq!(answer["workspace"]["specialties"], json!(["Yoga", "Fuerza"]));
        let (leo, place) = (row(&app, "leo@fit.example").await.unwrap(), gym(&app, "leo-nunez").await.unwrap());
        assert_eq!((leo.auth0_id.as_deref(), leo.bio.as_deref()), (Some("auth0|1"), Some("Fuerte")));
        assert_eq!((place.max_clients, place.description.as_deref()), (Some(5), Some("Fuerte")));
        assert_eq!(place.trainer_certifications.unwrap().0.len(), 1);
        app.deliver_effects().await;
        assert_eq!(app.accounts.account("auth0|1").unwrap().roles, ["Owner"]);
    }

    async fn idn_71_limits_are_422(t: TestDb) {
        let app = App::new(t).await;
        for (field, value) in [
            ("specialties", json!(vec!["Yoga"; 11])),
            ("specialties", json!(["Y"])),
            ("max_clients", json!(0)),
            ("max_clients", json!(201)),
            ("bio", json!("x".repeat(501))),
            ("certifications", json!([{"name": "x", "year": 1989}])),
            ("certifications", json!([{"year": 2000}])),
            ("password", json!("weak")),
            ("timezone", json!("Nowhere")),
            ("email", json!("x@yopmail.com")),
        ] {
            let refused = app.post(TRAINER).json(trainer(&json!({field: value}))).send().await.expect(422);
            let at = refused["detail"][0]["loc"][1].as_str().unwrap().to_owned();
            assert!(at.starts_with(field), "{at} {value}");
        }
        assert!(row(&app, "leo@fit.example").await.is_none());
    }

    async fn idn_71_the_address_of_an_existing_person_needs_their_own_token(t: TestDb) {
        let app = App::new(t).await;
        let leo = app.world.user_with("leo", |u| u.email = "leo@fit.example".into()).await;
        let eve = app.world.user("eve").await;
        let body = trainer(&json!({"email": "Leo@Fit.example", "password": "Secreto123"}));
        assert_eq!(error_code(app.post(TRAINER).json(body.clone()).send().await, 400), "EMAIL_EXISTS");
        assert_eq!(error_code(app.post(TRAINER).by(&eve).json(body.clone()).send().await, 400), "EMAIL_EXISTS");
        app.post(TRAINER).bearer("rubbish").json(body.clone()).send().await.expect(401);
        assert!(gym(&app, "leo-nunez").await.is_none() && app.accounts.ids().is_empty());

        let answer = app.post(TRAINER).by(&leo).json(body.clone()).send().await.expect(201);
        assert_eq!((answer["user"]["id"].as_i64(), &answer["user"]["role"]), (Some(leo.id.0), &json!("TRAINER")));
        assert!(app.accounts.ids().is_empty(), "the person has an account");
        let seen = app.get("/api/v1/users/profile").by(&leo).send().await.expect(200);
        assert_eq!((&seen["role"], &seen["first_name"]), (&json!("TRAINER"), &json!("leo")));

        assert_eq!(error_code(app.post(TRAINER).by(&leo).json(body.clone()).send().await, 400), "WORKSPACE_EXISTS");
        assert_eq!(error_code(app.post(TRAINER).json(body).send().await, 400), "EMAIL_EXISTS");
    }

    async fn idn_71_an_address_with_an_account_at_the_provider_is_not_given_away(t: TestDb) {
        let app = App::new(t).await;
        app.accounts.add("auth0|leo", "leo@fit.example");
        assert_eq!(error_code(app.post(TRAINER).json(trainer(&json!({}))).send().await, 400), "EMAIL_EXISTS");
    }

    async fn idn_71_of_parallel_requests_of_one_person_one_opens_a_workspace(t: TestDb) {
        let app = App::new(t).await;
        let leo = app.world.user_with("leo", |u| u.email = "leo@fit.example".into()).await;
        let sends = (0..5).map(|_| app.post(TRAINER).by(&leo).json(trainer(&json!({}))).send());
        let mut codes = Vec::new();
        for answer in futures::future::join_all(sends).await {
            match answer.status.as_u16() {
                201 => codes.push("OPENED".to_owned()),
                _ => codes.push(error_code(answer, 400)),
            }
        }
        codes.sort();
        assert_eq!(codes, ["OPENED", "WORKSPACE_EXISTS", "WORKSPACE_EXISTS", "WORKSPACE_EXISTS", "WORKSPACE_EXISTS"]);
    }

    async fn idn_71_of_parallel_requests_of_one_new_address_one_opens_a_workspace(t: TestDb) {
        let app = App::new(t).await;
        let sends = (0..5).map(|_| app.post(TRAINER).json(trainer(&json!({}))).send());
        let answers = futures::future::join_all(sends).await;
        assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1);
        for refused in answers.into_iter().filter(|a| a.status != 201) {
            assert_eq!(error_code(refused, 400), "EMAIL_EXISTS");
        }
    }
}
