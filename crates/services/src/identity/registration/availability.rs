//! What a registration page asks before it sends the form.
use super::RegistrationService;
use crate::Result;
use domain::{
    identity::registration::{Address, is_subdomain},
    kernel::{
        locale::Locale,
        validation::{Invalid, check},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EmailAvailability {
    pub available: bool,
    /// For people.
    pub message: String,
    /// Whether the person who has the address owns a workspace; absent when nobody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_workspace: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubdomainAvailability {
    /// Whether it is well formed: `^[a-z0-9-]{3,50}$`.
    pub valid: bool,
    pub available: bool,
    /// For people.
    pub message: String,
    /// Absent when it is not well formed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
}

fn say(locale: Locale, en: &str, es: &str) -> String {
    match locale {
        Locale::En => en.to_owned(),
        Locale::Es => es.to_owned(),
    }
}

impl RegistrationService {
    /// Asks the local table and the provider (IDN-64); says nothing about the person but whether they own a
    /// workspace.
    pub(super) async fn email_availability(&self, email: String, locale: Locale) -> Result<EmailAvailability> {
        let address = Address { email };
        check(&address).map_err(in_path)?;
        let core = &self.core;
        let has_workspace = match core.stores.users.by_email(&core.db, &address.email).await? {
            Some(row) => Some(core.stores.people.owns_workspace(&core.db, row.id).await?),
            None => self.has_account(&address.email).await?.then_some(false),
        };
        let message = match has_workspace {
            None => say(locale, "The e-mail address is free.", "La dirección de correo está libre."),
            Some(_) => {
                say(locale, "The e-mail address is registered already.", "La dirección de correo ya está registrada.")
            }
        };
        Ok(EmailAvailability { available: has_workspace.is_none(), message, has_workspace })
    }

    pub(super) async fn subdomain_availability(
        &self,
        subdomain: String,
        locale: Locale,
    ) -> Result<SubdomainAvailability> {
        if !is_subdomain(&subdomain) {
            let message = say(
                locale,
                "A subdomain has 3 to 50 lower-case letters, digits and hyphens.",
                "Un subdominio tiene de 3 a 50 letras minúsculas, cifras y guiones.",
            );
            return Ok(SubdomainAvailability { valid: false, available: false, message, subdomain: None });
        }
        let available = self.core.stores.gyms.by_subdomain(&self.core.db, &subdomain).await?.is_none();
        let message = if available {
            say(locale, "The subdomain is free.", "El subdominio está libre.")
        } else {
            say(locale, "The subdomain is taken.", "El subdominio está ocupado.")
        };
        Ok(SubdomainAvailability { valid: true, available, message, subdomain: Some(subdomain) })
    }
}

/// The address stands in the path, not in a body.
fn in_path(mut invalid: Invalid) -> Invalid {
    for error in &mut invalid.0 {
        if let Some(from) = error.loc.first_mut() {
            "path".clone_into(from);
        }
    }
    invalid
}
