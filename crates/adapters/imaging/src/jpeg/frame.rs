//! The header of a baseline JPEG file: frame, tables and the one scan.
use super::huffman::Table;
use crate::size::Size;

/// One colour channel.
#[derive(Clone, Copy)]
pub(super) struct Component {
    id: u8,
    /// Blocks per unit, horizontally and vertically (1 to 4).
    pub across: usize,
    pub down: usize,
    quantiser: usize,
    pub dc: usize,
    pub ac: usize,
}

/// Everything that is needed to read the scan.
pub(super) struct Frame<'a> {
    pub size: Size,
    pub components: Vec<Component>,
    pub dc: [Option<Table>; 4],
    pub ac: [Option<Table>; 4],
    quantisers: [Option<[u16; 64]>; 4],
    /// Units between two restart markers; 0 when there are none.
    pub restart_interval: usize,
    /// From the first entropy-coded byte to the end of the file.
    pub scan: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads up to the scan. `None` for whatever is not a sequential eight-bit Huffman file, grey or YCbCr, in a single scan: that is left to
    /// the general decoder.
    pub(super) fn parse(input: &'a [u8]) -> Option<Self> {
        let mut frame = Self {
            size: Size::new(0, 0),
            components: Vec::new(),
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            quantisers: [None; 4],
            restart_interval: 0,
            scan: &[],
        };
        let mut rest = input.strip_prefix(&[0xFF, 0xD8])?;
        loop {
            let (marker, body, after) = segment(rest)?;
            rest = after;
            match marker {
                0xC0 | 0xC1 => frame.start_of_frame(body)?,
                0xC4 => frame.huffman_tables(body)?,
                0xDB => frame.quantisation_tables(body)?,
                0xDD => frame.restart_interval = usize::from(u16::from_be_bytes(*body.first_chunk()?)),
                0xEE => yields_ycbcr(body)?,
                0xDA => {
                    frame.start_of_scan(body)?;
                    frame.scan = rest;
                    return Some(frame);
                }
                0xE0..=0xEF | 0xFE => {}
                _ => return None,
            }
        }
    }

    fn start_of_frame(&mut self, body: &[u8]) -> Option<()> {
        let &[8, height_high, height_low, width_high, width_low, count, ref components @ ..] = body else {
            return None;
        };
        self.size = Size::new(
            u32::from(u16::from_be_bytes([width_high, width_low])),
            u32::from(u16::from_be_bytes([height_high, height_low])),
        )
        .checked()
        .ok()?;
        if !self.components.is_empty() || !matches!(count, 1 | 3) || components.len() != usize::from(count) * 3 {
            return None;
        }
        for component in components.chunks_exact(3) {
            let &[id, sampling, quantiser] = component else { return None };
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || quantiser > 3 {
                return None;
            }
            self.components.push(Component { id, across, down, quantiser: usize::from(quantiser), dc: 0, ac: 0 });
        }
        match self.components.as_mut_slice() {
            // A single channel is not interleaved: its unit is one block whatever its factors say.
            [grey] => (grey.across, grey.down) = (1, 1),
            // Files without conversion name their channels.
            [red, green, blue] if [red.id, green.id, blue.id] == *b"RGB" => return None,
            _ => {}
        }
        Some(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&class, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let (values, rest) = rest.split_at_checked(counts.iter().map(|&count| usize::from(count)).sum())?;
            let tables = if class >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(class & 15))? = Some(Table::new(counts, values)?);
            body = rest;
        }
        Some(())
    }

    fn quantisation_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = body.split_first() {
            let wide = kind >> 4 != 0;
            let (bytes, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let mut table = [0; 64];
            for (index, step) in table.iter_mut().enumerate() {
                *step = if wide {
                    u16::from_be_bytes(*bytes.get(index * 2..)?.first_chunk()?)
                } else {
                    u16::from(*bytes.get(index)?)
                };
                // Never so large in eight-bit files; sums of products stay within 32 bits.
                if *step > 4095 {
                    return None;
                }
            }
            *self.quantisers.get_mut(usize::from(kind & 15))? = Some(table);
            body = rest;
        }
        Some(())
    }

    fn start_of_scan(&mut self, body: &[u8]) -> Option<()> {
        let (&count, selectors) = body.split_first()?;
        // Several scans, or none of the frame's channels seen yet.
        if usize::from(count) != self.components.len() || selectors.len() != usize::from(count) * 2 + 3 {
            return None;
        }
        for (component, selector) in self.components.iter_mut().zip(selectors.chunks_exact(2)) {
            let &[id, tables] = selector else { return None };
            if id != component.id {
                return None;
            }
            (component.dc, component.ac) = (usize::from(tables >> 4), usize::from(tables & 15));
        }
        Some(())
    }

    /// Quantisation steps of a channel, in zigzag order.
    pub(super) fn quantiser(&self, component: &Component) -> Option<&[u16; 64]> {
        self.quantisers.get(component.quantiser)?.as_ref()
    }
}

/// The next marker, its segment and what follows.
fn segment(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut rest = input.strip_prefix(&[0xFF])?;
    while let Some(after) = rest.strip_prefix(&[0xFF]) {
        rest = after;
    }
    let (&marker, rest) = rest.split_first()?;
    let (length, _) = rest.split_first_chunk::<2>()?;
    let (segment, after) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((marker, segment.get(2..)?, after))
}

/// `None` when an Adobe segment says that the three channels are not YCbCr.
fn yields_ycbcr(body: &[u8]) -> Option<()> {
    match body {
        [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] if *transform != 1 => None,
        _ => Some(()),
    }
}
