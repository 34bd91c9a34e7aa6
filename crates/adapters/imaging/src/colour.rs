//! Colour: everything is converted to sRGB, so that no profile has to be kept (MED-10).
//!
//! Converting was chosen over keeping because a profile adds up to some kilobytes to every thumbnail and not all clients heed one.
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// The pixels in sRGB. A profile that cannot be read, or that is for another kind of pixels, is ignored as viewers do.
pub(crate) fn to_srgb(image: DynamicImage, profile: Option<&[u8]>) -> DynamicImage {
    let Some(source) = profile.and_then(|profile| ColorProfile::new_from_slice(profile).ok()) else { return image };
    converted(&image, &source).unwrap_or(image)
}

fn converted(image: &DynamicImage, source: &ColorProfile) -> Option<DynamicImage> {
    let (expected, from, to) = match image {
        DynamicImage::ImageLuma8(_) => (DataColorSpace::Gray, Layout::Gray, Layout::Rgb),
        DynamicImage::ImageLumaA8(_) => (DataColorSpace::Gray, Layout::GrayAlpha, Layout::Rgba),
        DynamicImage::ImageRgb8(_) => (DataColorSpace::Rgb, Layout::Rgb, Layout::Rgb),
        DynamicImage::ImageRgba8(_) => (DataColorSpace::Rgb, Layout::Rgba, Layout::Rgba),
        _ => return None,
    };
    if source.color_space != expected {
        return None;
    }
    let transform =
        source.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()?;
    let (width, height) = (image.width(), image.height());
    let channels = if matches!(to, Layout::Rgba) { 4 } else { 3 };
    let mut pixels = vec![0; width as usize * height as usize * channels];
    transform.transform(image.as_bytes(), &mut pixels).ok()?;
    if channels == 4 {
        RgbaImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    }
}

/// Without the alpha channel where every pixel is opaque.
pub(crate) fn without_needless_alpha(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageRgba8(pixels) if pixels.pixels().all(|pixel| pixel.0[3] == 255) => {
            DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8())
        }
        DynamicImage::ImageLumaA8(pixels) if pixels.pixels().all(|pixel| pixel.0[1] == 255) => {
            DynamicImage::ImageLuma8(DynamicImage::ImageLumaA8(pixels).into_luma8())
        }
        other => other,
    }
}

/// Laid on white (MED-13); opaque images stay as they are.
pub(crate) fn flattened(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageRgba8(pixels) => {
            DynamicImage::ImageRgb8(RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
                let [red, green, blue, alpha] = pixels.get_pixel(x, y).0;
                image::Rgb([red, green, blue].map(|channel| on_white(channel, alpha)))
            }))
        }
        DynamicImage::ImageLumaA8(pixels) => DynamicImage::ImageLuma8(flattened_grey(&pixels)),
        other => other,
    }
}

fn flattened_grey(pixels: &GrayAlphaImage) -> GrayImage {
    GrayImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [grey, alpha] = pixels.get_pixel(x, y).0;
        image::Luma([on_white(grey, alpha)])
    })
}

fn on_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    // A weighted mean of two bytes is a byte.
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
