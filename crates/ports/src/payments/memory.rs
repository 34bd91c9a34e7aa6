//! A payment service in this process, which does what it is told: for tests.
use super::{Intent, IntentState, Metadata, NewIntent, NewRefund, Payer, PaymentError, Payments, Refund};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Ids count up, so that the same calls give the same answers; keys are remembered, as the real service does.
#[derive(Debug, Default)]
pub struct MemoryPayments {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    /// In the order in which they were made; each with its account.
    intents: Vec<(String, Intent)>,
    refunds: Vec<(NewRefund, Refund)>,
    customers: BTreeMap<String, String>,
    intent_of_key: BTreeMap<String, String>,
    failures: Vec<PaymentError>,
}

impl Books {
    fn intent(&mut self, account: &str, id: &str) -> Result<&mut Intent, PaymentError> {
        let found = self.intents.iter_mut().find(|(at, intent)| at == account && intent.id == id);
        found.map(|(_, intent)| intent).ok_or(PaymentError::NotFound)
    }
}

impl MemoryPayments {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books, unless this call is to fail.
    fn open(&self) -> Result<MutexGuard<'_, Books>, PaymentError> {
        let mut books = self.books();
        match books.failures.pop() {
            Some(failure) => Err(failure),
            None => Ok(books),
        }
    }

    /// The next call fails so.
    pub fn fail(&self, error: PaymentError) {
        self.books().failures.push(error);
    }

    /// Puts an intent into a state, as its payer or the service would.
    ///
    /// # Panics
    /// When there is no such intent.
    pub fn put(&self, id: &str, state: IntentState) {
        let mut books = self.books();
        let intent = books.intents.iter_mut().find(|(_, intent)| intent.id == id);
        intent.unwrap_or_else(|| panic!("no intent {id}")).1.state = state;
    }

    /// Somebody pays an intent, if it still can be paid; says whether they did.
    pub fn pay(&self, id: &str) -> bool {
        let mut books = self.books();
        let open =
            books.intents.iter_mut().map(|(_, intent)| intent).find(|intent| intent.id == id && intent.state.is_open());
        open.map(|intent| intent.state = IntentState::Succeeded).is_some()
    }

    /// Every intent with its account, oldest first.
    pub fn intents(&self) -> Vec<(String, Intent)> {
        self.books().intents.clone()
    }

    /// Every refund that was made, oldest first.
    pub fn refunds(&self) -> Vec<(NewRefund, Refund)> {
        self.books().refunds.clone()
    }
}

#[async_trait]
impl Payments for MemoryPayments {
    fn is_enabled(&self) -> bool {
        true
    }

    async fn customer(&self, account: &str, known: Option<&str>, payer: &Payer) -> Result<String, PaymentError> {
        let mut books = self.open()?;
        if let Some(known) = known.filter(|id| books.customers.get(*id).is_some_and(|at| at == account)) {
            return Ok(known.to_owned());
        }
        let id = format!("cus_{}_{}", books.customers.len() + 1, payer.email.len());
        books.customers.insert(id.clone(), account.to_owned());
        Ok(id)
    }

    async fn create_intent(&self, account: &str, new: &NewIntent) -> Result<Intent, PaymentError> {
        let mut books = self.open()?;
        if let Some(id) = books.intent_of_key.get(&new.key).cloned() {
            return books.intent(account, &id).cloned();
        }
        let id = format!("pi_{}", books.intents.len() + 1);
        let intent = Intent {
            client_secret: format!("{id}_secret"),
            id: id.clone(),
            state: IntentState::RequiresPaymentMethod,
            amount: new.amount,
            currency: new.currency.clone(),
            metadata: new.metadata.clone(),
        };
        books.intents.push((account.to_owned(), intent.clone()));
        books.intent_of_key.insert(new.key.clone(), id);
        Ok(intent)
    }

    async fn intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError> {
        self.open()?.intent(account, id).cloned()
    }

    async fn succeeded(&self, account: &str, metadata: &Metadata) -> Result<Vec<Intent>, PaymentError> {
        let books = self.open()?;
        let carries = |intent: &Intent| metadata.iter().all(|(key, value)| intent.metadata.get(key) == Some(value));
        let paid = books
            .intents
            .iter()
            .rev()
            .filter(|(at, intent)| at == account && intent.state == IntentState::Succeeded && carries(intent));
        Ok(paid.take(10).map(|(_, intent)| intent.clone()).collect())
    }

    async fn cancel_intent(&self, account: &str, id: &str) -> Result<Intent, PaymentError> {
        let mut books = self.open()?;
        let intent = books.intent(account, id)?;
        if intent.state != IntentState::Succeeded {
            intent.state = IntentState::Canceled;
        }
        Ok(intent.clone())
    }

    async fn refund(&self, account: &str, new: &NewRefund) -> Result<Refund, PaymentError> {
        let mut books = self.open()?;
        if let Some((_, refund)) = books.refunds.iter().find(|(made, _)| made.key == new.key) {
            return Ok(refund.clone());
        }
        let paid = books.intent(account, &new.intent)?.clone();
        let back: i64 = books.refunds.iter().filter(|(made, _)| made.intent == new.intent).map(|(_, r)| r.amount).sum();
        if paid.state != IntentState::Succeeded || back + new.amount > paid.amount {
            let message = "there is not so much to give back".to_owned();
            return Err(PaymentError::Refused { code: Some("charge_already_refunded".into()), message });
        }
        let refund = Refund { id: format!("re_{}", books.refunds.len() + 1), amount: new.amount };
        books.refunds.push((new.clone(), refund.clone()));
        Ok(refund)
    }
}
