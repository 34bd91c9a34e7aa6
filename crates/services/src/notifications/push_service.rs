//! The push service, as deliveries meet it: left alone while it keeps failing (NTF-35), and when it does not know us an
//! operator hears of it (NTF-33).
use super::{
    alert::Alerts,
    breaker::{Breaker, PAUSED},
};
use crate::{Core, Ports, kernel::relay::Failure};
use ports::push::{Push, PushError, PushMessage, PushReceipt};
use std::sync::Arc;

/// Why nothing was pushed.
pub(super) enum Unsent {
    /// There is no push service (NTF-28).
    Disabled,
    /// It is away, or left alone.
    Again(Failure),
    /// It will not take this, as things are.
    Refused(String),
}

pub(super) struct PushService {
    core: Core,
    push: Arc<dyn Push>,
    breaker: Breaker,
    alerts: Alerts,
}

impl PushService {
    pub(super) fn new(core: &Core, ports: &Ports) -> Self {
        Self { core: core.clone(), push: ports.push.clone(), breaker: Breaker::default(), alerts: Alerts::default() }
    }

    /// Sends to everybody of this segment, or, without one, to the people of the message.
    pub(super) async fn send(&self, message: &PushMessage, segment: Option<&str>) -> Result<PushReceipt, Unsent> {
        if let Some(wait) = self.breaker.wait(self.core.clock.now()) {
            return Err(Unsent::Again(Failure::Later { reason: PAUSED, after: wait }));
        }
        let sent = match segment {
            Some(segment) => self.push.send_to_segment(segment, message).await,
            None => self.push.send(message).await,
        };
        match &sent {
            Err(PushError::Unavailable { .. }) => self.breaker.failed(self.core.clock.now()),
            _ => self.breaker.answered(),
        }
        sent.map_err(|error| match error {
            PushError::Disabled => Unsent::Disabled,
            PushError::Unavailable { reason, retry_after } => {
                Unsent::Again(Failure::Retry { reason, after: retry_after })
            }
            PushError::Unauthorised(reason) => {
                self.alerts.raise(self.core.clock.now(), &reason);
                Unsent::Refused(reason)
            }
            PushError::Refused(reason) => Unsent::Refused(reason),
        })
    }
}
