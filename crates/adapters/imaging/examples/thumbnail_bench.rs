//! How long the 400 × 400 thumbnail of a 12-megapixel photograph takes on one core, and how much memory.
//!
//! `thumbnail_bench FILE [ROUNDS]`: writes a photograph-like JPEG (4000 × 3000, colour at half the resolution, the same bytes on every run) to
//! FILE unless it is there, then prints processor time and peak memory of the thumbnail alone. `pillow_thumbnail.py` does the same.
//! With `upload` as third argument all of an upload is measured instead: stored image and thumbnail.
use std::{error::Error, fs, io::Write, path::Path, time::Instant};

use bytes::Bytes;
use gymapi_imaging::Imaging;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use ports::image::{ImageProcessor, ImageSpec};

const WIDTH: u16 = 4000;
const HEIGHT: u16 = 3000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: thumbnail_bench FILE [ROUNDS] [upload]")?;
    let rounds: u32 = arguments.next().map_or(Ok(20), |rounds| rounds.parse())?;
    let upload = arguments.next().as_deref() == Some("upload");
    if !Path::new(&file).exists() {
        fs::write(&file, photograph()?)?;
        // In a process of its own the generator's memory would not count.
        writeln!(std::io::stdout(), "wrote {file}; run again to measure")?;
        return Ok(());
    }
    let input = Bytes::from(fs::read(&file)?);
    let imaging = Imaging::new(1);
    let mut best = f64::INFINITY;
    let mut sum = 0.0;
    let mut size = 0;
    for _ in 0..rounds {
        let (clock, before) = (Instant::now(), processor_milliseconds());
        size = if upload {
            imaging.process(input.clone(), ImageSpec::POST).await?.image.bytes.len()
        } else {
            imaging.thumbnail(input.clone()).await?.bytes.len()
        };
        // The worker thread's share counts too, so the process is asked; elsewhere than on Linux the wall clock has to do.
        let spent = match (before, processor_milliseconds()) {
            (Some(before), Some(after)) => after - before,
            _ => clock.elapsed().as_secs_f64() * 1e3,
        };
        best = best.min(spent);
        sum += spent;
    }
    let mean = sum / f64::from(rounds.max(1));
    let memory = peak_kilobytes().map_or_else(|| "unknown".to_owned(), |peak| format!("{} MB", peak / 1024));
    let what = if upload { "upload" } else { "thumbnail" };
    writeln!(
        std::io::stdout(),
        "{what}: best {best:.1} ms, mean {mean:.1} ms, {size} bytes out, {} bytes in, peak {memory}",
        input.len()
    )?;
    Ok(())
}

/// Light from several octaves of smooth noise, some colour, and the grain of a sensor.
fn photograph() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (across, down) = (f32::from(x), f32::from(y));
            let mut light = 0.0;
            for octave in 0..8_u8 {
                let scale = f32::from(1_u16 << octave) / 900.0;
                light += noise(across * scale, down * scale, octave) * 0.5 * 0.62_f32.powi(i32::from(octave));
            }
            let grain = (grid(i64::from(x), i64::from(y), 77) - 0.5) * 22.0;
            let tint = noise(across / 400.0, down / 400.0, 55) * 50.0;
            for channel in [light * 190.0 + tint, light * 190.0, light * 150.0 + 50.0 - tint * 0.6] {
                pixels.push((channel + grain).clamp(0.0, 255.0) as u8);
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 88);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb)?;
    Ok(file)
}

/// Values on a grid, smoothly joined.
fn noise(x: f32, y: f32, seed: u8) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (smooth(x - column), smooth(y - row));
    let (column, row) = (column as i64, row as i64);
    let mix = |from: f32, to: f32, share: f32| from + (to - from) * share;
    mix(
        mix(grid(column, row, seed), grid(column + 1, row, seed), right),
        mix(grid(column, row + 1, seed), grid(column + 1, row + 1, seed), right),
        down,
    )
}

/// A number from 0 to 1 that depends on nothing but the place and the seed.
fn grid(column: i64, row: i64, seed: u8) -> f32 {
    let mut mixed = column.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ row.cast_unsigned().wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        ^ u64::from(seed).wrapping_mul(0x1656_67B1_9E37_79F9);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 40) as f32 / 16_777_216.0
}

/// Processor time of all threads of this process.
fn processor_milliseconds() -> Option<f64> {
    let mut sum = 0.0;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        let line = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        sum += line.split_whitespace().next()?.parse::<f64>().ok()? / 1e6;
    }
    Some(sum)
}

fn peak_kilobytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
