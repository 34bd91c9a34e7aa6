//! An identity provider in memory, with state: what was created can be read back, and failures can be ordered.
use async_trait::async_trait;
use futures::future::BoxFuture;
use ports::{
    IdentityProvider,
    identity::{Account, IdentityError, NewAccount},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub email: String,
    pub email_verified: bool,
    pub picture: Option<String>,
    pub roles: Vec<String>,
    pub verification_mails: u32,
}

/// Something that happens at the moment an account was made.
type Hook = Box<dyn FnOnce(String) -> BoxFuture<'static, ()> + Send>;

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Kept>,
    failures: VecDeque<IdentityError>,
    failing: Vec<(String, IdentityError)>,
    created: Option<Hook>,
    during: Option<(String, Hook)>,
    calls: Vec<String>,
    next: u32,
}

#[derive(Default)]
pub struct MemoryAccounts(Mutex<State>);

impl MemoryAccounts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// An account that is there before the test.
    pub fn add(&self, id: &str, email: &str) {
        let kept = Kept { email: email.to_owned(), ..Kept::default() };
        self.state().accounts.insert(id.to_owned(), kept);
    }
    pub fn account(&self, id: &str) -> Option<Kept> {
        self.state().accounts.get(id).cloned()
    }
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.state().accounts.get_mut(id) {
            change(kept);
        }
    }
    pub fn ids(&self) -> Vec<String> {
        self.state().accounts.keys().cloned().collect()
    }
    /// The next call fails so; several calls fail in the order they were told.
    pub fn fail_next(&self, error: IdentityError) {
        self.state().failures.push_back(error);
    }
    /// The next call that begins so fails: `fail_when("remove_roles test|ana", …)`.
    pub fn fail_when(&self, call: &str, error: IdentityError) {
        self.state().failing.push((call.to_owned(), error));
    }
    /// Runs when the next account was made, before its maker hears of it: a webhook that is faster, a database that
    /// goes away.
    pub fn when_created<F>(&self, hook: impl FnOnce(String) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.state().created = Some(Box::new(move |id| Box::pin(hook(id))));
    }
    /// Runs while the next call that begins so waits for its answer: what the caller holds then is held against others.
    pub fn during<F>(&self, call: &str, hook: impl FnOnce(String) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.state().during = Some((call.to_owned(), Box::new(move |id| Box::pin(hook(id)))));
    }
    /// Every call so far: `assign_role test|ana Admin`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// Runs what was ordered for the time of this call.
    async fn wait(&self, what: &str) {
        let hook = {
            let mut state = self.state();
            let meant = state.during.as_ref().is_some_and(|(call, _)| what.starts_with(call.as_str()));
            state.during.take_if(|_| meant)
        };
        if let Some((_, hook)) = hook {
            hook(what.to_owned()).await;
        }
    }

    fn call(&self, what: String) -> Result<MutexGuard<'_, State>, IdentityError> {
        let mut state = self.state();
        let ordered = state.failing.iter().position(|(call, _)| what.starts_with(call));
        state.calls.push(what);
        if let Some(ordered) = ordered {
            return Err(state.failing.remove(ordered).1);
        }
        match state.failures.pop_front() {
            Some(error) => Err(error),
            None => Ok(state),
        }
    }
}

fn account(id: &str, kept: &Kept) -> Account {
    Account { id: id.to_owned(), email: Some(kept.email.clone()), email_verified: kept.email_verified }
}

fn found<'a>(state: &'a mut MutexGuard<'_, State>, id: &str) -> Result<&'a mut Kept, IdentityError> {
    state.accounts.get_mut(id).ok_or(IdentityError::NotFound)
}

#[async_trait]
impl IdentityProvider for MemoryAccounts {
    async fn create(&self, new: NewAccount) -> Result<Account, IdentityError> {
        let (made, hook) = {
            let mut state = self.call(format!("create {}", new.email))?;
            if state.accounts.values().any(|k| k.email.eq_ignore_ascii_case(&new.email)) {
                return Err(IdentityError::Exists);
            }
            state.next += 1;
            let id = format!("auth0|{}", state.next);
            let kept = Kept { email: new.email, verification_mails: 1, ..Kept::default() };
            let made = account(&id, &kept);
            state.accounts.insert(id, kept);
            (made, state.created.take())
        };
        if let Some(hook) = hook {
            hook(made.id.clone()).await;
        }
        Ok(made)
    }

    async fn by_id(&self, id: &str) -> Result<Account, IdentityError> {
        self.wait(&format!("by_id {id}")).await;
        let mut state = self.call(format!("by_id {id}"))?;
        found(&mut state, id).map(|kept| account(id, kept))
    }

    async fn by_email(&self, email: &str) -> Result<Option<Account>, IdentityError> {
        let state = self.call(format!("by_email {email}"))?;
        let found = state.accounts.iter().find(|(_, kept)| kept.email.eq_ignore_ascii_case(email));
        Ok(found.map(|(id, kept)| account(id, kept)))
    }

    async fn change_email(&self, id: &str, email: &str) -> Result<(), IdentityError> {
        let mut state = self.call(format!("change_email {id} {email}"))?;
        let kept = found(&mut state, id)?;
        email.clone_into(&mut kept.email);
        kept.email_verified = false;
        kept.verification_mails += 1;
        Ok(())
    }

    async fn set_picture(&self, id: &str, url: &str) -> Result<(), IdentityError> {
        let mut state = self.call(format!("set_picture {id} {url}"))?;
        found(&mut state, id)?.picture = Some(url.to_owned());
        Ok(())
    }

    async fn send_verification(&self, id: &str) -> Result<(), IdentityError> {
        let mut state = self.call(format!("send_verification {id}"))?;
        found(&mut state, id)?.verification_mails += 1;
        Ok(())
    }

    async fn delete(&self, id: &str) -> Result<(), IdentityError> {
        self.wait(&format!("delete {id}")).await;
        self.call(format!("delete {id}"))?.accounts.remove(id);
        Ok(())
    }

    async fn roles(&self, id: &str) -> Result<Vec<String>, IdentityError> {
        let mut state = self.call(format!("roles {id}"))?;
        found(&mut state, id).map(|kept| kept.roles.clone())
    }

    async fn assign_role(&self, id: &str, role: &str) -> Result<(), IdentityError> {
        let mut state = self.call(format!("assign_role {id} {role}"))?;
        found(&mut state, id)?.roles.push(role.to_owned());
        Ok(())
    }

    async fn remove_roles(&self, id: &str, roles: &[String]) -> Result<(), IdentityError> {
        let mut state = self.call(format!("remove_roles {id} {}", roles.join(",")))?;
        found(&mut state, id)?.roles.retain(|role| !roles.contains(role));
        Ok(())
    }
}
