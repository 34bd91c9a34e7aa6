//! The adapter itself.
use async_trait::async_trait;
use bytes::Bytes;
use ports::image::{EncodedImage, ImageError, ImageProcessor, ImageSpec, ProcessedImage};

use crate::{pool::Pool, processing};

/// Processes images on a bounded number of blocking threads (MED-7).
///
/// A job holds at most two decoded images at a time: the one read and the one made from it. See the crate's documentation.
pub struct Imaging {
    pool: Pool,
}

impl Imaging {
    /// `threads` images are worked on at once, 64 more may wait.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { pool: Pool::new(threads) }
    }

    /// Only the thumbnail: fits 400 × 400, JPEG, white where it was transparent (MED-13); an image that fits already keeps its size.
    ///
    /// # Errors
    /// As [`ImageProcessor::process`].
    pub async fn thumbnail(&self, input: Bytes) -> Result<EncodedImage, ImageError> {
        self.pool.run(move || processing::thumbnail(&input)).await
    }
}

#[async_trait]
impl ImageProcessor for Imaging {
    async fn process(&self, input: Bytes, spec: ImageSpec) -> Result<ProcessedImage, ImageError> {
        self.pool.run(move || processing::process(&input, spec)).await
    }
}
