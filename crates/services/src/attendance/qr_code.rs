//! A person's own code, as text and as pictures (ATT-1, ATT-4).
use super::qr_image;
use crate::{
    Caller, Core, Ports, Result, Settings,
    identity::profile::USER_NOT_FOUND,
    kernel::limit::{Limits, REGENERATE_QR_CODE},
};
use async_trait::async_trait;
use domain::identity::qr_code;
use ports::cache::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QrCode {
    /// `U{user_id}_{hash}`
    #[schema(example = "U42_3f9c0a1b2d4e5f60")]
    pub qr_code: String,
}

/// The caller's code; it is the same in every gym.
#[async_trait]
pub trait QrCodes: Send + Sync {
    async fn own(&self, caller: &Caller) -> Result<QrCode>;
    /// A square picture with its quiet zone, as scalable vectors.
    async fn own_svg(&self, caller: &Caller) -> Result<Bytes>;
    /// The same as a PNG.
    async fn own_png(&self, caller: &Caller) -> Result<Bytes>;
    /// A new code; the old one is nobody's from now on. Three times an hour.
    async fn regenerate(&self, caller: &Caller) -> Result<QrCode>;
}

pub struct QrCodeService {
    core: Core,
    limits: Limits,
}

impl QrCodeService {
    pub fn new(core: &Core, ports: &Ports, settings: &Settings) -> Self {
        Self { core: core.clone(), limits: Limits::new(ports.counter.clone(), settings.rate_limits) }
    }

    async fn code(&self, caller: &Caller) -> Result<String> {
        let (db, users) = (&self.core.db, &self.core.stores.users);
        let row = users.by_id(db, caller.id()).await?.ok_or(USER_NOT_FOUND)?;
        if let Some(code) = row.qr_code {
            return Ok(code);
        }
        // IDN-15: whoever signs in has one; this person signed in before it was taken away
        users.ensure_qr_code(db, caller.id()).await?;
        let row = users.by_id(db, caller.id()).await?;
        Ok(row.and_then(|row| row.qr_code).ok_or(USER_NOT_FOUND)?)
    }
}

#[async_trait]
impl QrCodes for QrCodeService {
    async fn own(&self, caller: &Caller) -> Result<QrCode> {
        Ok(QrCode { qr_code: self.code(caller).await? })
    }

    async fn own_svg(&self, caller: &Caller) -> Result<Bytes> {
        Ok(qr_image::svg(&self.code(caller).await?).into())
    }

    async fn own_png(&self, caller: &Caller) -> Result<Bytes> {
        Ok(qr_image::png(&self.code(caller).await?).into())
    }

    async fn regenerate(&self, caller: &Caller) -> Result<QrCode> {
        self.limits.operation(REGENERATE_QR_CODE, &caller.id().to_string()).await?;
        let code = qr_code::generate(caller.id());
        if !self.core.stores.users.set_qr_code(&self.core.db, caller.id(), &code).await? {
            return Err(USER_NOT_FOUND.into());
        }
        Ok(QrCode { qr_code: code })
    }
}
