//! The pace that a service asks of its callers.
use std::time::Duration;
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

/// Lets callers pass one after the other, in the order in which they came, never two within one gap: what was not used is not
/// saved up, so no second sees more than its share. It counts in this process alone.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    turns: Mutex<Option<Interval>>,
}

impl Pace {
    /// # Panics
    /// When it is zero.
    pub fn per_second(turns: u32) -> Self {
        Self { gap: Duration::from_secs(1) / turns, turns: Mutex::new(None) }
    }

    /// Waits until it is the caller's turn.
    pub async fn turn(&self) {
        let mut turns = self.turns.lock().await;
        let gap = self.gap;
        turns.get_or_insert_with(|| steady(gap)).tick().await;
    }
}

/// Made at the first turn, for it needs the runtime that waits.
fn steady(gap: Duration) -> Interval {
    let mut interval = interval(gap);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, advance};

    #[tokio::test(start_paused = true)]
    async fn turns_keep_their_distance_and_a_rest_saves_none_up() {
        let pace = Pace::per_second(100);
        let begun = Instant::now();
        futures::future::join_all((0..101).map(|_| pace.turn())).await;
        assert_eq!(begun.elapsed().as_millis(), 1000, "the first waits for nothing");
        advance(Duration::from_secs(60)).await;
        let rested = Instant::now();
        futures::future::join_all((0..11).map(|_| pace.turn())).await;
        assert_eq!(rested.elapsed().as_millis(), 100);
    }
}
