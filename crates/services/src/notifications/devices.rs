//! The devices on which a person is signed in (NTF §3.1). They are the person's; a gym of theirs only lets them in.
use crate::{
    Caller, Core, Error, Result,
    access::{GYM_NOT_FOUND, NOT_A_MEMBER},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId,
    kernel::validation::{Invalid, check, text},
    notifications::device::{self, Platform},
};
use garde::Validate;
use repository::{StoreError, notifications::devices::Registered};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Active devices of one person; the longest unused makes room (NTF-7).
const MOST: usize = 20;
/// How often a registration that met another of the same device is tried.
const TRIES: usize = 5;

#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = DeviceTokenCreate, example = json!({"device_token": "f3a1", "platform": "ios"}))]
pub struct NewDevice {
    #[garde(custom(text(1, 255)))]
    #[schema(min_length = 1, max_length = 255)]
    pub device_token: String,
    /// `ios`, `android` or `web`, in any letter case.
    #[garde(skip)]
    #[schema(pattern = "^([iI][oO][sS]|[aA][nN][dD][rR][oO][iI][dD]|[wW][eE][bB])$")]
    pub platform: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeviceTokenResponse)]
pub struct Device {
    #[schema(format = "uuid")]
    pub id: String,
    /// The caller's id at the identity provider, as older apps know it.
    pub user_id: String,
    pub device_token: String,
    pub platform: Platform,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

impl Device {
    fn of(row: device::Model, caller: &Caller) -> Self {
        Self {
            id: row.uuid,
            user_id: caller.claims().sub.clone(),
            device_token: row.device_token,
            platform: row.platform,
            is_active: row.is_active,
            created_at: row.created_at,
        }
    }
}

/// For whoever belongs to the gym, whether their membership is active or not: who must pay has to hear of it.
#[async_trait]
pub trait Devices: Send + Sync {
    /// NTF-1.
    async fn register(&self, caller: &Caller, gym: GymId, device: NewDevice) -> Result<Device>;
    /// NTF-4.
    async fn list(&self, caller: &Caller, gym: GymId) -> Result<Vec<Device>>;
    /// Signs out of one device, or of all; returns how many that changed (NTF-5).
    async fn drop_of(&self, caller: &Caller, gym: GymId, only: Option<String>) -> Result<u64>;
}

pub struct DeviceService {
    core: Core,
}

impl DeviceService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn must_belong(&self, caller: &Caller, gym: GymId) -> Result<()> {
        let (db, stores) = (&self.core.db, &self.core.stores);
        let row = stores.gyms.by_id(db, gym).await?.ok_or(GYM_NOT_FOUND)?;
        if caller.is_super_admin() {
            return Ok(());
        }
        if !row.is_active {
            return Err(GYM_NOT_FOUND.into());
        }
        stores.people.of_user(db, gym, caller.id()).await?.ok_or(NOT_A_MEMBER)?;
        Ok(())
    }

    async fn try_register(&self, device: Registered) -> Result<device::Model> {
        let (core, devices) = (&self.core, &self.core.stores.devices);
        core.db
            .run(async |tx| {
                devices.take_from_others(&tx, &device).await?;
                let row = devices.register(&tx, device.clone()).await?;
                let row = row.ok_or_else(|| StoreError::NotFound { entity: "device", id: String::new() })?;
                let mut active = devices.active(&tx, device.user, 1000).await?;
                active.retain(|other| other.id != row.id);
                active.sort_by_key(|other| other.last_used.max(other.updated_at).max(Some(other.created_at)));
                let over = (active.len() + 1).saturating_sub(MOST);
                for unused in active.into_iter().take(over) {
                    devices.drop_of(&tx, device.user, Some(unused.device_token), device.at).await?;
                }
                Ok::<_, Error>(row)
            })
            .await
    }
}

#[async_trait]
impl Devices for DeviceService {
    async fn register(&self, caller: &Caller, gym: GymId, device: NewDevice) -> Result<Device> {
        self.must_belong(caller, gym).await?;
        check(&device)?;
        let platform = match device.platform.to_ascii_lowercase().as_str() {
            "ios" => Platform::Ios,
            "android" => Platform::Android,
            "web" => Platform::Web,
            _ => return Err(Invalid::field("platform", "must be ios, android or web").into()),
        };
        let token = device.device_token.trim().to_owned();
        let device = Registered { user: caller.id(), token, platform, at: self.core.clock.now() };
        let mut tried = 1;
        loop {
            match self.try_register(device.clone()).await {
                // somebody else registered the same phone at the same moment: now they are seen
                Err(Error::Store(StoreError::Unique(_))) if tried < TRIES => tried += 1,
                row => return Ok(Device::of(row?, caller)),
            }
        }
    }

    async fn list(&self, caller: &Caller, gym: GymId) -> Result<Vec<Device>> {
        self.must_belong(caller, gym).await?;
        let rows = self.core.stores.devices.active(&self.core.db, caller.id(), MOST as u64).await?;
        Ok(rows.into_iter().map(|row| Device::of(row, caller)).collect())
    }

    async fn drop_of(&self, caller: &Caller, gym: GymId, only: Option<String>) -> Result<u64> {
        self.must_belong(caller, gym).await?;
        let now = self.core.clock.now();
        Ok(self.core.stores.devices.drop_of(&self.core.db, caller.id(), only, now).await?)
    }
}
