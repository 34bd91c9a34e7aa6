//! Leaves a service alone that keeps failing (NTF-35).
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

const FAILURES: u32 = 10;
const PAUSE: TimeDelta = TimeDelta::seconds(60);
/// Why something waits meanwhile.
pub(super) const PAUSED: &str = "the service keeps failing and is left alone for a while";

/// Of one channel and one process.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// One after the other, without a success between them.
    failures: u32,
    paused_until: Option<DateTime<Utc>>,
}

impl Breaker {
    /// How long to wait before the service is asked; `None` for now. After a pause one caller may try, and the others
    /// wait for what comes of it.
    pub(super) fn wait(&self, now: DateTime<Utc>) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = state.paused_until?;
        if now < until {
            return (until - now).to_std().ok();
        }
        state.paused_until = Some(now + PAUSE);
        None
    }

    /// The service answered, whatever it said.
    pub(super) fn answered(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    pub(super) fn failed(&self, now: DateTime<Utc>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures += 1;
        if state.failures >= FAILURES {
            state.paused_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntf_35_ten_failures_in_a_row_pause_a_service_for_a_minute_and_then_one_tries() {
        let (breaker, now) = (Breaker::default(), DateTime::UNIX_EPOCH);
        let at = |seconds| now + TimeDelta::seconds(seconds);
        for _ in 0..9 {
            breaker.failed(now);
        }
        breaker.answered();
        for _ in 0..9 {
            breaker.failed(now);
            assert_eq!(breaker.wait(now), None);
        }
        breaker.failed(now);
        assert_eq!(breaker.wait(at(1)), Some(Duration::from_secs(59)));
        assert_eq!(breaker.wait(at(60)), None, "the trial");
        assert_eq!(breaker.wait(at(61)), Some(Duration::from_secs(59)), "the others wait for it");
        breaker.failed(at(62));
        assert_eq!(breaker.wait(at(63)), Some(Duration::from_secs(59)));
        assert_eq!(breaker.wait(at(122)), None);
        breaker.answered();
        assert_eq!(breaker.wait(at(123)), None);
    }
}
