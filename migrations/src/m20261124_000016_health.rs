use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("user_health_records")
                .col(big_integer("user_id"))
                .col(double_null("weight"))
                .col(double_null("body_fat_percentage"))
                .col(double_null("muscle_mass"))
                .col(double_null("visceral_fat"))
                .col(double_null("bone_mass"))
                .col(double_null("water_percentage"))
                .col(timestamp_with_time_zone("recorded_at"))
                .col(string_len("measurement_type", 16).default("manual"))
                .col(text_null("notes"))
                .check(one_of("measurement_type", &["manual", "scale", "trainer", "device"]))
                .foreign_key(&mut user_fk("user_health_records", "user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("user_goals")
                .col(big_integer("user_id"))
                .col(string_len("goal_type", 16))
                .col(string_len("title", 255))
                .col(text_null("description"))
                .col(double("target_value"))
                .col(double("current_value").default(0.0))
                .col(double_null("start_value"))
                .col(string_len("unit", 50))
                .col(date_null("target_date"))
                .col(string_len("status", 16).default("active"))
                .col(boolean("is_public").default(false))
                .col(boolean("notifications_enabled").default(true))
                .col(timestamp_with_time_zone_null("completed_at"))
                .check(one_of(
                    "goal_type",
                    &[
                        "weight_loss",
                        "weight_gain",
                        "muscle_gain",
                        "body_fat_loss",
                        "endurance",
                        "strength",
                        "attendance",
                        "nutrition",
                    ],
                ))
                .check(one_of("status", &["active", "completed", "paused", "cancelled", "expired"]))
                .foreign_key(&mut user_fk("user_goals", "user_id"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            tenant_table("user_health_snapshots")
                .col(big_integer("user_id"))
                .col(date("snapshot_date"))
                .col(double_null("weight"))
                .col(double_null("bmi"))
                .col(double_null("body_fat_percentage"))
                .col(double_null("muscle_mass"))
                .col(integer("weekly_workouts").default(0))
                .col(integer("current_streak").default(0))
                .col(integer("classes_attended_week").default(0))
                .col(integer("total_workout_minutes_week").default(0))
                .col(double("social_score").default(0.0))
                .col(integer("chat_messages_week").default(0))
                .foreign_key(&mut user_fk("user_health_snapshots", "user_id"))
                .to_owned(),
        )
        .await?;
        let of = |name: &'static str, table: &'static str| {
            Index::create().name(name).table(table).col("user_id").col("gym_id").to_owned()
        };
        for statement in [
            of("ix_user_health_records_time", "user_health_records").col(("recorded_at", IndexOrder::Desc)).to_owned(),
            of("ix_user_goals_status", "user_goals").col("status").to_owned(),
            of("uq_user_health_snapshots_day", "user_health_snapshots").col("snapshot_date").unique().to_owned(),
            // goals that end are looked for over all gyms
            Index::create()
                .name("ix_user_goals_target")
                .table("user_goals")
                .col("target_date")
                .and_where(Expr::col("status").eq("active"))
                .to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("user_health_snapshots").to_owned()).await?;
        m.drop_table(Table::drop().table("user_goals").to_owned()).await?;
        m.drop_table(Table::drop().table("user_health_records").to_owned()).await?;
        Ok(())
    }
}
