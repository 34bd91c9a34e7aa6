//! A personal trainer's workspace (IDN-71).
use super::{
    EMAIL_EXISTS, RegistrationService, UserInfo,
    account::new_account,
    first_step, in_language,
    opening::{Opened, Owner},
};
use crate::Result;
use domain::{
    GymId, UserId,
    identity::{PlatformRole, gym::GymType, module, registration::Trainer},
    kernel::{locale::Locale, validation::check},
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = TrainerRegistrationResponse)]
pub struct TrainerRegistered {
    pub success: bool,
    /// For people.
    pub message: String,
    pub workspace: Workspace,
    pub user: UserInfo,
    /// Codes of the modules that start active.
    pub modules_activated: Vec<&'static str>,
    /// No plans are made for a trainer.
    pub payment_plans: Vec<String>,
    pub stripe_onboarding_url: Option<String>,
    /// For people.
    pub next_steps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = WorkspaceInfo)]
pub struct Workspace {
    pub id: GymId,
    pub name: String,
    pub subdomain: String,
    #[serde(rename = "type")]
    pub kind: GymType,
    #[schema(format = "email")]
    pub email: String,
    /// IANA name.
    pub timezone: String,
    pub specialties: Option<Vec<String>>,
    pub max_clients: Option<i32>,
}

impl TrainerRegistered {
    fn of(opened: Opened, locale: Locale) -> Self {
        let Opened { user, gym } = opened;
        let message = match locale {
            Locale::En => format!("The workspace {} is ready.", gym.display_name()),
            Locale::Es => format!("El espacio de trabajo {} está listo.", gym.display_name()),
        };
        let further = in_language(
            locale,
            ["Complete your profile.", "Set up payments.", "Add your first clients."],
            ["Completa tu perfil.", "Configura los pagos.", "Añade a tus primeros clientes."],
        );
        Self {
            success: true,
            message,
            modules_activated: module::initially_active(gym.kind),
            payment_plans: Vec::new(),
            stripe_onboarding_url: None,
            next_steps: std::iter::once(first_step(user.auth0_id.is_some(), locale)).chain(further).collect(),
            workspace: Workspace {
                id: gym.id,
                name: gym.name,
                subdomain: gym.subdomain,
                kind: gym.kind,
                email: gym.email.unwrap_or_else(|| user.email.clone()),
                timezone: gym.timezone,
                specialties: gym.trainer_specialties.map(|s| s.0),
                max_clients: gym.max_clients,
            },
            user: user.into(),
        }
    }
}

impl RegistrationService {
    pub(super) async fn register_trainer(
        self,
        caller: Option<UserId>,
        input: Trainer,
        locale: Locale,
    ) -> Result<TrainerRegistered> {
        check(&input)?;
        let existing = self.core.stores.users.by_email(&self.core.db, &input.email).await?;
        let (owner, account) = match existing {
            // nobody opens a workspace in somebody else's name
            Some(row) if caller != Some(row.id) => return Err(EMAIL_EXISTS.into()),
            Some(row) => (Owner::Existing(row.id, PlatformRole::Trainer), None),
            None if self.has_account(&input.email).await? => return Err(EMAIL_EXISTS.into()),
            None => {
                let account = match &input.password {
                    Some(password) => {
                        self.create_account(new_account(input.person(None), password, "trainer", "TRAINER")).await?
                    }
                    None => None,
                };
                (Owner::New(Box::new(input.person(account.clone()))), account)
            }
        };
        let opened = self.open_or_take_back(&owner, input.workspace(), account.as_deref()).await?;
        Ok(TrainerRegistered::of(opened, locale))
    }
}
