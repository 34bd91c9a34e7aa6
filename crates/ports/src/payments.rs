//! Payments of people to gyms: charges on the gym's own account with the payment service.
//!
//! Amounts are whole numbers of the currency's smallest unit, never negative; currencies three lower-case letters.
mod memory;

use async_trait::async_trait;
use std::collections::BTreeMap;

pub use memory::MemoryPayments;

pub type Metadata = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl IntentState {
    /// Whether somebody may still pay it (EVT-52).
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction | Self::Processing
        )
    }
}

/// What somebody is to pay, or has paid.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    pub id: String,
    /// With it the app completes the payment. Never logged.
    pub client_secret: String,
    pub state: IntentState,
    pub amount: i64,
    pub currency: String,
    pub metadata: Metadata,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intent").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntent {
    pub amount: i64,
    pub currency: String,
    pub customer: String,
    pub description: String,
    pub metadata: Metadata,
    /// The same for every attempt to make this intent.
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    pub intent: String,
    pub amount: i64,
    pub metadata: Metadata,
    /// The same for every attempt to make this refund: it is made once.
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: String,
    pub amount: i64,
}

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    pub email: String,
    pub name: String,
    pub metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// No payment service, or it does not let us act for this account.
    #[error("payments are not configured: {0}")]
    NotConfigured(String),
    #[error("the payment service knows no such object")]
    NotFound,
    /// Worth another try.
    #[error("payment service unavailable: {0}")]
    Unavailable(String),
    /// The payment service will not do it.
    #[error("payment refused: {message}")]
    Refused { code: Option<String>, message: String },
}

/// `account` is the gym's with the payment service, for every call.
#[async_trait]
pub trait Payments: Send + Sync + 'static {
    /// Whether there is a payment service at all.
    fn is_enabled(&self) -> bool;
    /// The customer of this account that pays: the known one where it still exists there, else a new one.
    async fn customer(&self, account: &str, known: Option<&str>, payer: &Payer) -> Result<String, PaymentError>;
    async fn create_intent(&self, account: &str, new: &NewIntent) -> Result<Intent, PaymentError>;
    async fn intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError>;
    /// Intents that succeeded and carry all of this metadata, newest first, at most ten (EVT-57).
    async fn succeeded(&self, account: &str, metadata: &Metadata) -> Result<Vec<Intent>, PaymentError>;
    /// Cancels an open intent. One that is settled stays as it is: look at the state that is returned.
    async fn cancel_intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError>;
    async fn refund(&self, account: &str, new: &NewRefund) -> Result<Refund, PaymentError>;
}

/// No payment service: paid events cannot be published.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPayments;

fn none<T>() -> Result<T, PaymentError> {
    Err(PaymentError::NotConfigured("there is no payment service".into()))
}

#[async_trait]
impl Payments for NoPayments {
    fn is_enabled(&self) -> bool {
        false
    }
    async fn customer(&self, _: &str, _: Option<&str>, _: &Payer) -> Result<String, PaymentError> {
        none()
    }
    async fn create_intent(&self, _: &str, _: &NewIntent) -> Result<Intent, PaymentError> {
        none()
    }
    async fn intent(&self, _: &str, _: &str) -> Result<Intent, PaymentError> {
        none()
    }
    async fn succeeded(&self, _: &str, _: &Metadata) -> Result<Vec<Intent>, PaymentError> {
        none()
    }
    async fn cancel_intent(&self, _: &str, _: &str) -> Result<Intent, PaymentError> {
        none()
    }
    async fn refund(&self, _: &str, _: &NewRefund) -> Result<Refund, PaymentError> {
        none()
    }
}
