//! A gym has one OWNER, whatever happens at once.
use domain::identity::{GymRole, membership};
use repository::{
    Repository, StoreError,
    identity::membership::{MembershipQueries, SeaMemberships},
};
use testkit::{both, world::World};

fn owner(user_id: domain::UserId) -> membership::Create {
    membership::Create { user_id, role: GymRole::Owner, membership_type: membership::MembershipType::Owner }
}

both! {
    async fn idn_52_of_many_who_become_owner_at_once_one_does(t: TestDb) {
        let world = World::new(&t.db);
        let (gym, other) = (world.gym("box").await, world.gym("other").await);
        let mut people = Vec::new();
        for n in 0..8 {
            people.push(world.user(&format!("p{n}")).await.id);
        }
        let memberships = SeaMemberships::default();
        let joined = futures::future::join_all(people.iter().map(|p| memberships.create(&t.db, gym.id, owner(*p)))).await;
        assert_eq!(joined.iter().filter(|r| r.is_ok()).count(), 1);
        assert!(joined.iter().all(|r| matches!(r, Ok(_) | Err(StoreError::Unique(_)))), "{joined:?}");
        // of another gym the same person may be owner too
        let of_first = memberships.owner(&t.db, gym.id).await.unwrap().unwrap().user_id;
        memberships.create(&t.db, other.id, owner(of_first)).await.unwrap();
    }

    async fn idn_52_of_many_who_are_promoted_at_once_one_is(t: TestDb) {
        let world = World::new(&t.db);
        let gym = world.gym("box").await;
        let mut rows = Vec::new();
        for n in 0..8 {
            let user = world.user(&format!("p{n}")).await;
            rows.push(world.join(gym.id, user.id, GymRole::Admin).await);
        }
        let memberships = SeaMemberships::default();
        let promote = |row: &membership::Model| {
            let id = row.id;
            let memberships = &memberships;
            async move {
                t.db.run(async |tx| {
                    let patch = membership::Update { role: Some(GymRole::Owner), ..Default::default() };
                    memberships.update(&tx, gym.id, id, patch).await
                })
                .await
            }
        };
        let promoted = futures::future::join_all(rows.iter().map(promote)).await;
        assert_eq!(promoted.iter().filter(|r| r.is_ok()).count(), 1);
        assert!(promoted.iter().all(|r| matches!(r, Ok(_) | Err(StoreError::Unique(_)))), "{promoted:?}");
        assert_eq!(memberships.role_counts(&t.db, gym.id).await.unwrap().admins, 8, "nobody is lost");
        // a change of role in one transaction is a transfer
        let old = memberships.owner(&t.db, gym.id).await.unwrap().unwrap();
        let new = rows.iter().find(|row| row.id != old.id).unwrap();
        t.db.run(async |tx| {
            let patch = |role| membership::Update { role: Some(role), ..Default::default() };
            memberships.update(&tx, gym.id, old.id, patch(GymRole::Admin)).await?;
            memberships.update(&tx, gym.id, new.id, patch(GymRole::Owner)).await
        })
        .await
        .unwrap();
        assert_eq!(memberships.owner(&t.db, gym.id).await.unwrap().unwrap().id, new.id);
    }
}
