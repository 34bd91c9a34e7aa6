//! Listens to Redis's word on versions of namespaces, over a connection of its own.
//!
//! `CLIENT TRACKING … BCAST PREFIX` makes Redis tell this connection each key of a version that anybody wrote, and
//! that expired or was evicted. The connection is asked for a sign of life twice a second; without one nothing is
//! served from this process until it listens again. So a change that was made elsewhere is seen here as soon as its
//! word arrives, and when the line is dead without a notice, within [`PAUSE`] and [`LIMIT`] together.
//!
//! A server that does not know the command, or may not be asked it, is listened to no further than that: then every
//! read is a round trip.
use crate::near::Near;
use deadpool_redis::redis::{
    self, AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult, Value,
    aio::{MultiplexedConnection, SendError},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// For an answer or a new connection.
const LIMIT: Duration = Duration::from_millis(200);

/// Between two signs of life.
const PAUSE: Duration = Duration::from_millis(500);

/// Before the next attempt to listen.
const COOL_DOWN: Duration = Duration::from_secs(2);

pub(crate) struct Watch {
    client: Client,
    /// Of the keys that hold versions, up to the brace.
    versions: String,
}

/// Ends the listening with the task that does it, however that ends.
struct Listening(Weak<Near>);

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(near) = self.0.upgrade() {
            near.stop_listening();
        }
    }
}

impl Watch {
    pub(crate) fn new(url: &str, prefix: &str) -> RedisResult<Self> {
        let info = url.into_connection_info()?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self { client: Client::open(info.set_redis_settings(settings))?, versions: format!("{prefix}:v:") })
    }

    /// Runs as long as somebody holds `near`.
    pub(crate) async fn run(self, near: Weak<Near>) {
        while let Some(held) = near.upgrade() {
            let heard = self.connect(Arc::downgrade(&held)).await;
            if let Ok(connection) = heard {
                held.listen();
                let _listening = Listening(near.clone());
                drop(held);
                stay(connection, &near).await;
            } else {
                drop(held);
            }
            tokio::time::sleep(COOL_DOWN).await;
        }
    }

    async fn connect(&self, near: Weak<Near>) -> RedisResult<MultiplexedConnection> {
        let versions = self.versions.clone();
        let hear = move |word: PushInfo| {
            if let Some(near) = near.upgrade() {
                take_in(&near, &versions, &word);
            }
            Ok::<(), SendError>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(LIMIT))
            .set_connection_timeout(Some(LIMIT))
            .set_push_sender(hear);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut command = redis::cmd("CLIENT");
        command.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(&self.versions);
        command.query_async::<()>(&mut connection).await?;
        Ok(connection)
    }
}

/// Until there is no sign of life any more, or nobody to listen for.
async fn stay(mut connection: MultiplexedConnection, near: &Weak<Near>) {
    while near.strong_count() > 0 {
        tokio::time::sleep(PAUSE).await;
        let alive: Result<(), RedisError> = redis::cmd("PING").query_async(&mut connection).await;
        if alive.is_err() {
            return;
        }
    }
}

/// What Redis said.
fn take_in(near: &Near, versions: &str, word: &PushInfo) {
    match word.kind {
        PushKind::Invalidate => {}
        PushKind::Disconnection => return near.stop_listening(),
        _ => return,
    }
    let Some(Value::Array(keys)) = word.data.first() else {
        // no list of keys: the store was emptied
        return near.forget_all();
    };
    for key in keys {
        let text = match key {
            Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
            Value::SimpleString(text) => Some(text.as_str()),
            _ => None,
        };
        let ns = text.and_then(|text| text.strip_prefix(versions)?.strip_prefix('{')?.strip_suffix('}'));
        match ns {
            Some(ns) if !ns.is_empty() => near.forget(ns),
            // the sign for everything, or one that is not understood
            _ => near.forget_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ports::{Ns, cache::Version};

    #[test]
    fn a_word_names_the_namespace_or_everything() {
        let near = Near::new();
        near.listen();
        let (five, six) = (Ns::new("users", 5), Ns::new("users", 6));
        let keep = |ns: &Ns| near.keep(ns, "", near.mark(ns).unwrap(), Version(1), &Bytes::new(), PAUSE);
        let hear = |data| take_in(&near, "gym:v:", &PushInfo { kind: PushKind::Invalidate, data });
        let keys = |key: &str| vec![Value::Array(vec![Value::BulkString(key.as_bytes().to_vec())])];
        let readable = || (near.get(&five, "").is_some(), near.get(&six, "").is_some());
        for (data, left) in [
            (keys("gym:v:{users:5}"), (false, true)),
            (keys("gym:v:{}"), (false, false)),
            (keys("what is this"), (false, false)),
            (vec![Value::Nil], (false, false)),
        ] {
            keep(&five);
            keep(&six);
            hear(data);
            assert_eq!(readable(), left);
        }
        keep(&five);
        take_in(&near, "gym:v:", &PushInfo { kind: PushKind::Disconnection, data: Vec::new() });
        assert_eq!(readable(), (false, false));
    }
}
