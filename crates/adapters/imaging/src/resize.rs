//! Shrinking with a Lanczos filter (MED-10, MED-13).
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::DynamicImage;
use ports::image::ImageError;

use crate::size::Size;

const LANCZOS: ResizeAlg = ResizeAlg::Convolution(FilterType::Lanczos3);

/// The image at `target`, a smaller size. Transparent pixels lend no colour to their neighbours.
pub(crate) fn shrink(image: &DynamicImage, target: Size) -> Result<DynamicImage, ImageError> {
    let mut smaller = DynamicImage::new(target.width, target.height, image.color());
    Resizer::new().resize(image, &mut smaller, &ResizeOptions::new().resize_alg(LANCZOS)).map_err(|error| {
        tracing::error!(%error, "image could not be resized");
        ImageError::Corrupt
    })?;
    Ok(smaller)
}

/// The samples of the upper left `width` × `height` (fractions allowed) of one channel at `target`.
pub(crate) fn plane(source: &ImageRef<'_>, (width, height): (f64, f64), target: Size) -> Option<Vec<u8>> {
    let mut smaller = Image::new(target.width, target.height, PixelType::U8);
    let options = ResizeOptions::new().resize_alg(LANCZOS).crop(0.0, 0.0, width, height);
    Resizer::new().resize(source, &mut smaller, &options).ok()?;
    Some(smaller.into_vec())
}
