//! Images made in code.
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
};
use std::io::Cursor;

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).expect("an image that can be encoded");
    file.into_inner()
}

/// Red on the left, blue on the right.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 30, 30]) } else { Rgb([30, 30, 220]) })
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    file(halves(width, height), ImageFormat::Png)
}

/// Half transparent everywhere.
pub fn transparent_png(width: u32, height: u32) -> Vec<u8> {
    file(RgbaImage::from_pixel(width, height, Rgba([10, 200, 10, 128])), ImageFormat::Png)
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    file(halves(width, height), ImageFormat::WebP)
}

pub fn gif(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels = DynamicImage::from(halves(width, height)).into_rgba8();
    GifEncoder::new(&mut file)
        .encode(&pixels, width, height, ExtendedColorType::Rgba8)
        .expect("an image that can be encoded");
    file
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels = halves(width, height);
    JpegEncoder::new_with_quality(&mut file, 90)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .expect("an image that can be encoded");
    file
}

/// A JPEG as a camera writes it: how it was held, and where (`SECRET-PLACE`).
pub fn camera_jpeg(width: u32, height: u32, orientation: u16) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let place = b"SECRET-PLACE\0";
    // header 8, count 2, two entries of 12, no further directory 4: the text stands at 38
    let tiff = [
        b"II*\0\x08\0\0\0\x02\0".to_vec(),
        entry(0x010E, 2, place.len() as u32, 38),
        entry(0x0112, 3, 1, u32::from(orientation)),
        vec![0; 4],
        place.to_vec(),
    ]
    .concat();
    with_segment(jpeg(width, height), 0xE1, &[b"Exif\0\0".as_slice(), &tiff].concat())
}

/// A JPEG of exactly `length` bytes, made up with comments that no picture needs.
pub fn jpeg_of_length(length: usize) -> Vec<u8> {
    let small = jpeg(64, 64);
    let mut missing = length.checked_sub(small.len()).expect("more bytes than a small image has");
    let mut comments = Vec::new();
    while missing > 0 {
        // a segment takes 4 bytes beside its body, and the last one must not be left with fewer
        let mut body = (missing.min(60_000)).checked_sub(4).expect("room for a segment");
        if (1..4).contains(&(missing - body - 4)) {
            body -= 4;
        }
        comments.extend([0xFF, 0xFE]);
        comments.extend((body as u16 + 2).to_be_bytes());
        comments.resize(comments.len() + body, b'.');
        missing -= body + 4;
    }
    let (start, rest) = small.split_at(2);
    [start, &comments, rest].concat()
}

/// The header of a PNG of this size, without any pixels.
pub fn png_header(width: u32, height: u32) -> Vec<u8> {
    let fields = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunk = [b"IHDR".as_slice(), &fields].concat();
    let sum = chunk.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    let rest = png(2, 2).split_off(33);
    [b"\x89PNG\r\n\x1A\n\0\0\0\x0D".as_slice(), &chunk, &(!sum).to_be_bytes(), &rest].concat()
}

fn with_segment(mut jpeg: Vec<u8>, marker: u8, body: &[u8]) -> Vec<u8> {
    let segment = [&[0xFF, marker], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat();
    jpeg.splice(2..2, segment);
    jpeg
}

/// Width and height of a stored image, whose bytes must be of the type that was stored with them.
///
/// # Panics
/// When they are not, or do not decode.
pub fn size_of(bytes: &[u8], content_type: &str) -> (u32, u32) {
    assert_eq!(image::guess_format(bytes).expect("a known format").to_mime_type(), content_type);
    let pixels = image::load_from_memory(bytes).expect("an image that decodes");
    (pixels.width(), pixels.height())
}
