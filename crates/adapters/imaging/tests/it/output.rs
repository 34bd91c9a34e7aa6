//! What is stored.
use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use ports::image::ImageSpec;

use crate::samples::{animated_webp, busy, file, gif, jpeg, jpeg_with_exif, opened, png, process, quarters};

fn half_transparent(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| if x < width / 2 { Rgba([0, 0, 0, 0]) } else { Rgba([20, 40, 200, 255]) })
}

#[tokio::test]
async fn med_15_example_sizes() {
    let picture = quarters(4000, 3000);
    for (input, stored, thumbnail) in [
        (jpeg(&picture), (2048, 1536), Some((400, 300))),
        (jpeg_with_exif(&picture, 6), (1536, 2048), Some((300, 400))),
        (jpeg(&quarters(300, 900)), (300, 900), Some((133, 400))),
        (png(quarters(400, 400)), (400, 400), None),
        (png(quarters(1, 1)), (1, 1), None),
        (png(quarters(401, 400)), (401, 400), Some((400, 399))),
    ] {
        let made = process(input, ImageSpec::POST).await.unwrap();
        opened(&made.image);
        assert_eq!((made.image.width, made.image.height), stored);
        assert_eq!(made.thumbnail.map(|made| (made.width, made.height)), thumbnail, "{stored:?}");
    }
    let avatar = process(jpeg(&picture), ImageSpec::AVATAR).await.unwrap();
    assert_eq!((avatar.image.width, avatar.image.height), (1024, 768));
    assert!(avatar.thumbnail.is_none());
}

#[tokio::test]
async fn med_11_posts_become_webp_where_that_saves_a_tenth() {
    for input in [jpeg(&busy(700, 500)), png(busy(700, 500)), file(busy(700, 500), ImageFormat::WebP)] {
        let received = input.len();
        let made = process(input, ImageSpec::POST).await.unwrap();
        opened(&made.image);
        assert_eq!(made.image.content_type, "image/webp");
        assert!(made.image.bytes.len() * 10 < received * 9);
        // Lossy: the first chunk of the file says so.
        assert_eq!(&made.image.bytes[12..16], b"VP8 ");
    }
}

#[tokio::test]
async fn med_11_otherwise_the_smaller_of_webp_and_the_original_format() {
    // Nothing is smaller than a flat drawing as PNG, and WebP cannot save a tenth of a file that is all headers.
    let flat = png(DynamicImage::ImageLuma8(image::GrayImage::from_pixel(600, 8, image::Luma([7]))));
    let made = process(flat.clone(), ImageSpec::POST).await.unwrap();
    opened(&made.image);
    assert!(made.image.bytes.len() <= flat.len() + 8, "{} {}", made.image.extension, made.image.bytes.len());

    // A file that was squeezed much harder than quality 80.
    let mut squeezed = Vec::new();
    let picture = busy(500, 400);
    jpeg_encoder::Encoder::new(&mut squeezed, 3)
        .encode(picture.as_raw(), 500, 400, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    let made = process(squeezed, ImageSpec::POST).await.unwrap();
    opened(&made.image);
    assert!(["jpg", "webp"].contains(&made.image.extension));
}

#[tokio::test]
async fn med_11_profile_images_and_logos_are_never_webp() {
    for (input, expected) in [
        (jpeg(&busy(700, 500)), "jpg"),
        (png(busy(700, 500)), "jpg"),
        (file(busy(700, 500), ImageFormat::WebP), "jpg"),
        (png(half_transparent(700, 500)), "png"),
        (file(half_transparent(700, 500), ImageFormat::WebP), "png"),
        (png(quarters(700, 500)), "png"),
        (animated_webp(&busy(300, 200)), "jpg"),
    ] {
        let made = process(input, ImageSpec::AVATAR).await.unwrap();
        opened(&made.image);
        assert_eq!(made.image.extension, expected);
    }
}

#[tokio::test]
async fn med_13_transparency_is_kept_in_the_file_and_white_in_the_thumbnail() {
    for spec in [ImageSpec::POST, ImageSpec { allow_webp: false, ..ImageSpec::POST }] {
        let made = process(png(half_transparent(800, 600)), spec).await.unwrap();
        let stored = opened(&made.image).to_rgba8();
        assert_eq!(stored.get_pixel(100, 300).0[3], 0);
        assert_eq!(stored.get_pixel(700, 300).0[3], 255);
        let thumbnail = opened(&made.thumbnail.unwrap()).to_rgb8();
        assert!(thumbnail.get_pixel(50, 150).0.iter().all(|&channel| channel > 250));
        let blue = thumbnail.get_pixel(350, 150).0;
        assert!(blue[2] > 180 && blue[0] < 50, "{blue:?}");
    }
}

/// MED-13: grey with alpha, sixteen bits, palettes: all kinds of PNG end in a white JPEG.
#[tokio::test]
async fn med_13_other_kinds_of_png() {
    let grey = DynamicImage::ImageLumaA8(DynamicImage::ImageRgba8(half_transparent(600, 450)).to_luma_alpha8());
    let deep = DynamicImage::ImageRgba16(DynamicImage::ImageRgba8(half_transparent(600, 450)).to_rgba16());
    for input in [png(grey), png(deep)] {
        let made = process(input, ImageSpec::POST).await.unwrap();
        assert_eq!(opened(&made.image).to_rgba8().get_pixel(50, 200).0[3], 0);
        assert!(opened(&made.thumbnail.unwrap()).to_rgb8().get_pixel(50, 150).0.iter().all(|&channel| channel > 250));
    }
}

#[tokio::test]
async fn med_12_gif_and_animated_webp_keep_their_bytes() {
    for (input, kind) in [(gif(600, 500, 3), "image/gif"), (animated_webp(&busy(600, 500)), "image/webp")] {
        let made = process(input.clone(), ImageSpec::POST).await.unwrap();
        assert_eq!(made.image.bytes, Bytes::from(input));
        assert_eq!(made.image.content_type, kind);
        assert_eq!((made.image.width, made.image.height), (600, 500));
        let thumbnail = made.thumbnail.unwrap();
        assert_eq!((thumbnail.width, thumbnail.height, thumbnail.extension), (400, 333, "jpg"));
        let first = opened(&thumbnail).to_rgb8().get_pixel(200, 150).0;
        assert!(kind != "image/gif" || first[0] > 200 && first[2] < 60, "{first:?} is not of the first frame");
    }
}
