//! From pixels to the smallest allowed file (MED-11). Nothing but pixels is written: what was not copied cannot leak (MED-10).
use image::{
    DynamicImage, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use ports::image::{EncodedImage, ImageError};

use crate::format::Format;

const JPEG_QUALITY: u8 = 85;
const WEBP_QUALITY: f32 = 80.0;

/// The stored form of an image that came as `received` bytes of `original`.
///
/// WebP is taken when it has fewer than 90 % of the bytes received; otherwise it competes with the original format. Without WebP, transparent
/// images become PNG, photographs JPEG, and an opaque image that was not a JPEG whichever of the two is smaller, since flat drawings are
/// smaller and cleaner as PNG.
pub(crate) fn stored(
    image: &DynamicImage,
    original: Format,
    received: usize,
    allow_webp: bool,
) -> Result<EncodedImage, ImageError> {
    let opaque = !image.color().has_alpha();
    if !allow_webp {
        return match (opaque, original) {
            (true, Format::Jpeg) => jpeg(image),
            (true, _) => Ok(smaller(jpeg(image)?, png(image)?)),
            (false, _) => png(image),
        };
    }
    let candidate = webp(image)?;
    if candidate.bytes.len() * 10 < received * 9 {
        return Ok(candidate);
    }
    match original {
        Format::Jpeg => Ok(smaller(candidate, jpeg(image)?)),
        Format::Png | Format::Gif => Ok(smaller(candidate, png(image)?)),
        Format::WebP => Ok(candidate),
    }
}

fn smaller(first: EncodedImage, second: EncodedImage) -> EncodedImage {
    if second.bytes.len() < first.bytes.len() { second } else { first }
}

/// JPEG, quality 85, colour at half the resolution as cameras do; the image must be opaque, and its sides below 65,536.
pub(crate) fn jpeg(image: &DynamicImage) -> Result<EncodedImage, ImageError> {
    let colours = match image {
        DynamicImage::ImageLuma8(_) => ColorType::Luma,
        DynamicImage::ImageRgb8(_) => ColorType::Rgb,
        _ => return Err(failed("not an opaque eight-bit image")),
    };
    let (Ok(width), Ok(height)) = (u16::try_from(image.width()), u16::try_from(image.height())) else {
        return Err(failed("larger than a JPEG can be"));
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(image.as_bytes(), width, height, colours).map_err(failed)?;
    Ok(encoded(bytes, Format::Jpeg, image))
}

fn png(image: &DynamicImage) -> Result<EncodedImage, ImageError> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(image.as_bytes(), image.width(), image.height(), image.color().into())
        .map_err(failed)?;
    Ok(encoded(bytes, Format::Png, image))
}

fn webp(image: &DynamicImage) -> Result<EncodedImage, ImageError> {
    let (width, height) = (image.width(), image.height());
    let coded = match image {
        DynamicImage::ImageRgb8(pixels) => {
            webp::Encoder::from_rgb(pixels, width, height).encode_simple(false, WEBP_QUALITY)
        }
        DynamicImage::ImageRgba8(pixels) => {
            webp::Encoder::from_rgba(pixels, width, height).encode_simple(false, WEBP_QUALITY)
        }
        other if other.color().has_alpha() => {
            webp::Encoder::from_rgba(&other.to_rgba8(), width, height).encode_simple(false, WEBP_QUALITY)
        }
        other => webp::Encoder::from_rgb(&other.to_rgb8(), width, height).encode_simple(false, WEBP_QUALITY),
    };
    let coded = coded.map_err(|error| {
        tracing::error!(?error, "WebP encoder failed");
        ImageError::Corrupt
    })?;
    Ok(encoded(coded.to_vec(), Format::WebP, image))
}

fn failed(error: impl std::fmt::Display) -> ImageError {
    tracing::error!(%error, "image could not be encoded");
    ImageError::Corrupt
}

fn encoded(bytes: Vec<u8>, format: Format, image: &DynamicImage) -> EncodedImage {
    EncodedImage {
        bytes: bytes.into(),
        content_type: format.content_type(),
        extension: format.extension(),
        width: image.width(),
        height: image.height(),
    }
}
