//! Orientation, location and colour.
use bytes::Bytes;
use gymapi_imaging::Imaging;
use image::{Rgb, RgbImage};
use ports::image::ImageSpec;

use crate::samples::{
    BLUE, GREEN, RED, YELLOW, assert_no_metadata, assert_quarters, jpeg_with_exif, opened, png_with_exif, process,
    quarters, webp_with_exif, with_segment,
};

/// How the four quarters lie once the picture is upright.
const UPRIGHT: [(u16, [Rgb<u8>; 4]); 8] = [
    (1, [RED, GREEN, BLUE, YELLOW]),
    (2, [GREEN, RED, YELLOW, BLUE]),
    (3, [YELLOW, BLUE, GREEN, RED]),
    (4, [BLUE, YELLOW, RED, GREEN]),
    (5, [RED, BLUE, GREEN, YELLOW]),
    (6, [BLUE, RED, YELLOW, GREEN]),
    (7, [YELLOW, GREEN, BLUE, RED]),
    (8, [GREEN, YELLOW, RED, BLUE]),
];

#[tokio::test]
async fn med_10_all_eight_orientations_are_turned_upright() {
    let picture = quarters(640, 480);
    for (orientation, expected) in UPRIGHT {
        let (width, height) = if orientation < 5 { (640, 480) } else { (480, 640) };
        for input in [
            jpeg_with_exif(&picture, orientation),
            png_with_exif(&picture, orientation),
            webp_with_exif(&picture, orientation),
        ] {
            for spec in [ImageSpec::POST, ImageSpec::AVATAR] {
                let made = process(input.clone(), spec).await.unwrap();
                assert_eq!((made.image.width, made.image.height), (width, height), "orientation {orientation}");
                assert_quarters(&opened(&made.image), expected);
                assert_no_metadata(&made.image);
                if let Some(thumbnail) = made.thumbnail {
                    assert_eq!(thumbnail.width > thumbnail.height, width > height);
                    assert_quarters(&opened(&thumbnail), expected);
                    assert_no_metadata(&thumbnail);
                }
            }
        }
    }
}

/// MED-10 for the decode at a quarter of the size.
#[tokio::test]
async fn med_10_thumbnails_made_alone_are_upright_too() {
    let picture = quarters(3600, 3240);
    for (orientation, expected) in UPRIGHT {
        let thumbnail = Imaging::new(1).thumbnail(Bytes::from(jpeg_with_exif(&picture, orientation))).await.unwrap();
        let (width, height) = if orientation < 5 { (400, 360) } else { (360, 400) };
        assert_eq!((thumbnail.width, thumbnail.height), (width, height));
        assert_quarters(&opened(&thumbnail), expected);
        assert_no_metadata(&thumbnail);
    }
}

#[tokio::test]
async fn med_10_location_and_comments_are_gone() {
    let input = with_segment(jpeg_with_exif(&quarters(900, 500), 1), 0xFE, b"SECRET comment");
    let input = with_segment(input, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SECRET</x:xmpmeta>");
    assert!(input.windows(6).any(|window| window == b"SECRET"));
    for spec in [ImageSpec::POST, ImageSpec::AVATAR] {
        let made = process(input.clone(), spec).await.unwrap();
        assert_no_metadata(&made.image);
        made.thumbnail.iter().for_each(assert_no_metadata);
    }
}

#[tokio::test]
async fn med_10_a_wide_profile_is_converted_to_srgb() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let picture = RgbImage::from_pixel(500, 500, Rgb([200, 80, 80]));
    let plain = crate::samples::jpeg(&picture);
    let tagged = with_segment(plain.clone(), 0xE2, &[b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat());
    let made = process(tagged, ImageSpec::POST).await.unwrap();
    assert_no_metadata(&made.image);
    let converted = opened(&made.image).to_rgb8().get_pixel(250, 250).0;
    let kept = opened(&process(plain, ImageSpec::POST).await.unwrap().image).to_rgb8().get_pixel(250, 250).0;
    // The same numbers mean a stronger red in Display P3.
    assert!(converted[0] > kept[0] + 6, "{converted:?} against {kept:?}");
    assert!(converted[1] + 4 < kept[1], "{converted:?} against {kept:?}");
}
