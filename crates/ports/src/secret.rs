//! A value that no log ever shows (IDN-9, NTF-40).
use std::fmt;

/// A key or a password.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// For the call that it belongs to, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
