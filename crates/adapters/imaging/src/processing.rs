//! The whole way of one image, on the calling thread.
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use image::{DynamicImage, metadata::Orientation};
use ports::image::{EncodedImage, ImageError, ImageSpec, ProcessedImage};

use crate::{
    colour,
    decode::{self, Decoded, Header},
    encode,
    format::Format,
    jpeg::{self, Reduced},
    resize,
    size::Size,
};

/// Side of the square that a thumbnail fits into, in pixels (MED-13).
const THUMBNAIL: u32 = 400;

/// See [`ports::image::ImageProcessor::process`].
pub(crate) fn process(input: &Bytes, spec: ImageSpec) -> Result<ProcessedImage, ImageError> {
    guarded(|| {
        let format = Format::of(input).ok_or(ImageError::Unsupported)?;
        let (header, decoded) = decode::decode(format, input)?;
        let whole = header.animated && spec.allow_webp;
        // A file kept as it is needs no pixels beyond the thumbnail.
        let side = if whole { THUMBNAIL } else { spec.fit };
        let picture = finished(decoded, side)?;
        let image = if whole {
            let Header { upright: Size { width, height }, .. } = header;
            EncodedImage {
                bytes: input.clone(),
                content_type: format.content_type(),
                extension: format.extension(),
                width,
                height,
            }
        } else {
            encode::stored(&picture, format, input.len(), spec.allow_webp)?
        };
        let wanted = spec.thumbnail && !header.upright.fits(THUMBNAIL);
        let thumbnail = wanted.then(|| thumbnail_of(picture, header.upright)).and_then(|made| {
            // The upload goes on without it (MED-14).
            made.inspect_err(|error| tracing::warn!(%error, "thumbnail could not be made")).ok()
        });
        Ok(ProcessedImage { image, thumbnail })
    })
}

/// See [`crate::Imaging::thumbnail`].
pub(crate) fn thumbnail(input: &[u8]) -> Result<EncodedImage, ImageError> {
    guarded(|| {
        let format = Format::of(input).ok_or(ImageError::Unsupported)?;
        if format == Format::Jpeg {
            let header = jpeg::header(input)?;
            match jpeg::reduced(input, header.size.within(THUMBNAIL)) {
                Reduced::Image(image) => {
                    return encode::jpeg(&upright(
                        colour::to_srgb(image, header.profile.as_deref()),
                        header.orientation,
                    ));
                }
                Reduced::Broken => return Err(ImageError::Corrupt),
                Reduced::NotApplicable => {}
            }
        }
        let (header, decoded) = decode::decode(format, input)?;
        thumbnail_of(finished(decoded, THUMBNAIL)?, header.upright)
    })
}

/// Shrunk into a square of `side`, in sRGB, upright, and without an alpha channel that says nothing.
///
/// Shrinking comes first: what follows then touches few pixels, and the full picture is freed.
fn finished(decoded: Decoded, side: u32) -> Result<DynamicImage, ImageError> {
    let Decoded { image, orientation, profile } = decoded;
    let size = Size::new(image.width(), image.height());
    let image = if size.fits(side) { image } else { resize::shrink(&image, size.within(side))? };
    Ok(upright(colour::without_needless_alpha(colour::to_srgb(image, profile.as_deref())), orientation))
}

fn upright(mut image: DynamicImage, orientation: Orientation) -> DynamicImage {
    image.apply_orientation(orientation);
    image
}

/// From a picture that may be smaller than the original, whose upright size decides the shape.
fn thumbnail_of(picture: DynamicImage, original: Size) -> Result<EncodedImage, ImageError> {
    let target = original.within(THUMBNAIL);
    let picture = if Size::new(picture.width(), picture.height()) == target {
        picture
    } else {
        resize::shrink(&picture, target)?
    };
    encode::jpeg(&colour::flattened(picture))
}

/// A decoder that panics has met a broken file.
fn guarded<T>(work: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("image codec panicked");
        Err(ImageError::Corrupt)
    })
}
