//! The chat service: channels, their people, and what the system says in them.
//!
//! Every call may be repeated: what is so already is not changed, and a message is posted once per key.
use async_trait::async_trait;
use domain::{GymId, UserId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A channel of a gym, by the id under which clients open it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId {
    pub gym: GymId,
    /// Unique across gyms, at most 64 characters (CHT-7).
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChannel {
    pub at: ChannelId,
    pub name: String,
    pub creator: UserId,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Person(UserId),
    /// The gym's own voice.
    Bot,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The same for every attempt to post this message.
    pub key: String,
    pub sender: Sender,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// There is no chat service.
    #[error("no chat service is configured")]
    Disabled,
    /// Worth another try, not before `retry_after` when the service named a time.
    #[error("chat service unavailable: {reason}")]
    Unavailable { reason: String, retry_after: Option<Duration> },
    /// The one who is to speak is no longer known to the service.
    #[error("the sender is gone")]
    SenderGone,
    /// Will never be done.
    #[error("chat refused: {0}")]
    Refused(String),
}

#[async_trait]
pub trait Chat: Send + Sync + 'static {
    /// Makes a channel with its creator as a member; one that exists stays as it is.
    async fn create(&self, channel: &NewChannel) -> Result<(), ChatError>;
    async fn add(&self, at: &ChannelId, people: &[UserId]) -> Result<(), ChatError>;
    async fn remove(&self, at: &ChannelId, people: &[UserId]) -> Result<(), ChatError>;
    async fn post(&self, at: &ChannelId, post: &Post) -> Result<(), ChatError>;
    /// Nobody writes any more; what was said can be read.
    async fn freeze(&self, at: &ChannelId) -> Result<(), ChatError>;
    /// Empties the channel, and removes it.
    async fn delete(&self, at: &ChannelId) -> Result<(), ChatError>;
}

/// No chat service: nothing is said, and no room is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoChat;

#[async_trait]
impl Chat for NoChat {
    async fn create(&self, _: &NewChannel) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
    async fn add(&self, _: &ChannelId, _: &[UserId]) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
    async fn remove(&self, _: &ChannelId, _: &[UserId]) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
    async fn post(&self, _: &ChannelId, _: &Post) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
    async fn freeze(&self, _: &ChannelId) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
    async fn delete(&self, _: &ChannelId) -> Result<(), ChatError> {
        Err(ChatError::Disabled)
    }
}

/// A chat in this process, for tests and for trying things.
#[derive(Debug, Default)]
pub struct MemoryChat {
    channels: Mutex<BTreeMap<ChannelId, MemoryChannel>>,
    failures: Mutex<Vec<ChatError>>,
    lost_posts: Mutex<Vec<ChatError>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryChannel {
    pub name: String,
    pub people: BTreeSet<UserId>,
    pub posts: Vec<Post>,
    pub is_frozen: bool,
}

impl MemoryChat {
    pub fn channel(&self, id: &str) -> Option<MemoryChannel> {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.iter().find(|(at, _)| at.id == id).map(|(_, channel)| channel.clone())
    }

    /// How many channels there are.
    pub fn count(&self) -> usize {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The next call fails so.
    pub fn fail(&self, error: ChatError) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    /// The next messages fail so, the last one first.
    pub fn fail_posts(&self, errors: Vec<ChatError>) {
        self.lost_posts.lock().unwrap_or_else(PoisonError::into_inner).extend(errors);
    }

    fn change(&self, at: &ChannelId, change: impl FnOnce(&mut MemoryChannel)) -> Result<(), ChatError> {
        self.failing()?;
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let channel =
            channels.get_mut(at).ok_or_else(|| ChatError::Refused(format!("there is no channel {}", at.id)))?;
        change(channel);
        Ok(())
    }

    fn failing(&self) -> Result<(), ChatError> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Chat for MemoryChat {
    async fn create(&self, channel: &NewChannel) -> Result<(), ChatError> {
        self.failing()?;
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let made = channels.entry(channel.at.clone()).or_default();
        channel.name.clone_into(&mut made.name);
        made.people.insert(channel.creator);
        Ok(())
    }
    async fn add(&self, at: &ChannelId, people: &[UserId]) -> Result<(), ChatError> {
        self.change(at, |channel| channel.people.extend(people))
    }
    async fn remove(&self, at: &ChannelId, people: &[UserId]) -> Result<(), ChatError> {
        self.change(at, |channel| channel.people.retain(|person| !people.contains(person)))
    }
    async fn post(&self, at: &ChannelId, post: &Post) -> Result<(), ChatError> {
        if let Some(error) = self.lost_posts.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Err(error);
        }
        self.change(at, |channel| {
            if channel.posts.iter().all(|posted| posted.key != post.key) {
                channel.posts.push(post.clone());
            }
        })
    }
    async fn freeze(&self, at: &ChannelId) -> Result<(), ChatError> {
        self.change(at, |channel| channel.is_frozen = true)
    }
    async fn delete(&self, at: &ChannelId) -> Result<(), ChatError> {
        self.failing()?;
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).remove(at);
        Ok(())
    }
}
