/// A window of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub skip: u64,
    pub limit: u64,
}

impl Page {
    /// The most rows that one answer has (IDN-45).
    pub const MAX: u64 = 1000;
}

impl Default for Page {
    fn default() -> Self {
        Self { skip: 0, limit: 100 }
    }
}
