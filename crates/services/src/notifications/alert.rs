//! What an operator hears of a push service that does not know us, at most once an hour (NTF-33).
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};

const EVERY: TimeDelta = TimeDelta::hours(1);

/// Of one process: each tells its own log.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    last: Mutex<Option<DateTime<Utc>>>,
}

impl Alerts {
    /// Says it, unless it was said within the hour; the metric counts every time.
    pub(super) fn raise(&self, now: DateTime<Utc>, reason: &str) -> bool {
        metrics::counter!("gymapi_push_unauthorised_total").increment(1);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| now - at >= EVERY);
        if due {
            *last = Some(now);
            tracing::error!(reason, "the push service does not accept our key: nobody is reached until it is replaced");
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntf_33_an_operator_is_alerted_at_most_once_an_hour() {
        let (alerts, now) = (Alerts::default(), DateTime::UNIX_EPOCH);
        let said = [0, 59, 60, 61, 120].map(|minutes| alerts.raise(now + TimeDelta::minutes(minutes), "401"));
        assert_eq!(said, [true, false, true, false, true]);
    }
}
