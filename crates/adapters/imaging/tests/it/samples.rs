//! Images made in code, and what tests ask of the results.
use std::io::Cursor;

use bytes::Bytes;
use gymapi_imaging::Imaging;
use image::{
    DynamicImage, ExtendedColorType, Frame, ImageDecoder, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::{
        gif::{GifEncoder, Repeat},
        jpeg::JpegDecoder,
        png::{PngDecoder, PngEncoder},
        webp::{WebPDecoder, WebPEncoder},
    },
};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use ports::image::{EncodedImage, ImageError, ImageProcessor, ImageSpec, ProcessedImage};

pub const RED: Rgb<u8> = Rgb([220, 30, 30]);
pub const GREEN: Rgb<u8> = Rgb([30, 200, 30]);
pub const BLUE: Rgb<u8> = Rgb([30, 30, 220]);
pub const YELLOW: Rgb<u8> = Rgb([220, 220, 30]);

/// Each quarter in a colour of its own: red and green above, blue and yellow below.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => YELLOW,
    })
}

/// Detail everywhere, so that the file is not tiny.
pub fn busy(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let mixed = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519);
        let grain = ((mixed ^ (mixed >> 13)).wrapping_mul(3_266_489_917) >> 27) as u8;
        let slope = |length: u32, position: u32| (position * 200 / length.max(1)) as u8;
        Rgb([slope(width, x) + grain, slope(height, y) + grain, 90 + grain])
    })
}

pub fn jpeg(image: &RgbImage) -> Vec<u8> {
    jpeg_with(image, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))
}

pub fn jpeg_with(image: &RgbImage, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    set(&mut encoder);
    encoder.encode(image.as_raw(), image.width() as u16, image.height() as u16, ColorType::Rgb).unwrap();
    file
}

pub fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    file(image, ImageFormat::Png)
}

pub fn gif(width: u32, height: u32, frames: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for index in 0..frames {
        let colour = if index == 0 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) };
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(width, height, colour))).unwrap();
    }
    drop(encoder);
    file
}

/// A WebP file whose one frame is wrapped as an animation.
pub fn animated_webp(image: &RgbImage) -> Vec<u8> {
    let still = file(image.clone(), ImageFormat::WebP);
    let (width, height) = (image.width() - 1, image.height() - 1);
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let mut frame = [three(0), three(0), three(width), three(height), three(100), vec![0]].concat();
    frame.extend_from_slice(&still[12..]);
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let mut chunk = [name.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[vec![0b10, 0, 0, 0], three(width), three(height)].concat()),
        chunk(b"ANIM", &[0, 0, 0, 0, 0, 0]),
        chunk(b"ANMF", &frame),
    ]
    .concat();
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// What a camera writes: an orientation, a description, and where the picture was taken.
pub fn exif(orientation: u16) -> Vec<u8> {
    let description = b"SECRET-PLACE\0";
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    // Header 8, three entries 2 + 36 + 4, description 13 and a byte of padding, then the location directory.
    let (description_at, location_at) = (50, 64);
    let latitude_at = location_at + 2 + 24 + 4;
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    tiff.extend(entry(0x010E, 2, description.len() as u32, description_at));
    tiff.extend(entry(0x0112, 3, 1, u32::from(orientation)));
    tiff.extend(entry(0x8825, 4, 1, location_at));
    tiff.extend([0; 4]);
    tiff.extend(description);
    tiff.push(0);
    tiff.extend(2_u16.to_le_bytes());
    tiff.extend(entry(1, 2, 2, u32::from_le_bytes(*b"N\0\0\0")));
    tiff.extend(entry(2, 5, 3, latitude_at));
    tiff.extend([0; 4]);
    for number in [48_u32, 1, 51, 1, 29_123, 1000] {
        tiff.extend(number.to_le_bytes());
    }
    tiff
}

pub fn with_segment(mut jpeg: Vec<u8>, marker: u8, body: &[u8]) -> Vec<u8> {
    let segment = [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat();
    jpeg.splice(2..2, segment);
    jpeg
}

pub fn jpeg_with_exif(image: &RgbImage, orientation: u16) -> Vec<u8> {
    with_segment(jpeg(image), 0xE1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())
}

pub fn png_with_exif(image: &RgbImage, orientation: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    file
}

pub fn webp_with_exif(image: &RgbImage, orientation: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    file
}

pub async fn process(input: Vec<u8>, spec: ImageSpec) -> Result<ProcessedImage, ImageError> {
    Imaging::new(1).process(Bytes::from(input), spec).await
}

/// Pixels of a result, whose header, type and extension must agree with what it says of itself.
pub fn opened(image: &EncodedImage) -> DynamicImage {
    let format = image::guess_format(&image.bytes).unwrap();
    assert_eq!(image.content_type, format.to_mime_type());
    assert!(format.extensions_str().contains(&image.extension), "{}", image.extension);
    let pixels = image::load_from_memory(&image.bytes).unwrap();
    assert_eq!((image.width, image.height), (pixels.width(), pixels.height()));
    pixels
}

/// Fails when anything but pixels is left in the file.
pub fn assert_no_metadata(image: &EncodedImage) {
    for trace in [
        b"Exif".as_slice(),
        b"EXIF",
        b"eXIf",
        b"SECRET",
        b"II*\0",
        b"MM\0*",
        b"xmp",
        b"XMP",
        b"ICCP",
        b"iCCP",
        b"ICC_PROFILE",
    ] {
        let found = image.bytes.windows(trace.len()).any(|window| window == trace);
        assert!(!found, "{} in a {}", String::from_utf8_lossy(trace), image.extension);
    }
    let reader = Cursor::new(image.bytes.as_ref());
    let left = match image.extension {
        "jpg" => JpegDecoder::new(reader).unwrap().exif_metadata().unwrap(),
        "png" => PngDecoder::new(reader).unwrap().exif_metadata().unwrap(),
        _ => WebPDecoder::new(reader).unwrap().exif_metadata().unwrap(),
    };
    assert_eq!(left, None);
}

/// Fails when the middle of a quarter is not of the colour given; quarters in reading order.
pub fn assert_quarters(image: &DynamicImage, expected: [Rgb<u8>; 4]) {
    let pixels = image.to_rgb8();
    let (width, height) = pixels.dimensions();
    for ((x, y), expected) in [(1, 1), (3, 1), (1, 3), (3, 3)].into_iter().zip(expected) {
        let found = pixels.get_pixel(width * x / 4, height * y / 4);
        let near = found.0.iter().zip(expected.0).all(|(&found, expected)| found.abs_diff(expected) < 24);
        assert!(near, "{found:?} instead of {expected:?} in quarter {x},{y} of {width}×{height}");
    }
}
