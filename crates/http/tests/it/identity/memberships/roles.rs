//! Roles and ownership.
use super::*;

async fn owners(app: &App, gym: GymId) -> Vec<UserId> {
    let (people, page) = (&app.services.core.stores.people, services::Page::default());
    let rows = people.summaries(&app.world.db, gym, Some(GymRole::Owner), page).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

fn role_path(user: &user::Model) -> String {
    format!("{}/role", member_path(user))
}

fn to(role: GymRole) -> Value {
    json!({ "role": role })
}

/// What a change answers, told from the rules alone.
fn expected(caller: GymRole, target: GymRole, new: GymRole) -> (u16, &'static str) {
    use GymRole::{Admin, Member, Owner, Trainer};
    match (caller, target, new) {
        (Member | Trainer, ..) => (403, "role_too_low"),
        (Owner, Owner, _) => (400, "own_role"), // there is but one
        (Owner, ..) => (200, ""),
        (Admin, _, Owner) => (403, "ownership_transfer_forbidden"),
        (Admin, Owner | Admin, _) => (403, "role_rank"),
        (Admin, ..) => (200, ""),
    }
}

both! {
    /// Edge case 8: caller × target × new role.
    async fn idn_22_idn_50_idn_52_the_role_matrix(t: TestDb) {
        let app = App::new(t).await;
        let (boss, pupil) = (app.world.user("boss").await, app.world.user("pupil").await);
        for caller in ROLES {
            for target in ROLES {
                let own = caller == GymRole::Owner && target == GymRole::Owner;
                for new in ROLES {
                    let name = [caller, target, new].map(GymRole::as_str).join("-").to_lowercase();
                    let gym = app.world.gym(&name).await;
                    app.world.join(gym.id, boss.id, caller).await;
                    let subject = if own { &boss } else { &pupil };
                    if !own {
                        app.world.join(gym.id, pupil.id, target).await;
                    }
                    let answer = app.put(&role_path(subject)).by(&boss).at(gym.id).json(to(new)).send().await;
                    let (status, code) = expected(caller, target, new);
                    assert_eq!(answer.outcome(), (status, code.to_owned()), "{name}");
                    let allowed = status == 200;
                    if allowed {
                        let body = answer.json();
                        assert_eq!((&body["role"], &body["user_id"]), (&json!(new), &json!(pupil.id)), "{name}");
                    }
                    let handed_over = allowed && new == GymRole::Owner;
                    let after = if own { caller } else if allowed { new } else { target };
                    assert_eq!(role(&app, gym.id, subject.id).await, Some(after), "{name}");
                    let stays = if handed_over { GymRole::Admin } else { caller };
                    assert_eq!(role(&app, gym.id, boss.id).await, Some(stays), "{name}");
                }
            }
        }
    }

    async fn idn_50_strangers_super_admins_and_oneself(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let ada = app.world.person(&gym, "ada", GymRole::Admin).await;
        let sam = app.world.super_admin("sam").await;
        app.world.join(gym.id, sam.id, GymRole::Member).await;
        let stranger = app.world.user("stranger").await;
        for (caller, target, outcome) in [
            (&olga, &stranger, (404, "user_not_in_gym")),
            (&root, &stranger, (404, "user_not_in_gym")),
            (&root, &root, (404, "user_not_in_gym")),
            (&olga, &sam, (403, "super_admin_protected")),
            (&sam, &sam, (403, "super_admin_protected")),
            (&olga, &olga, (400, "own_role")),
            (&ada, &ada, (400, "own_role")),
        ] {
            let refused = app.put(&role_path(target)).by(caller).at(gym.id).json(to(GymRole::Trainer)).send().await;
            assert_eq!(refused.outcome(), (outcome.0, outcome.1.into()), "{} by {}", target.email, caller.email);
        }
        for body in [json!({"role": "BOSS"}), json!({}), json!({"role": null}), json!("TRAINER")] {
            app.put(&role_path(&ada)).by(&olga).at(gym.id).json(body).send().await.expect(422);
        }
        // the platform's administrator ranks above all, with or without a membership
        app.put(&role_path(&ada)).by(&sam).at(gym.id).json(to(GymRole::Member)).send().await.expect(200);
        app.put(&role_path(&ada)).by(&root).at(gym.id).json(to(GymRole::Owner)).send().await.expect(200);
        assert_eq!(owners(&app, gym.id).await, [ada.id]);
    }

    async fn idn_51_a_changed_role_counts_at_once_and_the_provider_is_told(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let ada = app.world.person(&gym, "ada", GymRole::Admin).await;
        let mia = app.world.member(&gym, "mia").await;
        let guarded = async || app.get("/api/v1/users/gym-users").by(&ada).at(gym.id).send().await.outcome();
        assert_eq!(guarded().await.0, 200);

        // what is so already is no change
        app.put(&role_path(&ada)).by(&olga).at(gym.id).json(to(GymRole::Admin)).send().await.expect(200);
        assert!(synced(t).await.is_empty());

        app.put(&role_path(&ada)).by(&olga).at(gym.id).json(to(GymRole::Trainer)).send().await.expect(200);
        assert_eq!(guarded().await, (403, "role_too_low".into()));
        assert_eq!(synced(t).await, [ada.id]);
        assert_eq!(waiting(t, "cache.drop").await[0]["keys"][0], json!({"user_gym_membership": [ada.id, gym.id]}));

        let root = app.world.super_admin("root").await;
        let path = format!("/api/v1/gyms/{}/owner?user_id={}", gym.id, mia.id);
        app.put(&path).by(&root).send().await.expect(200);
        assert_eq!(synced(t).await, [olga.id, ada.id, mia.id]);
    }

    async fn idn_52_the_owner_hands_the_gym_over(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let mia = app.world.member(&gym, "mia").await;
        // whose access was suspended, and who must be able to enter their own gym
        execute(t, format!("UPDATE user_gyms SET is_active = false WHERE user_id = {}", mia.id)).await;

        let body = app.put(&role_path(&mia)).by(&olga).at(gym.id).json(to(GymRole::Owner)).send().await.expect(200);
        assert_eq!((&body["user_id"], &body["role"]), (&json!(mia.id), &json!("OWNER")));
        assert_eq!(owners(&app, gym.id).await, [mia.id]);
        let (before, after) = (standing(&app, gym.id, olga.id).await.unwrap(), standing(&app, gym.id, mia.id).await.unwrap());
        assert_eq!((before.role, before.membership_type), (GymRole::Admin, membership::MembershipType::Free));
        assert_eq!((after.is_active, after.membership_type), (true, membership::MembershipType::Owner));
        assert_eq!(synced(t).await, [olga.id, mia.id]);

        let again = app.put(&role_path(&mia)).by(&olga).at(gym.id).json(to(GymRole::Admin)).send().await;
        assert_eq!(again.outcome(), (403, "role_rank".into()));
        app.put(&role_path(&olga)).by(&mia).at(gym.id).json(to(GymRole::Trainer)).send().await.expect(200);
    }

    async fn idn_52_the_platform_names_an_owner(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let nina = app.world.user("nina").await;
        let gone = app.world.user("gone").await;
        execute(t, format!("UPDATE users SET is_active = false WHERE id = {}", gone.id)).await;
        let path = |gym: GymId, user: UserId| format!("/api/v1/gyms/{gym}/owner?user_id={user}");

        let refused = app.put(&path(gym.id, nina.id)).by(&olga).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "super_admin_only".into()));
        for (path, outcome) in [
            (path(gym.id, UserId(999_999)), (404, "user_not_found")),
            (path(GymId(999_999), nina.id), (404, "gym_not_found")),
            (path(gym.id, gone.id), (409, "owner_inactive")),
            (format!("/api/v1/gyms/{}/owner", gym.id), (422, "validation_error")),
        ] {
            assert_eq!(app.put(&path).by(&root).send().await.outcome(), (outcome.0, outcome.1.into()), "{path}");
        }
        assert_eq!(owners(&app, gym.id).await, [olga.id]);

        // not a member yet; and once more, which changes nothing
        for _ in 0..2 {
            let body = app.put(&path(gym.id, nina.id)).by(&root).send().await.expect(200);
            assert_eq!((&body["user_id"], &body["gym_id"], &body["role"]), (&json!(nina.id), &json!(gym.id), &json!("OWNER")));
            assert_eq!(owners(&app, gym.id).await, [nina.id]);
            assert_eq!(role(&app, gym.id, olga.id).await, Some(GymRole::Admin));
        }
        // a gym that has none, and whose door is closed
        let empty = app.world.gym_with("empty", |g| g.is_active = false).await;
        app.put(&path(empty.id, nina.id)).by(&root).send().await.expect(200);
        assert_eq!(owners(&app, empty.id).await, [nina.id]);
    }

    /// Edge case 8: two transfers at once.
    async fn idn_52_two_transfers_by_the_owner_end_with_one_owner(t: TestDb) {
        let app = App::new(t).await;
        for n in 0..4 {
            let gym = app.world.gym(&format!("box{n}")).await;
            let olga = app.world.person(&gym, &format!("olga{n}"), GymRole::Owner).await;
            let ana = app.world.member(&gym, &format!("ana{n}")).await;
            let ben = app.world.person(&gym, &format!("ben{n}"), GymRole::Admin).await;
            // both pass the guard as the owner
            app.get("/api/v1/gyms/users").by(&olga).at(gym.id).send().await.expect(200);
            let (ana_path, ben_path) = (role_path(&ana), role_path(&ben));
            let (a, b) = tokio::join!(
                app.put(&ana_path).by(&olga).at(gym.id).json(to(GymRole::Owner)).send(),
                app.put(&ben_path).by(&olga).at(gym.id).json(to(GymRole::Owner)).send(),
            );
            let mut outcomes = [a.outcome(), b.outcome()];
            outcomes.sort();
            assert_eq!(outcomes, [(200, String::new()), (403, "ownership_transfer_forbidden".into())]);
            let heir = if a.status == 200 { ana.id } else { ben.id };
            assert_eq!(owners(&app, gym.id).await, [heir]);
            assert_eq!(role(&app, gym.id, olga.id).await, Some(GymRole::Admin));
        }
    }

    /// Edge case 8: many transfers at once.
    async fn idn_52_transfers_by_the_platform_end_with_one_owner(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let mut heirs = vec![app.world.member(&gym, "ana").await];
        for n in 0..5 {
            heirs.push(app.world.user(&format!("new{n}")).await);
        }
        let calls = heirs.iter().map(|heir| {
            let path = format!("/api/v1/gyms/{}/owner?user_id={}", gym.id, heir.id);
            app.put(&path).by(&root).send()
        });
        for answer in join_all(calls).await {
            answer.expect(200);
        }
        let owner = owners(&app, gym.id).await;
        assert_eq!(owner.len(), 1);
        for user in heirs.iter().chain([&olga]).filter(|user| user.id != owner[0]) {
            assert_eq!(role(&app, gym.id, user.id).await, Some(GymRole::Admin));
        }
    }

    async fn idn_52_a_transfer_and_the_heirs_removal_at_once_leave_an_owner(t: TestDb) {
        let app = App::new(t).await;
        let root = app.world.super_admin("root").await;
        for n in 0..4 {
            let gym = app.world.gym(&format!("box{n}")).await;
            app.world.person(&gym, &format!("olga{n}"), GymRole::Owner).await;
            let ana = app.world.member(&gym, &format!("ana{n}")).await;
            let owner_path = format!("/api/v1/gyms/{}/owner?user_id={}", gym.id, ana.id);
            let path = member_path(&ana);
            let (made, removed) = tokio::join!(
                app.put(&owner_path).by(&root).send(),
                app.delete(&path).by(&root).at(gym.id).send(),
            );
            made.expect(200);
            assert!(matches!(removed.status.as_u16(), 200 | 409), "{}", removed.status);
            assert_eq!(owners(&app, gym.id).await, [ana.id]);
        }
    }
}
