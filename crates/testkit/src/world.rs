//! Rows made in one line: `let gym = world.gym("box").await; let ana = world.member(&gym, "ana").await;`
use domain::{
    GymId, UserId,
    identity::{GymRole, PlatformRole, gym, membership, user},
};
use repository::{
    Db, Repository,
    identity::{
        gym::{Gyms, SeaGyms},
        membership::SeaMemberships,
        module::{Modules, SeaModules},
        user::{SeaUsers, Users},
    },
};

/// Makes valid rows. Names are handles: `ana` becomes `ana@example.test` with the subject `test|ana`.
#[derive(Clone)]
pub struct World {
    pub db: Db,
}

impl World {
    pub fn new(db: &Db) -> Self {
        Self { db: db.clone() }
    }

    pub async fn gym(&self, subdomain: &str) -> gym::Model {
        self.gym_with(subdomain, |_| {}).await
    }

    pub async fn gym_with(&self, subdomain: &str, change: impl FnOnce(&mut gym::Create)) -> gym::Model {
        let mut input = gym::Create {
            name: format!("Gym {subdomain}"),
            subdomain: subdomain.to_owned(),
            logo_url: None,
            address: None,
            phone: None,
            email: None,
            description: None,
            timezone: "Europe/Madrid".into(),
            kind: gym::GymType::Gym,
            trainer_specialties: None,
            trainer_certifications: None,
            max_clients: None,
            is_active: true,
        };
        change(&mut input);
        let gym = SeaGyms.create(&self.db, input).await.expect("a gym");
        SeaModules.seed(&self.db, gym.id, domain::identity::module::initial(gym.kind)).await.expect("its modules");
        gym
    }

    pub async fn user(&self, handle: &str) -> user::Model {
        self.user_with(handle, |_| {}).await
    }

    pub async fn user_with(&self, handle: &str, change: impl FnOnce(&mut user::Create)) -> user::Model {
        let mut input = user::Create {
            email: format!("{handle}@example.test"),
            first_name: Some(handle.to_owned()),
            last_name: Some("Tester".into()),
            role: PlatformRole::Member,
            auth0_id: Some(format!("test|{handle}")),
            picture: None,
            locale: None,
            auth0_metadata: None,
            phone_number: None,
            bio: None,
        };
        change(&mut input);
        SeaUsers.create(&self.db, input).await.expect("a user").expect("a new identity")
    }

    pub async fn super_admin(&self, handle: &str) -> user::Model {
        self.user_with(handle, |u| u.role = PlatformRole::SuperAdmin).await
    }

    pub async fn join(&self, gym: GymId, user: UserId, role: GymRole) -> membership::Model {
        let input = membership::Create {
            user_id: user,
            role,
            membership_type: if role == GymRole::Owner {
                membership::MembershipType::Owner
            } else {
                membership::MembershipType::Free
            },
        };
        SeaMemberships::default().create(&self.db, gym, input).await.expect("a membership")
    }

    /// A new person who belongs to the gym.
    pub async fn person(&self, gym: &gym::Model, handle: &str, role: GymRole) -> user::Model {
        let user = self.user(handle).await;
        self.join(gym.id, user.id, role).await;
        user
    }

    pub async fn member(&self, gym: &gym::Model, handle: &str) -> user::Model {
        self.person(gym, handle, GymRole::Member).await
    }
}
