//! What reaches people outside the app.
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneSignalApi {
    Current,
    Legacy,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneSignalConfig {
    /// Empty = no pushes.
    pub app_id: String,
    /// Empty = no pushes.
    pub rest_api_key: String,
    pub api: OneSignalApi,
    /// Empty = the vendor's own for the chosen form.
    pub base_url: String,
}

impl OneSignalConfig {
    pub fn is_complete(&self) -> bool {
        !self.app_id.is_empty() && !self.rest_api_key.is_empty()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Empty = no mails.
    pub host: String,
    pub port: u16,
    /// Empty = no login.
    pub user: String,
    pub password: String,
    /// Say nothing before STARTTLS.
    pub tls: bool,
    /// Empty = no mails.
    pub from_email: String,
    pub from_name: String,
}

impl SmtpConfig {
    pub fn is_complete(&self) -> bool {
        !self.host.is_empty() && !self.from_email.is_empty()
    }
}
