use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Devices belong to people, not to gyms.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("device_tokens")
                .col(big_pk_auto("id"))
                .col(string_len("uuid", 36))
                .col(big_integer("user_id"))
                .col(string_len("device_token", 255))
                .col(string_len("platform", 20))
                .col(boolean("is_active").default(true))
                .col(timestamp_with_time_zone_null("last_used"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("updated_at"))
                .check(one_of("platform", &["ios", "android", "web"]))
                .foreign_key(&mut user_fk("device_tokens", "user_id"))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("device_tokens").to_owned();
        for statement in [
            index("uq_device_tokens_uuid").unique().col("uuid").to_owned(),
            index("uq_device_tokens_user").unique().col("user_id").col("device_token").to_owned(),
            // a shared phone is one person's at a time (NTF-2)
            index("uq_device_tokens_active").unique().col("device_token").and_where(Expr::cust("is_active")).to_owned(),
            index("ix_device_tokens_inactive").col("updated_at").and_where(Expr::cust("NOT is_active")).to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("device_tokens").to_owned()).await
    }
}
