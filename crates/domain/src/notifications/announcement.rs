//! What staff send: texts of their own, to people or to the whole gym.
use super::audience::Audience;
use crate::{
    EventId, SessionId,
    kernel::{text::Text, validation::text},
};
use chrono::{DateTime, TimeDelta, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far ahead something may be scheduled (NTF-29).
pub const AHEAD: TimeDelta = TimeDelta::days(30);
/// People that one request may name.
pub const MOST_PEOPLE: usize = 10_000;
const DATA_BYTES: usize = 2048;
const DATA_KEYS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = NotificationText)]
pub struct Written {
    #[garde(custom(text(1, 120)))]
    #[schema(min_length = 1, max_length = 120)]
    pub title: String,
    #[garde(custom(text(1, 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub message: String,
}

/// The same in both languages (NTF-15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = NotificationTranslations)]
pub struct Translations {
    #[garde(dive)]
    pub en: Written,
    #[garde(dive)]
    pub es: Written,
}

macro_rules! request {
    ($(#[$meta:meta])* $name:ident { $($own:tt)* } $($take:ident: $kept:ty),+) => {
        #[derive(Clone, Debug, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
        $(#[$meta])*
        pub struct $name {
            $($own)*
            #[garde(custom(text(1, 120)))]
            #[schema(min_length = 1, max_length = 120)]
            pub title: String,
            #[garde(custom(text(1, 1000)))]
            #[schema(min_length = 1, max_length = 1000)]
            pub message: String,
            /// For the app: at most 20 keys and 2,048 bytes. `type` may name a type of the gym's own.
            #[garde(custom(small))]
            #[serde(default)]
            #[schema(value_type = Option<Object>)]
            pub data: Option<Map<String, Value>>,
            /// Instead of title and message, in both languages.
            #[garde(dive)]
            #[serde(default)]
            pub translations: Option<Translations>,
            /// Not before this, with an offset; at most 30 days ahead.
            #[garde(skip)]
            #[serde(default)]
            pub send_after: Option<DateTime<Utc>>,
        }

        impl $name {
            /// What is said, and to whom.
            pub fn split(self) -> (Announcement, $($kept),+) {
                let Self { $($take,)+ title, message, data, translations, send_after } = self;
                (Announcement { title, message, data, translations, send_after }, $($take),+)
            }
        }
    };
}

request! {
    /// To people by their ids.
    #[schema(as = NotificationSend, example = json!({"user_ids": ["25"], "title": "Hello", "message": "We are open."}))]
    ToPeople {
        /// Ids of people as text, or the identity provider's own, which hold a vertical bar.
        #[garde(length(min = 1, max = MOST_PEOPLE), inner(length(max = 255)))]
        #[schema(min_items = 1, max_items = 10_000)]
        pub user_ids: Vec<String>,
    } user_ids: Vec<String>
}

request! {
    /// To the whole gym, to some of its roles, or to those who take part in something.
    #[schema(as = GymNotificationRequest, example = json!({"title": "Hello", "message": "We are open again."}))]
    ToGym {
        #[garde(skip)]
        #[serde(default)]
        pub audience: Audience,
        /// For `event_participants`: which event.
        #[garde(skip)]
        #[serde(default)]
        pub event_id: Option<EventId>,
        /// For `session_participants`: which session.
        #[garde(skip)]
        #[serde(default)]
        pub session_id: Option<SessionId>,
    } audience: Audience, event_id: Option<EventId>, session_id: Option<SessionId>
}

/// What is said, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    pub title: String,
    pub message: String,
    pub data: Option<Map<String, Value>>,
    pub translations: Option<Translations>,
    pub send_after: Option<DateTime<Utc>>,
}

impl Announcement {
    pub fn titles(&self) -> Text {
        self.in_both(&self.title, |written| &written.title)
    }

    pub fn bodies(&self) -> Text {
        self.in_both(&self.message, |written| &written.message)
    }

    fn in_both(&self, plain: &str, part: impl Fn(&Written) -> &String) -> Text {
        match &self.translations {
            Some(both) => Text { en: part(&both.en).trim().to_owned(), es: part(&both.es).trim().to_owned() },
            None => Text::same(plain.trim()),
        }
    }

    /// A type of the gym's own (NTF-41).
    pub fn kind(&self) -> Option<&str> {
        let kind = self.data.as_ref()?.get("type")?.as_str()?;
        (1..=50).contains(&kind.chars().count()).then_some(kind)
    }

    /// Whether it may be sent at the time that it names.
    pub fn is_timely(&self, now: DateTime<Utc>) -> bool {
        self.send_after.is_none_or(|at| at > now && at <= now + AHEAD)
    }
}

pub(super) fn small(data: &Option<Map<String, Value>>, _: &()) -> garde::Result {
    let Some(data) = data else { return Ok(()) };
    if data.len() > DATA_KEYS {
        return Err(garde::Error::new(format!("must have at most {DATA_KEYS} keys")));
    }
    if Value::Object(data.clone()).to_string().len() > DATA_BYTES {
        return Err(garde::Error::new(format!("must have at most {DATA_BYTES} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::validation::check;
    use serde_json::json;

    fn request(change: Value) -> ToGym {
        let mut all = json!({"title": "t", "message": "m"});
        all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn announcement(change: Value) -> Announcement {
        request(change).split().0
    }

    #[test]
    fn ntf_19_titles_messages_and_data_are_limited() {
        for (change, fine) in [
            (json!({"title": "x".repeat(120)}), true),
            (json!({"title": "x".repeat(121)}), false),
            (json!({"title": format!(" {} ", "x".repeat(120))}), true),
            (json!({"title": "  "}), false),
            (json!({"message": "x".repeat(1000)}), true),
            (json!({"message": "x".repeat(1001)}), false),
            (json!({"data": {"a": "x".repeat(2040)}}), true),
            (json!({"data": {"a": "x".repeat(2041)}}), false),
            (json!({"data": (0..20).map(|n| (n.to_string(), json!(n))).collect::<Map<_, _>>()}), true),
            (json!({"data": (0..21).map(|n| (n.to_string(), json!(n))).collect::<Map<_, _>>()}), false),
            (
                json!({"translations": {"en": {"title": "t", "message": "m"}, "es": {"title": "", "message": "m"}}}),
                false,
            ),
        ] {
            assert_eq!(check(&request(change.clone())).is_ok(), fine, "{change}");
        }
    }

    #[test]
    fn ntf_15_one_text_stands_for_both_languages_unless_there_are_translations() {
        let plain = announcement(json!({"title": " Hello "}));
        assert_eq!(plain.titles(), Text::same("Hello"));
        let (en, es) = (json!({"title": "Hello", "message": "m"}), json!({"title": "Hola", "message": "n"}));
        let both = announcement(json!({"translations": {"en": en, "es": es}}));
        assert_eq!(both.titles(), Text { en: "Hello".into(), es: "Hola".into() });
        assert_eq!(both.bodies(), Text { en: "m".into(), es: "n".into() });
    }

    #[test]
    fn ntf_29_a_time_is_to_come_and_at_most_thirty_days_ahead() {
        let now: DateTime<Utc> = "2026-05-04T10:00:00Z".parse().unwrap();
        for (at, fine) in [
            ("2026-05-04T10:00:00Z", false),
            ("2026-05-04T10:00:01Z", true),
            ("2026-06-03T10:00:00Z", true),
            ("2026-06-03T10:00:01Z", false),
        ] {
            assert_eq!(announcement(json!({"send_after": at})).is_timely(now), fine, "{at}");
        }
        let without_offset = json!({"title": "t", "message": "m", "send_after": "2026-05-04T10:00:00"});
        assert!(serde_json::from_value::<ToGym>(without_offset).is_err());
    }

    #[test]
    fn ntf_41_a_type_of_the_gyms_own_is_as_long_as_its_column() {
        assert_eq!(announcement(json!({"data": {"type": "promo"}})).kind(), Some("promo"));
        assert_eq!(announcement(json!({"data": {"type": "x".repeat(51)}})).kind(), None);
        assert_eq!(announcement(json!({"data": {"type": 3}})).kind(), None);
    }
}
