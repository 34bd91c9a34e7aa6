use super::*;
use moka::{Expiry, sync::Cache as Moka};
use std::time::Instant;

#[derive(Clone)]
struct Entry {
    version: Version,
    value: Bytes,
    ttl: Duration,
}

struct PerEntry;

impl Expiry<String, Entry> for PerEntry {
    fn expire_after_create(&self, _: &String, e: &Entry, _: Instant) -> Option<Duration> {
        Some(e.ttl)
    }
    fn expire_after_update(&self, _: &String, e: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(e.ttl)
    }
}

/// The embedded cache: one process, bounded by bytes.
pub struct MemoryCache {
    data: Moka<String, Entry>,
    versions: Moka<String, u64>,
}

impl MemoryCache {
    pub fn new(max_bytes: u64) -> Self {
        Self {
            data: Moka::builder()
                .weigher(|k: &String, e: &Entry| u32::try_from(k.len() + e.value.len() + 64).unwrap_or(u32::MAX))
                .max_capacity(max_bytes)
                .expire_after(PerEntry)
                .build(),
            versions: Moka::builder().max_capacity(200_000).build(),
        }
    }
}

fn data_key(ns: &Ns, key: &str) -> String {
    format!("{}:{key}", ns.as_str())
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get_many(&self, keys: &[(&Ns, &str)]) -> Result<Vec<Lookup>, CacheError> {
        let one = |(ns, key): &(&Ns, &str)| {
            let version = Version(self.versions.get_with_by_ref(ns.as_str(), || Version::fresh().0));
            let value = self.data.get(&data_key(ns, key)).filter(|e| e.version == version).map(|e| e.value);
            Lookup { version, value }
        };
        Ok(keys.iter().map(one).collect())
    }

    async fn put(&self, ns: &Ns, key: &str, version: Version, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        self.data.insert(data_key(ns, key), Entry { version, value, ttl });
        Ok(())
    }

    async fn bump(&self, namespaces: &[&Ns]) -> Result<(), CacheError> {
        for ns in namespaces {
            self.versions.insert(ns.as_str().to_owned(), Version::fresh().0);
        }
        Ok(())
    }

    async fn clear_matching(&self, pattern: &str) -> Result<u64, CacheError> {
        let matching: Vec<_> = self.data.iter().filter(|(k, _)| glob(pattern.as_bytes(), k.as_bytes())).collect();
        for (key, _) in &matching {
            self.data.invalidate(key.as_str());
        }
        Ok(matching.len() as u64)
    }
}

/// `*` and `?`, as Redis reads them. Linear in time: on a mismatch only the last star takes one more byte.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(b'?'), _) => (p, t) = (p + 1, t + 1),
            (Some(a), Some(b)) if a == b => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_glob_reads_stars_and_question_marks_as_redis_does() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("gym:?:*", "gym:7:users", true),
            ("gym:?:*", "gym:77:users", false),
            ("*a*b*", "xxaxxbxx", true),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), want, "{pattern} {text}");
        }
    }
}
