//! How much is taken on at once.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gymapi_imaging::Imaging;
use ports::image::{ImageError, ImageProcessor, ImageSpec};
use tokio::{task::JoinSet, time::Instant};

use crate::samples::{busy, jpeg, png, quarters};

/// MED-7: two are worked on, 64 wait, the others are told at once.
#[tokio::test]
async fn med_7_beyond_a_queue_of_64_images_are_refused() {
    let imaging = Arc::new(Imaging::new(2));
    let slow = Bytes::from(jpeg(&busy(1200, 900)));
    let mut jobs = JoinSet::new();
    for _ in 0..80 {
        let (imaging, slow) = (Arc::clone(&imaging), slow.clone());
        jobs.spawn(async move { imaging.process(slow, ImageSpec::AVATAR).await.map(|_| ()) });
    }
    let answers = jobs.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == Err(ImageError::Busy)).count(), 80 - 66);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 66);
    // And then there is room again.
    assert!(imaging.process(Bytes::from(png(quarters(8, 8))), ImageSpec::AVATAR).await.is_ok());
}

/// MED-7: a single async thread keeps ticking while an image is processed.
#[tokio::test(flavor = "current_thread")]
async fn med_7_the_async_thread_stays_free() {
    let imaging = Arc::new(Imaging::new(1));
    let slow = Bytes::from(jpeg(&busy(2400, 1800)));
    let job = tokio::spawn(async move { imaging.process(slow, ImageSpec::POST).await.map(|_| ()) });
    let mut ticks = 0;
    let started = Instant::now();
    while !job.is_finished() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        ticks += 1;
    }
    assert!(job.await.unwrap().is_ok());
    assert!(ticks >= 3, "{ticks} ticks in {:?}", started.elapsed());
}

/// MED-7: callers who leave give their places back.
#[tokio::test]
async fn med_7_abandoned_jobs_leave_the_queue() {
    let imaging = Arc::new(Imaging::new(1));
    let slow = Bytes::from(jpeg(&busy(600, 400)));
    for _ in 0..3 {
        let mut jobs = JoinSet::new();
        for _ in 0..65 {
            let (imaging, slow) = (Arc::clone(&imaging), slow.clone());
            jobs.spawn(async move { imaging.process(slow, ImageSpec::AVATAR).await.map(|_| ()) });
        }
        tokio::task::yield_now().await;
        jobs.shutdown().await;
    }
    assert!(imaging.process(slow, ImageSpec::AVATAR).await.is_ok());
}
