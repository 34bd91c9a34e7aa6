//! Values that this process read a moment ago, so that the same few that every request asks for cost no round trip.
//!
//! A copy is served only while the process listens to Redis's word on the versions of namespaces (`watch`): the word
//! that a version changed makes every copy of its namespace unreadable. What was asked before the word came and
//! answered after it is unreadable too, because a copy bears the mark that stood before its question.
use bytes::Bytes;
use moka::sync::Cache;
use ports::{Ns, cache::Version};
use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    time::{Duration, Instant},
};

/// Of a copy, unless its original ends earlier. Whatever went wrong is over then.
const LIFETIME: Duration = Duration::from_secs(10);

/// Bytes of all copies.
const CAPACITY: u64 = 16 * 1024 * 1024;

/// Namespaces share marks by their hash: one that changes takes the copies of a few others with it.
const MARKS: usize = 4096;

pub(crate) struct Near {
    copies: Cache<String, Copy>,
    marks: Box<[AtomicU64]>,
    /// One more whenever nothing that was read before may be served.
    era: AtomicU64,
    listening: AtomicBool,
    hasher: RandomState,
}

/// What stood when a value was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    era: u64,
    of_namespace: u64,
}

#[derive(Clone)]
struct Copy {
    mark: Mark,
    version: Version,
    value: Bytes,
    until: Instant,
}

fn name(ns: &Ns, key: &str) -> String {
    let mut name = String::with_capacity(ns.as_str().len() + 1 + key.len());
    name.push_str(ns.as_str());
    name.push(':');
    name.push_str(key);
    name
}

impl Near {
    pub(crate) fn new() -> Self {
        let weigh = |name: &String, copy: &Copy| u32::try_from(name.len() + copy.value.len() + 128).unwrap_or(u32::MAX);
        Self {
            copies: Cache::builder().weigher(weigh).max_capacity(CAPACITY).time_to_live(LIFETIME).build(),
            marks: (0..MARKS).map(|_| AtomicU64::new(0)).collect(),
            era: AtomicU64::new(0),
            listening: AtomicBool::new(false),
            hasher: RandomState::new(),
        }
    }

    fn of_namespace(&self, ns: &str) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(ns);
        self.marks.get(usize::try_from(hash % MARKS as u64).unwrap_or_default())
    }

    /// The mark for a value that is asked for now; `None` while nobody listens.
    pub(crate) fn mark(&self, ns: &Ns) -> Option<Mark> {
        let era = self.era.load(SeqCst);
        let of_namespace = self.of_namespace(ns.as_str())?.load(SeqCst);
        self.listening.load(SeqCst).then_some(Mark { era, of_namespace })
    }

    pub(crate) fn get(&self, ns: &Ns, key: &str) -> Option<(Version, Bytes)> {
        let mark = self.mark(ns)?;
        let copy = self.copies.get(&name(ns, key))?;
        (copy.mark == mark && Instant::now() < copy.until).then_some((copy.version, copy.value))
    }

    /// `left`: how long the original lives yet.
    pub(crate) fn keep(&self, ns: &Ns, key: &str, mark: Mark, version: Version, value: &Bytes, left: Duration) {
        // a slice would keep the whole answer that it is a part of
        let value = Bytes::copy_from_slice(value);
        let until = Instant::now() + left.min(LIFETIME);
        self.copies.insert(name(ns, key), Copy { mark, version, value, until });
    }

    /// Nothing of this namespace that was asked for before now is served.
    pub(crate) fn forget(&self, ns: &str) {
        if let Some(mark) = self.of_namespace(ns) {
            mark.fetch_add(1, SeqCst);
        }
    }

    /// Nothing at all that was asked for before now is served.
    pub(crate) fn forget_all(&self) {
        self.era.fetch_add(1, SeqCst);
    }

    /// From now on changes are heard. Copies from before are not served: what changed in between was not heard.
    pub(crate) fn listen(&self) {
        self.forget_all();
        self.listening.store(true, SeqCst);
    }

    pub(crate) fn stop_listening(&self) {
        self.listening.store(false, SeqCst);
        self.forget_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(near: &Near, ns: &Ns) {
        let mark = near.mark(ns).unwrap();
        near.keep(ns, "k", mark, Version(1), &Bytes::from_static(b"v"), LIFETIME);
        assert!(near.get(ns, "k").is_some());
    }

    #[test]
    fn nothing_is_served_while_nobody_listens_nor_from_before() {
        let (near, ns) = (Near::new(), Ns::new("users", 1));
        assert!(near.mark(&ns).is_none());
        near.listen();
        kept(&near, &ns);
        near.stop_listening();
        assert!(near.get(&ns, "k").is_none());
        near.listen();
        assert!(near.get(&ns, "k").is_none(), "what changed meanwhile was not heard");
        kept(&near, &ns);
    }

    #[test]
    fn a_copy_ends_with_its_original() {
        let (near, ns) = (Near::new(), Ns::new("users", 1));
        near.listen();
        near.keep(&ns, "k", near.mark(&ns).unwrap(), Version(1), &Bytes::new(), Duration::ZERO);
        assert!(near.get(&ns, "k").is_none());
    }

    #[test]
    fn idn_100_a_word_makes_copies_unreadable_also_those_that_were_asked_for_before_it() {
        let (near, ns, other) = (Near::new(), Ns::new("users", 1), Ns::new("users", 2));
        near.listen();
        kept(&near, &ns);
        kept(&near, &other);
        let asked = near.mark(&ns).unwrap();
        near.forget(ns.as_str());
        assert!(near.get(&ns, "k").is_none());
        near.keep(&ns, "k", asked, Version(1), &Bytes::from_static(b"old"), LIFETIME);
        assert!(near.get(&ns, "k").is_none(), "the answer came after the word");
        kept(&near, &ns);
        near.forget_all();
        assert!(near.get(&ns, "k").is_none() && near.get(&other, "k").is_none());
    }
}
