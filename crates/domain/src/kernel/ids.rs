//! Identifiers: 64-bit integers in the database and in JSON (decision 4), each a type of its own.
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

macro_rules! typed_id {
    ($($name:ident),+ $(,)?) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
        #[serde(transparent)]
        #[derive(utoipa::ToSchema)]
        #[schema(value_type = i64)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

typed_id!(
    GymId,
    UserId,
    MembershipId,
    ModuleId,
    RelationshipId,
    FollowId,
    OutboxId,
    IdempotencyKeyId,
    GymHoursId,
    SpecialDayId,
    ScheduleSettingsId,
    CategoryId,
    ClassId,
    SessionId,
    ParticipationId,
    WaitlistEntryId,
    CancellationId,
    ReviewId,
    CalendarFeedId,
    HealthRecordId,
    GoalId,
    AchievementId,
    HealthSnapshotId,
    EventId,
    EventParticipationId,
    EventRefundTaskId,
    EventCreditId,
    ChatRoomId,
    StripeAccountId,
    StripeProfileId,
    DeviceId,
    NotificationId,
    NotificationRecipientId,
    NotificationPreferenceId,
    NotificationSettingsId,
);
