//! Codes as pictures: dark modules on white, with the quiet zone that readers ask for.
use fast_qr::{ECL, QRBuilder};
use std::fmt::Write;

/// Modules of white on each side.
const QUIET: usize = 4;
/// Pixels of a module in a PNG.
const SCALE: usize = 10;

/// The modules of a code, quiet zone included: rows of `true` where it is dark. A quarter of it may be unreadable.
/// No rows for a text that is too long for any code.
fn modules(text: &str) -> Vec<Vec<bool>> {
    let Ok(code) = QRBuilder::new(text.as_bytes()).ecl(ECL::Q).build() else { return Vec::new() };
    let side = code.size + 2 * QUIET;
    let mut rows = vec![vec![false; side]; side];
    for (row, line) in rows.iter_mut().skip(QUIET).zip(code.data.chunks(code.size)).take(code.size) {
        for (dark, module) in row.iter_mut().skip(QUIET).zip(line) {
            *dark = module.value();
        }
    }
    rows
}

/// One path over a white square; it has no size of its own.
pub(super) fn svg(text: &str) -> String {
    let rows = modules(text);
    let side = rows.len();
    let mut path = String::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
            // writing to a string does not fail
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    )
}

/// Black and white, one bit for a pixel.
pub(super) fn png(text: &str) -> Vec<u8> {
    let rows = modules(text);
    let side = rows.len() * SCALE;
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for row in &rows {
        let wide: Vec<bool> = row.iter().flat_map(|dark| [*dark; SCALE]).collect();
        let line: Vec<u8> = wide
            .chunks(8)
            // the first pixel is the highest bit, and a set bit is white
            .map(|eight| eight.iter().enumerate().fold(0, |byte, (n, dark)| byte | (u8::from(!dark) << (7 - n))))
            .collect();
        (0..SCALE).for_each(|_| pixels.extend_from_slice(&line));
    }
    encoded(side, &pixels).unwrap_or_default()
}

fn encoded(side: usize, pixels: &[u8]) -> Option<Vec<u8>> {
    let side = u32::try_from(side).ok().filter(|side| *side > 0)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}
