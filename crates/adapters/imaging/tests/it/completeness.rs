//! Files that end early or are damaged (MED-6), and bytes that are no images at all.
use bytes::Bytes;
use gymapi_imaging::Imaging;
use image::ImageFormat;
use jpeg_encoder::SamplingFactor;
use ports::image::{ImageError, ImageProcessor, ImageSpec};
use proptest::prelude::*;

use crate::samples::{self, busy, file, gif, jpeg, jpeg_with, png, process, quarters};

async fn refused(input: Vec<u8>, what: &str) {
    let input = Bytes::from(input);
    let imaging = Imaging::new(1);
    let answer = imaging.process(input.clone(), ImageSpec::POST).await;
    assert_eq!(answer.map(|_| ()).unwrap_err(), ImageError::Corrupt, "{what}");
    assert_eq!(imaging.thumbnail(input).await.map(|_| ()).unwrap_err(), ImageError::Corrupt, "{what}, thumbnail alone");
}

#[tokio::test]
async fn med_6_a_truncated_jpeg_is_corrupt_wherever_it_ends() {
    for (name, whole) in [
        ("baseline", jpeg(&busy(600, 400))),
        ("large", jpeg(&busy(3600, 3200))),
        ("restarts", jpeg_with(&busy(600, 400), |encoder| encoder.set_restart_interval(7))),
        ("progressive", jpeg_with(&busy(600, 400), |encoder| encoder.set_progressive(true))),
    ] {
        assert!(process(whole.clone(), ImageSpec::POST).await.is_ok(), "{name}");
        for kept in [whole.len() / 10, whole.len() / 2, whole.len() - 600, whole.len() - 40] {
            refused(whole[..kept].to_vec(), &format!("{name}, {kept} of {}", whole.len())).await;
        }
    }
}

#[tokio::test]
async fn med_6_an_end_marker_does_not_make_half_a_jpeg_whole() {
    let mut half = jpeg(&busy(600, 400));
    half.truncate(half.len() / 2);
    half.extend([0xFF, 0xD9]);
    refused(half, "half, closed").await;
}

#[tokio::test]
async fn med_6_a_missing_restart_marker_is_corrupt() {
    let mut damaged = jpeg_with(&busy(600, 400), |encoder| encoder.set_restart_interval(7));
    let at = damaged.windows(2).position(|pair| pair == [0xFF, 0xD3]).unwrap();
    damaged.drain(at..at + 2);
    refused(damaged, "restart marker removed").await;
}

#[tokio::test]
async fn med_6_every_kind_of_whole_jpeg_is_taken() {
    let picture = quarters(3400, 3300);
    for (name, input) in [
        ("4:4:4", jpeg_with(&picture, |encoder| encoder.set_sampling_factor(SamplingFactor::F_1_1))),
        ("4:2:2", jpeg_with(&picture, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_1))),
        ("4:4:0", jpeg_with(&picture, |encoder| encoder.set_sampling_factor(SamplingFactor::F_1_2))),
        ("4:2:0", jpeg_with(&picture, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))),
        ("restarts", jpeg_with(&picture, |encoder| encoder.set_restart_interval(11))),
        ("own tables", jpeg_with(&picture, |encoder| encoder.set_optimized_huffman_tables(true))),
        ("progressive", jpeg_with(&picture, |encoder| encoder.set_progressive(true))),
        ("other encoder", file(picture.clone(), ImageFormat::Jpeg)),
        ("padding after the end", [jpeg(&picture), vec![0; 300]].concat()),
    ] {
        let alone = Imaging::new(1).thumbnail(Bytes::from(input.clone())).await;
        samples::assert_quarters(
            &samples::opened(&alone.unwrap_or_else(|error| panic!("{name}: {error}"))),
            [samples::RED, samples::GREEN, samples::BLUE, samples::YELLOW],
        );
        let made = process(input, ImageSpec::AVATAR).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        samples::assert_quarters(
            &samples::opened(&made.image),
            [samples::RED, samples::GREEN, samples::BLUE, samples::YELLOW],
        );
    }
}

#[tokio::test]
async fn med_6_a_png_with_a_bad_checksum_is_corrupt() {
    let mut damaged = png(busy(60, 40));
    let data = damaged.windows(4).position(|name| name == b"IDAT").unwrap();
    let length = u32::from_be_bytes(damaged[data - 4..data].try_into().unwrap()) as usize;
    damaged[data + 4 + length] ^= 0x55;
    refused(damaged, "bad checksum").await;
}

#[tokio::test]
async fn med_6_truncated_png_webp_and_gif_are_corrupt() {
    for (name, whole) in
        [("png", png(busy(300, 200))), ("webp", file(busy(300, 200), ImageFormat::WebP)), ("gif", gif(300, 200, 1))]
    {
        refused(whole[..whole.len() / 2].to_vec(), name).await;
    }
}

#[tokio::test]
async fn med_6_an_animation_flag_without_frames_is_corrupt() {
    let mut animation = samples::animated_webp(&quarters(20, 20));
    let at = animation.windows(4).position(|name| name == b"ANMF").unwrap();
    animation[at..at + 4].copy_from_slice(b"NONE");
    refused(animation, "no frames").await;
}

fn starts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(jpeg(&busy(40, 30))),
        Just(jpeg_with(&busy(40, 30), |encoder| encoder.set_progressive(true))),
        Just(png(busy(40, 30))),
        Just(gif(40, 30, 2)),
        Just(file(busy(40, 30), ImageFormat::WebP)),
        Just(samples::animated_webp(&busy(40, 30))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// MED-6: whatever is sent gets an answer.
    #[test]
    fn med_6_arbitrary_bytes_never_panic(
        start in starts(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        tail in prop::collection::vec(any::<u8>(), 0..64),
        avatar in any::<bool>(),
    ) {
        let mut input = [start, tail].concat();
        for (at, byte) in changes {
            if !input.is_empty() {
                let at = at.index(input.len());
                input[at] = byte;
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let imaging = Imaging::new(1);
            let input = Bytes::from(input);
            let spec = if avatar { ImageSpec::AVATAR } else { ImageSpec::POST };
            if let Ok(made) = imaging.process(input.clone(), spec).await {
                assert!(made.image.width > 0 && made.image.height > 0);
            }
            let _answer = imaging.thumbnail(input).await;
        });
    }
}
