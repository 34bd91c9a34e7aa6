//! What members are told of what they earned.
use crate::{
    Core,
    notifications::notify::{Dedupe, Notice},
};
use domain::{
    attendance::{
        achievement::{self, AchievementType},
        milestone,
    },
    identity::gym,
    notifications::kind::NoticeKind,
};
use repository::{StoreError, Tx};
use serde_json::{Value, json};

/// The text that tells of it, and what fills it: the row's own title is in one language. Beside what attendance earns
/// there are goals only.
fn text(earned: &achievement::Model) -> (&'static str, Value) {
    let mark = earned.value as i64;
    match earned.achievement_type {
        AchievementType::AttendanceStreak => ("streak", json!({ "days": mark })),
        AchievementType::ClassMilestone => ("classes", json!({ "classes": mark })),
        _ => ("goal", json!({ "goal": milestone::goal_of(&earned.title) })),
    }
}

impl Core {
    /// NTF-93, in the transaction of the award.
    pub(super) async fn unlocked(
        &self,
        tx: &Tx,
        gym: &gym::Model,
        earned: &achievement::Model,
    ) -> Result<(), StoreError> {
        let (variant, params) = text(earned);
        let data = [("achievement_type", json!(earned.achievement_type)), ("rarity", json!(earned.rarity))];
        let notice = Notice {
            gym,
            kind: NoticeKind::AchievementUnlocked,
            variant: Some(variant),
            params,
            data: data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            recipients: vec![earned.user_id],
            dedupe: Dedupe::Whole(format!("ach:{}:{}:{}", earned.user_id, gym.id, earned.id)),
            correlation: format!("achievement:{}", earned.id),
            until: None,
            send_after: None,
        };
        self.notify(tx, notice).await.map(drop)
    }
}
