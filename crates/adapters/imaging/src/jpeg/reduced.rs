//! A photograph shrunk while it is decoded.
use image::{DynamicImage, GrayImage, RgbImage};

use super::{
    frame::Frame,
    scan::{self, Plane, SIDE},
};
use crate::{resize, size::Size};

/// What the reduced decode made of a file.
pub(crate) enum Reduced {
    /// Shrunk to the size asked for.
    Image(DynamicImage),
    /// The file is of the kind that the reduced decode reads, and broken.
    Broken,
    /// Progressive, not in YCbCr, or not large enough: for the general decoder.
    NotApplicable,
}

/// Decodes a baseline file at a quarter of its size and shrinks that to `target`, provided that the quarter is at least twice as wide and
/// high: any less and the filter would have too little to work on.
pub(crate) fn reduced(input: &[u8], target: Size) -> Reduced {
    let Some(frame) = Frame::parse(input) else { return Reduced::NotApplicable };
    let shrink = u32::try_from(8 / SIDE).unwrap_or(u32::MAX);
    if frame.size.width < target.width * shrink * 2 || frame.size.height < target.height * shrink * 2 {
        return Reduced::NotApplicable;
    }
    let Some(planes) = scan::read(&frame, true) else { return Reduced::Broken };
    shrunk(&frame, &planes, target).map_or(Reduced::Broken, Reduced::Image)
}

/// Each channel is shrunk by itself, from its own resolution, and colours are converted last, on the few pixels that are left.
fn shrunk(frame: &Frame<'_>, planes: &[Plane], target: Size) -> Option<DynamicImage> {
    let widest = frame.components.iter().map(|component| component.across).max()?;
    let tallest = frame.components.iter().map(|component| component.down).max()?;
    let mut channels = Vec::with_capacity(planes.len());
    for (component, plane) in frame.components.iter().zip(planes) {
        // The part of the plane that is picture; the rest fills up the last blocks.
        let share =
            |length: u32, own: usize, most: usize| f64::from(length) * own as f64 / most as f64 * SIDE as f64 / 8.0;
        let width = share(frame.size.width, component.across, widest).min(plane.stride as f64);
        let height = share(frame.size.height, component.down, tallest).min(plane.rows as f64);
        let size = Size::new(u32::try_from(plane.stride).ok()?, u32::try_from(plane.rows).ok()?);
        channels.push(resize::plane(&plane.samples, size, (width, height), target)?);
    }
    match channels.as_slice() {
        [grey] => GrayImage::from_raw(target.width, target.height, grey.clone()).map(DynamicImage::ImageLuma8),
        [luma, blue, red] => {
            let pixels =
                luma.iter().zip(blue).zip(red).flat_map(|((&luma, &blue), &red)| rgb(luma, blue, red)).collect();
            RgbImage::from_raw(target.width, target.height, pixels).map(DynamicImage::ImageRgb8)
        }
        _ => None,
    }
}

/// The conversion of JFIF, in 16-bit fixed point.
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let luma = (i32::from(luma) << 16) + (1 << 15);
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    // Within 0 and 255, so that the cast loses nothing.
    [luma + 91_881 * red, luma - 22_554 * blue - 46_802 * red, luma + 116_130 * blue]
        .map(|channel| (channel >> 16).clamp(0, 255) as u8)
}
