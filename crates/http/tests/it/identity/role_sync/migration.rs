//! Everybody's role is sent once, slowly (IDN-92).
use super::{P, execute, person, roles, unavailable};
use domain::identity::{role::HighestRole, user};
use serde_json::json;
use services::Settings;
use std::time::{Duration, Instant};
use testkit::{app::App, both};

const START: &str = "/api/v1/auth/sync-roles-to-auth0";

async fn with_pause(t: &testkit::database::TestDb, pause: Duration) -> App {
    App::with(t, |c| c.settings.role_migration_pause = pause).await
}

async fn outcome(app: &App) -> Option<String> {
    let core = &app.services.core;
    let jobs = core.stores.jobs.all(&core.db).await.unwrap();
    jobs.into_iter().find(|job| job.name == "role_migration").and_then(|job| job.last_outcome)
}

async fn start(app: &App, root: &user::Model) {
    let answer = app.post(START).by(root).send().await.expect(200);
    assert_eq!(answer["status"], "success");
    assert!(answer["message"].is_string() && answer["detail"].is_string());
}

both! {
    async fn idn_92_everybody_is_sent_and_one_failure_stops_nobody(t: TestDb) {
        let app = with_pause(t, Duration::ZERO).await;
        let root = person(&app, "root", P::SuperAdmin, &[]).await;
        let mut people = Vec::new();
        for n in 0..5 {
            people.push(person(&app, &format!("u{n}"), P::Trainer, &["Owner"]).await);
        }
        app.world.user_with("unclaimed", |u| u.auth0_id = None).await;
        app.accounts.fail_when("assign_role test|u1", unavailable(None));
        app.accounts.fail_when("roles test|u3", ports::identity::IdentityError::Refused("no".into()));

        let scheduler = app.services.scheduler();
        start(&app, &root).await;
        assert_eq!(app.accounts.calls().len(), 0, "outside the request");
        assert_eq!(scheduler.run_due().await.unwrap(), 1);
        assert_eq!(outcome(&app).await.as_deref(), Some("ok: 5 sent, 2 failed, 7 in total"));
        for (n, user) in people.iter().enumerate() {
            let want = if matches!(n, 1 | 3) { "Owner" } else { "Trainer" };
            assert_eq!(roles(&app, user), [want], "{n}");
        }
        assert_eq!(roles(&app, &root), ["SuperAdmin"]);
        scheduler.register().await.unwrap();
        scheduler.run_due().await.unwrap();
        assert_eq!(app.accounts.calls().iter().filter(|c| *c == "roles test|u0").count(), 1, "on demand only");
    }

    async fn idn_92_one_runs_at_a_time_and_a_second_start_is_409(t: TestDb) {
        let app = with_pause(t, Duration::from_millis(150)).await;
        let root = person(&app, "root", P::SuperAdmin, &[]).await;
        for n in 0..4 {
            person(&app, &format!("u{n}"), P::Member, &[]).await;
        }
        start(&app, &root).await;
        let (one, two) = (app.services.scheduler(), app.services.scheduler());
        let again = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            app.post(START).by(&root).send().await.outcome()
        };
        let (ran, other, again) = tokio::join!(one.run_due(), two.run_due(), again);
        assert_eq!(ran.unwrap() + other.unwrap(), 1);
        assert_eq!(again, (409, "role_migration_running".into()));
        assert_eq!(app.accounts.calls().iter().filter(|c| c.starts_with("roles test|u0")).count(), 1);
        start(&app, &root).await;
    }

    async fn idn_92_no_more_than_two_people_per_second(t: TestDb) {
        assert_eq!(Settings::default().role_migration_pause, Duration::from_millis(500));
        let app = with_pause(t, Duration::from_millis(200)).await;
        let root = person(&app, "root", P::SuperAdmin, &[]).await;
        for n in 0..3 {
            person(&app, &format!("u{n}"), P::Member, &[]).await;
        }
        start(&app, &root).await;
        let began = Instant::now();
        app.services.scheduler().run_due().await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
    }

    async fn idn_92_a_run_that_was_cut_off_goes_on_after_the_last_person(t: TestDb) {
        let app = with_pause(t, Duration::from_secs(60)).await;
        let root = person(&app, "root", P::SuperAdmin, &[]).await;
        person(&app, "late", P::Member, &[]).await;
        start(&app, &root).await;
        let scheduler = app.services.scheduler();
        let cut = tokio::time::timeout(Duration::from_millis(800), scheduler.run_due()).await;
        assert!(cut.is_err() && roles(&app, &root) == ["SuperAdmin"]);

        execute(t, "UPDATE scheduled_jobs SET leased_until = '2020-01-01T00:00:00+00:00' WHERE name = 'role_migration'").await;
        let next = with_pause(t, Duration::ZERO).await;
        next.accounts.add("test|late", "late@example.test");
        next.services.scheduler().run_due().await.unwrap();
        assert_eq!(next.accounts.calls()[0], "roles test|late");
        assert_eq!(outcome(&next).await.as_deref(), Some("ok: 2 sent, 0 failed, 2 in total"));
    }

    async fn idn_92_only_the_platform_starts_it(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        let boss = app.world.user_with("boss", |u| u.role = P::Admin).await;
        app.post(START).send().await.expect(401);
        assert_eq!(app.post(START).by(&boss).send().await.outcome(), (403, "super_admin_only".into()));
        let scopes: Vec<_> = HighestRole::SuperAdmin.scopes().iter().copied().filter(|s| *s != "tenant:admin").collect();
        assert_eq!(app.post(START).by_with(&root, &scopes).send().await.outcome(), (403, "missing_scope".into()));
        let es = app.post(START).by(&root).header("accept-language", "es").send().await.expect(200);
        assert_eq!(es["message"], json!("La migración de roles ha comenzado."));
    }
}
