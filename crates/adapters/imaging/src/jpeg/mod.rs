//! JPEG: a full decode by `zune-jpeg`, and for thumbnails of baseline files a decode at a quarter of the size.
//!
//! A thumbnail needs a small part of what a photograph holds. The reduced decode reads all of the file but rebuilds only the four lowest
//! frequencies of each block, several times faster than decoding everything and shrinking it. It also notices every file that ends early,
//! even one that somebody closed with an end marker, and therefore proves completeness for the full decode too (MED-6).
mod bits;
mod frame;
mod huffman;
mod reduced;
mod scan;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use ports::image::ImageError;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use crate::{decode::Decoded, size::Size};
pub(crate) use reduced::{Reduced, reduced};

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// What a file's header says.
pub(crate) struct Header {
    pub size: Size,
    pub orientation: Orientation,
    /// Left out where it describes inks: the pixels that come out are red, green and blue.
    pub profile: Option<Vec<u8>>,
}

/// Reads the header; no pixels are allocated.
pub(crate) fn header(input: &[u8]) -> Result<Header, ImageError> {
    open(input).map(|(header, _)| header)
}

fn open(input: &[u8]) -> Result<(Header, Decoder<'_>), ImageError> {
    // Odd padding between header segments harms nothing: strictness starts with the pixels.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(input), options);
    decoder.decode_headers().map_err(|_| ImageError::Corrupt)?;
    let (width, height) = decoder.dimensions().ok_or(ImageError::Corrupt)?;
    let size =
        Size::new(u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX)).checked()?;
    let inks = matches!(decoder.input_colorspace(), Some(ColorSpace::CMYK | ColorSpace::YCCK));
    let header = Header {
        size,
        orientation: decoder
            .exif()
            .and_then(|exif| Orientation::from_exif_chunk(exif))
            .unwrap_or(Orientation::NoTransforms),
        profile: decoder.icc_profile().filter(|_| !inks),
    };
    Ok((header, decoder))
}

/// Decodes everything.
pub(crate) fn decode(input: &[u8]) -> Result<Decoded, ImageError> {
    let (header, mut decoder) = open(input)?;
    if !complete(input) {
        return Err(ImageError::Corrupt);
    }
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (colours, channels) = if grey { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours).set_strict_mode(true));
    let Size { width, height } = header.size;
    let mut pixels = vec![0; width as usize * height as usize * channels];
    decoder.decode_into(&mut pixels).map_err(|_| ImageError::Corrupt)?;
    let image = if grey {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    let image = image.ok_or(ImageError::Corrupt)?;
    Ok(Decoded { image, orientation: header.orientation, profile: header.profile })
}

/// Whether the file holds all of its pixels: counted block by block for baseline files; for others the end marker must be there, and
/// the decoder's strict mode looks at the scans.
fn complete(input: &[u8]) -> bool {
    match frame::Frame::parse(input) {
        Some(frame) => scan::read(&frame, false).is_some(),
        None => ends(input),
    }
}

/// Walks over the segments and the entropy-coded data to the end marker of the first image in the file.
fn ends(input: &[u8]) -> bool {
    let mut rest = input.get(2..).unwrap_or_default();
    // A marker is 0xFF and neither a stuffed zero, nor fill, nor a restart.
    while let Some(at) = rest.windows(2).position(|pair| matches!(pair, [0xFF, 0x01..=0xCF | 0xD8..=0xFE])) {
        rest = rest.get(at + 1..).unwrap_or_default();
        match rest {
            [0xD9, ..] => return true,
            [_, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(1 + length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}
