//! How often an object is tried, and how long is waited between (MED-17, MED-18).
use crate::fault::{Consequence, Fault};
use std::time::Duration;

/// The default is the rule: 3 attempts, 2 s then 4 s between them, 20 s for an image and 60 s for a video.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub attempts: u32,
    /// The wait after the first attempt; after the second it is twice as long, and so on.
    pub step: Duration,
    /// The longest that a store's `Retry-After` is obeyed.
    pub longest_retry_after: Duration,
    /// Time limit of one attempt for anything but a video.
    pub image_timeout: Duration,
    /// Time limit of one attempt for a video, over all of its parts.
    pub video_timeout: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            step: Duration::from_secs(2),
            longest_retry_after: Duration::from_secs(10),
            image_timeout: Duration::from_secs(20),
            video_timeout: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    pub(crate) fn timeout(&self, content_type: &str) -> Duration {
        if content_type.starts_with("video/") { self.video_timeout } else { self.image_timeout }
    }

    /// The wait after an attempt, counted from 1.
    fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let asked = retry_after.unwrap_or_default().min(self.longest_retry_after);
        (self.step * attempt).max(asked)
    }

    /// Tries to store one object. A name found taken after the first attempt was taken by an attempt whose answer was
    /// lost, for names are fresh: that is a success.
    pub(crate) async fn put<F>(&self, mut attempt: impl FnMut() -> F) -> Result<(), Fault>
    where
        F: Future<Output = Result<(), Fault>>,
    {
        let mut number = 1;
        loop {
            let Err(fault) = attempt().await else { return Ok(()) };
            match fault.consequence {
                Consequence::Taken if number > 1 => return Ok(()),
                Consequence::Passing { retry_after } if number < self.attempts => {
                    let wait = self.wait(number, retry_after);
                    tracing::warn!(
                        attempt = number,
                        ?wait,
                        reason = fault.reason,
                        "object storage failed, trying again"
                    );
                    tokio::time::sleep(wait).await;
                    number += 1;
                }
                _ => return Err(fault),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, collections::VecDeque};
    use tokio::time::Instant;

    /// Seconds on the virtual clock at which the attempts were made, and whether it ended well.
    async fn run(answers: impl IntoIterator<Item = Result<(), Fault>>) -> (Vec<u64>, bool) {
        let start = Instant::now();
        let answers = RefCell::new(VecDeque::from_iter(answers));
        let at = RefCell::new(Vec::new());
        let policy = RetryPolicy::default();
        let end = policy.put(async || {
            at.borrow_mut().push(start.elapsed().as_secs());
            answers.borrow_mut().pop_front().expect("no more attempts than answers")
        });
        let ok = end.await.is_ok();
        (at.into_inner(), ok)
    }

    fn passing(retry_after: Option<u64>) -> Result<(), Fault> {
        let retry_after = retry_after.map(Duration::from_secs);
        Err(Fault { consequence: Consequence::Passing { retry_after }, ..Fault::timed_out() })
    }

    #[tokio::test(start_paused = true)]
    async fn med_17_three_attempts_wait_two_and_four_seconds_and_nothing_after_the_last() {
        assert_eq!(run([passing(None), passing(None), Ok(())]).await, (vec![0, 2, 6], true));
        let start = Instant::now();
        assert_eq!(run([passing(None), passing(None), passing(None)]).await, (vec![0, 2, 6], false));
        assert_eq!(start.elapsed().as_secs(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn med_18_retry_after_is_obeyed_up_to_ten_seconds() {
        assert_eq!(run([passing(Some(7)), passing(Some(3600)), Ok(())]).await, (vec![0, 7, 17], true));
        assert_eq!(run([passing(Some(1)), Ok(())]).await, (vec![0, 2], true));
    }

    #[tokio::test(start_paused = true)]
    async fn med_18_a_lasting_fault_ends_it_and_a_taken_name_is_a_success_only_later() {
        assert_eq!(run([Err(Fault::lasting("no"))]).await, (vec![0], false));
        assert_eq!(run([Err(Fault::taken())]).await, (vec![0], false));
        assert_eq!(run([passing(None), Err(Fault::taken())]).await, (vec![0, 2], true));
        assert_eq!(run([passing(None), passing(None), Err(Fault::taken())]).await, (vec![0, 2, 6], true));
    }

    #[test]
    fn med_17_an_attempt_has_twenty_seconds_for_an_image_and_sixty_for_a_video() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.timeout("image/png").as_secs(), 20);
        assert_eq!(policy.timeout("video/mp4").as_secs(), 60);
    }
}
