//! What members thought of the sessions that they attended (SCH-100 … SCH-105).
use super::seating::SESSION_NOT_FOUND;
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    error::{Class, UniqueMeans},
    kernel::{cache_key::CacheKey, departure::Departure},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    ClassId, GymId, ReviewId, SessionId, UserId,
    identity::GymRole,
    kernel::{locale::Locale, validation::check},
    schedule::review::{self, NewReview, Ratings, ReviewPatch, ReviewRefusal},
};
use ports::cache::{Bytes, encode};
use repository::{
    Page, Tx,
    schedule::reviews::{Rated, ReviewDetail},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;

pub const SESSION_NOT_COMPLETED: Refusal = Refusal::bad_request(
    "session_not_completed",
    "Only a completed session can be reviewed.",
    "Solo se pueden valorar sesiones completadas.",
);
pub const SESSION_NOT_OVER: Refusal =
    Refusal::bad_request("session_not_over", "The session is not over yet.", "La sesión aún no ha terminado.");
pub const NOT_ATTENDED: Refusal = Refusal::forbidden(
    "not_attended",
    "Only who attended the session can review it.",
    "Solo quien asistió a la sesión puede valorarla.",
);
pub const ALREADY_REVIEWED: Refusal = Refusal::new(
    Class::Conflict,
    "already_reviewed",
    "You have reviewed this session already.",
    "Ya has valorado esta sesión.",
);
pub const REVIEW_NOT_FOUND: Refusal =
    Refusal::not_found("review_not_found", "There is no such review.", "La valoración no existe.");

/// How long statistics are kept.
const STATS_TTL: Duration = Duration::from_secs(600);

impl From<ReviewRefusal> for Refusal {
    fn from(refusal: ReviewRefusal) -> Self {
        match refusal {
            ReviewRefusal::NotCompleted => SESSION_NOT_COMPLETED,
            ReviewRefusal::NotOver => SESSION_NOT_OVER,
            ReviewRefusal::NotAttended => NOT_ATTENDED,
            ReviewRefusal::AlreadyReviewed => ALREADY_REVIEWED,
        }
    }
}

/// A member's review of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClassReviewResponse)]
pub struct Review {
    pub id: ReviewId,
    pub session_id: SessionId,
    pub member_id: UserId,
    pub gym_id: GymId,
    /// 1 … 5.
    pub rating: i16,
    pub comment: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub member_name: Option<String>,
    pub class_name: Option<String>,
    /// When the session began.
    pub session_date: Option<DateTime<Utc>>,
}

impl From<ReviewDetail> for Review {
    fn from(row: ReviewDetail) -> Self {
        Self {
            id: row.id,
            session_id: row.session_id,
            member_id: row.member_id,
            gym_id: row.gym_id,
            rating: row.rating,
            comment: row.comment,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            member_name: review::name(row.first_name.as_deref(), row.last_name.as_deref()),
            class_name: Some(row.class_name),
            session_date: Some(row.session_date),
        }
    }
}

/// What all reviews together say.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ClassRatingStats)]
pub struct RatingStats {
    /// Rounded half up to two decimals; 0 when there is no review.
    #[schema(example = 4.67)]
    pub average_rating: f64,
    #[schema(example = 3)]
    pub total_reviews: i64,
    /// How many reviews gave each rating: always all five.
    #[schema(example = json!({"1": 0, "2": 0, "3": 0, "4": 1, "5": 2}))]
    pub rating_distribution: BTreeMap<String, i64>,
}

impl From<Ratings> for RatingStats {
    fn from(ratings: Ratings) -> Self {
        Self {
            average_rating: ratings.average(),
            total_reviews: ratings.total(),
            rating_distribution: ratings.distribution(),
        }
    }
}

/// The same of all sessions of a class; of an unknown one zeros and no name (SCH-105).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ClassStatistics)]
pub struct ClassStats {
    #[serde(flatten)]
    pub stats: RatingStats,
    pub class_id: ClassId,
    pub class_name: Option<String>,
}

/// The same of all sessions of a trainer in this gym. The name is only that of somebody who belongs to it (SCH-104).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = TrainerStatistics)]
pub struct TrainerStats {
    #[serde(flatten)]
    pub stats: RatingStats,
    pub trainer_id: UserId,
    pub trainer_name: Option<String>,
}

/// Reviews of a session, newest first, and what all of them say.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ReviewListResponse)]
pub struct ReviewList {
    pub reviews: Vec<Review>,
    /// Of the session, not of this page.
    pub total: i64,
    pub stats: RatingStats,
}

/// Whether the caller may review a session, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CanReviewResponse)]
pub struct CanReview {
    pub can_review: bool,
    /// For people.
    pub reason: Option<String>,
    /// For programs: the code that a review would be refused with.
    pub code: Option<String>,
}

#[async_trait]
pub trait Reviews: Send + Sync {
    /// Reviews a session for the caller. Member guard.
    ///
    /// # Errors
    /// In this order [`SESSION_NOT_FOUND`], [`SESSION_NOT_COMPLETED`], [`SESSION_NOT_OVER`], [`NOT_ATTENDED`],
    /// [`ALREADY_REVIEWED`], also by race (SCH-100).
    async fn create(&self, actor: &Actor, input: NewReview) -> Result<Review>;
    /// The caller's own in this gym, newest first. Member guard.
    async fn mine(&self, actor: &Actor, page: Page) -> Result<Vec<Review>>;
    /// Of a session, newest first; of an unknown one none. Member guard.
    async fn of_session(&self, actor: &Actor, session: SessionId, page: Page) -> Result<ReviewList>;
    /// The caller's own of a session. Member guard.
    ///
    /// # Errors
    /// [`REVIEW_NOT_FOUND`].
    async fn own(&self, actor: &Actor, session: SessionId) -> Result<Review>;
    /// Whether [`Self::create`] would be refused; the reason in this language. Member guard.
    async fn can_review(&self, actor: &Actor, session: SessionId, locale: Locale) -> Result<CanReview>;
    /// Changes the fields that are present, for the author (SCH-102). Member guard.
    ///
    /// # Errors
    /// [`REVIEW_NOT_FOUND`] for anybody else.
    async fn update(&self, actor: &Actor, id: ReviewId, patch: ReviewPatch) -> Result<Review>;
    /// For the author. Member guard.
    ///
    /// # Errors
    /// [`REVIEW_NOT_FOUND`] for anybody else.
    async fn delete(&self, actor: &Actor, id: ReviewId) -> Result<()>;
    /// [`ClassStats`] as the JSON that is sent. Member guard.
    async fn class_stats(&self, actor: &Actor, class: ClassId) -> Result<Bytes>;
    /// [`RatingStats`], likewise. Member guard.
    async fn session_stats(&self, actor: &Actor, session: SessionId) -> Result<Bytes>;
    /// [`TrainerStats`], likewise. Member guard.
    async fn trainer_stats(&self, actor: &Actor, trainer: UserId) -> Result<Bytes>;
}

pub struct ReviewService {
    core: Core,
}

impl ReviewService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn ratings(&self, gym: GymId, rated: Rated) -> Result<RatingStats> {
        Ok(self.core.stores.opinions.ratings(&self.core.db, gym, rated).await?.into())
    }

    /// The caller's review, held; to everybody else it does not exist.
    async fn held(&self, tx: &Tx, actor: &Actor, id: ReviewId) -> Result<review::Model> {
        let row = self.core.stores.reviews.get_for_update(tx, actor.gym_id(), id).await?;
        Ok(row.filter(|row| row.member_id == actor.user_id()).ok_or(REVIEW_NOT_FOUND)?)
    }

    async fn detail(&self, tx: &Tx, gym: GymId, id: ReviewId) -> Result<Review> {
        Ok(self.core.stores.opinions.detail(tx, gym, id).await?.ok_or(REVIEW_NOT_FOUND)?.into())
    }

    async fn stats<F, Fut>(&self, gym: GymId, key: String, load: F) -> Result<Bytes>
    where
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<Bytes>> + Send,
    {
        self.core.cache.bytes_or_load(&CacheKey::ReviewStats(gym).ns(), &key, STATS_TTL, load).await
    }
}

#[async_trait]
impl Reviews for ReviewService {
    async fn create(&self, actor: &Actor, input: NewReview) -> Result<Review> {
        actor.must_be(GymRole::Member)?;
        check(&input)?;
        let (core, stores, gym) = (&self.core, &self.core.stores, actor.gym_id());
        let new = input.row(actor.user_id());
        let review = core
            .db
            .run(async |tx| {
                let ground = stores.opinions.ground(&tx, gym, new.session_id, new.member_id).await?;
                ground.ok_or(SESSION_NOT_FOUND)?.review(core.clock.now()).map_err(Refusal::from)?;
                let row = stores.reviews.create(&tx, gym, new.clone()).await.unique_means(ALREADY_REVIEWED)?;
                self.detail(&tx, gym, row.id).await
            })
            .await?;
        core.committed(&[CacheKey::ReviewStats(gym)]).await;
        Ok(review)
    }

    async fn mine(&self, actor: &Actor, page: Page) -> Result<Vec<Review>> {
        actor.must_be(GymRole::Member)?;
        let opinions = &self.core.stores.opinions;
        let rows = opinions.of_member(&self.core.db, actor.gym_id(), actor.user_id(), page).await?;
        Ok(rows.into_iter().map(Review::from).collect())
    }

    async fn of_session(&self, actor: &Actor, session: SessionId, page: Page) -> Result<ReviewList> {
        actor.must_be(GymRole::Member)?;
        let rows = self.core.stores.opinions.of_session(&self.core.db, actor.gym_id(), session, page).await?;
        let stats = self.ratings(actor.gym_id(), Rated::Session(session)).await?;
        Ok(ReviewList { reviews: rows.into_iter().map(Review::from).collect(), total: stats.total_reviews, stats })
    }

    async fn own(&self, actor: &Actor, session: SessionId) -> Result<Review> {
        actor.must_be(GymRole::Member)?;
        let opinions = &self.core.stores.opinions;
        let row = opinions.own(&self.core.db, actor.gym_id(), session, actor.user_id()).await?;
        Ok(row.ok_or(REVIEW_NOT_FOUND)?.into())
    }

    async fn can_review(&self, actor: &Actor, session: SessionId, locale: Locale) -> Result<CanReview> {
        actor.must_be(GymRole::Member)?;
        let core = &self.core;
        let ground = core.stores.opinions.ground(&core.db, actor.gym_id(), session, actor.user_id()).await?;
        let refusal = match ground {
            None => Some(SESSION_NOT_FOUND),
            Some(ground) => ground.review(core.clock.now()).err().map(Refusal::from),
        };
        Ok(CanReview {
            can_review: refusal.is_none(),
            reason: refusal.map(|refusal| refusal.text(locale).to_owned()),
            code: refusal.map(|refusal| refusal.code.to_owned()),
        })
    }

    async fn update(&self, actor: &Actor, id: ReviewId, patch: ReviewPatch) -> Result<Review> {
        actor.must_be(GymRole::Member)?;
        check(&patch)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let review = core
            .db
            .run(async |tx| {
                self.held(&tx, actor, id).await?;
                core.stores.reviews.update(&tx, gym, id, patch.clone().into()).await?;
                self.detail(&tx, gym, id).await
            })
            .await?;
        core.committed(&[CacheKey::ReviewStats(gym)]).await;
        Ok(review)
    }

    async fn delete(&self, actor: &Actor, id: ReviewId) -> Result<()> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        core.db
            .run(async |tx| {
                self.held(&tx, actor, id).await?;
                Ok::<_, Error>(core.stores.reviews.remove(&tx, gym, id).await?)
            })
            .await?;
        core.committed(&[CacheKey::ReviewStats(gym)]).await;
        Ok(())
    }

    async fn class_stats(&self, actor: &Actor, class: ClassId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let stats = self.ratings(gym, Rated::Class(class)).await?;
            let row = core.stores.classes.get(&core.db, gym, class).await?;
            Ok(encode(&ClassStats { stats, class_id: class, class_name: row.map(|row| row.name) }))
        };
        self.stats(gym, format!("class:{class}"), load).await
    }

    async fn session_stats(&self, actor: &Actor, session: SessionId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let gym = actor.gym_id();
        let load = async || Ok(encode(&self.ratings(gym, Rated::Session(session)).await?));
        self.stats(gym, format!("session:{session}"), load).await
    }

    async fn trainer_stats(&self, actor: &Actor, trainer: UserId) -> Result<Bytes> {
        actor.must_be(GymRole::Member)?;
        let (core, gym) = (&self.core, actor.gym_id());
        let load = async || {
            let stats = self.ratings(gym, Rated::Trainer(trainer)).await?;
            let person = core.stores.people.person(&core.db, gym, trainer).await?;
            let name = |user: &domain::identity::user::Model| {
                review::name(user.first_name.as_deref(), user.last_name.as_deref())
            };
            let trainer_name = person.and_then(|(user, _)| name(&user));
            Ok(encode(&TrainerStats { stats, trainer_id: trainer, trainer_name }))
        };
        self.stats(gym, format!("trainer:{trainer}"), load).await
    }
}

/// A trainer who leaves the gym is named there no more (SCH-104).
pub(crate) struct UnnameTrainer;

#[async_trait]
impl Departure for UnnameTrainer {
    async fn left(&self, _: &Tx, gym: GymId, _: UserId) -> Result<Vec<CacheKey>> {
        Ok(vec![CacheKey::ReviewStats(gym)])
    }
}
