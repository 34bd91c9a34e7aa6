//! One's own measurements (ATT-52 … ATT-54, ATT-59).
use crate::{Actor, Core, Error, Page, Result, identity::profile, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    GymId, HealthRecordId, UserId,
    attendance::{
        health::Measurement,
        health_record::{self, MeasurementType},
    },
    identity::{
        GymRole, gym,
        user::{self, ProfilePatch},
    },
    kernel::validation::{FieldError, Invalid},
};
use repository::Tx;
use serde::Serialize;
use utoipa::ToSchema;

/// A measurement of a member's body.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HealthRecord {
    pub id: HealthRecordId,
    pub user_id: UserId,
    pub gym_id: GymId,
    /// Kilograms, as are all masses.
    pub weight: Option<f64>,
    pub body_fat_percentage: Option<f64>,
    pub muscle_mass: Option<f64>,
    pub visceral_fat: Option<f64>,
    pub bone_mass: Option<f64>,
    pub water_percentage: Option<f64>,
    pub recorded_at: DateTime<Utc>,
    pub measurement_type: MeasurementType,
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl From<health_record::Model> for HealthRecord {
    fn from(row: health_record::Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            gym_id: row.gym_id,
            weight: row.weight,
            body_fat_percentage: row.body_fat_percentage,
            muscle_mass: row.muscle_mass,
            visceral_fat: row.visceral_fat,
            bone_mass: row.bone_mass,
            water_percentage: row.water_percentage,
            recorded_at: row.recorded_at,
            measurement_type: row.measurement_type,
            notes: row.notes,
            created_at: row.created_at,
        }
    }
}

/// The caller's own measurements in the gym. Member guard.
#[async_trait]
pub trait Health: Send + Sync {
    /// A weight that is the newest also becomes the person's, moves their active goals of weight, and completes those
    /// that it reaches (ATT-57, ATT-59).
    async fn record(&self, actor: &Actor, measurement: Measurement) -> Result<HealthRecord>;
    /// Of so many days, 1 … 730, in the order in which they were taken.
    async fn records(&self, actor: &Actor, days: i64, page: Page) -> Result<Vec<HealthRecord>>;
}

pub struct HealthService {
    core: Core,
}

impl HealthService {
    pub fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    /// What a new weight moves; the person as they are then.
    async fn weigh(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        user: UserId,
        weight: f64,
        now: DateTime<Utc>,
    ) -> Result<Option<user::Model>> {
        let stores = &self.core.stores;
        let patch = ProfilePatch { weight: Some(Some(weight)), ..ProfilePatch::default() };
        let person = stores.users.update_profile(tx, user, patch).await?;
        let goals = stores.wanted.weigh(tx, gym.id, user, weight).await?;
        self.core.complete_reached(tx, gym, &goals, now).await?;
        Ok(person)
    }
}

#[async_trait]
impl Health for HealthService {
    async fn record(&self, actor: &Actor, measurement: Measurement) -> Result<HealthRecord> {
        actor.must_be(GymRole::Member)?;
        let (core, stores, gym, user) = (&self.core, &self.core.stores, actor.gym_id(), actor.user_id());
        let now = core.clock.now();
        measurement.check(now)?;
        let (record, stale) = core
            .db
            .run(async |tx| {
                // one measurement of a person after the other, so that the newest is known to be it
                stores.users.by_id_for_update(&tx, user).await?;
                let record = stores.health_records.create(&tx, gym, row(user, measurement.clone(), now)).await?;
                let mut stale = vec![CacheKey::MemberStats(user, gym)];
                if let Some(weight) = record.weight
                    && let Some((newest, _)) = stores.measured.latest_weight(&tx, gym, user).await?
                    && newest == record.id
                    && let Some(person) = self.weigh(&tx, actor.gym(), user, weight, now).await?
                {
                    // their weight is shown in every gym
                    let gyms = stores.people.gyms_of(&tx, user).await?;
                    stale.extend(profile::stale(&person, gyms.into_iter().map(|(gym, _)| gym)));
                }
                Ok::<_, Error>((record, stale))
            })
            .await?;
        core.committed(&stale).await;
        Ok(record.into())
    }

    async fn records(&self, actor: &Actor, days: i64, page: Page) -> Result<Vec<HealthRecord>> {
        actor.must_be(GymRole::Member)?;
        if !(1..=730).contains(&days) {
            let loc = vec!["query".into(), "days".into()];
            let error = FieldError { loc, ..FieldError::body("days", "must be between 1 and 730") };
            return Err(Invalid(vec![error]).into());
        }
        let (core, since) = (&self.core, self.core.clock.now() - TimeDelta::days(days));
        let rows = core.stores.measured.records(&core.db, actor.gym_id(), actor.user_id(), since, page).await?;
        Ok(rows.into_iter().map(HealthRecord::from).collect())
    }
}

fn row(user: UserId, measurement: Measurement, now: DateTime<Utc>) -> health_record::Create {
    health_record::Create {
        user_id: user,
        weight: measurement.weight,
        body_fat_percentage: measurement.body_fat_percentage,
        muscle_mass: measurement.muscle_mass,
        visceral_fat: measurement.visceral_fat,
        bone_mass: measurement.bone_mass,
        water_percentage: measurement.water_percentage,
        recorded_at: measurement.recorded_at.unwrap_or(now),
        measurement_type: measurement.measurement_type,
        notes: measurement.notes,
    }
}
