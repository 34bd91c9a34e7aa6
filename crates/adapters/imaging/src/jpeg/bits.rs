//! The bits of an entropy-coded segment, with stuffed bytes taken out.

/// Reads bits, most significant first, up to the next marker or the end; beyond that it delivers zeros and remembers that it did.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    position: usize,
    /// The last `count` bits are still to be read.
    buffer: u64,
    count: u32,
    /// Bits made up after the data ended.
    invented: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, buffer: 0, count: 0, invented: 0 }
    }

    /// Makes at least 32 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(bytes) = self.data.get(self.position..).and_then(<[u8]>::first_chunk::<4>) {
            let word = u32::from_be_bytes(*bytes);
            // True when no byte is 0xFF, the only one that needs a closer look.
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.buffer = (self.buffer << 32) | u64::from(word);
                self.count += 32;
                self.position += 4;
                return;
            }
        }
        self.refill_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn refill_bytewise(&mut self) {
        while self.count <= 56 {
            let byte = match (self.data.get(self.position), self.data.get(self.position + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.position += 2;
                    0xFF
                }
                (Some(&byte), _) if byte != 0xFF => {
                    self.position += 1;
                    byte
                }
                // A marker, or the end.
                _ => {
                    self.invented += 8;
                    0
                }
            };
            self.buffer = (self.buffer << 8) | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next `length` (≤ 16) bits, left in place; valid after [`Bits::refill`].
    #[inline(always)]
    pub(super) fn peek(&self, length: u32) -> u32 {
        // At most 16 bits are kept by the mask, so that the cast loses nothing.
        ((self.buffer >> (self.count - length)) as u32) & ((1 << length) - 1)
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, length: u32) {
        self.count -= length;
    }

    #[inline(always)]
    pub(super) fn take(&mut self, length: u32) -> u32 {
        let bits = self.peek(length);
        self.skip(length);
        bits
    }

    /// Whether bits were read that are not in the file.
    pub(super) fn overran(&self) -> bool {
        self.invented > self.count
    }

    /// Moves behind the next restart marker; `false` when there is none here.
    pub(super) fn restart(&mut self) -> bool {
        if self.overran() {
            return false;
        }
        // Padding before the marker is at most the rest of a byte; 0xFF may fill.
        self.buffer = 0;
        self.count = 0;
        self.invented = 0;
        while let (Some(0xFF), Some(0xFF)) = (self.data.get(self.position), self.data.get(self.position + 1)) {
            self.position += 1;
        }
        match (self.data.get(self.position), self.data.get(self.position + 1)) {
            (Some(0xFF), Some(0xD0..=0xD7)) => {
                self.position += 2;
                true
            }
            _ => false,
        }
    }
}
