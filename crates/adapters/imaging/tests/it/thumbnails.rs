//! Thumbnails, alone and beside the stored image.
use bytes::Bytes;
use gymapi_imaging::Imaging;
use image::{DynamicImage, ImageFormat};
use ports::image::ImageSpec;

use crate::samples::{busy, file, gif, jpeg, opened, png, process, quarters};

#[tokio::test]
async fn med_13_thumbnails_are_jpeg_within_400() {
    for (input, size) in [
        (jpeg(&quarters(4000, 3000)), (400, 300)),
        (jpeg(&quarters(3999, 3011)), (400, 301)),
        (png(quarters(300, 900)), (133, 400)),
        (file(quarters(900, 300), ImageFormat::WebP), (400, 133)),
        (gif(500, 500, 2), (400, 400)),
        (jpeg(&quarters(90, 60)), (90, 60)),
    ] {
        let made = Imaging::new(1).thumbnail(Bytes::from(input)).await.unwrap();
        opened(&made);
        assert_eq!(((made.width, made.height), made.extension), (size, "jpg"));
    }
}

/// MED-13: the decode at a quarter of the size must look as the full one.
#[tokio::test]
async fn med_13_the_reduced_decode_agrees_with_the_full_one() {
    for (width, height) in [(4000, 3000), (3333, 3217), (3201, 6401)] {
        let input = jpeg(&busy(width, height));
        let reduced = opened(&Imaging::new(1).thumbnail(Bytes::from(input.clone())).await.unwrap());
        let full = opened(&process(input, ImageSpec::POST).await.unwrap().thumbnail.unwrap());
        assert!(difference(&reduced, &full) < 2.5, "{width}×{height}: {}", difference(&reduced, &full));
    }
    let grey = DynamicImage::ImageLuma8(DynamicImage::ImageRgb8(busy(3600, 3300)).to_luma8());
    let mut input = Vec::new();
    jpeg_encoder::Encoder::new(&mut input, 90)
        .encode(grey.as_bytes(), 3600, 3300, jpeg_encoder::ColorType::Luma)
        .unwrap();
    let reduced = opened(&Imaging::new(1).thumbnail(Bytes::from(input.clone())).await.unwrap());
    let full = opened(&process(input, ImageSpec::POST).await.unwrap().thumbnail.unwrap());
    assert!(difference(&reduced, &full) < 2.5);
}

/// Mean distance of the channels.
fn difference(one: &DynamicImage, other: &DynamicImage) -> f64 {
    let (one, other) = (one.to_rgb8(), other.to_rgb8());
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.iter().zip(other.iter()).map(|(&one, &other)| u64::from(one.abs_diff(other))).sum();
    sum as f64 / one.len() as f64
}

#[tokio::test]
async fn med_14_an_image_that_fits_has_no_thumbnail_of_its_own() {
    for (width, height, wanted) in [(1, 1, false), (400, 400, false), (400, 401, true)] {
        let made = process(png(quarters(width, height)), ImageSpec::POST).await.unwrap();
        assert_eq!(made.thumbnail.is_some(), wanted, "{width}×{height}");
    }
}
