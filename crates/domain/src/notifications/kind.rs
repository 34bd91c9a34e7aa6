//! The catalogue: everything that people are told (NTF §3.6). Of the standard library alone: the texts are checked
//! against it while they are built.
#![allow(dead_code)] // the build of the texts asks for the names only

/// What holds for a kind, beyond its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trait {
    /// Of something that the person has, owes or gets back: never held up by the platform's budget (NTF-37).
    Transactional,
    /// Only for who is an active member at the time of delivery (NTF-10).
    Members,
    /// A person may refuse it.
    Refusable,
    /// Of no use ten minutes later (NTF-34).
    Short,
    /// Written by a person, so without texts here (NTF-15).
    Written,
}

macro_rules! kinds {
    ($($kind:ident = $name:literal [$($holds:ident)*];)+) => {
        /// A kind of notification; its name is `data.type`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum NoticeKind {
            $($kind,)+
        }

        impl NoticeKind {
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            const fn traits(self) -> &'static [Trait] {
                match self {
                    $(Self::$kind => &[$(Trait::$holds,)*],)+
                }
            }
        }
    };
}

kinds! {
    Announcement = "announcement" [Members Refusable Written];
    SessionReminder = "session_reminder" [Transactional Members Refusable];
    SessionCancelled = "session_cancelled" [Transactional];
    SessionUpdated = "session_updated" [Transactional Members];
    WaitlistPromoted = "waitlist_promoted" [Transactional];
    EventCreated = "event_created" [Members Refusable];
    EventUpdated = "event_updated" [Transactional Members];
    EventCancelled = "event_cancelled" [Transactional];
    EventPaymentConfirmed = "event_payment_confirmed" [Transactional];
    EventRefunded = "event_refunded" [Transactional];
    EventPaymentMethodRequired = "event_payment_method_required" [Transactional];
    RefundFailed = "refund_failed" [Transactional Members];
    ChatMessage = "chat_message" [Members Refusable Short];
    EventNotification = "event_notification" [Members Refusable Short];
    ChatMention = "chat_mention" [Members Refusable Short];
    NewSurvey = "new_survey" [Members Refusable];
    MembershipActivated = "membership_activated" [Transactional];
    MembershipRenewed = "membership_renewed" [Transactional];
    MembershipExpired = "membership_expired" [Transactional];
    TrialEnding = "trial_ending" [Transactional];
    PaymentOverdue = "payment_overdue" [Transactional];
    SubscriptionCanceled = "subscription_canceled" [Transactional];
    SubscriptionReactivated = "subscription_reactivated" [Transactional];
    PaymentFailed = "payment_failed" [Transactional];
    PaymentRetryScheduled = "payment_retry_scheduled" [Transactional];
    PaymentActionRequired = "payment_action_required" [Transactional];
    UpcomingPayment = "upcoming_payment" [Transactional];
    PaymentMethodInvalid = "payment_method_invalid" [Transactional];
    DisputeCreated = "dispute_created" [Transactional Members];
    AccessSuspended = "access_suspended" [Transactional];
    StripeAccountDisconnected = "stripe_account_disconnected" [Transactional Members];
    PostComment = "post_comment" [Members Refusable];
    PostMention = "post_mention" [Members Refusable];
    PostLike = "post_like" [Members Refusable];
    CommentLike = "comment_like" [Members Refusable];
    ContentReported = "content_reported" [Members];
    MealReminder = "meal_reminder" [Members Refusable];
    DailyPlan = "daily_plan" [Members Refusable];
    Achievement = "achievement" [Members Refusable];
    ChallengeUpdate = "challenge_update" [Members Refusable];
    StreakMilestone = "streak_milestone" [Members Refusable];
    AchievementUnlocked = "achievement_unlocked" [Members Refusable];
    Test = "test" [];
}

impl NoticeKind {
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    fn is(self, what: Trait) -> bool {
        self.traits().contains(&what)
    }

    pub fn is_transactional(self) -> bool {
        self.is(Trait::Transactional)
    }

    pub fn is_refusable(self) -> bool {
        self.is(Trait::Refusable)
    }

    pub fn is_members_only(self) -> bool {
        self.is(Trait::Members)
    }

    pub fn is_written(self) -> bool {
        self.is(Trait::Written)
    }

    /// For how many minutes it is of use, when nothing else says so.
    pub fn minutes_of_use(self) -> i64 {
        if self.is(Trait::Short) { 10 } else { 24 * 60 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name_and_names_are_told_apart() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(*kind));
            assert!(kind.as_str().len() <= 50, "the column of the type is so long");
        }
        assert_eq!(NoticeKind::parse("webhook_failure"), None, "NTF-69: retired");
    }

    #[test]
    fn ntf_34_chat_is_of_use_for_ten_minutes_and_all_else_for_a_day() {
        assert_eq!(NoticeKind::ChatMention.minutes_of_use(), 10);
        assert_eq!(NoticeKind::EventCancelled.minutes_of_use(), 24 * 60);
    }

    #[test]
    fn ntf_37_events_payments_and_bookings_are_transactional_and_cannot_be_refused_but_for_reminders() {
        for kind in NoticeKind::ALL.iter().filter(|kind| kind.is_transactional()) {
            assert!(!kind.is_refusable() || *kind == NoticeKind::SessionReminder, "{kind:?}");
        }
        assert!(!NoticeKind::Announcement.is_transactional());
    }
}
