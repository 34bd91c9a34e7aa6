use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What paid events need of billing: the gym's account with the payment service, its customers there, and credits.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("gym_stripe_accounts")
                .col(string_len("stripe_account_id", 255))
                .col(string_len("account_type", 16).default("standard"))
                .col(boolean("onboarding_completed").default(false))
                .col(boolean("charges_enabled").default(false))
                .col(boolean("payouts_enabled").default(false))
                .col(boolean("details_submitted").default(false))
                .col(string_len("country", 2).default("US"))
                .col(string_len("default_currency", 3).default("USD"))
                .col(boolean("is_active").default(true))
                .col(timestamp_with_time_zone_null("onboarding_expires_at"))
                .check(one_of("account_type", &["standard", "express", "custom"]))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("user_gym_stripe_profiles")
                .col(big_integer("user_id"))
                .col(string_len("stripe_customer_id", 255))
                .col(string_len("stripe_account_id", 255))
                .col(string_len("email", 255))
                .col(boolean("is_active").default(true))
                .foreign_key(&mut user_fk("user_gym_stripe_profiles", "user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("event_credits")
                .col(big_integer("user_id"))
                .col(big_integer("participation_id"))
                // what was paid with the payment service; none for cash
                .col(string_len_null("payment_intent_id", 255))
                .col(integer("amount"))
                .col(string_len("currency", 3))
                .col(timestamp_with_time_zone_null("consumed_at"))
                .check(Expr::col("amount").gt(0))
                .foreign_key(&mut user_fk("event_credits", "user_id"))
                .foreign_key(&mut tenant_fk("event_credits", "participation_id", "event_participations"))
                .to_owned(),
        )
        .await?;
        let unique =
            |name: &'static str, table: &'static str| Index::create().unique().name(name).table(table).to_owned();
        for statement in [
            unique("uq_gym_stripe_accounts_gym", "gym_stripe_accounts").col("gym_id").to_owned(),
            unique("uq_gym_stripe_accounts_account", "gym_stripe_accounts").col("stripe_account_id").to_owned(),
            unique("uq_user_gym_stripe_profiles_account", "user_gym_stripe_profiles")
                .col("user_id")
                .col("gym_id")
                .col("stripe_account_id")
                .to_owned(),
            unique("uq_user_gym_stripe_profiles_customer", "user_gym_stripe_profiles")
                .col("stripe_customer_id")
                .col("stripe_account_id")
                .to_owned(),
            unique("uq_user_gym_stripe_profiles_active", "user_gym_stripe_profiles")
                .col("user_id")
                .col("gym_id")
                .and_where(Expr::cust("is_active"))
                .to_owned(),
            // one payment is credited once; a later one of the same participation is another
            unique("uq_event_credits_payment", "event_credits")
                .col("participation_id")
                .col("payment_intent_id")
                .to_owned(),
            Index::create()
                .name("ix_event_credits_user")
                .table("event_credits")
                .col("gym_id")
                .col("user_id")
                .col("id")
                .to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        for table in ["event_credits", "user_gym_stripe_profiles", "gym_stripe_accounts"] {
            m.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
