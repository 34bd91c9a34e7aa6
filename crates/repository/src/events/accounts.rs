//! Gyms' accounts with the payment service, and their members as customers there.
use crate::{Conn, Result, scope};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    billing::{
        event_credit,
        stripe_account::{self, Column as A},
        stripe_profile::{self, Column as C},
    },
    identity::{gym_module, module},
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// The module without which a gym takes no payments.
const BILLING: &str = "billing";

#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait PaymentAccounts: Send + Sync {
    /// The account on which this gym may charge now: the module is on, the account is connected and takes charges
    /// (EVT-50).
    async fn chargeable(&self, conn: &Conn, gym: GymId) -> Result<Option<stripe_account::Model>>;
    /// The gym's account in whatever state: what was paid on it goes back from it.
    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Option<stripe_account::Model>>;
    /// Whose account this is.
    async fn by_account(&self, conn: &Conn, account: &str) -> Result<Option<stripe_account::Model>>;
    /// The customer that this person is on the account.
    async fn customer(&self, conn: &Conn, gym: GymId, user: UserId, account: &str) -> Result<Option<String>>;
    /// Keeps it: of two at once the later stands.
    async fn keep_customer(&self, conn: &Conn, gym: GymId, profile: stripe_profile::Create) -> Result<()>;
    /// Whether a payment was credited already.
    async fn is_credited(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<bool>;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SeaPaymentAccounts;

fn account_module() -> RelationDef {
    stripe_account::Entity::belongs_to(gym_module::Entity).from(A::GymId).to(gym_module::Column::GymId).into()
}

fn module_of() -> RelationDef {
    gym_module::Entity::belongs_to(module::Entity).from(gym_module::Column::ModuleId).to(module::Column::Id).into()
}

#[async_trait]
impl PaymentAccounts for SeaPaymentAccounts {
    async fn chargeable(&self, conn: &Conn, gym: GymId) -> Result<Option<stripe_account::Model>> {
        let account = scope::select::<stripe_account::Entity>(gym)
            .join(JoinType::InnerJoin, account_module())
            .join(JoinType::InnerJoin, module_of())
            .filter(module::Column::Code.eq(BILLING))
            .filter(gym_module::Column::Active.eq(true))
            .filter(A::IsActive.eq(true))
            .filter(A::ChargesEnabled.eq(true));
        Ok(account.one(&conn.executor()?).await?)
    }

    async fn of_gym(&self, conn: &Conn, gym: GymId) -> Result<Option<stripe_account::Model>> {
        Ok(scope::select::<stripe_account::Entity>(gym).one(&conn.executor()?).await?)
    }

    #[allow(clippy::disallowed_methods)] // what the payment service tells names the account, and no gym
    async fn by_account(&self, conn: &Conn, account: &str) -> Result<Option<stripe_account::Model>> {
        let row = stripe_account::Entity::find().filter(A::StripeAccountId.eq(account));
        Ok(row.one(&conn.executor()?).await?)
    }

    async fn customer(&self, conn: &Conn, gym: GymId, user: UserId, account: &str) -> Result<Option<String>> {
        let known = scope::select::<stripe_profile::Entity>(gym)
            .select_only()
            .column(C::StripeCustomerId)
            .filter(C::UserId.eq(user))
            .filter(C::StripeAccountId.eq(account));
        Ok(known.into_tuple::<String>().one(&conn.executor()?).await?)
    }

    async fn keep_customer(&self, conn: &Conn, gym: GymId, profile: stripe_profile::Create) -> Result<()> {
        let db = conn.executor()?;
        // an account that the gym had before: its profile is not the active one any more
        scope::update::<stripe_profile::Entity>(gym)
            .col_expr(C::IsActive, Expr::value(false))
            .filter(C::UserId.eq(profile.user_id))
            .filter(Expr::col(C::StripeAccountId).ne(profile.stripe_account_id.as_str()))
            .exec(&db)
            .await?;
        let now = domain::kernel::time::now();
        let row = stripe_profile::ActiveModel {
            gym_id: sea_orm::ActiveValue::Set(gym),
            created_at: sea_orm::ActiveValue::Set(now),
            updated_at: sea_orm::ActiveValue::Set(now),
            ..sea_orm::IntoActiveModel::into_active_model(profile)
        };
        let known = OnConflict::columns([C::UserId, C::GymId, C::StripeAccountId])
            .update_columns([C::StripeCustomerId, C::Email, C::IsActive, C::UpdatedAt])
            .to_owned();
        stripe_profile::Entity::insert(row).on_conflict(known).exec_without_returning(&conn.executor()?).await?;
        Ok(())
    }

    async fn is_credited(&self, conn: &Conn, gym: GymId, intent: &str) -> Result<bool> {
        let credit = scope::select::<event_credit::Entity>(gym)
            .select_only()
            .column(event_credit::Column::Id)
            .filter(event_credit::Column::PaymentIntentId.eq(intent));
        Ok(credit.into_tuple::<domain::EventCreditId>().one(&conn.executor()?).await?.is_some())
    }
}
