//! How often a gym's administrators may send (NTF-36).
use crate::{Core, Error, Ports, Result};
use chrono::TimeDelta;
use domain::GymId;
use ports::Counter;
use std::{sync::Arc, time::Duration};

/// So many sends in so many seconds.
#[derive(Clone, Copy, Debug)]
struct Quota {
    max: u32,
    seconds: u32,
}

/// What is sent, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    ToGym,
    ToPeople,
}

impl Sending {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ToGym => "gym",
            Self::ToPeople => "people",
        }
    }

    fn quotas(self) -> &'static [Quota] {
        match self {
            Self::ToGym => &[Quota { max: 1, seconds: 60 }, Quota { max: 20, seconds: 86_400 }],
            Self::ToPeople => &[Quota { max: 30, seconds: 60 }],
        }
    }
}

pub(super) struct Quotas {
    core: Core,
    counter: Arc<dyn Counter>,
}

impl Quotas {
    pub(super) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), counter: ports.counter.clone() }
    }

    /// Counts one send; a store that is away leaves it to what was written.
    pub(super) async fn spend(&self, gym: GymId, sending: Sending) -> Result<()> {
        for quota in sending.quotas() {
            let key = format!("ntf:quota:gym:{gym}:{}:{}", sending.name(), quota.seconds);
            let window = Duration::from_secs(quota.seconds.into());
            match self.counter.fixed(&key, window).await {
                Ok(hits) if hits.count <= f64::from(quota.max) => {}
                Ok(hits) => return Err(Error::RateLimited { retry_after: hits.resets_in }),
                Err(error) => {
                    tracing::warn!(%error, "the quota of sends cannot be counted: by what was written");
                    self.spend_by_rows(gym, sending, *quota).await?;
                }
            }
        }
        Ok(())
    }

    async fn spend_by_rows(&self, gym: GymId, sending: Sending, quota: Quota) -> Result<()> {
        let (core, window) = (&self.core, TimeDelta::seconds(quota.seconds.into()));
        let now = domain::kernel::time::now();
        let prefix = format!("{}-", sending.name());
        let sends = core.stores.written.staff_sends(&core.db, gym, &prefix, now - window).await?;
        match sends.get(quota.max.saturating_sub(1) as usize) {
            // the one that has to leave the window first
            Some(at) => Err(Error::RateLimited { retry_after: (*at + window - now).to_std().unwrap_or_default() }),
            None => Ok(()),
        }
    }
}
