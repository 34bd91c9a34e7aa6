use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("class_session")
                .col(big_integer("class_id"))
                .col(big_integer("trainer_id"))
                .col(timestamp_with_time_zone("start_time"))
                .col(timestamp_with_time_zone("end_time"))
                .col(string_len_null("room", 255))
                .col(boolean("is_recurring").default(false))
                .col(string_len_null("recurrence_pattern", 64))
                .col(string_len_null("series_id", 36))
                .col(string_len("status", 16).default("scheduled"))
                .col(integer("current_participants").default(0))
                .col(integer_null("override_capacity"))
                .col(text_null("notes"))
                .col(timestamp_with_time_zone_null("reminder_sent_at"))
                .col(big_integer_null("created_by"))
                .check(Expr::cust("end_time > start_time"))
                .check(Expr::col("current_participants").gte(0))
                .check(Expr::col("override_capacity").gt(0))
                .check(one_of("status", &["scheduled", "in_progress", "completed", "cancelled"]))
                .foreign_key(&mut tenant_fk("class_session", "class_id", "class"))
                .foreign_key(&mut user_fk("class_session", "trainer_id"))
                .foreign_key(&mut user_fk("class_session", "created_by"))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("class_session").to_owned();
        let alive = || Expr::col("status").is_in(["scheduled", "in_progress"]);
        for statement in [
            index("ix_class_session_start").col("gym_id").col("start_time").col("id").to_owned(),
            index("ix_class_session_trainer").col("gym_id").col("trainer_id").col("start_time").col("id").to_owned(),
            index("ix_class_session_class").col("gym_id").col("class_id").col("start_time").col("id").to_owned(),
            // what overlaps is looked for by its end as well as by its start
            index("ix_class_session_alive").col("gym_id").col("end_time").and_where(alive()).to_owned(),
            // the clock's jobs look over all gyms
            index("ix_class_session_ending").col("status").col("end_time").and_where(alive()).to_owned(),
            index("ix_class_session_starting")
                .col("start_time")
                .and_where(Expr::col("status").eq("scheduled"))
                .to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("class_session").to_owned()).await?;
        Ok(())
    }
}
