use axum::{Router, body::Body, http::Request, routing::get};
use domain::identity::{GymRole, gym, module::GATED, user};
use gymapi_http::{AppState, Member, Module, ModuleTenant, Readiness, System, module, scope};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{app::App, both};
use tower::ServiceExt;

struct Ready;

#[async_trait::async_trait]
impl Readiness for Ready {
    async fn check(&self) -> Result<(), Vec<String>> {
        Ok(())
    }
}

struct Nonsense;

impl Module for Nonsense {
    const CODE: &'static str = "nonsense";
}

type Guard<M> = ModuleTenant<Member, scope::ResourceRead, M>;

/// Operations behind modules, in the API's own state.
fn gated(app: &App) -> Router {
    let system =
        System { readiness: Arc::new(Ready), metrics: None, metrics_token: None, git_commit: "test", jwks: None };
    Router::new()
        .route("/posts", get(async |_: Guard<module::Posts>| "in"))
        .route("/nonsense", get(async |_: Guard<Nonsense>| "in"))
        .with_state(AppState::new(&app.services, system))
}

/// The outcome of asking for an operation behind a module.
async fn knock(app: &App, path: &str, by: Option<&user::Model>, gym: &str) -> (u16, String) {
    let mut request = Request::get(path);
    if let Some(user) = by {
        request = request.header("authorization", format!("Bearer {}", app.token(user)));
    }
    if !gym.is_empty() {
        request = request.header("x-gym-id", gym);
    }
    let answer = gated(app).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

async fn switch(app: &App, by: &user::Model, gym: &gym::Model, code: &str, to: &str) -> (u16, String) {
    app.patch(&format!("/api/v1/modules/{code}/{to}")).by(by).at(gym.id).send().await.outcome()
}

/// What the list says of a module.
async fn listed(app: &App, by: &user::Model, gym: &gym::Model, code: &str) -> Value {
    let list = app.get("/api/v1/modules").by(by).at(gym.id).send().await.expect(200);
    list["modules"].as_array().unwrap().iter().find(|m| m["code"] == code).unwrap().clone()
}

fn ok() -> (u16, String) {
    (200, String::new())
}

both! {
    async fn idn_72_only_a_super_admin_switches_modules(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let owner = app.world.person(&gym, "owner", GymRole::Owner).await;
        for to in ["activate", "deactivate"] {
            for code in ["posts", "billing"] {
                let want = (403, "super_admin_only".to_owned());
                assert_eq!(switch(&app, &owner, &gym, code, to).await, want, "{code} {to}");
            }
            let headless = app.patch(&format!("/api/v1/modules/posts/{to}")).by(&root).send().await;
            assert_eq!(headless.outcome(), (400, "gym_header_required".into()));
        }
        assert_eq!(listed(&app, &owner, &gym, "posts").await["active"], false);
        let changed = app.patch("/api/v1/modules/posts/activate").by(&root).at(gym.id).send().await.expect(200);
        assert_eq!(changed, json!({"status": "success", "message": "The module posts is activated."}));
        assert_eq!(listed(&app, &owner, &gym, "posts").await["active"], true);
    }

    async fn idn_72_billing_is_for_administrators_with_either_scope(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let admin = app.world.person(&gym, "admin", GymRole::Admin).await;
        let trainer = app.world.person(&gym, "trainer", GymRole::Trainer).await;
        for path in ["/api/v1/modules/billing/activate", "/api/v1/modules/billing/deactivate"] {
            for scope in ["resource:admin", "admin:modules", "admin_modules"] {
                app.post(path).by_with(&admin, &[scope]).at(gym.id).send().await.expect(200);
            }
            let few = app.post(path).by_with(&admin, &["resource:write", "tenant:admin"]).at(gym.id).send().await;
            assert_eq!(few.outcome(), (403, "missing_scope".into()));
            let low = app.post(path).by(&trainer).at(gym.id).send().await;
            assert_eq!(low.outcome(), (403, "role_too_low".into()));
        }
    }

    async fn idn_73_idn_30_the_guard_asks_for_the_module_after_the_membership(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let ana = app.world.member(&here, "ana").await;
        let root = app.world.super_admin("root").await;
        let (id, foreign) = (here.id.to_string(), there.id.to_string());

        assert_eq!(knock(&app, "/posts", None, &id).await, (401, "not_authenticated".into()));
        assert_eq!(knock(&app, "/posts", Some(&ana), "").await, (400, "gym_header_required".into()));
        assert_eq!(knock(&app, "/posts", Some(&ana), "999999").await, (404, "gym_not_found".into()));
        assert_eq!(knock(&app, "/posts", Some(&ana), &foreign).await, (403, "not_a_member".into()));
        assert_eq!(knock(&app, "/nonsense", Some(&ana), &foreign).await, (403, "not_a_member".into()));
        assert_eq!(knock(&app, "/posts", Some(&ana), &id).await, (403, "module_inactive".into()));
        assert_eq!(knock(&app, "/posts", Some(&root), &id).await, (403, "module_inactive".into()));
        assert_eq!(knock(&app, "/nonsense", Some(&ana), &id).await, (404, "module_not_found".into()));

        // refused so far: no visit
        let core = &app.services.core;
        let row = core.stores.people.of_user(&core.db, here.id, ana.id).await.unwrap().unwrap();
        assert_eq!(row.total_app_opens, 0);

        assert_eq!(switch(&app, &root, &here, "posts", "activate").await, ok());
        assert_eq!(knock(&app, "/posts", Some(&ana), &id).await, ok());
        // the very next request after the module goes off is refused
        assert_eq!(switch(&app, &root, &here, "posts", "deactivate").await, ok());
        assert_eq!(knock(&app, "/posts", Some(&ana), &id).await, (403, "module_inactive".into()));
    }

    async fn idn_73_no_row_is_off_and_an_unknown_code_is_nothing(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let modules = &app.services.modules;
        // a new gym has no row of this one
        assert_eq!(modules.status(gym.id, "activity_feed").await.unwrap(), Some(false));
        assert_eq!(modules.status(gym.id, "posts").await.unwrap(), Some(false));
        assert_eq!(modules.status(gym.id, "chat").await.unwrap(), Some(true));
        assert_eq!(modules.status(gym.id, "nonsense").await.unwrap(), None);
        let root = app.world.super_admin("root").await;
        for to in ["activate", "deactivate"] {
            assert_eq!(switch(&app, &root, &gym, "nonsense", to).await, (404, "module_not_found".into()));
        }
        for to in ["deactivate", "activate"] {
            assert_eq!(switch(&app, &root, &gym, "activity_feed", to).await, ok());
            let on = modules.status(gym.id, "activity_feed").await.unwrap();
            assert_eq!(on, Some(to == "activate"));
        }
    }

    async fn idn_74_switching_twice_is_200_and_moves_no_time(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let admin = app.world.person(&gym, "admin", GymRole::Admin).await;
        let send = async |to: &str| {
            let path = format!("/api/v1/modules/billing/{to}");
            app.post(&path).by(&admin).at(gym.id).send().await.expect(200)
        };
        let off = send("deactivate").await;
        assert!(off["deactivation_timestamp"].is_string());
        assert_eq!(send("deactivate").await, off);
        let on = send("activate").await;
        assert!(on["activation_timestamp"].is_string());
        assert_eq!(send("activate").await, on);
        // a second round has times of its own, and the row no longer says that it was off
        send("deactivate").await;
        let again = send("activate").await;
        assert!(again["activation_timestamp"].as_str() > on["activation_timestamp"].as_str());
        let stores = &app.services.core.stores;
        let billing = stores.modules.by_code(&t.db, "billing").await.unwrap().unwrap();
        let row = stores.modules.row(&t.db, gym.id, billing.id).await.unwrap().unwrap();
        assert_eq!((row.active, row.deactivated_at), (true, None));
    }

    async fn idn_74_concurrent_first_activations_are_one_row(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let all = (0..8).map(|_| switch(&app, &root, &gym, "activity_feed", "activate"));
        for outcome in futures::future::join_all(all).await {
            assert_eq!(outcome, ok());
        }
        assert_eq!(listed(&app, &root, &gym, "activity_feed").await["active"], true);
    }

    async fn idn_74_a_module_of_one_gym_is_not_that_of_another(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let root = app.world.super_admin("root").await;
        assert_eq!(listed(&app, &root, &there, "posts").await["active"], false);
        assert_eq!(switch(&app, &root, &here, "posts", "activate").await, ok());
        assert_eq!(listed(&app, &root, &here, "posts").await["active"], true);
        assert_eq!(listed(&app, &root, &there, "posts").await["active"], false);
    }

    async fn idn_76_idn_77_the_list_is_the_whole_catalogue_by_id(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        let list = app.get("/api/v1/modules?limit=1").by(&ana).at(gym.id).send().await.expect(200);
        let modules = list["modules"].as_array().unwrap();
        let line = |m: &Value| {
            assert!(m["name"].as_str().is_some_and(|name| !name.is_empty()));
            let premium = if m["is_premium"] == true { "+" } else { "" };
            let off = if m["active"] == false { "-" } else { "" };
            format!("{}{premium}{off}", m["code"].as_str().unwrap())
        };
        // + premium, - off
        let want = "users schedule events chat billing health equipment appointments- progress- classes attendance \
            nutrition+- surveys+- stories+- posts+- activity_feed+-";
        assert_eq!(modules.iter().map(line).collect::<Vec<_>>().join(" "), want);
        let few = app.get("/api/v1/modules").by_with(&ana, &["user:read"]).at(gym.id).send().await;
        assert_eq!(few.outcome(), (403, "missing_scope".into()));
    }

    async fn idn_77_a_warm_list_asks_the_database_nothing(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let ana = app.world.member(&gym, "ana").await;
        app.get("/api/v1/modules").by(&ana).at(gym.id).send().await.expect(200);
        let warm = app.get("/api/v1/modules").by(&ana).at(gym.id).send().await;
        assert_eq!(warm.header("x-database-statements"), "0");
    }

    async fn billing_is_switched_and_shows_what_it_can(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let admin = app.world.person(&gym, "admin", GymRole::Admin).await;
        let ana = app.world.member(&gym, "ana").await;
        let root = app.world.super_admin("root").await;
        let status = async || app.get("/api/v1/modules/billing/status").by(&ana).at(gym.id).send().await.expect(200);

        let on = status().await;
        assert_eq!((&on["gym_id"], &on["gym_name"]), (&json!(gym.id), &json!("Gym box")));
        assert_eq!((&on["billing_enabled"], &on["stripe_config_valid"]), (&json!(true), &json!(false)));
        assert_eq!((&on["total_plans"], &on["active_subscriptions"]), (&json!(0), &json!(0)));
        assert_eq!((&on["last_sync"], on["capabilities"].as_object().unwrap().len()), (&json!(null), 5));

        let path = "/api/v1/modules/billing/deactivate?preserve_data=false";
        let off = app.post(path).by(&admin).at(gym.id).send().await.expect(200);
        assert_eq!((&off["success"], &off["stripe_data_preserved"]), (&json!(true), &json!(false)));
        assert_eq!((&off["active_subscriptions"], &off["warning"]), (&json!(0), &json!(null)));
        let off = status().await;
        assert_eq!((&off["billing_enabled"], &off["capabilities"]), (&json!(false), &json!(null)));
        let bad = app.post("/api/v1/modules/billing/deactivate?preserve_data=perhaps").by(&admin).at(gym.id).send().await;
        assert_eq!(bad.status, 422);

        let done = app.post("/api/v1/modules/billing/activate").by(&admin).at(gym.id).send().await.expect(200);
        assert_eq!((&done["success"], &done["plans_synced"]), (&json!(true), &json!(0)));
        assert_eq!(status().await["billing_enabled"], true);
        // the path that names any module reaches this one too
        assert_eq!(switch(&app, &root, &gym, "billing", "deactivate").await, ok());
        assert_eq!(status().await["billing_enabled"], false);
        assert_eq!(switch(&app, &root, &gym, "billing", "activate").await, ok());
    }
}

#[test]
fn idn_75_the_modules_that_gate_are_those_of_the_decision() {
    let (mut types, mut decided) = (module::CODES.to_vec(), GATED.to_vec());
    types.sort_unstable();
    decided.sort_unstable();
    assert_eq!(types, decided);
}
