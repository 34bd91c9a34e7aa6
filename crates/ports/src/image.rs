//! Image work: decode, turn upright, shrink, encode (MED-6, MED-7, MED-10 … MED-15).
use async_trait::async_trait;
use bytes::Bytes;

/// What to make of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSpec {
    /// Longest side of the stored image, in pixels.
    pub fit: u32,
    /// Whether the stored image may be WebP; profile images and logos never are (MED-11).
    pub allow_webp: bool,
    /// Whether a 400 × 400 JPEG thumbnail is wanted (MED-13).
    pub thumbnail: bool,
}

impl ImageSpec {
    /// Profile images and logos.
    pub const AVATAR: Self = Self { fit: 1024, allow_webp: false, thumbnail: false };
    /// Post and story images.
    pub const POST: Self = Self { fit: 2048, allow_webp: true, thumbnail: true };
}

#[derive(Clone, Debug)]
pub struct EncodedImage {
    pub bytes: Bytes,
    pub content_type: &'static str,
    /// Without the dot.
    pub extension: &'static str,
    pub width: u32,
    pub height: u32,
}

#[derive(Clone, Debug)]
pub struct ProcessedImage {
    pub image: EncodedImage,
    /// `None` when none was asked for, when the image already fits 400 × 400, or when making it failed (MED-14).
    pub thumbnail: Option<EncodedImage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not one of the formats taken (MED-3).
    #[error("not a JPEG, PNG, WebP or GIF image")]
    Unsupported,
    /// A side over 10,000 px or more than 40,000,000 px in all, refused before pixels are allocated (MED-6).
    #[error("the image has too many pixels")]
    TooManyPixels,
    #[error("the image does not decode completely")]
    Corrupt,
    /// 64 images wait already (MED-7).
    #[error("too many images are being processed")]
    Busy,
}

#[async_trait]
pub trait ImageProcessor: Send + Sync + 'static {
    /// Runs off the async threads, on at most as many threads as there are cores.
    async fn process(&self, input: Bytes, spec: ImageSpec) -> Result<ProcessedImage, ImageError>;
}
