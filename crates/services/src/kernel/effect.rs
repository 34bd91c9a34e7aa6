//! The side effects that the outbox carries.
use super::cache_key::CacheKey;
use crate::Core;
use aws_lc_rs::digest;
use domain::{GymId, UserId, kernel::outbox::Effect};
use ports::storage::ObjectPath;
use repository::{Conn, StoreError};
use serde_json::json;

pub const ROLE_SYNC: &str = "identity.role_sync";
pub const PICTURE_SYNC: &str = "identity.picture";
pub const ACCOUNT_DELETE: &str = "identity.account_delete";
pub const ACCOUNT_ERASE: &str = "identity.account_erase";
pub const STORAGE_DELETE: &str = "storage.delete";
pub const CACHE_DROP: &str = "cache.drop";

/// Why an object is deleted (MED 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteReason {
    Compensation,
    ContentDeleted,
    Replaced,
    Orphan,
}

/// The identity provider is told the person's highest role (IDN-88).
pub fn role_sync(user: UserId) -> Effect {
    Effect {
        gym: None,
        kind: ROLE_SYNC,
        aggregate: format!("account:{user}"),
        dedupe_key: Some(user.to_string()),
        payload: json!({ "user_id": user }),
    }
}

/// The identity provider is told the person's present picture; the last write wins. In an order of its own: a picture
/// that waits must not keep a change of power waiting.
pub fn picture_sync(user: UserId) -> Effect {
    Effect {
        gym: None,
        kind: PICTURE_SYNC,
        aggregate: format!("picture:{user}"),
        dedupe_key: Some(user.to_string()),
        payload: json!({ "user_id": user }),
    }
}

/// An account that a registration made and could not keep.
pub fn account_delete(account: &str) -> Effect {
    Effect {
        gym: None,
        kind: ACCOUNT_DELETE,
        aggregate: format!("account:{account}"),
        dedupe_key: Some(account.to_owned()),
        payload: json!({ "account_id": account }),
    }
}

/// The account of a person who was deleted (IDN-66).
pub fn account_erase(account: &str) -> Effect {
    Effect { kind: ACCOUNT_ERASE, ..account_delete(account) }
}

/// Each object is an aggregate of its own, so that many are deleted by one call and one that fails holds up no other.
pub fn storage_delete(at: &ObjectPath, reason: DeleteReason) -> Effect {
    // paths that a store lists may be longer than the outbox's columns
    let object = digest::digest(&digest::SHA256, format!("{}/{}", at.bucket, at.path).as_bytes());
    let object = hex::encode(object);
    Effect {
        gym: None,
        kind: STORAGE_DELETE,
        aggregate: format!("object:{object}"),
        dedupe_key: Some(object),
        payload: json!({ "bucket": at.bucket, "path": at.path, "reason": reason }),
    }
}

/// Drops what a change of power makes stale once more, so that a crash between commit and invalidation cannot leave
/// an old role standing until it expires.
fn cache_drop(gym: Option<GymId>, aggregate: String, keys: &[CacheKey]) -> Effect {
    Effect { gym, kind: CACHE_DROP, aggregate, dedupe_key: None, payload: json!({ "keys": keys }) }
}

impl Core {
    /// Writes an effect in the transaction of the change that causes it.
    pub async fn effect(&self, tx: &Conn, effect: Effect) -> Result<(), StoreError> {
        self.stores.outbox.push(tx, effect).await
    }

    /// Writes the invalidation of `keys` as an effect, for changes that take power away. The caller invalidates after
    /// its commit as well: this is for the case that it does not live to do so.
    pub async fn effect_cache_drop(&self, tx: &Conn, gym: GymId, keys: &[CacheKey]) -> Result<(), StoreError> {
        self.effect(tx, cache_drop(Some(gym), format!("cache:{gym}"), keys)).await
    }

    /// The same for what the platform takes away from one person, whatever gyms they are in.
    pub async fn effect_user_cache_drop(&self, tx: &Conn, user: UserId, keys: &[CacheKey]) -> Result<(), StoreError> {
        self.effect(tx, cache_drop(None, format!("cache:user:{user}"), keys)).await
    }

    /// After a commit: drops cache families.
    pub async fn committed(&self, stale: &[CacheKey]) {
        let dropped: Vec<_> = stale.iter().flat_map(CacheKey::stale).collect();
        self.cache.invalidate_all(&dropped).await;
    }
}
