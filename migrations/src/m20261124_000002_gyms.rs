use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            Table::create()
                .table("gyms")
                .col(big_pk_auto("id"))
                .col(string_len("name", 255))
                .col(string_len("subdomain", 100))
                .col(string_len("type", 16).default("gym"))
                .col(text_null("logo_url"))
                .col(string_len_null("address", 255))
                .col(string_len_null("phone", 20))
                .col(string_len_null("email", 100))
                .col(string_len_null("description", 500))
                .col(string_len("timezone", 50).default("UTC"))
                .col(boolean("is_active").default(true))
                .col(json_binary_null("trainer_specialties"))
                .col(json_binary_null("trainer_certifications"))
                .col(integer_null("max_clients"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .check(one_of("type", &["gym", "personal_trainer"]))
                .check(Expr::cust("length(subdomain) >= 3"))
                .to_owned(),
        )
        .await?;
        m.create_index(Index::create().unique().name("uq_gyms_subdomain").table("gyms").col("subdomain").to_owned())
            .await?;
        m.create_index(Index::create().name("ix_gyms_type").table("gyms").col("type").col("is_active").to_owned())
            .await?;
        m.create_index(Index::create().name("ix_gyms_name").table("gyms").col("name").col("id").to_owned()).await
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("gyms").to_owned()).await
    }
}
