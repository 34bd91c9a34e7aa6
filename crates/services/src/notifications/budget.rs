//! How many people the platform tells in a quarter of an hour, so that the push service does not shut it out (NTF-37).
use crate::{Core, Ports, kernel::relay::Failure};
use ports::Counter;
use std::{sync::Arc, time::Duration};

const WINDOW: Duration = Duration::from_secs(15 * 60);
const LEAST: u64 = 10_000;
/// Of people with an active device; the service's own limit is ten.
const EACH: u64 = 8;

pub(super) struct Budget {
    core: Core,
    counter: Arc<dyn Counter>,
}

impl Budget {
    pub(super) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), counter: ports.counter.clone() }
    }

    /// How long so many people have to wait; `None` when they may be told now. What is exempt is not counted.
    pub(super) async fn wait(&self, people: usize, exempt: bool) -> Result<Option<Duration>, Failure> {
        if exempt {
            return Ok(None);
        }
        let hits = match self.counter.add("ntf:budget", people as u64, WINDOW).await {
            Ok(hits) => hits,
            Err(error) => {
                // a store that is down must not keep people from being told
                tracing::warn!(%error, "the budget of pushes cannot be counted: allowed");
                return Ok(None);
            }
        };
        let known = self.core.stores.devices.people(&self.core.db).await.map_err(Failure::retry)?;
        let most = LEAST.max(EACH * known);
        // the first of a window goes, however many they are: else they would never
        let spent = hits.count > most as f64 && hits.count > people as f64;
        Ok(spent.then_some(hits.resets_in))
    }
}
