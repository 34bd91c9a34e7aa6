//! People, as the administrators of the platform manage them (IDN-59, IDN-65, IDN-66, IDN-117).
use super::{
    people::{People, PeopleService},
    profile::{USER_NOT_FOUND, stale},
    view::{Exposure, User},
};
use crate::{
    Caller, Core, Error, Ports, Reach, Refusal, Result, Settings,
    access::GYM_NOT_FOUND,
    error::{Class, UniqueMeans},
    kernel::{
        cache_key::CacheKey,
        departure::Departures,
        effect::{self, DeleteReason},
    },
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{
        GymRole, PlatformRole,
        user::{self, PlatformPatch, is_last_super_admin},
    },
    kernel::{media::PicturePlace, secret},
};
use ports::{IdentityProvider, ObjectStore, identity::IdentityError};
use repository::{
    Page, Tx,
    identity::{membership::MemberFilter, user::UserFilter},
};
use std::sync::Arc;

pub const LAST_SUPER_ADMIN: Refusal = Refusal::conflict(
    "last_super_admin",
    "The platform cannot be without an active administrator.",
    "La plataforma no puede quedarse sin un administrador activo.",
);
pub const EMAIL_TAKEN: Refusal = Refusal::conflict(
    "email_taken",
    "Another user has this e-mail address.",
    "Otro usuario tiene esta dirección de correo.",
);
pub const OWNS_GYM: Refusal = Refusal::conflict(
    "owns_gym",
    "This user owns an active gym: transfer or deactivate it first.",
    "El usuario es propietario de un gimnasio activo: transfiérelo o desactívalo antes.",
);
pub const PROVIDER_REFUSED: Refusal = Refusal::new(
    Class::BadGateway,
    "identity_provider_refused",
    "The identity provider refused to delete the account.",
    "El proveedor de identidad se negó a eliminar la cuenta.",
);
pub const NOT_ENABLED: Refusal =
    Refusal::not_found("not_enabled", "This operation is not enabled here.", "Esta operación no está habilitada aquí.");
pub const WRONG_SECRET_KEY: Refusal =
    Refusal::forbidden("invalid_secret_key", "The secret key is wrong.", "La clave secreta no es correcta.");

#[async_trait]
pub trait PlatformUsers: Send + Sync {
    /// Everybody, in order of ids. SUPER_ADMIN.
    async fn list(&self, caller: &Caller, page: Page) -> Result<Vec<User>>;
    /// By platform role, or by the role in one gym, where an OWNER counts as ADMIN. SUPER_ADMIN.
    async fn by_role(&self, caller: &Caller, role: PlatformRole, gym: Option<GymId>, page: Page) -> Result<Vec<User>>;
    /// The advanced search: staff inside their gym, SUPER_ADMIN there or over the whole platform (IDN-59).
    async fn search(&self, reach: &Reach, filter: UserFilter, page: Page) -> Result<Vec<User>>;
    /// One person, QR code included: of the gym, for its administrators; anybody, for a SUPER_ADMIN.
    async fn one(&self, reach: &Reach, user: UserId) -> Result<User>;
    /// One person by the subject of their tokens: for themself, administrators of a gym of theirs, and SUPER_ADMIN.
    async fn by_subject(&self, caller: &Caller, subject: &str) -> Result<User>;
    /// Changes the fields that are present (IDN-65). SUPER_ADMIN.
    ///
    /// # Errors
    /// [`EMAIL_TAKEN`], [`LAST_SUPER_ADMIN`]
    async fn update(&self, caller: &Caller, user: UserId, patch: PlatformPatch) -> Result<User>;
    async fn update_by_subject(&self, caller: &Caller, subject: &str, patch: PlatformPatch) -> Result<User>;
    /// Deletes everything personal here, and after the commit the account at the identity provider (IDN-66); gives the
    /// person as they were. The row stays, without a name, for what others keep of it. Trying again is safe.
    /// SUPER_ADMIN.
    ///
    /// # Errors
    /// [`LAST_SUPER_ADMIN`], [`OWNS_GYM`], [`PROVIDER_REFUSED`]; [`Error::Identity`] when the provider is away. Nothing
    /// has changed here then.
    async fn delete(&self, caller: &Caller, user: UserId) -> Result<User>;
    /// Makes the caller a SUPER_ADMIN against the secret of the installation (IDN-117).
    ///
    /// # Errors
    /// [`NOT_ENABLED`] while no secret is configured, [`WRONG_SECRET_KEY`]
    async fn become_super_admin(&self, caller: &Caller, secret_key: &str) -> Result<User>;
}

pub struct PlatformUserService {
    core: Core,
    people: PeopleService,
    accounts: Arc<dyn IdentityProvider>,
    objects: Arc<dyn ObjectStore>,
    picture_bucket: String,
    secret_key: Option<String>,
    departures: Departures,
}

impl PlatformUserService {
    pub fn new(core: &Core, ports: &Ports, settings: &Settings, departures: &Departures) -> Self {
        Self {
            core: core.clone(),
            people: PeopleService::new(core),
            accounts: ports.accounts.clone(),
            objects: ports.objects.clone(),
            picture_bucket: settings.profile_image_bucket.clone(),
            secret_key: settings.admin_secret_key.clone(),
            departures: departures.clone(),
        }
    }

    async fn of_subject(&self, subject: &str) -> Result<user::Model> {
        Ok(self.core.stores.users.by_auth0_id(&self.core.db, subject).await?.ok_or(USER_NOT_FOUND)?)
    }

    /// Locks the active administrators, so that two of them cannot each be let go because the other is there. It comes
    /// before every other lock of its transaction: all who take it meet in the same order.
    async fn not_the_last(&self, tx: &Tx, user: UserId) -> Result<()> {
        let active = self.core.stores.users.active_super_admins(tx).await?;
        if is_last_super_admin(&active, user) { Err(LAST_SUPER_ADMIN.into()) } else { Ok(()) }
    }

    async fn apply(&self, id: UserId, patch: &PlatformPatch) -> Result<User> {
        patch.check()?;
        let (users, people) = (&self.core.stores.users, &self.core.stores.people);
        let (row, keys) = self
            .core
            .db
            .run(async |tx| {
                if patch.ends_super_admin() {
                    self.not_the_last(&tx, id).await?;
                }
                let before = users.by_id_for_update(&tx, id).await?.ok_or(USER_NOT_FOUND)?;
                let changed = users.update_platform(&tx, id, patch.clone()).await.unique_means(EMAIL_TAKEN)?;
                let row = changed.ok_or(USER_NOT_FOUND)?;
                let keys = everything_of(&row, people.gyms_of(&tx, id).await?.into_iter().map(|(gym, _)| gym));
                if row.role != before.role {
                    self.core.effect(&tx, effect::role_sync(id)).await?;
                }
                if patch.ends_super_admin() {
                    self.core.effect_user_cache_drop(&tx, id, &keys).await?;
                }
                Ok::<_, Error>((row, keys))
            })
            .await?;
        self.core.committed(&keys).await;
        Ok(User::of(row, Exposure::WithQrCode, None))
    }

    /// Asks the provider about the account before anything is begun: while it is away, or does not let us, nobody is
    /// deleted (IDN-66).
    async fn must_answer_for(&self, subject: Option<&str>) -> Result<()> {
        let Some(subject) = subject.filter(|_| self.accounts.is_configured()) else { return Ok(()) };
        match self.accounts.by_id(subject).await {
            Ok(_) | Err(IdentityError::NotFound) => Ok(()),
            Err(IdentityError::Refused(reason) | IdentityError::Forbidden(reason)) => {
                tracing::error!(reason, "the identity provider refuses to speak of an account");
                Err(PROVIDER_REFUSED.into())
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Removes a person from every gym, blanks what is personal, and has the account deleted: by the outbox, so that
    /// the provider is never waited for while rows are locked, and never forgotten once this is committed.
    async fn erase(&self, tx: &Tx, row: &user::Model) -> Result<Vec<CacheKey>> {
        let stores = &self.core.stores;
        let gyms = stores.people.remove_everywhere(tx, row.id).await?;
        let now = self.core.clock.now();
        let mut left = Vec::new();
        for gym in &gyms {
            stores.related.terminate_all(tx, *gym, row.id, now).await?;
            left.extend(self.departures.left(tx, *gym, row.id).await?);
        }
        stores.users.anonymise(tx, row.id).await?;
        stores.devices.drop_of(tx, row.id, None, now).await?;
        if let Some(account) = row.auth0_id.as_deref().filter(|_| self.accounts.is_configured()) {
            self.core.effect(tx, effect::account_erase(account)).await?;
        }
        let picture = row
            .picture
            .as_deref()
            .and_then(|url| self.objects.object_of(url))
            .filter(|at| at.bucket == self.picture_bucket && PicturePlace::of_user(row.id).owns(&at.path));
        if let Some(at) = picture {
            self.core.effect(tx, effect::storage_delete(&at, DeleteReason::ContentDeleted)).await?;
        }
        let mut keys = everything_of(row, gyms);
        keys.extend(left);
        self.core.effect_user_cache_drop(tx, row.id, &keys).await?;
        Ok(keys)
    }
}

/// Every entry of a person (IDN-99): those that any change of theirs makes stale, and their standing in each gym.
fn everything_of(row: &user::Model, gyms: impl IntoIterator<Item = GymId>) -> Vec<CacheKey> {
    let gyms: Vec<_> = gyms.into_iter().collect();
    let standings = gyms.iter().map(|gym| CacheKey::UserGymMembership(row.id, *gym));
    stale(row, gyms.iter().copied()).into_iter().chain(standings).collect()
}

fn private(rows: Vec<user::Model>) -> Vec<User> {
    rows.into_iter().map(|row| User::of(row, Exposure::Private, None)).collect()
}

#[async_trait]
impl PlatformUsers for PlatformUserService {
    async fn list(&self, caller: &Caller, page: Page) -> Result<Vec<User>> {
        caller.must_be_super_admin()?;
        Ok(private(self.core.stores.users.list(&self.core.db, page).await?))
    }

    async fn by_role(&self, caller: &Caller, role: PlatformRole, gym: Option<GymId>, page: Page) -> Result<Vec<User>> {
        caller.must_be_super_admin()?;
        let Some(gym) = gym else {
            return Ok(private(self.core.stores.users.by_role(&self.core.db, role, page).await?));
        };
        self.core.stores.gyms.by_id(&self.core.db, gym).await?.ok_or(GYM_NOT_FOUND)?;
        if role.in_gym().is_empty() {
            return Ok(Vec::new());
        }
        let filter = MemberFilter { roles: role.in_gym().to_vec(), name_contains: None };
        let rows = self.core.stores.people.people(&self.core.db, gym, &filter, page).await?;
        Ok(rows.into_iter().map(|(row, role)| User::in_gym(row, Exposure::Private, role)).collect())
    }

    async fn search(&self, reach: &Reach, filter: UserFilter, page: Page) -> Result<Vec<User>> {
        match reach {
            Reach::Gym(actor) => self.people.search(actor, filter, page).await,
            Reach::Platform(caller) => {
                caller.must_be_super_admin()?;
                Ok(private(self.core.stores.users.search(&self.core.db, &filter, page).await?))
            }
        }
    }

    async fn one(&self, reach: &Reach, user: UserId) -> Result<User> {
        let (actor, caller) = match reach {
            Reach::Gym(actor) => {
                actor.must_be(GymRole::Admin)?;
                (Some(actor), actor.caller())
            }
            Reach::Platform(caller) => {
                caller.must_be_super_admin()?;
                (None, caller)
            }
        };
        if let Some(actor) = actor {
            let person = self.core.stores.people.person(&self.core.db, actor.gym_id(), user).await?;
            if let Some((row, membership)) = person {
                return Ok(User::in_gym(row, Exposure::WithQrCode, membership.role));
            }
        }
        if !caller.is_super_admin() {
            return Err(USER_NOT_FOUND.into());
        }
        let row = self.core.stores.users.by_id(&self.core.db, user).await?.ok_or(USER_NOT_FOUND)?;
        Ok(User::of(row, Exposure::WithQrCode, None))
    }

    async fn by_subject(&self, caller: &Caller, subject: &str) -> Result<User> {
        let row = self.of_subject(subject).await?;
        let may = caller.is_super_admin()
            || caller.id() == row.id
            || self.core.stores.people.administers(&self.core.db, caller.id(), row.id).await?;
        // whoever may not see the person is not told that there is one (IDN-33)
        if may { Ok(User::of(row, Exposure::WithQrCode, None)) } else { Err(USER_NOT_FOUND.into()) }
    }

    async fn update(&self, caller: &Caller, user: UserId, patch: PlatformPatch) -> Result<User> {
        caller.must_be_super_admin()?;
        self.apply(user, &patch).await
    }

    async fn update_by_subject(&self, caller: &Caller, subject: &str, patch: PlatformPatch) -> Result<User> {
        caller.must_be_super_admin()?;
        let row = self.of_subject(subject).await?;
        self.apply(row.id, &patch).await
    }

    async fn delete(&self, caller: &Caller, user: UserId) -> Result<User> {
        caller.must_be_super_admin()?;
        let (users, people) = (&self.core.stores.users, &self.core.stores.people);
        let row = users.by_id(&self.core.db, user).await?.ok_or(USER_NOT_FOUND)?;
        if people.active_roles(&self.core.db, user).await?.contains(&GymRole::Owner) {
            return Err(OWNS_GYM.into());
        }
        self.must_answer_for(row.auth0_id.as_deref()).await?;
        let (before, keys) = self
            .core
            .db
            .run(async |tx| {
                self.not_the_last(&tx, user).await?;
                let before = users.by_id_for_update(&tx, user).await?.ok_or(USER_NOT_FOUND)?;
                let keys = self.erase(&tx, &before).await?;
                Ok::<_, Error>((before, keys))
            })
            .await?;
        self.core.committed(&keys).await;
        Ok(User::of(before, Exposure::WithQrCode, None))
    }

    async fn become_super_admin(&self, caller: &Caller, secret_key: &str) -> Result<User> {
        let expected = self.secret_key.as_deref().filter(|key| !key.is_empty()).ok_or(NOT_ENABLED)?;
        if !secret::equal(expected, secret_key) {
            return Err(WRONG_SECRET_KEY.into());
        }
        let (users, people) = (&self.core.stores.users, &self.core.stores.people);
        let (row, keys) = self
            .core
            .db
            .run(async |tx| {
                let promoted = users.set_role(&tx, caller.id(), PlatformRole::SuperAdmin).await?;
                let row = promoted.ok_or(USER_NOT_FOUND)?;
                let gyms = people.gyms_of(&tx, row.id).await?;
                self.core.effect(&tx, effect::role_sync(row.id)).await?;
                Ok::<_, Error>((row.clone(), everything_of(&row, gyms.into_iter().map(|(gym, _)| gym))))
            })
            .await?;
        self.core.committed(&keys).await;
        Ok(User::of(row, Exposure::Private, None))
    }
}
