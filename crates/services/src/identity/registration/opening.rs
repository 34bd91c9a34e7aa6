//! A gym opens with its owner: person, gym, membership, modules and effects in one transaction (IDN-67 … IDN-70).
use super::{EMAIL_EXISTS, NO_SUBDOMAIN, RegistrationService, WORKSPACE_EXISTS};
use crate::{
    Core, Error, Refusal, Result,
    error::UniqueMeans,
    identity::profile::{USER_NOT_FOUND, stale},
    kernel::{cache_key::CacheKey, effect},
};
use domain::{
    UserId,
    identity::{
        GymRole, PlatformRole, gym,
        membership::{self, MembershipType},
        module,
        registration::raised,
        subdomain,
        user::{self, PlatformPatch, ProfilePatch},
    },
};
use repository::Conn;

/// Ends an attempt and starts the next; leaves this module never.
const SUBDOMAIN_TAKEN: Refusal = Refusal::conflict("subdomain_taken", "", "");

/// Every lost race means that another gym opened, so that a few would do.
const ATTEMPTS: u32 = 100;

/// Whose the gym will be.
pub(super) enum Owner {
    New(Box<user::Create>),
    /// A person who is here already, and becomes at least this.
    Existing(UserId, PlatformRole),
}

pub(super) struct Opened {
    pub user: user::Model,
    pub gym: gym::Model,
}

impl RegistrationService {
    /// Opens the gym under the first free subdomain. The look only proposes one; the unique key decides, and whoever
    /// loses proposes again in a new transaction (IDN-69).
    pub(super) async fn open(&self, owner: &Owner, gym: gym::Create) -> Result<Opened> {
        let slug = gym.subdomain.clone();
        for _ in 0..ATTEMPTS {
            let taken = self.core.stores.gyms.subdomains_from(&self.core.db, &slug).await?;
            let gym = gym::Create { subdomain: subdomain::first_free(&slug, &taken), ..gym.clone() };
            match attempt(&self.core, owner, &gym).await {
                Err(Error::Refused(refusal)) if refusal == SUBDOMAIN_TAKEN => {}
                other => return other,
            }
        }
        Err(NO_SUBDOMAIN.into())
    }
}

async fn attempt(core: &Core, owner: &Owner, gym: &gym::Create) -> Result<Opened> {
    let stores = &core.stores;
    let opened = core
        .db
        .run(async |tx| {
            let user = match owner {
                Owner::New(row) => new_person(core, &tx, row).await?,
                Owner::Existing(id, role) => existing_person(core, &tx, *id, *role).await?,
            };
            let gym = stores.gyms.create(&tx, gym.clone()).await.unique_means(SUBDOMAIN_TAKEN)?;
            let owns =
                membership::Create { user_id: user.id, role: GymRole::Owner, membership_type: MembershipType::Owner };
            stores.memberships.create(&tx, gym.id, owns).await?;
            stores.modules.seed(&tx, gym.id, module::initial(gym.kind)).await?;
            core.effect(&tx, effect::role_sync(user.id)).await?;
            Ok::<_, Error>(Opened { user, gym })
        })
        .await?;
    let mut keys = stale(&opened.user, []);
    keys.push(CacheKey::UserGymMembership(opened.user.id, opened.gym.id));
    core.committed(&keys).await;
    Ok(opened)
}

/// The row of a new account: ours, or the one that the provider's webhook was faster to make.
async fn new_person(core: &Core, tx: &Conn, row: &user::Create) -> Result<user::Model> {
    let users = &core.stores.users;
    let Some(account) = &row.auth0_id else {
        return users.create(tx, row.clone()).await.unique_means(EMAIL_EXISTS)?.ok_or_else(|| EMAIL_EXISTS.into());
    };
    if let Some(found) = users.by_auth0_id(tx, account).await? {
        return take_over(core, tx, found, row).await;
    }
    match users.create(tx, row.clone()).await.unique_means(EMAIL_EXISTS)? {
        Some(created) => Ok(created),
        None => {
            let found = users.by_auth0_id(tx, account).await?.ok_or(EMAIL_EXISTS)?;
            take_over(core, tx, found, row).await
        }
    }
}

/// Gives the webhook's row what the registration knows better, and raises it (IDN-68).
async fn take_over(core: &Core, tx: &Conn, found: user::Model, row: &user::Create) -> Result<user::Model> {
    let users = &core.stores.users;
    users.ensure_qr_code(tx, found.id).await?;
    let patch = PlatformPatch {
        profile: ProfilePatch {
            first_name: Some(row.first_name.clone()),
            last_name: Some(row.last_name.clone()),
            bio: row.bio.clone().map(Some),
            ..ProfilePatch::default()
        },
        email: Some(row.email.clone()),
        role: Some(raised(found.role, row.role)),
        phone_number: row.phone_number.clone().map(Some),
        ..PlatformPatch::default()
    };
    let taken = users.update_platform(tx, found.id, patch).await.unique_means(EMAIL_EXISTS)?;
    Ok(taken.ok_or(USER_NOT_FOUND)?)
}

/// Their row is held until the end, so that of two requests of one person one opens a workspace (IDN-71).
async fn existing_person(core: &Core, tx: &Conn, id: UserId, role: PlatformRole) -> Result<user::Model> {
    let users = &core.stores.users;
    let row = users.by_id_for_update(tx, id).await?.ok_or(USER_NOT_FOUND)?;
    if core.stores.people.owns_workspace(tx, id).await? {
        return Err(WORKSPACE_EXISTS.into());
    }
    match raised(row.role, role) {
        same if same == row.role => Ok(row),
        higher => Ok(users.set_role(tx, id, higher).await?.ok_or(USER_NOT_FOUND)?),
    }
}
