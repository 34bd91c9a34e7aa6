//! What people are told, in English and in Spanish (NTF-14). The texts are files that a translator edits:
//! `texts/{en,es}.toml` of pushes, `mails/{en,es}` of mails; the build refuses them when one language lacks a text or a
//! placeholder that the other has, or a kind of the catalogue is in none.
//!
//! Beside the parameters of a message, filters write what depends on language and gym: `{{ start|date }}`,
//! `{{ start|time }}` by the gym's clock, `{{ cents|money(currency) }}`.
#[cfg(test)]
mod check;
mod filters;

use chrono_tz::Tz;
use domain::{
    kernel::{locale::Locale, text::Text},
    notifications::kind::NoticeKind,
};
use minijinja::{
    Environment, UndefinedBehavior, context,
    syntax::SyntaxConfig,
    value::{Serde, Value},
};
use std::sync::LazyLock;

const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // asking for what is not there is allowed, writing it is not
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // a line that holds nothing but a condition leaves no line behind
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    filters::add(&mut environment);
    for (name, source) in SOURCES {
        // the build has compiled them once
        if let Err(error) = environment.add_template(name, source) {
            unreachable!("{name}: {error}");
        }
    }
    environment
});

/// A text that cannot be written: a parameter is missing, or is not what a filter takes.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct TextError {
    name: String,
    reason: String,
}

/// A mail in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What a message is written with.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub kind: NoticeKind,
    /// Which of a kind's texts.
    pub variant: Option<&'a str>,
    /// Whose clock times are read by (NTF-17).
    pub zone: Tz,
    /// An object.
    pub params: &'a serde_json::Value,
}

impl Message<'_> {
    /// Title and body of a push, in both languages.
    pub fn push(&self) -> Result<(Text, Text), TextError> {
        Ok((self.both("title")?, self.both("body")?))
    }

    /// A mail in one language.
    pub fn mail(&self, language: Locale) -> Result<MailText, TextError> {
        let part = |part: &str| self.write(language, &format!("mail/{}.{part}", self.kind.as_str()));
        Ok(MailText { subject: part("subject")?.trim().to_owned(), text: part("txt")?, html: part("html")? })
    }

    fn both(&self, part: &str) -> Result<Text, TextError> {
        let variant = self.variant.map(|variant| format!(".{variant}")).unwrap_or_default();
        let name = format!("{}{variant}.{part}", self.kind.as_str());
        Ok(Text { en: self.write(Locale::En, &name)?, es: self.write(Locale::Es, &name)? })
    }

    fn write(&self, language: Locale, name: &str) -> Result<String, TextError> {
        let name = format!("{}/{name}", code(language));
        let given = Value::from(Serde(self.params));
        let all = context! { language => code(language), zone => self.zone.name(), ..given };
        let written = ENVIRONMENT.get_template(&name).and_then(|template| template.render(all));
        // of an error only what it is: its details may hold what was to be written
        written.map_err(|e| TextError { name, reason: format!("{:?} in line {:?}", e.kind(), e.line()) })
    }
}

/// Whether there are mails of this kind.
pub fn has_mail(kind: NoticeKind) -> bool {
    let name = format!("en/mail/{}.subject", kind.as_str());
    SOURCES.iter().any(|(source, _)| *source == name)
}

fn code(language: Locale) -> &'static str {
    match language {
        Locale::En => "en",
        Locale::Es => "es",
    }
}

#[cfg(test)]
mod tests;
