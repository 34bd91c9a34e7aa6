//! From bytes to pixels: limits first, then all of the picture or nothing (MED-6).
use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, Limits,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use ports::image::ImageError;

use crate::{format::Format, jpeg, size::Size};

/// Bytes that a decoder may ask for beside the pixels, such as for compressed metadata.
const MAX_DECODER_BYTES: u64 = 512 << 20;

/// Pixels of eight bits a channel as they are in the file, not yet turned upright nor converted.
pub(crate) struct Decoded {
    pub image: DynamicImage,
    pub orientation: Orientation,
    /// ICC profile of the pixels.
    pub profile: Option<Vec<u8>>,
}

/// What the header says before any pixel is allocated.
pub(crate) struct Header {
    /// As the picture is to be seen, upright.
    pub upright: Size,
    /// GIF, or WebP with frames: kept byte for byte where that is allowed (MED-12).
    pub animated: bool,
}

/// Checks limits and reads all of the pixels; of an animation the first frame.
pub(crate) fn decode(format: Format, input: &[u8]) -> Result<(Header, Decoded), ImageError> {
    let (animated, decoded) = match format {
        Format::Jpeg => (false, jpeg::decode(input)?),
        Format::Png => (false, read(PngDecoder::with_limits(Cursor::new(input), limits()))?),
        Format::Gif => (true, read(GifDecoder::new(Cursor::new(input)))?),
        Format::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(input));
            (decoder.as_ref().is_ok_and(WebPDecoder::has_animation), read(decoder)?)
        }
    };
    let size = Size::new(decoded.image.width(), decoded.image.height());
    let upright = if turns(decoded.orientation) { size.turned() } else { size };
    Ok((Header { upright, animated }, decoded))
}

/// Whether width and height change places.
pub(crate) fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

fn read<D: ImageDecoder>(decoder: image::ImageResult<D>) -> Result<Decoded, ImageError> {
    let mut decoder = decoder.map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    Size::new(width, height).checked()?;
    decoder.set_limits(limits()).map_err(corrupt)?;
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(corrupt)?;
    Ok(Decoded { image: in_eight_bits(image), orientation, profile })
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn corrupt(error: image::ImageError) -> ImageError {
    tracing::debug!(%error, "image refused");
    match error {
        image::ImageError::Limits(_) => ImageError::TooManyPixels,
        _ => ImageError::Corrupt,
    }
}

fn in_eight_bits(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(image.into_luma8()),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLumaA8(image.into_luma_alpha8()),
        DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgb32F(_) => DynamicImage::ImageRgb8(image.into_rgb8()),
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba8(image.into_rgba8()),
        other => other,
    }
}
