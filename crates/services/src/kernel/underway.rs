//! How many requests run in this process: work that can wait gives way to them.
use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::available_parallelism,
    time::Duration,
};

/// Requests for each processor from which on they wait for one another.
const FOR_EACH_PROCESSOR: usize = 4;

/// How many times as long as it worked such work rests among a crowd: so it takes a tenth of the time.
const RESTS: u32 = 9;

/// However long it worked: most of a long time it waited for somebody else, and kept nobody from the processors.
const LONGEST: Duration = Duration::from_secs(1);

/// Requests that run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Underway {
    requests: Arc<AtomicUsize>,
    crowd: usize,
}

impl Default for Underway {
    fn default() -> Self {
        Self::over(available_parallelism().map_or(1, NonZero::get))
    }
}

/// One of them, until it is dropped.
pub struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Underway {
    fn over(processors: usize) -> Self {
        Self { requests: Arc::default(), crowd: FOR_EACH_PROCESSOR * processors }
    }

    pub fn begin(&self) -> Running {
        self.requests.fetch_add(1, Relaxed);
        Running(self.requests.clone())
    }

    /// Whether there are so many that whatever else runs keeps them waiting.
    pub fn is_crowded(&self) -> bool {
        self.requests.load(Relaxed) > self.crowd
    }

    /// How long to rest for their sake after so much work.
    pub fn rest(&self, worked: Duration) -> Duration {
        if self.is_crowded() { (worked * RESTS).min(LONGEST) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_can_wait_rests_while_there_are_more_requests_than_processors_can_serve() {
        let (underway, worked) = (Underway::over(2), Duration::from_millis(10));
        let mut running: Vec<_> = (0..8).map(|_| underway.clone().begin()).collect();
        assert_eq!((underway.is_crowded(), underway.rest(worked)), (false, Duration::ZERO));
        running.push(underway.begin());
        assert_eq!((underway.is_crowded(), underway.rest(worked)), (true, Duration::from_millis(90)));
        assert_eq!(underway.rest(Duration::from_secs(30)), LONGEST);
        running.clear();
        assert!(!underway.is_crowded());
        assert_eq!(underway.requests.load(Relaxed), 0);
    }
}
