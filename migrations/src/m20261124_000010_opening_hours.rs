use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Closed has no times; open has both, and closes later than it opens (SCH-21).
const HOURS: &str = "(is_closed AND open_time IS NULL AND close_time IS NULL) \
     OR (NOT is_closed AND open_time IS NOT NULL AND close_time IS NOT NULL AND close_time > open_time)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("gym_hours")
                .col(small_integer("day_of_week"))
                .col(time_null("open_time"))
                .col(time_null("close_time"))
                .col(boolean("is_closed").default(false))
                .check(Expr::col("day_of_week").between(0, 6))
                .check(Expr::cust(HOURS))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("gym_special_hours")
                .col(date("date"))
                .col(time_null("open_time"))
                .col(time_null("close_time"))
                .col(boolean("is_closed").default(false))
                .col(string_len_null("description", 255))
                .col(big_integer_null("created_by"))
                .check(Expr::cust(HOURS))
                .foreign_key(&mut user_fk("gym_special_hours", "created_by"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("gym_schedule_settings")
                .col(integer("late_cancel_minutes").default(0))
                .col(integer_null("booking_opens_hours"))
                .col(boolean("waitlist_enabled").default(true))
                .col(integer("waitlist_max_size").default(50))
                .col(integer("waitlist_cutoff_minutes").default(0))
                .col(string_len("session_overlap_policy", 16).default("reject"))
                .col(boolean("auto_no_show").default(false))
                .col(boolean("require_active_membership").default(false))
                .check(Expr::col("late_cancel_minutes").gte(0))
                .check(Expr::col("booking_opens_hours").gt(0))
                .check(Expr::col("waitlist_max_size").between(1, 500))
                .check(Expr::col("waitlist_cutoff_minutes").gte(0))
                .check(one_of("session_overlap_policy", &["reject", "allow"]))
                .to_owned(),
        )
        .await?;
        for (name, table, column) in [
            ("uq_gym_hours_day", "gym_hours", Some("day_of_week")),
            ("uq_gym_special_hours_date", "gym_special_hours", Some("date")),
            ("uq_gym_schedule_settings_gym", "gym_schedule_settings", None),
        ] {
            let mut index = Index::create().name(name).table(table).unique().col("gym_id").to_owned();
            if let Some(column) = column {
                index.col(column);
            }
            m.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("gym_schedule_settings").to_owned()).await?;
        m.drop_table(Table::drop().table("gym_special_hours").to_owned()).await?;
        m.drop_table(Table::drop().table("gym_hours").to_owned()).await?;
        Ok(())
    }
}
