//! Shrinking with a Lanczos filter (MED-10, MED-13).
//!
//! The resizer's own dispatch would be compiled for every kind of pixel, thirteen with all their variants per processor; here are four.
use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, TypedImageRef},
    pixels,
};
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use ports::image::ImageError;

use crate::size::Size;

/// The image at `target`, a smaller size. Transparent pixels lend no colour to their neighbours.
pub(crate) fn shrink(image: &DynamicImage, target: Size) -> Result<DynamicImage, ImageError> {
    let size = Size::new(image.width(), image.height());
    let whole = (f64::from(size.width), f64::from(size.height));
    let Size { width, height } = target;
    let bytes = image.as_bytes();
    let smaller = match image {
        DynamicImage::ImageLuma8(_) => shrunk::<pixels::U8>(bytes, size, whole, target)
            .and_then(|bytes| GrayImage::from_raw(width, height, bytes))
            .map(DynamicImage::ImageLuma8),
        DynamicImage::ImageLumaA8(_) => shrunk::<pixels::U8x2>(bytes, size, whole, target)
            .and_then(|bytes| GrayAlphaImage::from_raw(width, height, bytes))
            .map(DynamicImage::ImageLumaA8),
        DynamicImage::ImageRgb8(_) => shrunk::<pixels::U8x3>(bytes, size, whole, target)
            .and_then(|bytes| RgbImage::from_raw(width, height, bytes))
            .map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba8(_) => shrunk::<pixels::U8x4>(bytes, size, whole, target)
            .and_then(|bytes| RgbaImage::from_raw(width, height, bytes))
            .map(DynamicImage::ImageRgba8),
        _ => None,
    };
    smaller.ok_or_else(|| {
        tracing::error!(colours = ?image.color(), ?size, ?target, "image could not be resized");
        ImageError::Corrupt
    })
}

/// One channel of `size` samples: its upper left `part` (fractions allowed) at `target`.
pub(crate) fn plane(samples: &[u8], size: Size, part: (f64, f64), target: Size) -> Option<Vec<u8>> {
    shrunk::<pixels::U8>(samples, size, part, target)
}

fn shrunk<P: PixelTrait>(bytes: &[u8], size: Size, part: (f64, f64), target: Size) -> Option<Vec<u8>> {
    let source = TypedImageRef::<P>::from_buffer(size.width, size.height, bytes).ok()?;
    let mut smaller = Image::new(target.width, target.height, P::pixel_type());
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).crop(0.0, 0.0, part.0, part.1);
    Resizer::new().resize_typed(&source, &mut smaller.typed_image_mut::<P>()?, &options).ok()?;
    Some(smaller.into_vec())
}
