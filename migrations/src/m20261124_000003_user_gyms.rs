use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("user_gyms")
                .col(big_integer("user_id"))
                .col(string_len("role", 16).default("MEMBER"))
                .col(boolean("is_active").default(true))
                .col(timestamp_with_time_zone_null("membership_expires_at"))
                .col(string_len("membership_type", 50).default("free"))
                .col(string_len_null("stripe_customer_id", 255))
                .col(string_len_null("stripe_subscription_id", 255))
                .col(timestamp_with_time_zone_null("last_payment_at"))
                .col(string_len_null("notes", 500))
                .col(timestamp_with_time_zone_null("last_app_access"))
                .col(integer("total_app_opens").default(0))
                .col(integer("monthly_app_opens").default(0))
                .col(timestamp_with_time_zone_null("monthly_reset_date"))
                .col(integer("app_streak_days").default(0))
                .check(one_of("role", &["OWNER", "ADMIN", "TRAINER", "MEMBER"]))
                .check(one_of("membership_type", &["free", "paid", "trial", "owner"]))
                .foreign_key(&mut fk("user_gyms", "user_id", "users", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("user_gyms").to_owned();
        for statement in [
            index("uq_user_gyms_user_gym").unique().col("user_id").col("gym_id").to_owned(),
            // children of a membership point at (gym_id, user_id)
            index("uq_user_gyms_gym_user").unique().col("gym_id").col("user_id").to_owned(),
            // one OWNER per gym (IDN-52)
            index("uq_user_gyms_owner").unique().col("gym_id").and_where(Expr::col("role").eq("OWNER")).to_owned(),
            index("ix_user_gyms_gym_role").col("gym_id").col("role").col("created_at").to_owned(),
            index("ix_user_gyms_user_created").col("user_id").col("created_at").to_owned(),
            index("ix_user_gyms_expires").col("membership_expires_at").to_owned(),
            index("ix_user_gyms_last_access").col("gym_id").col("last_app_access").to_owned(),
            index("ix_user_gyms_customer").col("stripe_customer_id").to_owned(),
            index("ix_user_gyms_subscription").col("stripe_subscription_id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("user_gyms").to_owned()).await
    }
}
