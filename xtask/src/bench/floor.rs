//! The floor: the least that the same answers cost.
//!
//! A bare axum handler sends the statement that the guarded operation needs for its data, over tokio-postgres and a
//! pool as large as the server's, and encodes the same shapes to the same bytes. It knows no token, no gym guard, no
//! cache, no limits, no metrics and no log; that is what the server's share above the floor pays for.
mod events;
mod schedule;

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
    serve::ListenerExt,
};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use domain::identity::{GymRole, PlatformRole, relationship};
use domain::{GymId, RelationshipId, UserId};
use repository::identity::membership::PublicMember;
use sea_orm::ActiveEnum;
use services::identity::{
    relationships::Relationship,
    view::{User, UserPublicProfile},
};
use std::net::SocketAddr;
use tokio_postgres::{NoTls, Row, types::FromSql};

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    database_url: String,
    /// Connections of the pool
    #[arg(long)]
    pool: usize,
}

const LIST: &str = r#"SELECT "id", "gym_id", "trainer_id", "member_id", "status", "start_date", "end_date", "notes",
    "created_by", "created_at", "updated_at" FROM "trainer_member_relationships" WHERE "gym_id" = $1
    ORDER BY "created_at" DESC, "id" DESC LIMIT $2 OFFSET $3"#;

const ROW: &str = r#"SELECT "users"."id", "users"."first_name", "users"."last_name", "users"."picture", "users"."bio",
    "users"."color", "users"."is_active", "user_gyms"."role" FROM "user_gyms" INNER JOIN "users"
    ON "user_gyms"."user_id" = "users"."id" WHERE "user_gyms"."gym_id" = $1 AND "user_gyms"."user_id" = $2 LIMIT $3"#;

const PROFILE: &str = r#"SELECT "users"."id", "users"."email", "users"."first_name", "users"."last_name",
    "users"."is_active", "users"."is_superuser", "users"."role", "users"."auth0_id", "users"."picture",
    "users"."locale", "users"."auth0_metadata", "users"."phone_number", "users"."birth_date", "users"."height",
    "users"."weight", "users"."bio", "users"."goals", "users"."health_conditions", "users"."color", "users"."qr_code",
    "users"."created_at", "users"."updated_at" FROM "users" WHERE "users"."id" = $1 LIMIT $2"#;

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(serve(arguments))
}

async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let mut config: tokio_postgres::Config = arguments.database_url.parse()?;
    config.application_name("floor");
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let pool = Pool::builder(manager).max_size(arguments.pool).build()?;
    let router = Router::new()
        .route("/ready", get(async || ""))
        .route("/list/{gym}/{limit}", get(list))
        .route("/row/{gym}/{user}", get(row))
        .route("/profile/{user}", get(profile))
        .merge(schedule::routes())
        .merge(events::routes())
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(arguments.address).await?.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, router).await.context("the listener failed")
}

/// Anything that fails here is an error of the measurement.
pub struct Broken(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl axum::response::IntoResponse for Broken {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}

async fn list(
    State(pool): State<Pool>,
    Path((gym, limit)): Path<(i64, i64)>,
) -> Result<Json<Vec<Relationship>>, Broken> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let rows = client.query(&statement, &[&gym, &limit, &0_i64]).await?;
    let relationship = |row: &Row| {
        Ok(Relationship::from(relationship::Model {
            id: RelationshipId(row.try_get(0)?),
            gym_id: GymId(row.try_get(1)?),
            trainer_id: UserId(row.try_get(2)?),
            member_id: UserId(row.try_get(3)?),
            status: text::<relationship::RelationshipStatus>(row, 4)?,
            start_date: row.try_get(5)?,
            end_date: row.try_get(6)?,
            notes: row.try_get(7)?,
            created_by: row.try_get::<_, Option<i64>>(8)?.map(UserId),
            created_at: row.try_get(9)?,
            updated_at: row.try_get(10)?,
        }))
    };
    Ok(Json(rows.iter().map(relationship).collect::<anyhow::Result<_>>()?))
}

async fn row(
    State(pool): State<Pool>,
    Path((gym, user)): Path<(GymId, UserId)>,
) -> Result<Json<UserPublicProfile>, Broken> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(ROW).await?;
    let row = client.query_one(&statement, &[&gym.0, &user.0, &1_i64]).await?;
    Ok(Json(UserPublicProfile::from(PublicMember {
        id: UserId(row.try_get(0)?),
        first_name: row.try_get(1)?,
        last_name: row.try_get(2)?,
        picture: row.try_get(3)?,
        bio: row.try_get(4)?,
        color: row.try_get(5)?,
        is_active: row.try_get(6)?,
        role: text::<GymRole>(&row, 7)?,
    })))
}

async fn profile(State(pool): State<Pool>, Path(user): Path<UserId>) -> Result<Json<User>, Broken> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(PROFILE).await?;
    let row = client.query_one(&statement, &[&user.0, &1_i64]).await?;
    Ok(Json(User {
        id: UserId(row.try_get(0)?),
        email: row.try_get(1)?,
        first_name: row.try_get(2)?,
        last_name: row.try_get(3)?,
        is_active: row.try_get(4)?,
        is_superuser: Some(row.try_get(5)?),
        role: text::<PlatformRole>(&row, 6)?,
        auth0_id: row.try_get(7)?,
        picture: row.try_get(8)?,
        phone_number: row.try_get(11)?,
        birth_date: row.try_get(12)?,
        height: row.try_get(13)?,
        weight: row.try_get(14)?,
        bio: row.try_get(15)?,
        goals: row.try_get(16)?,
        health_conditions: row.try_get(17)?,
        color: row.try_get(18)?,
        qr_code: row.try_get(19)?,
        created_at: row.try_get(20)?,
        updated_at: row.try_get(21)?,
        gym_role: None,
    }))
}

/// A value that is kept as a word.
fn text<E: ActiveEnum<Value = String>>(row: &Row, column: usize) -> anyhow::Result<E> {
    let word: String = get_as(row, column)?;
    Ok(E::try_from_value(&word)?)
}

fn get_as<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> anyhow::Result<T> {
    Ok(row.try_get(column)?)
}
