//! A text in the languages that people read (decision 6).
use super::locale::Locale;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The same text in English and in Spanish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Text {
    pub en: String,
    pub es: String,
}

impl Text {
    /// One text for both languages, as an administrator wrote it (NTF-15).
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { en: text.clone(), es: text }
    }

    pub fn in_language(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.en,
            Locale::Es => &self.es,
        }
    }
}
