//! One's own statistics (ATT-37 … ATT-51).
use super::{
    figures::Figures,
    outside::Outside,
    view::{ComprehensiveStats, FitnessStats, HealthStats, Refreshed, SocialStats},
};
use crate::{Actor, Core, Result, identity::modules::Modules, kernel::cache_key::CacheKey};
use async_trait::async_trait;
use domain::{attendance::period::PeriodType, identity::GymRole, kernel::locale::Locale};
use std::sync::Arc;

/// The caller's own statistics in the gym. Member guard. Texts are in `locale`.
#[async_trait]
pub trait Statistics: Send + Sync {
    /// Everything. Without goals their progress is an empty list.
    async fn comprehensive(
        &self,
        actor: &Actor,
        period: PeriodType,
        with_goals: bool,
        locale: Locale,
    ) -> Result<ComprehensiveStats>;
    async fn fitness(&self, actor: &Actor, period: PeriodType) -> Result<FitnessStats>;
    async fn social(&self, actor: &Actor, period: PeriodType) -> Result<SocialStats>;
    /// Of the month.
    async fn health(&self, actor: &Actor, with_goals: bool, locale: Locale) -> Result<HealthStats>;
    /// Drops what is kept, and computes the month anew.
    async fn refresh(&self, actor: &Actor, locale: Locale) -> Result<Refreshed>;
}

pub struct StatisticsService {
    core: Core,
    figures: Figures,
}

impl StatisticsService {
    pub fn new(core: &Core, modules: Arc<dyn Modules>, outside: Outside) -> Self {
        Self { core: core.clone(), figures: Figures::new(core, modules, outside) }
    }

    async fn own(&self, actor: &Actor, period: PeriodType, with_goals: bool) -> Result<ComprehensiveStats> {
        self.figures.of(actor.gym(), actor.user_id(), period, with_goals).await
    }
}

#[async_trait]
impl Statistics for StatisticsService {
    async fn comprehensive(
        &self,
        actor: &Actor,
        period: PeriodType,
        with_goals: bool,
        locale: Locale,
    ) -> Result<ComprehensiveStats> {
        actor.must_be(GymRole::Member)?;
        Ok(self.own(actor, period, with_goals).await?.in_language(locale))
    }

    async fn fitness(&self, actor: &Actor, period: PeriodType) -> Result<FitnessStats> {
        actor.must_be(GymRole::Member)?;
        Ok(self.own(actor, period, true).await?.into())
    }

    async fn social(&self, actor: &Actor, period: PeriodType) -> Result<SocialStats> {
        actor.must_be(GymRole::Member)?;
        Ok(self.own(actor, period, true).await?.into())
    }

    async fn health(&self, actor: &Actor, with_goals: bool, locale: Locale) -> Result<HealthStats> {
        actor.must_be(GymRole::Member)?;
        Ok(HealthStats::of(self.own(actor, PeriodType::Month, with_goals).await?, locale))
    }

    async fn refresh(&self, actor: &Actor, locale: Locale) -> Result<Refreshed> {
        actor.must_be(GymRole::Member)?;
        // one namespace holds the summary and the statistics of every period, with goals and without
        self.core.cache.invalidate(&CacheKey::MemberStats(actor.user_id(), actor.gym_id()).ns()).await;
        self.own(actor, PeriodType::Month, true).await?;
        Ok(Refreshed {
            message: match locale {
                Locale::En => "Your statistics are up to date.",
                Locale::Es => "Tus estadísticas están actualizadas.",
            },
            user_id: actor.user_id(),
            refreshed_at: self.core.clock.now(),
            cache_invalidated: true,
        })
    }
}
