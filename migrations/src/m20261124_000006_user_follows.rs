use super::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            tenant_table("user_follows")
                .col(big_integer("follower_id"))
                .col(big_integer("following_id"))
                .col(boolean("is_active").default(true))
                .foreign_key(&mut fk("user_follows", "follower_id", "users", ForeignKeyAction::Restrict))
                .foreign_key(&mut fk("user_follows", "following_id", "users", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        let index = |name: &'static str| Index::create().name(name).table("user_follows").to_owned();
        for statement in [
            index("uq_user_follows_pair").unique().col("follower_id").col("following_id").col("gym_id").to_owned(),
            index("ix_user_follows_follower").col("follower_id").col("gym_id").to_owned(),
            index("ix_user_follows_following").col("following_id").col("gym_id").to_owned(),
            index("ix_user_follows_active").col("is_active").to_owned(),
        ] {
            m.create_index(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.drop_table(Table::drop().table("user_follows").to_owned()).await
    }
}
