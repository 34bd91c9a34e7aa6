//! Huffman tables of a JPEG file, laid out for fast look-up.

/// Codes up to this length are found in one step.
pub(super) const LOOK: u32 = 12;

/// One symbol: how long its code is and what it stands for.
#[derive(Clone, Copy, Default)]
pub(super) struct Symbol {
    /// Bits of the code; 0 when no code starts with these bits.
    pub length: u8,
    /// Upper four bits: zeros before the coefficient; lower four: bits of its value.
    pub value: u8,
}

/// As many AC coefficients as fit into [`LOOK`] bits together, for coefficients that are only stepped over.
#[derive(Clone, Copy, Default)]
pub(super) struct Stride {
    /// Bits of all of them, codes and values; 0 when not even one fits.
    pub bits: u8,
    /// How far the index moves.
    pub advance: u8,
    /// Whether the block ends here.
    pub ends: bool,
}

pub(super) struct Table {
    look: Box<[Symbol; 1 << LOOK]>,
    strides: Box<[Stride; 1 << LOOK]>,
    /// For each length beyond [`LOOK`]: one past the last code, aligned to 16 bits, and what to add to a code for its index.
    long: [(u32, i32); 17],
    values: Vec<u8>,
}

impl Table {
    /// From the counts per length and the values of a DHT segment; `None` when the counts do not describe a prefix code.
    #[expect(clippy::indexing_slicing, reason = "table indices are masked or bounded by the checks beside them")]
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Option<Self> {
        let mut look = Box::new([Symbol::default(); 1 << LOOK]);
        let mut long = [(0, 0); 17];
        let mut code = 0_u32;
        let mut index = 0_usize;
        for (length, &count) in (1_u32..).zip(counts) {
            let first = code;
            for _ in 0..count {
                let value = *values.get(index)?;
                if code >= 1 << length {
                    return None;
                }
                if length <= LOOK {
                    let start = (code << (LOOK - length)) as usize;
                    let end = start + (1 << (LOOK - length));
                    look.get_mut(start..end)?.fill(Symbol { length: length as u8, value });
                }
                code += 1;
                index += 1;
            }
            long[length as usize] = (code << (16 - length), index as i32 - code as i32);
            debug_assert!(first <= code);
            code <<= 1;
        }
        if index != values.len() {
            return None;
        }
        let strides = strides(&look);
        Some(Self { look, strides, long, values: values.to_vec() })
    }

    /// The symbol that `bits` (the next 16) start with.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "sixteen bits shifted by four leave twelve, the size of the table")]
    pub(super) fn symbol(&self, bits: u32) -> Option<Symbol> {
        let symbol = self.look[((bits >> (16 - LOOK)) & ((1 << LOOK) - 1)) as usize];
        if symbol.length > 0 { Some(symbol) } else { self.long_symbol(bits) }
    }

    #[cold]
    fn long_symbol(&self, bits: u32) -> Option<Symbol> {
        for (length, &(limit, offset)) in self.long.iter().enumerate().skip(LOOK as usize + 1) {
            if bits < limit {
                let code = (bits >> (16 - length)) as i32;
                let value = *self.values.get(usize::try_from(code + offset).ok()?)?;
                return Some(Symbol { length: length as u8, value });
            }
        }
        None
    }

    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "sixteen bits shifted by four leave twelve, the size of the table")]
    pub(super) fn stride(&self, bits: u32) -> Stride {
        self.strides[((bits >> (16 - LOOK)) & ((1 << LOOK) - 1)) as usize]
    }
}

fn strides(look: &[Symbol; 1 << LOOK]) -> Box<[Stride; 1 << LOOK]> {
    let mut strides = Box::new([Stride::default(); 1 << LOOK]);
    for (pattern, stride) in strides.iter_mut().enumerate() {
        let mut used = 0_u32;
        while used < LOOK {
            let rest = (pattern << used) & ((1 << LOOK) - 1);
            let Some(symbol) = look.get(rest).filter(|symbol| symbol.length > 0) else { break };
            let (run, size) = (symbol.value >> 4, symbol.value & 15);
            let ends = size == 0 && run != 15;
            let next = used + u32::from(symbol.length) + u32::from(size);
            if next > LOOK {
                break;
            }
            used = next;
            stride.bits = used as u8;
            if ends {
                stride.ends = true;
                break;
            }
            stride.advance += run + 1;
        }
    }
    strides
}
