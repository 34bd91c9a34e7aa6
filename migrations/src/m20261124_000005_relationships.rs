use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "trainer_member_relationships";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table(TABLE)
                .col(big_integer("trainer_id"))
                .col(big_integer("member_id"))
                .col(string_len("status", 16).default("pending"))
                .col(timestamp_with_time_zone_null("start_date"))
                .col(timestamp_with_time_zone_null("end_date"))
                .col(text_null("notes"))
                .col(big_integer_null("created_by"))
                .check(one_of("status", &["active", "paused", "terminated", "pending"]))
                .check(Expr::cust("trainer_id <> member_id"))
                .foreign_key(&mut fk(TABLE, "trainer_id", "users", ForeignKeyAction::Restrict))
                .foreign_key(&mut fk(TABLE, "member_id", "users", ForeignKeyAction::Restrict))
                .foreign_key(&mut fk(TABLE, "created_by", "users", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table(TABLE).to_owned();
        for statement in [
            index("uq_relationships_pair").unique().col("gym_id").col("trainer_id").col("member_id").to_owned(),
            index("ix_relationships_member").col("gym_id").col("member_id").to_owned(),
            index("ix_relationships_created").col("gym_id").col("created_at").col("id").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table(TABLE).to_owned()).await
    }
}
