//! Reads a baseline scan and rebuilds it at a quarter of its size.
//!
//! Of the 64 frequencies of a block only the four lowest are rebuilt, which gives two by two pixels; the others are read and stepped over.
use super::{
    bits::Bits,
    frame::{Component, Frame},
    huffman::Table,
};

/// Pixels per side that a block of eight becomes.
pub(super) const SIDE: usize = 2;

/// The samples of one channel, including the padding to whole units.
pub(super) struct Plane {
    pub samples: Vec<u8>,
    /// Samples per row.
    pub stride: usize,
    pub rows: usize,
}

/// A channel with its tables at hand.
struct Channel<'a> {
    component: Component,
    dc: &'a Table,
    ac: &'a Table,
    /// Steps of the frequencies (0,0), (0,1), (1,0) and (1,1).
    steps: [i32; 4],
    predicted: i32,
    plane: Plane,
}

/// Reads every block of the scan. `None` when the data ends early or is not what its tables describe.
///
/// With `rebuild` off the planes stay empty: the file is only read to its end.
pub(super) fn read(frame: &Frame<'_>, rebuild: bool) -> Option<Vec<Plane>> {
    let widest = frame.components.iter().map(|component| component.across).max()?;
    let tallest = frame.components.iter().map(|component| component.down).max()?;
    let units_across = (frame.size.width as usize).div_ceil(8 * widest);
    let units_down = (frame.size.height as usize).div_ceil(8 * tallest);
    let mut channels = Vec::with_capacity(frame.components.len());
    for component in &frame.components {
        let &[dc, across, down, _, both, ..] = frame.quantiser(component)?;
        let stride = units_across * component.across * SIDE;
        let rows = units_down * component.down * SIDE;
        channels.push(Channel {
            component: *component,
            dc: frame.dc.get(component.dc)?.as_ref()?,
            ac: frame.ac.get(component.ac)?.as_ref()?,
            steps: [dc, across, down, both].map(i32::from),
            predicted: 0,
            plane: Plane { samples: if rebuild { vec![0; stride * rows] } else { Vec::new() }, stride, rows },
        });
    }
    let mut bits = Bits::new(frame.scan);
    let mut until_restart = frame.restart_interval;
    for unit_row in 0..units_down {
        for unit_column in 0..units_across {
            if frame.restart_interval > 0 {
                if until_restart == 0 {
                    if !bits.restart() {
                        return None;
                    }
                    channels.iter_mut().for_each(|channel| channel.predicted = 0);
                    until_restart = frame.restart_interval;
                }
                until_restart -= 1;
            }
            for channel in &mut channels {
                for row in 0..channel.component.down {
                    for column in 0..channel.component.across {
                        let coefficients = channel.block(&mut bits)?;
                        if rebuild {
                            let row = unit_row * channel.component.down + row;
                            let column = unit_column * channel.component.across + column;
                            channel.plane.put(row, column, coefficients)?;
                        }
                    }
                }
            }
        }
        if bits.overran() {
            return None;
        }
    }
    Some(channels.into_iter().map(|channel| channel.plane).collect())
}

impl Channel<'_> {
    /// The next block's four lowest frequencies, times their steps.
    #[inline(always)]
    fn block(&mut self, bits: &mut Bits<'_>) -> Option<[i32; 4]> {
        bits.refill();
        let symbol = self.dc.symbol(bits.peek(16))?;
        bits.skip(u32::from(symbol.length));
        if symbol.value > 11 {
            return None;
        }
        // Kept small even when a damaged file adds up differences without end.
        self.predicted = (self.predicted + value(bits, symbol.value)).clamp(-32_768, 32_767);
        let [dc_step, across_step, down_step, both_step] = self.steps;
        let mut coefficients = [self.predicted * dc_step, 0, 0, 0];

        // Index of the next coefficient in zigzag order; 1, 2 and 4 are the ones kept.
        let mut index = 1_u32;
        while index < 64 {
            bits.refill();
            let next = bits.peek(16);
            if index > 4 {
                let stride = self.ac.stride(next);
                if stride.bits > 0 && index + u32::from(stride.advance) < 64 {
                    bits.skip(u32::from(stride.bits));
                    index += u32::from(stride.advance);
                    if stride.ends {
                        break;
                    }
                    continue;
                }
            }
            let symbol = self.ac.symbol(next)?;
            bits.skip(u32::from(symbol.length));
            let (run, size) = (symbol.value >> 4, symbol.value & 15);
            if size == 0 {
                if run != 15 {
                    break;
                }
                index += 16;
                continue;
            }
            index += u32::from(run);
            match index {
                1 => coefficients[1] = value(bits, size) * across_step,
                2 => coefficients[2] = value(bits, size) * down_step,
                4 => coefficients[3] = value(bits, size) * both_step,
                0..=63 => bits.skip(u32::from(size)),
                _ => return None,
            }
            index += 1;
        }
        // Zeros may run up to the end of the block, not past it.
        (index <= 64).then_some(coefficients)
    }
}

/// A coefficient of `size` bits: the upper half of the range is positive.
#[inline(always)]
fn value(bits: &mut Bits<'_>, size: u8) -> i32 {
    if size == 0 {
        return 0;
    }
    let size = u32::from(size);
    let raw = bits.take(size) as i32;
    if raw < 1 << (size - 1) { raw + 1 - (1 << size) } else { raw }
}

impl Plane {
    /// Writes the two by two pixels of a block: the inverse transform of two points is a sum and a difference.
    #[inline(always)]
    fn put(&mut self, row: usize, column: usize, [dc, across, down, both]: [i32; 4]) -> Option<()> {
        let (left, right) = (dc + across, dc - across);
        let (left_slope, right_slope) = (down + both, down - both);
        let start = row * SIDE * self.stride + column * SIDE;
        let (upper, lower) = self.samples.get_mut(start..)?.split_at_mut_checked(self.stride)?;
        *upper.first_chunk_mut()? = [sample(left + left_slope), sample(right + right_slope)];
        *lower.first_chunk_mut()? = [sample(left - left_slope), sample(right - right_slope)];
        Some(())
    }
}

#[inline(always)]
fn sample(sum: i32) -> u8 {
    // Within 0 and 255, so that the cast loses nothing.
    ((sum + 4) >> 3).saturating_add(128).clamp(0, 255) as u8
}
