//! Leaves the vendor alone when it fails again and again (NTF-35).
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So many failures in a row begin a pause.
const FAILURES: u32 = 10;
/// Whoever comes while the trial call runs is told to come again after so long.
const TRIAL: Duration = Duration::from_secs(5);

/// Calls pass while it is closed. After ten transient failures in a row none passes for a while, then one: its success
/// closes the breaker, its failure begins another pause. It knows of this process alone.
#[derive(Debug)]
pub(crate) struct Breaker {
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Trying,
}

impl Breaker {
    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// A place for one call, or how long to wait.
    pub(crate) fn admit(&self) -> Result<Call<'_>, Duration> {
        let mut state = self.state();
        let trial = match *state {
            State::Closed { .. } => false,
            State::Open { until } => {
                let rest = until.saturating_duration_since(Instant::now());
                if !rest.is_zero() {
                    return Err(rest);
                }
                *state = State::Trying;
                true
            }
            State::Trying => return Err(TRIAL),
        };
        Ok(Call { breaker: self, trial, ended: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // the state is whole after every statement
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through; given up without a result it counts for nothing.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    breaker: &'a Breaker,
    trial: bool,
    ended: bool,
}

impl Call<'_> {
    /// The vendor answered, whatever it said.
    pub(crate) fn answered(mut self) {
        self.ended = true;
        let mut state = self.breaker.state();
        // a call from before the pause does not end it
        if self.trial || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The vendor was not to be had. True when a pause begins.
    pub(crate) fn failed(mut self) -> bool {
        self.ended = true;
        let mut state = self.breaker.state();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::Trying if self.trial => FAILURES,
            // of a call from before the pause
            State::Open { .. } | State::Trying => return false,
        };
        let pauses = failures >= FAILURES;
        *state = match pauses {
            true => State::Open { until: Instant::now() + self.breaker.pause },
            false => State::Closed { failures },
        };
        pauses
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.trial && !self.ended {
            // the next one tries in its place
            *self.breaker.state() = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const PAUSE: Duration = Duration::from_secs(60);

    fn opened() -> Breaker {
        let breaker = Breaker::new(PAUSE);
        for n in 1..=FAILURES {
            assert_eq!(breaker.admit().unwrap().failed(), n == FAILURES);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn ntf_35_ten_failures_in_a_row_pause_for_a_minute_then_one_tries() {
        let breaker = opened();
        assert_eq!(breaker.admit().unwrap_err(), PAUSE);
        advance(Duration::from_secs(59)).await;
        assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(1));
        advance(Duration::from_secs(1)).await;
        let trial = breaker.admit().unwrap();
        assert_eq!(breaker.admit().unwrap_err(), TRIAL, "one at a time");
        trial.answered();
        assert!(!breaker.admit().unwrap().failed(), "counting begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn ntf_35_a_failed_trial_begins_another_pause() {
        let breaker = opened();
        advance(PAUSE).await;
        assert!(breaker.admit().unwrap().failed());
        assert_eq!(breaker.admit().unwrap_err(), PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn ntf_35_an_answer_in_between_begins_the_count_anew() {
        let breaker = Breaker::new(PAUSE);
        for _ in 0..3 {
            for _ in 1..FAILURES {
                assert!(!breaker.admit().unwrap().failed());
            }
            breaker.admit().unwrap().answered();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ntf_35_calls_from_before_the_pause_neither_end_nor_prolong_it() {
        let breaker = Breaker::new(PAUSE);
        let (good, bad) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        for _ in 0..FAILURES {
            breaker.admit().unwrap().failed();
        }
        advance(Duration::from_secs(10)).await;
        good.answered();
        assert!(!bad.failed());
        assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(50));
    }

    #[tokio::test(start_paused = true)]
    async fn ntf_35_a_trial_that_is_given_up_leaves_its_place_to_the_next() {
        let breaker = opened();
        advance(PAUSE).await;
        drop(breaker.admit().unwrap());
        breaker.admit().unwrap().answered();
        assert!(breaker.admit().is_ok());
    }
}
