//! Multipart forms as clients send them.
use bytes::Bytes;

const BOUNDARY: &str = "test-boundary-7MA4YWxkTrZu0gW";

/// `Form::new().file("photo", "me.png", Some("image/png"), &png)`
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    /// A file with what the client calls it and says it is.
    pub fn file(mut self, field: &str, name: &str, content_type: Option<&str>, bytes: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n");
        self.0.extend(head.into_bytes());
        if let Some(kind) = content_type {
            self.0.extend(format!("Content-Type: {kind}\r\n").into_bytes());
        }
        self.0.extend(b"\r\n");
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    /// A field that is no file.
    pub fn text(mut self, field: &str, value: &str) -> Self {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        self.0.extend(part.into_bytes());
        self
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    pub fn into_bytes(mut self) -> Bytes {
        self.0.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        self.0.into()
    }

    /// Without the line that ends a form, as when the connection broke.
    pub fn into_broken_bytes(self) -> Bytes {
        self.0.into()
    }
}
