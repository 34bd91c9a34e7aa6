//! How the vendor is called.
use ports::Secret;
use std::time::Duration;

/// A form of the vendor's interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    #[default]
    Current,
    /// The one before it, for apps that have not moved.
    Legacy,
}

impl Api {
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Current => "https://api.onesignal.com",
            Self::Legacy => "https://onesignal.com/api/v1",
        }
    }

    /// How many people one call may name (NTF-38).
    pub(crate) fn most_users(self) -> usize {
        match self {
            Self::Current => 20_000,
            Self::Legacy => 2_000,
        }
    }

    /// The word before the key.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Current => "Key",
            Self::Legacy => "Basic",
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Current => "/notifications?c=push",
            Self::Legacy => "/notifications",
        }
    }
}

#[derive(Clone, Debug)]
pub struct OneSignalOptions {
    pub api: Api,
    /// Without a slash at the end.
    pub base_url: String,
    pub app_id: String,
    pub rest_api_key: Secret,
    pub connect_timeout: Duration,
    /// For each single call, from its start to the last byte of the answer.
    pub timeout: Duration,
    /// How long the vendor is left alone when it fails again and again (NTF-35).
    pub pause: Duration,
}

impl OneSignalOptions {
    /// At the vendor's own address; 5 s to connect, 30 s in all, pauses of 60 s.
    pub fn new(api: Api, app_id: impl Into<String>, rest_api_key: impl Into<Secret>) -> Self {
        Self {
            api,
            base_url: api.base_url().to_owned(),
            app_id: app_id.into(),
            rest_api_key: rest_api_key.into(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            pause: Duration::from_secs(60),
        }
    }
}
