//! What the platform tells everybody whom the push service counts to a segment (NTF-12).
use super::announcement::{Announcement, Translations, small};
use crate::kernel::validation::text;
use garde::Validate;
use serde::Deserialize;
use serde_json::{Map, Value};

/// To a segment of the push service, over all gyms.
#[derive(Clone, Debug, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = SegmentNotificationRequest, example = json!({
    "segment": "Subscribed Users", "title": "Hello", "message": "There is a new version of the app.",
}))]
pub struct ToSegment {
    /// Its name at the push service.
    #[garde(custom(text(1, 128)))]
    #[schema(min_length = 1, max_length = 128)]
    pub segment: String,
    #[garde(custom(text(1, 120)))]
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    #[garde(custom(text(1, 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub message: String,
    /// For the app: at most 20 keys and 2,048 bytes.
    #[garde(custom(small))]
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Value>>,
    /// Instead of title and message, in both languages.
    #[garde(dive)]
    #[serde(default)]
    pub translations: Option<Translations>,
}

impl ToSegment {
    /// What is said, and to which segment.
    pub fn split(self) -> (Announcement, String) {
        let Self { segment, title, message, data, translations } = self;
        (Announcement { title, message, data, translations, send_after: None }, segment.trim().to_owned())
    }
}
