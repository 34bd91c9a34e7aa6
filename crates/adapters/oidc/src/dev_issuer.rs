//! The server as its own issuer, for development.
use crate::{
    key_set::KeySet,
    options::{KeySource, Options},
    signing_key::{KeyFileError, SigningKey},
    verifier::JwksVerifier,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ports::{Clock, SystemClock};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

#[derive(Clone, Debug)]
pub struct DevIssuerOptions {
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of its tokens.
    pub audience: String,
}

/// Issues tokens for anybody who asks: for development and tests only. Its tokens pass the same checks as a real
/// issuer's.
pub struct DevIssuer {
    options: DevIssuerOptions,
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

impl DevIssuer {
    /// With the key in this file (PEM or DER, PKCS#8 or PKCS#1), which is made, readable by its owner only, when it
    /// does not exist. Blocks: making a key takes some tenths of a second.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to others, or holds no key.
    pub fn from_file(options: DevIssuerOptions, path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        Ok(Self::with_key(options, SigningKey::load_or_create(path.as_ref())?))
    }

    /// With a key that is gone when the process ends.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn ephemeral(options: DevIssuerOptions) -> Result<Self, KeyFileError> {
        Ok(Self::with_key(options, SigningKey::generate()?))
    }

    fn with_key(options: DevIssuerOptions, key: SigningKey) -> Self {
        Self { options, key, clock: Arc::new(SystemClock) }
    }

    /// The same issuer by another clock, which its verifiers go by as well.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Its public key as a JWKS document.
    pub fn jwks(&self) -> Value {
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256",
            "kid": self.key.kid, "n": self.key.modulus, "e": self.key.exponent,
        }]})
    }

    /// A token for this address, which counts as verified; its subject is `dev|` and the address in lower case.
    /// `scopes` are separated by spaces. The token is good for whole seconds of `lifetime` from now.
    pub fn issue(&self, email: &str, name: &str, scopes: &str, lifetime: Duration) -> String {
        let now = self.clock.now().timestamp();
        self.sign(&json!({
            "iss": self.options.issuer,
            "aud": self.options.audience,
            "sub": format!("dev|{}", email.to_lowercase()),
            "iat": now,
            "exp": now.saturating_add_unsigned(lifetime.as_secs()),
            "email": email,
            "email_verified": true,
            "name": name,
            "scope": scopes,
        }))
    }

    /// A token of this payload and nothing else, for tests of tokens that are out of order.
    pub fn sign(&self, payload: &Value) -> String {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.key.kid});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Checks this issuer's tokens as production checks those of a real one, by the same code.
    pub fn verifier(&self) -> JwksVerifier {
        let DevIssuerOptions { issuer, audience } = &self.options;
        let options = Options::new(issuer, audience, KeySource::Discovery);
        let keys = KeySet::from_jwks(&self.jwks()).expect("an issuer's own document holds its key");
        JwksVerifier::with_keys(options, keys, Arc::clone(&self.clock))
    }
}
