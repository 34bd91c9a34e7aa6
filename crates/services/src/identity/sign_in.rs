//! The row of a person who shows a token: found, linked, or made (IDN-10 … IDN-15).
use crate::{
    Core, Error, Result,
    access::IDENTITY_CONFLICT,
    kernel::{
        cache_key::CacheKey,
        effect,
        scheduler::{Job, Progress, Schedule},
    },
};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    identity::{Claims, user},
    kernel::email,
};
use repository::StoreError;
use std::sync::Arc;

/// Finds, links or creates. Concurrent first requests of one identity end with one row (IDN-14).
pub async fn resolve(core: &Core, claims: &Claims) -> Result<user::Model> {
    match attempt(core, claims).await {
        // the address was taken between the look and the insert: by the same identity in another process, or by a
        // row that now decides whether it may be linked
        Err(Error::Store(StoreError::Unique(_))) => attempt(core, claims).await.map_err(|e| match e {
            Error::Store(StoreError::Unique(_)) => IDENTITY_CONFLICT.into(),
            e => e,
        }),
        other => other,
    }
}

async fn attempt(core: &Core, claims: &Claims) -> Result<user::Model> {
    let users = &core.stores.users;
    if let Some(row) = users.by_auth0_id(&core.db, &claims.sub).await? {
        if row.qr_code.is_some() {
            return Ok(row);
        }
        users.ensure_qr_code(&core.db, row.id).await?;
        return Ok(users.by_id(&core.db, row.id).await?.unwrap_or(row));
    }
    if let Some(address) = &claims.email
        && let Some(row) = users.by_email(&core.db, address).await?
    {
        // made by this identity's other first request, between the two looks
        if row.auth0_id.as_ref() == Some(&claims.sub) {
            return Ok(row);
        }
        return link(core, claims, row).await;
    }
    let created =
        core.db.run(async |tx| Ok::<_, Error>(users.create(&tx, user::Create::from_claims(claims)).await?)).await?;
    match created {
        Some(row) => Ok(row),
        None => Ok(users.by_auth0_id(&core.db, &claims.sub).await?.ok_or(IDENTITY_CONFLICT)?),
    }
}

/// A row that nobody claimed goes to the identity whose provider vouches for the address; any other is somebody
/// else's (IDN-12).
async fn link(core: &Core, claims: &Claims, row: user::Model) -> Result<user::Model> {
    let users = &core.stores.users;
    if row.auth0_id.is_some() || !claims.email_verified {
        return Err(IDENTITY_CONFLICT.into());
    }
    let linked = core
        .db
        .run(async |tx| {
            if !users.link(&tx, row.id, &claims.sub).await? {
                return Ok::<_, Error>(None);
            }
            users.ensure_qr_code(&tx, row.id).await?;
            // what waited for the identity may hold power already, as a registered trainer's row does (IDN-71)
            core.effect(&tx, effect::role_sync(row.id)).await?;
            Ok(users.by_id(&tx, row.id).await?)
        })
        .await?;
    linked.ok_or_else(|| IDENTITY_CONFLICT.into())
}

/// Takes over the address of the token when the provider vouches for it and nobody else holds it (IDN-11); says
/// whether it did.
pub async fn follow_email(core: &Core, claims: &Claims, row: &crate::Identity) -> Result<bool> {
    let Some(address) = claims.email.as_deref().filter(|a| !email::same(a, &row.email)) else { return Ok(false) };
    if !claims.email_verified || core.stores.users.by_email(&core.db, address).await?.is_some() {
        return Ok(false);
    }
    match core.stores.users.set_email(&core.db, row.id, address).await {
        Ok(()) => {}
        Err(StoreError::Unique(_)) => return Ok(false),
        Err(e) => return Err(e.into()),
    }
    let gyms = core.stores.people.gyms_of(&core.db, row.id).await?;
    let own = [CacheKey::UserByAuth0Id(claims.sub.clone()), CacheKey::UserPublicProfile(row.id)];
    let lists = gyms.into_iter().map(|(gym, _)| CacheKey::GymPeople(gym));
    core.committed(&own.into_iter().chain(lists).collect::<Vec<_>>()).await;
    Ok(true)
}

/// Gives a code to everybody who has none (IDN-15): people of the time before codes.
struct QrBackfill {
    core: Core,
}

const BATCH: u64 = 500;

#[async_trait]
impl Job for QrBackfill {
    fn name(&self) -> &'static str {
        "qr_backfill"
    }

    fn schedule(&self) -> Schedule {
        Schedule::Every(TimeDelta::days(1))
    }

    async fn run(&self, progress: &dyn Progress) -> Result<String, String> {
        let users = &self.core.stores.users;
        let mut given = 0;
        loop {
            let ids = users.ids_without_qr_code(&self.core.db, BATCH).await.map_err(|e| e.to_string())?;
            for id in &ids {
                users.ensure_qr_code(&self.core.db, *id).await.map_err(|e| e.to_string())?;
            }
            given += ids.len();
            if (ids.len() as u64) < BATCH {
                return Ok(format!("{given} codes given"));
            }
            progress.reach(given.into()).await?;
        }
    }
}

pub(crate) fn jobs(core: &Core) -> Vec<Arc<dyn Job>> {
    vec![Arc::new(QrBackfill { core: core.clone() })]
}
