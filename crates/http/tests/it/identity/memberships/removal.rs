//! Leaving and being removed.
use super::*;
use domain::identity::relationship::{self, RelationshipStatus};

both! {
    async fn idn_48_who_may_remove_whom(t: TestDb) {
        let app = App::new(t).await;
        let (caller, target) = (app.world.user("caller").await, app.world.user("target").await);
        let root = app.world.super_admin("root").await;
        for by in ROLES.map(Some).into_iter().chain([None]) {
            for of in ROLES {
                if by == Some(GymRole::Owner) && of == GymRole::Owner {
                    continue; // a gym has one owner
                }
                let name = format!("{}-{}", by.map_or("root", GymRole::as_str), of.as_str()).to_lowercase();
                let gym = app.world.gym(&name).await;
                app.world.join(gym.id, target.id, of).await;
                if let Some(by) = by {
                    app.world.join(gym.id, caller.id, by).await;
                }
                let (allowed, code) = match by {
                    None => (of != GymRole::Owner, "last_owner"),
                    Some(GymRole::Member | GymRole::Trainer) => (false, "removal_of_others"),
                    Some(GymRole::Admin) => (!of.at_least(GymRole::Admin), "role_rank"),
                    Some(GymRole::Owner) => (true, ""),
                };
                let by = if by.is_some() { &caller } else { &root };
                let answer = app.delete(&member_path(&target)).by(by).at(gym.id).send().await;
                if allowed {
                    let body = answer.expect(200);
                    assert_eq!((&body["user_id"], &body["gym_id"]), (&json!(target.id), &json!(gym.id)), "{name}");
                } else {
                    let status = if code == "last_owner" { 409 } else { 403 };
                    assert_eq!(answer.outcome(), (status, code.into()), "{name}");
                }
                assert_eq!(role(&app, gym.id, target.id).await, (!allowed).then_some(of), "{name}");
            }
        }
    }

    async fn idn_48_oneself(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        for (role, handle, outcome) in [
            (GymRole::Member, "mia", (200, "")),
            (GymRole::Trainer, "tom", (200, "")),
            (GymRole::Admin, "ada", (403, "removal_of_self")),
            (GymRole::Owner, "olga", (409, "last_owner")),
        ] {
            let user = app.world.person(&gym, handle, role).await;
            let answer = app.delete(&member_path(&user)).by(&user).at(gym.id).send().await;
            assert_eq!(answer.outcome(), (outcome.0, outcome.1.into()), "{role:?}");
        }
    }

    async fn idn_48_nobody_removes_a_super_admin_nor_a_stranger(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let mia = app.world.member(&gym, "mia").await;
        let (root, other) = (app.world.super_admin("root").await, app.world.super_admin("other").await);
        app.world.join(gym.id, root.id, GymRole::Member).await;
        let stranger = app.world.user("stranger").await;
        let platform = |user: &user::Model| format!("/api/v1/gyms/{}/users/{}", gym.id, user.id);
        let users = |user: &user::Model| format!("/api/v1/users/users/{}", user.id);
        for (caller, path) in [
            (&boss, member_path(&root)),
            (&root, member_path(&root)),
            (&other, platform(&root)),
            (&boss, users(&root)),
        ] {
            let refused = app.delete(&path).by(caller).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (403, "super_admin_protected".into()), "{path}");
        }
        for path in [member_path(&stranger), platform(&stranger), users(&stranger), users(&other)] {
            let refused = app.delete(&path).by(&root).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (404, "user_not_in_gym".into()), "{path}");
        }
        // a member does not learn who belongs to the gym by trying
        for target in [&stranger, &boss] {
            let refused = app.delete(&member_path(target)).by(&mia).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (403, "removal_of_others".into()));
        }
    }

    async fn idn_48_the_platforms_administrator_needs_no_membership_on_either_route(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let boss = app.world.person(&gym, "boss", GymRole::Owner).await;
        let ada = app.world.person(&gym, "ada", GymRole::Admin).await;
        let mia = app.world.member(&gym, "mia").await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;

        let users = |user: &user::Model| format!("/api/v1/users/users/{}", user.id);
        app.delete(&users(&tom)).by(&root).at(gym.id).send().await.expect(204);
        app.delete(&users(&mia)).by(&boss).at(gym.id).send().await.expect(204);
        let refused = app.delete(&users(&ada)).by(&ada).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "removal_of_self".into()));

        let path = format!("/api/v1/gyms/{}/users/{}", gym.id, ada.id);
        assert_eq!(app.delete(&path).by(&boss).send().await.outcome(), (403, "super_admin_only".into()));
        app.delete(&path).by(&root).send().await.expect(200);
        assert_eq!(app.delete(&path).by(&root).send().await.outcome(), (404, "user_not_in_gym".into()));
        let nowhere = format!("/api/v1/gyms/999999/users/{}", boss.id);
        assert_eq!(app.delete(&nowhere).by(&root).send().await.outcome(), (404, "gym_not_found".into()));
        // a member may leave, but not by the administrators' route
        let max = app.world.member(&gym, "max").await;
        let refused = app.delete(&users(&max)).by(&max).at(gym.id).send().await;
        assert_eq!(refused.outcome(), (403, "role_too_low".into()));
    }

    async fn idn_49_idn_51_removal_ends_relationships_here_and_tells_the_provider(t: TestDb) {
        let app = App::new(t).await;
        let (here, there) = (app.world.gym("here").await, app.world.gym("there").await);
        let boss = app.world.person(&here, "boss", GymRole::Admin).await;
        let tom = app.world.person(&here, "tom", GymRole::Trainer).await;
        let ana = app.world.member(&here, "ana").await;
        let ben = app.world.member(&here, "ben").await;
        app.world.join(there.id, tom.id, GymRole::Trainer).await;
        app.world.join(there.id, ana.id, GymRole::Member).await;
        let relationships = &app.services.core.stores.relationships;
        let relate = async |gym: GymId, member: &user::Model, status| {
            let new = relationship::Create {
                trainer_id: tom.id,
                member_id: member.id,
                status,
                start_date: None,
                end_date: None,
                notes: None,
                created_by: None,
            };
            relationships.create(&app.world.db, gym, new).await.unwrap().id
        };
        let ended = relate(here.id, &ana, RelationshipStatus::Active).await;
        let others = relate(here.id, &ben, RelationshipStatus::Active).await;
        let elsewhere = relate(there.id, &ana, RelationshipStatus::Active).await;

        app.delete(&member_path(&ana)).by(&boss).at(here.id).send().await.expect(200);
        let row = relationships.get(&app.world.db, here.id, ended).await.unwrap().unwrap();
        assert_eq!(row.status, RelationshipStatus::Terminated);
        let age = chrono::Utc::now() - row.end_date.unwrap();
        assert!(age >= chrono::TimeDelta::zero() && age < chrono::TimeDelta::minutes(1), "{age}");
        for (gym, id) in [(here.id, others), (there.id, elsewhere)] {
            let row = relationships.get(&app.world.db, gym, id).await.unwrap().unwrap();
            assert_eq!((row.status, row.end_date), (RelationshipStatus::Active, None));
        }
        assert_eq!(role(&app, here.id, ana.id).await, None);
        assert_eq!(role(&app, there.id, ana.id).await, Some(GymRole::Member));
        assert_eq!(synced(t).await, [ana.id]);
        let dropped = waiting(t, "cache.drop").await;
        assert_eq!(dropped[0]["keys"][0], json!({"user_gym_membership": [ana.id, here.id]}));
    }

    /// A member who is removed while they are being related leaves nothing behind that still runs.
    async fn idn_49_removal_and_a_new_relationship_at_once(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let boss = app.world.person(&gym, "boss", GymRole::Admin).await;
        let tom = app.world.person(&gym, "tom", GymRole::Trainer).await;
        for n in 0..6 {
            let ana = app.world.member(&gym, &format!("ana{n}")).await;
            let body = json!({"trainer_id": tom.id, "member_id": ana.id, "status": "active"});
            let path = member_path(&ana);
            let (related, removed) = tokio::join!(
                app.post("/api/v1/relationships/").by(&tom).at(gym.id).json(body).send(),
                app.delete(&path).by(&boss).at(gym.id).send(),
            );
            removed.expect(200);
            if related.status != 200 {
                assert_eq!(related.outcome(), (404, "user_not_in_gym".into()));
            }
            let list = app.get("/api/v1/relationships/?status=active").by(&boss).at(gym.id).send().await.expect(200);
            assert_eq!(list, json!([]));
        }
    }

    /// Edge case 10.
    async fn idn_53_the_last_owner_stays_until_the_gym_is_handed_over(t: TestDb) {
        let app = App::new(t).await;
        let gym = app.world.gym("box").await;
        let root = app.world.super_admin("root").await;
        let olga = app.world.person(&gym, "olga", GymRole::Owner).await;
        let ada = app.world.person(&gym, "ada", GymRole::Admin).await;
        let platform = format!("/api/v1/gyms/{}/users/{}", gym.id, olga.id);
        let users = format!("/api/v1/users/users/{}", olga.id);
        for (caller, path) in [(&olga, member_path(&olga)), (&root, platform), (&root, users.clone()), (&olga, users)] {
            let refused = app.delete(&path).by(caller).at(gym.id).send().await;
            assert_eq!(refused.outcome(), (409, "last_owner".into()), "{path}");
        }
        let role_path = format!("{}/role", member_path(&olga));
        for new in ["ADMIN", "TRAINER", "MEMBER"] {
            let refused = app.put(&role_path).by(&root).at(gym.id).json(json!({"role": new})).send().await;
            assert_eq!(refused.outcome(), (409, "last_owner".into()), "{new}");
        }
        assert_eq!(role(&app, gym.id, olga.id).await, Some(GymRole::Owner));

        let path = format!("{}/role", member_path(&ada));
        app.put(&path).by(&olga).at(gym.id).json(json!({"role": "OWNER"})).send().await.expect(200);
        app.delete(&member_path(&olga)).by(&ada).at(gym.id).send().await.expect(200);
    }
}
