//! Turns at rows that many want at once.
//!
//! Who books a class waits for the lock of its row. A crowd that waits in the database waits with as many connections
//! as it can get, and PostgreSQL wakes all of them in vain; here it waits in order and without any, and the other
//! gyms' requests find connections as ever. Only a queue in front of the lock: what is correct without it is correct
//! with it, and other processes have queues of their own.
use crate::{Core, Error, Result};
use repository::Tx;
use std::hash::{BuildHasher, Hash, RandomState};
use tokio::sync::Semaphore;

/// Rows share queues by their hash.
const QUEUES: usize = 1024;

/// One transaction that holds the row, and one that has begun and takes it next.
const AT_ONCE: usize = 2;

pub struct Turns {
    queues: Box<[Semaphore]>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { queues: (0..QUEUES).map(|_| Semaphore::new(AT_ONCE)).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    fn queue(&self, row: impl Hash) -> Option<&Semaphore> {
        let hash = self.hasher.hash_one(row);
        self.queues.get(usize::try_from(hash % QUEUES as u64).unwrap_or_default())
    }
}

impl Core {
    /// [`repository::Db::run`] when it is its turn at `row`, which the transaction is going to hold. Never within another
    /// transaction: that one would keep its connection from those whose turn it is.
    pub(crate) async fn in_turn<T, F, Fut>(&self, row: impl Hash, work: F) -> Result<T>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let _turn = match self.turns.queue(row) {
            Some(queue) => queue.acquire().await.ok(),
            None => None,
        };
        self.db.run(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::{CacheFront, cache::MemoryCache};
    use repository::Db;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };
    #[tokio::test]
    async fn a_crowd_at_one_row_takes_turns_and_holds_up_nobody_at_another() {
        let core = Core::new(Db::detached(), Arc::new(CacheFront::new(Arc::new(MemoryCache::new(0)))));
        let (inside, leave) = (AtomicUsize::new(0), Semaphore::new(0));
        let stays = || async {
            core.in_turn("crowded", async |_| {
                inside.fetch_add(1, SeqCst);
                leave.acquire().await.unwrap().forget();
                Ok(())
            })
            .await
        };
        let elsewhere = async {
            // the first of whoever waits have begun by now
            let crowded = core.turns.queue("crowded").unwrap();
            let others = (0..).filter(|n| !std::ptr::eq(core.turns.queue(n).unwrap(), crowded));
            for n in others.take(9) {
                core.in_turn(n, async |_| Ok(())).await.unwrap();
            }
            assert_eq!(inside.load(SeqCst), AT_ONCE);
            for done in 0..5 {
                assert!(inside.load(SeqCst) <= done + AT_ONCE);
                leave.add_permits(1);
                tokio::task::yield_now().await;
            }
        };
        let (a, b, c, d, e, ()) = tokio::join!(stays(), stays(), stays(), stays(), stays(), elsewhere);
        for came in [a, b, c, d, e] {
            came.unwrap();
        }
        assert_eq!(inside.load(SeqCst), 5, "everybody's turn comes");
    }
}
