//! How keys are spelled.
//!
//! | Key | Holds |
//! |---|---|
//! | `prefix:v:{family:scope}` | the version of a namespace |
//! | `prefix:v:{}` | nothing: whoever listens gives up its copies of everything |
//! | `prefix:d:{family:scope}family:scope:key` | a cached value |
//! | `prefix:s:key:bucket` | a bucket of a sliding window |
//! | `prefix:f:key` | a fixed window |
//! | `prefix:o:key` | a value to be read once |
//!
//! Redis Cluster places a key by what stands in its braces, so a namespace's version and values share a slot and one
//! MGET may name both. The namespace stands there once more without braces, so that an operator's pattern reads
//! `users:*`, whatever the store.
use deadpool_redis::redis::{RedisWrite, ToRedisArgs};
use ports::Ns;
use std::fmt::{self, Display, Formatter};

pub(crate) struct Keys {
    prefix: String,
}

pub(crate) enum Key<'a> {
    Version {
        prefix: &'a str,
        ns: &'a Ns,
    },
    /// Written when copies of every namespace are to be given up; nobody reads it.
    Everything {
        prefix: &'a str,
    },
    Data {
        prefix: &'a str,
        ns: &'a Ns,
        key: &'a str,
    },
    Sliding {
        prefix: &'a str,
        key: &'a str,
        bucket: u64,
    },
    Fixed {
        prefix: &'a str,
        key: &'a str,
    },
    OneTime {
        prefix: &'a str,
        key: &'a str,
    },
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }
    pub(crate) fn version<'a>(&'a self, ns: &'a Ns) -> Key<'a> {
        Key::Version { prefix: &self.prefix, ns }
    }
    pub(crate) fn everything(&self) -> Key<'_> {
        Key::Everything { prefix: &self.prefix }
    }
    pub(crate) fn data<'a>(&'a self, ns: &'a Ns, key: &'a str) -> Key<'a> {
        Key::Data { prefix: &self.prefix, ns, key }
    }
    pub(crate) fn sliding<'a>(&'a self, key: &'a str, bucket: u64) -> Key<'a> {
        Key::Sliding { prefix: &self.prefix, key, bucket }
    }
    pub(crate) fn fixed<'a>(&'a self, key: &'a str) -> Key<'a> {
        Key::Fixed { prefix: &self.prefix, key }
    }
    pub(crate) fn one_time<'a>(&'a self, key: &'a str) -> Key<'a> {
        Key::OneTime { prefix: &self.prefix, key }
    }
    /// The pattern of MATCH that finds the data keys whose text, without our prefix, matches `pattern`. Only `*`
    /// and `?` are special to the port; what else Redis would read as special is escaped.
    pub(crate) fn data_matching(&self, pattern: &str) -> String {
        format!("{}:d:{{*}}{}", escape(&self.prefix, &['*', '?', '[', ']', '\\']), escape(pattern, &['[', ']', '\\']))
    }
}

fn escape(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Display for Key<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { prefix, ns } => write!(f, "{prefix}:v:{{{}}}", ns.as_str()),
            Self::Everything { prefix } => write!(f, "{prefix}:v:{{}}"),
            Self::Data { prefix, ns, key } => write!(f, "{prefix}:d:{{{0}}}{0}:{key}", ns.as_str()),
            Self::Sliding { prefix, key, bucket } => write!(f, "{prefix}:s:{key}:{bucket}"),
            Self::Fixed { prefix, key } => write!(f, "{prefix}:f:{key}"),
            Self::OneTime { prefix, key } => write!(f, "{prefix}:o:{key}"),
        }
    }
}

/// Written straight into the command's buffer.
impl ToRedisArgs for Key<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg_fmt(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idn_102_a_version_and_its_values_share_a_cluster_slot_and_name_the_scope() {
        let (keys, ns) = (Keys::new("gym"), Ns::new("users", 5));
        assert_eq!(keys.version(&ns).to_string(), "gym:v:{users:5}");
        assert_eq!(keys.data(&ns, "list:0").to_string(), "gym:d:{users:5}users:5:list:0");
    }

    #[test]
    fn a_pattern_keeps_its_stars_and_loses_other_special_meaning() {
        assert_eq!(Keys::new("gym").data_matching("users:?:*"), "gym:d:{*}users:?:*");
        assert_eq!(Keys::new("g*m").data_matching(r"a[0]\"), r"g\*m:d:{*}a\[0\]\\");
    }
}
