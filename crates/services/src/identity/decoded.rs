//! What the cache's bytes say, kept beside them: whoever is given the same bytes again need not read them again.
use moka::sync::Cache;
use ports::{Ns, cache::Bytes};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Values by the very bytes that they were read from. The bytes are kept, so no others can lie in their place; when the
/// cache gives out others, be they equal, they are read anew. So nothing here can be older than what the cache says.
pub(super) struct Decoded<T>(Cache<Ns, (Bytes, Arc<T>)>);

impl<T: DeserializeOwned + Send + Sync + 'static> Decoded<T> {
    pub(super) fn new(capacity: u64) -> Self {
        Self(Cache::builder().max_capacity(capacity).build())
    }

    /// `None` when the bytes are not of this kind.
    pub(super) fn of(&self, ns: &Ns, bytes: &Bytes) -> Option<Arc<T>> {
        if let Some((read, value)) = self.0.get(ns)
            && read.as_ptr() == bytes.as_ptr()
            && read.len() == bytes.len()
        {
            return Some(value);
        }
        let value: Arc<T> = Arc::new(serde_json::from_slice(bytes).ok()?);
        self.0.insert(ns.clone(), (bytes.clone(), value.clone()));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_read_once_and_others_anew() {
        let (kept, ns) = (Decoded::<u32>::new(10), Ns::new("users", 1));
        let bytes = Bytes::from(b"17".to_vec());
        let first = kept.of(&ns, &bytes).unwrap();
        assert!(Arc::ptr_eq(&first, &kept.of(&ns, &bytes.clone()).unwrap()));
        assert_eq!(*kept.of(&ns, &Bytes::from(b"18".to_vec())).unwrap(), 18);
        assert_eq!(*kept.of(&ns, &bytes.slice(..1)).unwrap(), 1);
        assert!(kept.of(&ns, &Bytes::from_static(b"x")).is_none());
        assert_eq!(*kept.of(&ns, &bytes).unwrap(), 17);
    }
}
