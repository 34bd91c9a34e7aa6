//! A notification as the vendor wants it.
use crate::options::Api;
use domain::UserId;
use ports::push::{PushMessage, Text};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

#[derive(Serialize)]
pub(crate) struct Notification<'a> {
    app_id: &'a str,
    #[serde(flatten)]
    target: Target<'a>,
    headings: &'a Text,
    contents: &'a Text,
    data: &'a Map<String, Value>,
    idempotency_key: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    collapse_id: Option<&'a str>,
}

/// Whom it is for: one way of saying so in each call.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Target<'a> {
    Users { target_channel: &'static str, include_aliases: Aliases },
    LegacyUsers { channel_for_external_user_ids: &'static str, include_external_user_ids: Vec<String> },
    Segment { included_segments: [&'a str; 1] },
}

#[derive(Serialize)]
pub(crate) struct Aliases {
    external_id: Vec<String>,
}

impl<'a> Target<'a> {
    /// By their decimal ids, the same in every gym (NTF-8).
    pub(crate) fn users(api: Api, users: &[UserId]) -> Self {
        let ids = users.iter().map(UserId::to_string).collect();
        match api {
            Api::Current => Self::Users { target_channel: "push", include_aliases: Aliases { external_id: ids } },
            Api::Legacy => Self::LegacyUsers { channel_for_external_user_ids: "push", include_external_user_ids: ids },
        }
    }

    pub(crate) fn segment(name: &'a str) -> Self {
        Self::Segment { included_segments: [name] }
    }
}

impl<'a> Notification<'a> {
    pub(crate) fn new(app_id: &'a str, target: Target<'a>, message: &'a PushMessage, key: Uuid) -> Self {
        Self {
            app_id,
            target,
            headings: &message.headings,
            contents: &message.contents,
            data: &message.data,
            idempotency_key: key,
            collapse_id: message.collapse_id.as_deref(),
        }
    }
}
