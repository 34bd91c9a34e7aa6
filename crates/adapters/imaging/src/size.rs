//! Sizes in pixels: what is refused, and what fits where (MED-6, MED-10, MED-13).
use ports::image::ImageError;

const MAX_SIDE: u32 = 10_000;
const MAX_PIXELS: u64 = 40_000_000;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    pub(crate) const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Refuses what would need too much memory, before any is asked for (MED-6).
    pub(crate) fn checked(self) -> Result<Self, ImageError> {
        if self.width == 0 || self.height == 0 {
            return Err(ImageError::Corrupt);
        }
        if self.width > MAX_SIDE
            || self.height > MAX_SIDE
            || u64::from(self.width) * u64::from(self.height) > MAX_PIXELS
        {
            return Err(ImageError::TooManyPixels);
        }
        Ok(self)
    }

    pub(crate) fn fits(self, side: u32) -> bool {
        self.width <= side && self.height <= side
    }

    /// The largest size of the same shape within a square of `side`; itself when it fits already. A side never vanishes.
    pub(crate) fn within(self, side: u32) -> Self {
        if self.fits(side) {
            return self;
        }
        let longest = u64::from(self.width.max(self.height));
        let scaled = |length: u32| {
            let rounded = (u64::from(length) * u64::from(side) + longest / 2) / longest;
            u32::try_from(rounded).unwrap_or(side).max(1)
        };
        Self { width: scaled(self.width), height: scaled(self.height) }
    }

    /// Width and height changed places.
    pub(crate) const fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn med_15_sizes_round_to_the_nearest_pixel_and_never_grow() {
        for ((width, height), side, expected) in [
            ((4000, 3000), 2048, (2048, 1536)),
            ((4000, 3000), 400, (400, 300)),
            ((300, 900), 2048, (300, 900)),
            ((300, 900), 400, (133, 400)),
            ((400, 400), 400, (400, 400)),
            ((1, 1), 400, (1, 1)),
            ((10_000, 1), 400, (400, 1)),
        ] {
            let size = Size::new(width, height).within(side);
            assert_eq!((size.width, size.height), expected, "{width}×{height} within {side}");
        }
    }

    #[test]
    fn med_6_limits_are_inclusive() {
        assert!(Size::new(10_000, 4_000).checked().is_ok());
        assert_eq!(Size::new(10_001, 1).checked(), Err(ImageError::TooManyPixels));
        assert_eq!(Size::new(8_000, 5_001).checked(), Err(ImageError::TooManyPixels));
        assert_eq!(Size::new(0, 5).checked(), Err(ImageError::Corrupt));
    }
}
