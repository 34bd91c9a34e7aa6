//! Rate limits of single operations and of classes of operations (IDN-93, IDN-104).
use crate::{Error, Result};
use ports::Counter;
use std::{sync::Arc, time::Duration};

/// An operation that is dear, counted in a fixed window from its first hit (IDN-93).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub name: &'static str,
    pub max: u32,
    pub window: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);

pub const CHANGE_EMAIL: Operation = Operation { name: "change_email", max: 3, window: HOUR };
pub const VERIFY_EMAIL: Operation = Operation { name: "verify_email", max: 5, window: HOUR };
pub const RESET_PASSWORD: Operation = Operation { name: "reset_password", max: 3, window: HOUR };
pub const CHECK_EMAIL: Operation = Operation { name: "check_email", max: 10, window: Duration::from_secs(600) };

/// A new code at the door (ATT §4.4).
pub const REGENERATE_QR_CODE: Operation = Operation { name: "regenerate_qr_code", max: 3, window: HOUR };

/// A push to oneself (NTF-OP8).
pub const TEST_PUSH: Operation = Operation { name: "test_push", max: 5, window: HOUR };

/// A class of operations, counted in a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateClass {
    pub name: &'static str,
    pub max: u32,
    pub window: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);

impl RateClass {
    pub const fn per_minute(name: &'static str, max: u32) -> Self {
        Self { name, max, window: MINUTE }
    }
    pub const fn per_hour(name: &'static str, max: u32) -> Self {
        Self { name, max, window: HOUR }
    }
    pub const fn per_day(name: &'static str, max: u32) -> Self {
        Self { name, max, window: Duration::from_secs(86_400) }
    }
}

/// Counts hits in the store that all instances share.
#[derive(Clone)]
pub struct Limits {
    counter: Arc<dyn Counter>,
    enabled: bool,
}

impl Limits {
    pub fn new(counter: Arc<dyn Counter>, enabled: bool) -> Self {
        Self { counter, enabled }
    }

    /// One hit of a dear operation. When the store cannot be asked the answer is no (IDN-93).
    pub async fn operation(&self, operation: Operation, key: &str) -> Result<()> {
        let key = format!("rate_limit:{}:{key}", operation.name);
        match self.counter.fixed(&key, operation.window).await {
            Ok(hits) if hits.count <= f64::from(operation.max) => Ok(()),
            Ok(hits) => Err(Error::RateLimited { retry_after: hits.resets_in }),
            Err(error) => {
                tracing::warn!(%error, operation = operation.name, "limit cannot be counted: refused");
                Err(Error::RateLimited { retry_after: Duration::from_secs(60) })
            }
        }
    }

    /// One hit of a class. When the store cannot be asked the answer is yes: a store that is down must not take the
    /// whole API with it.
    pub async fn class(&self, class: RateClass, key: &str) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let key = format!("rate_limit:{}:{key}", class.name);
        match self.counter.slide(&key, class.window).await {
            Ok(hits) if hits.count > f64::from(class.max) => Err(Error::RateLimited { retry_after: hits.resets_in }),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, class = class.name, "limit cannot be counted: allowed");
                Ok(())
            }
        }
    }
}
