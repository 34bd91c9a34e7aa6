//! A bounded pool for work that keeps a core busy (MED-7).
//!
//! Two semaphores: one admits a job or refuses it, the other lets as many jobs run as there are threads. Both permits travel with the
//! work itself, so that a caller who goes away in the middle neither frees a core that is still busy nor leaves a place taken.
use std::sync::Arc;

use ports::image::ImageError;
use tokio::sync::{Semaphore, TryAcquireError};

/// Jobs that may wait for a thread before new ones are refused (MED-7).
pub(crate) const QUEUE: usize = 64;

pub(crate) struct Pool {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Pool {
    /// `threads` jobs run at once; at least one does.
    pub(crate) fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, 1024);
        Self { admitted: Arc::new(Semaphore::new(threads + QUEUE)), running: Arc::new(Semaphore::new(threads)) }
    }

    /// Runs `work` on a blocking thread.
    ///
    /// # Errors
    /// [`ImageError::Busy`] at once when 64 jobs wait already; [`ImageError::Corrupt`] when the work panics.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, ImageError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ImageError> + Send + 'static,
    {
        let place = match Arc::clone(&self.admitted).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return Err(ImageError::Busy),
        };
        // Neither semaphore is ever closed.
        let core = Arc::clone(&self.running).acquire_owned().await.map_err(|_| ImageError::Busy)?;
        let job = tokio::task::spawn_blocking(move || {
            let _held = (core, place);
            work()
        });
        match job.await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "image job ended abnormally");
                Err(ImageError::Corrupt)
            }
        }
    }
}
