//! The management API: accounts and their roles.
use crate::{
    account::{ChangeEmail, CreateUser, SendVerification, SetPicture, User},
    management_token::ManagementToken,
    response,
    role::{MAX_PAGES, PAGE, Role, RoleIds, RoleIdsByName},
};
use async_trait::async_trait;
use moka::future::Cache;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{
    Clock, IdentityProvider, Secret, SystemClock,
    identity::{Account, IdentityError, NewAccount},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// All but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Debug)]
pub struct ManagementOptions {
    /// Without a slash at the end.
    pub api_url: String,
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub audience: String,
    /// For each single call.
    pub timeout: Duration,
    /// How long the roles' ids are kept.
    pub roles_cache: Duration,
}

impl ManagementOptions {
    /// For the tenant of this domain: its API, its token end-point, 10 s a call, roles for 3600 s (IDN-90).
    pub fn new(domain: &str, client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            api_url: format!("https://{domain}/api/v2"),
            token_url: format!("https://{domain}/oauth/token"),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            audience: format!("https://{domain}/api/v2/"),
            timeout: Duration::from_secs(10),
            roles_cache: Duration::from_secs(3600),
        }
    }
}

/// Accounts at Auth0. Nothing is retried here: that is the outbox's part (IDN-91).
///
/// An answer that cannot be read is `Unavailable`, and so is one that does not come: what was asked for may have
/// happened nevertheless.
pub struct Auth0Management {
    client: reqwest::Client,
    options: ManagementOptions,
    token: ManagementToken,
    role_ids: Cache<(), Arc<RoleIdsByName>>,
    clock: Arc<dyn Clock>,
}

impl Auth0Management {
    /// # Errors
    /// When the HTTP client cannot be set up (TLS).
    pub fn new(options: ManagementOptions) -> Result<Self, reqwest::Error> {
        // A redirect would carry our token elsewhere.
        let redirect = reqwest::redirect::Policy::none();
        Ok(Self {
            client: reqwest::Client::builder().redirect(redirect).timeout(options.timeout).build()?,
            token: ManagementToken::new(),
            role_ids: Cache::builder().max_capacity(1).time_to_live(options.roles_cache).build(),
            options,
            clock: Arc::new(SystemClock),
        })
    }

    /// The path of a user, or of something that belongs to one.
    fn user(id: &str, rest: &str) -> String {
        format!("/users/{}{rest}", utf8_percent_encode(id, ENCODED))
    }

    async fn call(&self, method: Method, path: &str) -> Result<Response, IdentityError> {
        self.send(method, path, |request| request).await
    }

    async fn call_with(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Response, IdentityError> {
        self.send(method, path, |request| request.json(body)).await
    }

    /// Sends it once; twice where the token that we had is taken no longer.
    async fn send(
        &self,
        method: Method,
        path: &str,
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, IdentityError> {
        let attempt = async |bearer: &str| {
            let request = self.client.request(method.clone(), format!("{}{path}", self.options.api_url));
            complete(request.bearer_auth(bearer)).send().await
        };
        let token = self.token.get(&self.client, &self.options, &*self.clock).await?;
        let mut answer = attempt(&token.bearer).await;
        if answer.as_ref().is_ok_and(|r| r.status() == StatusCode::UNAUTHORIZED) {
            self.token.forget(&token).await;
            let token = self.token.get(&self.client, &self.options, &*self.clock).await?;
            answer = attempt(&token.bearer).await;
        }
        response::success(answer, self.clock.now()).await
    }

    async fn all_roles(&self, path: &str) -> Result<Vec<Role>, IdentityError> {
        let mut roles = Vec::new();
        for page in 0..MAX_PAGES {
            let response = self.call(Method::GET, &format!("{path}?per_page={PAGE}&page={page}")).await?;
            let found: Vec<Role> = response::body(response).await?;
            let last = found.len() < PAGE;
            roles.extend(found);
            if last {
                break;
            }
        }
        Ok(roles)
    }

    async fn role_ids(&self) -> Result<Arc<RoleIdsByName>, IdentityError> {
        let fetched = self.role_ids.try_get_with((), async {
            let roles = self.all_roles("/roles").await?;
            Ok(Arc::new(roles.into_iter().map(|role| (role.name, role.id)).collect()))
        });
        fetched.await.map_err(|error: Arc<IdentityError>| (*error).clone())
    }
}

#[async_trait]
impl IdentityProvider for Auth0Management {
    async fn create(&self, account: NewAccount) -> Result<Account, IdentityError> {
        let request = CreateUser::new(&account, self.clock.now());
        match self.call_with(Method::POST, "/users", &request).await {
            Ok(response) => Ok(response::body::<User>(response).await?.into()),
            // The vendor may quote what it did not like.
            Err(IdentityError::Refused(words)) => {
                Err(IdentityError::Refused(words.replace(account.password.as_str(), "***")))
            }
            Err(error) => Err(error),
        }
    }

    async fn by_id(&self, id: &str) -> Result<Account, IdentityError> {
        let response = self.call(Method::GET, &Self::user(id, "")).await?;
        Ok(response::body::<User>(response).await?.into())
    }

    /// Of several accounts with one address the one with a password, if there is one.
    async fn by_email(&self, email: &str) -> Result<Option<Account>, IdentityError> {
        // The vendor keeps addresses in lower case and compares them exactly.
        let email = email.to_lowercase();
        let path = format!("/users-by-email?email={}", utf8_percent_encode(&email, ENCODED));
        let response = self.call(Method::GET, &path).await?;
        let users: Vec<User> = response::body(response).await?;
        Ok(users.into_iter().map(Account::from).min_by_key(|account| !account.id.starts_with("auth0|")))
    }

    async fn change_email(&self, id: &str, email: &str) -> Result<(), IdentityError> {
        self.call_with(Method::PATCH, &Self::user(id, ""), &ChangeEmail::new(email)).await.map(drop)
    }

    async fn set_picture(&self, id: &str, url: &str) -> Result<(), IdentityError> {
        self.call_with(Method::PATCH, &Self::user(id, ""), &SetPicture { picture: url }).await.map(drop)
    }

    async fn send_verification(&self, id: &str) -> Result<(), IdentityError> {
        self.call_with(Method::POST, "/jobs/verification-email", &SendVerification { user_id: id }).await.map(drop)
    }

    async fn delete(&self, id: &str) -> Result<(), IdentityError> {
        match self.call(Method::DELETE, &Self::user(id, "")).await {
            Ok(_) | Err(IdentityError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn roles(&self, id: &str) -> Result<Vec<String>, IdentityError> {
        let roles = self.all_roles(&Self::user(id, "/roles")).await?;
        Ok(roles.into_iter().map(|role| role.name).collect())
    }

    async fn assign_role(&self, id: &str, role: &str) -> Result<(), IdentityError> {
        let ids = self.role_ids().await?;
        let Some(role_id) = ids.get(role) else {
            tracing::warn!(role, "the identity provider has no such role; nothing is assigned");
            return Err(IdentityError::Refused(format!("no role is named {role}")));
        };
        self.call_with(Method::POST, &Self::user(id, "/roles"), &RoleIds { roles: vec![role_id] }).await.map(drop)
    }

    /// Names that the vendor does not know cannot be held by anybody and are passed over.
    async fn remove_roles(&self, id: &str, roles: &[String]) -> Result<(), IdentityError> {
        if roles.is_empty() {
            return Ok(());
        }
        let ids = self.role_ids().await?;
        let known: Vec<&str> = roles.iter().filter_map(|role| ids.get(role)).map(String::as_str).collect();
        if known.len() < roles.len() {
            tracing::warn!(?roles, "the identity provider does not know all of these roles");
        }
        if known.is_empty() {
            return Ok(());
        }
        self.call_with(Method::DELETE, &Self::user(id, "/roles"), &RoleIds { roles: known }).await.map(drop)
    }
}
