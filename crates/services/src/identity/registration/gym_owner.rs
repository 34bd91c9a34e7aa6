//! A gym and its owner (IDN-67, IDN-68).
use super::{
    GymInfo, RegistrationService, UserInfo,
    account::new_account,
    first_step, in_language,
    opening::{Opened, Owner},
};
use crate::Result;
use domain::{
    identity::{module, registration::GymOwner},
    kernel::{locale::Locale, validation::check},
};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = GymOwnerRegistrationResponse)]
pub struct GymOwnerRegistered {
    pub success: bool,
    /// For people.
    pub message: String,
    pub gym: GymInfo,
    pub user: UserInfo,
    /// Codes of the modules that start active.
    pub modules_activated: Vec<&'static str>,
    pub stripe_setup_required: bool,
    /// For people.
    pub next_steps: Vec<String>,
}

impl GymOwnerRegistered {
    fn of(opened: Opened, locale: Locale) -> Self {
        let message = match locale {
            Locale::En => format!("The gym {} is registered.", opened.gym.name),
            Locale::Es => format!("El gimnasio {} está registrado.", opened.gym.name),
        };
        let further = in_language(
            locale,
            ["Complete the gym's details and logo.", "Set up payments.", "Invite your team."],
            ["Completa los datos y el logo del gimnasio.", "Configura los pagos.", "Invita a tu equipo."],
        );
        Self {
            success: true,
            message,
            modules_activated: module::initially_active(opened.gym.kind),
            stripe_setup_required: true,
            next_steps: std::iter::once(first_step(opened.user.auth0_id.is_some(), locale)).chain(further).collect(),
            gym: opened.gym.into(),
            user: opened.user.into(),
        }
    }
}

impl RegistrationService {
    pub(super) async fn register_gym_owner(self, input: GymOwner, locale: Locale) -> Result<GymOwnerRegistered> {
        check(&input)?;
        self.must_be_free(&input.email).await?;
        let account =
            self.create_account(new_account(input.person(None), &input.password, "gym_owner", "ADMIN")).await?;
        let owner = Owner::New(Box::new(input.person(account.clone())));
        let opened = self.open_or_take_back(&owner, input.gym(), account.as_deref()).await?;
        Ok(GymOwnerRegistered::of(opened, locale))
    }
}
