//! The identity provider is told who is what (IDN-19, IDN-20, IDN-88 … IDN-92).
mod migration;

use domain::identity::{GymRole as G, PlatformRole as P, user};
use ports::identity::{IdentityError, NoIdentityProvider};
use sea_orm::{ConnectionTrait, Statement};
use services::kernel::effect;
use std::{sync::Arc, time::Duration};
use testkit::{app::App, both, database::TestDb};

fn unavailable(retry_after: Option<u64>) -> IdentityError {
    IdentityError::Unavailable { reason: "HTTP 429".into(), retry_after: retry_after.map(Duration::from_secs) }
}

/// A person with an account that holds these roles.
async fn person(app: &App, handle: &str, platform: P, held: &[&str]) -> user::Model {
    let user = app.world.user_with(handle, |u| u.role = platform).await;
    let id = user.auth0_id.clone().unwrap();
    app.accounts.add(&id, &user.email);
    app.accounts.edit(&id, |kept| kept.roles = held.iter().map(ToString::to_string).collect());
    user
}

fn roles(app: &App, user: &user::Model) -> Vec<String> {
    app.accounts.account(user.auth0_id.as_deref().unwrap()).unwrap().roles
}

async fn write_effect(app: &App, user: &user::Model) {
    let core = &app.services.core;
    core.effect(&core.db, effect::role_sync(user.id)).await.unwrap();
}

async fn sync(app: &App, user: &user::Model) {
    write_effect(app, user).await;
    app.deliver_effects().await;
}

/// Waiting and dead effects.
async fn backlog(app: &App) -> (u64, u64) {
    let core = &app.services.core;
    core.stores.outbox.backlog(&core.db).await.unwrap()
}

async fn execute(t: &TestDb, sql: &str) {
    t.pool().execute_unprepared(sql).await.unwrap();
}

async fn make_due(t: &TestDb) {
    execute(t, "UPDATE outbox SET next_attempt_at = '2020-01-01T00:00:00+00:00'").await;
}

/// In how many seconds the one effect that waits is tried again.
async fn due_in(t: &TestDb) -> i64 {
    let backend = t.pool().get_database_backend();
    let statement = Statement::from_string(backend, "SELECT next_attempt_at FROM outbox WHERE status = 'pending'");
    let row = t.pool().query_one_raw(statement).await.unwrap().unwrap();
    let at: chrono::DateTime<chrono::Utc> = row.try_get("", "next_attempt_at").unwrap();
    (at - chrono::Utc::now()).num_seconds()
}

both! {
    async fn idn_19_idn_20_idn_88_the_highest_role_of_every_mix_is_assigned(t: TestDb) {
        let app = App::new(t).await;
        let (a, b) = (app.world.gym("aaa").await, app.world.gym("bbb").await);
        let shut = app.world.gym_with("shut", |g| g.is_active = false).await;
        for (n, (platform, memberships, want)) in [
            (P::Member, &[][..], "Member"),
            (P::Admin, &[(a.id, G::Trainer)][..], "Admin"),
            (P::Admin, &[(b.id, G::Admin)], "Admin"),
            (P::Member, &[(a.id, G::Member), (b.id, G::Owner)], "Owner"),
            (P::Admin, &[(a.id, G::Owner)], "Owner"),
            (P::Trainer, &[(a.id, G::Admin)], "Admin"),
            (P::Trainer, &[(a.id, G::Trainer)], "Trainer"),
            (P::Member, &[(a.id, G::Trainer)], "Trainer"),
            (P::Member, &[(shut.id, G::Owner), (a.id, G::Member)], "Member"),
            (P::SuperAdmin, &[(shut.id, G::Owner)], "SuperAdmin"),
        ]
        .into_iter()
        .enumerate()
        {
            let user = person(&app, &format!("u{n}"), platform, &[]).await;
            for (gym, role) in memberships {
                // one owner per gym: the last case takes over
                if *role == G::Owner {
                    execute(t, &format!("UPDATE user_gyms SET role = 'ADMIN' WHERE gym_id = {gym} AND role = 'OWNER'")).await;
                }
                app.world.join(*gym, user.id, *role).await;
            }
            sync(&app, &user).await;
            assert_eq!(roles(&app, &user), [want], "{platform:?} {memberships:?}");
        }

        let eve = person(&app, "eve", P::Member, &[]).await;
        app.world.join(b.id, eve.id, G::Admin).await;
        execute(t, &format!("UPDATE user_gyms SET is_active = FALSE WHERE user_id = {}", eve.id)).await;
        assert_eq!(app.services.role_sync.sync_now(eve.id).await.unwrap().as_str(), "MEMBER");
        assert_eq!(roles(&app, &eve), ["Member"]);
    }

    async fn idn_88_nobody_without_an_account_is_told_of(t: TestDb) {
        let app = App::new(t).await;
        let ana = app.world.user_with("ana", |u| u.auth0_id = None).await;
        sync(&app, &ana).await;
        assert_eq!(app.services.role_sync.sync_now(ana.id).await.unwrap().as_str(), "MEMBER");
        let gone = app.world.user("gone").await;
        sync(&app, &gone).await;
        assert_eq!((app.accounts.calls(), backlog(&app).await), (vec!["roles test|gone".to_owned()], (0, 0)));
        let nobody = app.services.role_sync.sync_now(domain::UserId(404)).await;
        assert_eq!(nobody.unwrap_err().code(), "user_not_found");

        let app = App::with(t, |c| c.ports.accounts = Arc::new(NoIdentityProvider)).await;
        sync(&app, &gone).await;
        assert_eq!(backlog(&app).await, (0, 0));
    }

    async fn idn_89_adds_first_then_removes_other_managed_roles_and_keeps_foreign_ones(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Trainer, &["Owner", "Billing", "Member"]).await;
        sync(&app, &ana).await;
        assert_eq!(roles(&app, &ana), ["Billing", "Trainer"]);
        let calls = app.accounts.calls();
        assert_eq!(calls[..3], ["roles test|ana", "assign_role test|ana Trainer", "remove_roles test|ana Owner,Member"]);
    }

    async fn idn_89_nothing_to_change_makes_no_calls_beyond_reading(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Member, &["Auditor", "Member"]).await;
        sync(&app, &ana).await;
        assert_eq!(app.accounts.calls(), ["roles test|ana"]);
    }

    async fn idn_89_a_failure_after_adding_leaves_the_old_role_to_be_removed_later(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Member, &["Owner"]).await;
        app.accounts.fail_when("remove_roles", unavailable(None));
        sync(&app, &ana).await;
        assert_eq!((roles(&app, &ana), backlog(&app).await), (vec!["Owner".to_owned(), "Member".into()], (1, 0)));
        make_due(t).await;
        app.deliver_effects().await;
        assert_eq!((roles(&app, &ana), backlog(&app).await), (vec!["Member".to_owned()], (0, 0)));
    }

    async fn idn_90_an_unknown_role_name_changes_nothing(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Member, &["Owner"]).await;
        app.accounts.fail_when("assign_role", IdentityError::Refused("no role is named Member".into()));
        sync(&app, &ana).await;
        assert_eq!((roles(&app, &ana), backlog(&app).await), (vec!["Owner".to_owned()], (0, 0)));
    }

    async fn idn_91_a_busy_provider_is_asked_again_when_it_says(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Member, &[]).await;
        app.accounts.fail_next(unavailable(Some(900)));
        sync(&app, &ana).await;
        assert!((890..=900).contains(&due_in(t).await));
        make_due(t).await;
        app.accounts.fail_next(unavailable(None));
        app.deliver_effects().await;
        assert!((5..=8).contains(&due_in(t).await), "the second failure waits 8 s");
        make_due(t).await;
        app.deliver_effects().await;
        assert_eq!((roles(&app, &ana), backlog(&app).await), (vec!["Member".to_owned()], (0, 0)));
    }

    async fn idn_91_after_8_attempts_an_operator_is_needed(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Member, &[]).await;
        write_effect(&app, &ana).await;
        for attempt in 1..=8 {
            assert_eq!(backlog(&app).await, (1, 0), "before attempt {attempt}");
            app.accounts.fail_next(unavailable(Some(60)));
            make_due(t).await;
            app.deliver_effects().await;
        }
        assert_eq!((app.accounts.calls().len(), backlog(&app).await), (8, (0, 1)));
    }

    async fn idn_89_a_role_that_changes_while_it_is_sent_is_sent_again(t: TestDb) {
        let app = App::new(t).await;
        let ana = person(&app, "ana", P::Admin, &[]).await;
        let slow = SlowAssign { inner: app.accounts.clone(), seen: Arc::default(), go: Arc::default() };
        let (seen, go) = (slow.seen.clone(), slow.go.clone());
        let second = App::with(t, |c| c.ports.accounts = Arc::new(slow)).await;
        let send = second.services.role_sync.sync_now(ana.id);
        let demote = async {
            seen.notified().await;
            let core = &app.services.core;
            core.stores.users.set_role(&core.db, ana.id, P::Member).await.unwrap();
            app.services.role_sync.sync_now(ana.id).await.unwrap();
            go.notify_one();
        };
        let (sent, ()) = tokio::join!(send, demote);
        assert_eq!(sent.unwrap().as_str(), "MEMBER");
        assert_eq!(roles(&app, &ana), ["Member"], "the power that was taken stays taken");
    }
}

/// An account management whose first assignment waits until somebody else was quicker.
struct SlowAssign {
    inner: Arc<testkit::accounts::MemoryAccounts>,
    seen: Arc<tokio::sync::Notify>,
    go: Arc<tokio::sync::Notify>,
}

#[async_trait::async_trait]
impl ports::IdentityProvider for SlowAssign {
    async fn create(&self, new: ports::identity::NewAccount) -> Result<ports::identity::Account, IdentityError> {
        self.inner.create(new).await
    }
    async fn by_id(&self, id: &str) -> Result<ports::identity::Account, IdentityError> {
        self.inner.by_id(id).await
    }
    async fn by_email(&self, email: &str) -> Result<Option<ports::identity::Account>, IdentityError> {
        self.inner.by_email(email).await
    }
    async fn change_email(&self, id: &str, email: &str) -> Result<(), IdentityError> {
        self.inner.change_email(id, email).await
    }
    async fn set_picture(&self, id: &str, url: &str) -> Result<(), IdentityError> {
        self.inner.set_picture(id, url).await
    }
    async fn send_verification(&self, id: &str) -> Result<(), IdentityError> {
        self.inner.send_verification(id).await
    }
    async fn delete(&self, id: &str) -> Result<(), IdentityError> {
        self.inner.delete(id).await
    }
    async fn roles(&self, id: &str) -> Result<Vec<String>, IdentityError> {
        self.inner.roles(id).await
    }
    async fn assign_role(&self, id: &str, role: &str) -> Result<(), IdentityError> {
        if role == "Admin" {
            self.seen.notify_one();
            self.go.notified().await;
        }
        self.inner.assign_role(id, role).await
    }
    async fn remove_roles(&self, id: &str, roles: &[String]) -> Result<(), IdentityError> {
        self.inner.remove_roles(id, roles).await
    }
}
