//! What is refused by its header.
use bytes::Bytes;
use image::ImageFormat;
use ports::image::{ImageError, ImageSpec};

use crate::samples::{self, file, process};

/// A PNG that is nothing but a header; its checksum is right.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = samples::png(samples::quarters(2, 2));
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

pub fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// A JPEG whose frame header names another size.
fn jpeg_header(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = samples::jpeg(&samples::quarters(16, 16));
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

fn gif_header(width: u16, height: u16) -> Vec<u8> {
    let mut gif = samples::gif(4, 4, 1);
    gif[6..8].copy_from_slice(&width.to_le_bytes());
    gif[8..10].copy_from_slice(&height.to_le_bytes());
    gif
}

#[tokio::test]
async fn med_6_a_header_of_30000_by_30000_is_refused() {
    for input in [png_header(30_000, 30_000), jpeg_header(30_000, 30_000), gif_header(30_000, 30_000)] {
        assert_eq!(process(input.clone(), ImageSpec::POST).await.unwrap_err(), ImageError::TooManyPixels);
        let alone = gymapi_imaging::Imaging::new(1).thumbnail(Bytes::from(input)).await;
        assert_eq!(alone.unwrap_err(), ImageError::TooManyPixels);
    }
}

/// 30,000 × 30,000 pixels would be 2.7 GB; the peak of the whole test process says that nothing like it was asked for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn med_6_a_refused_header_costs_no_memory() {
    for _ in 0..4 {
        let _refused = process(png_header(30_000, 30_000), ImageSpec::POST).await;
        let _refused = process(jpeg_header(30_000, 30_000), ImageSpec::POST).await;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kilobytes < 1_500_000, "{kilobytes} kB");
}

#[tokio::test]
async fn med_6_the_limits_themselves_are_allowed_and_one_pixel_more_is_not() {
    for (width, height, refused) in [(10_000, 4, false), (10_001, 4, true), (4, 10_001, true), (8_000, 5_001, true)] {
        let answer = process(png_header(width, height), ImageSpec::POST).await.unwrap_err();
        // The pixels are missing: a size that is allowed gets as far as finding that out.
        assert_eq!(answer == ImageError::TooManyPixels, refused, "{width}×{height}: {answer}");
    }
}

#[tokio::test]
async fn med_3_other_files_are_unsupported() {
    let bitmap = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0".to_vec();
    for input in [Vec::new(), b"<svg xmlns=".to_vec(), b"%PDF-1.7".to_vec(), b"\0\0\0\x18ftypheic".to_vec(), bitmap] {
        assert_eq!(process(input, ImageSpec::POST).await.unwrap_err(), ImageError::Unsupported);
    }
    // The name of a file means nothing; its bytes do.
    let webp = process(file(samples::quarters(8, 8), ImageFormat::WebP), ImageSpec::AVATAR).await.unwrap();
    assert_ne!(webp.image.extension, "webp");
}
