//! What the seats are asked about.
use chrono::{DateTime, Utc};
use domain::{
    SessionId, UserId, WaitlistEntryId,
    identity::{GymRole, membership},
    schedule::{
        participation::ParticipationStatus,
        settings::{self, OverlapPolicy},
    },
};
use sea_orm::{ColumnTrait, Condition, FromQueryResult};

/// What is known of a session's seats, and of one member's part in it, in one look.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct SeatState {
    pub session_id: SessionId,
    pub class_capacity: i32,
    pub occupied: i64,
    pub waiting: i64,
    /// The member's row, if one was asked about and has one.
    pub own: Option<ParticipationStatus>,
    /// The member's place in the queue, likewise.
    pub own_place: Option<WaitlistEntryId>,
    late_cancel_minutes: Option<i32>,
    booking_opens_hours: Option<i32>,
    waitlist_enabled: Option<bool>,
    waitlist_max_size: Option<i32>,
    waitlist_cutoff_minutes: Option<i32>,
    session_overlap_policy: Option<OverlapPolicy>,
    auto_no_show: Option<bool>,
    require_active_membership: Option<bool>,
}

impl SeatState {
    /// The gym's decisions, or the defaults.
    pub fn settings(&self) -> settings::Create {
        let default = settings::Create::default();
        settings::Create {
            late_cancel_minutes: self.late_cancel_minutes.unwrap_or(default.late_cancel_minutes),
            booking_opens_hours: self.booking_opens_hours,
            waitlist_enabled: self.waitlist_enabled.unwrap_or(default.waitlist_enabled),
            waitlist_max_size: self.waitlist_max_size.unwrap_or(default.waitlist_max_size),
            waitlist_cutoff_minutes: self.waitlist_cutoff_minutes.unwrap_or(default.waitlist_cutoff_minutes),
            session_overlap_policy: self.session_overlap_policy.unwrap_or(default.session_overlap_policy),
            auto_no_show: self.auto_no_show.unwrap_or(default.auto_no_show),
            require_active_membership: self.require_active_membership.unwrap_or(default.require_active_membership),
        }
    }
}

/// What a member is in the gym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub role: GymRole,
    pub is_active: bool,
    /// Until when the membership is paid for; none is for ever.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// Whether the membership gives access at `now`: it is active, and not past its end.
    pub fn has_access(self, now: DateTime<Utc>) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether they may book where an active membership is asked for: staff always may (SCH-74).
    pub fn may_book(self, now: DateTime<Utc>) -> bool {
        self.has_access(now) || self.role.is_staff()
    }
}

impl From<&membership::Model> for Standing {
    fn from(row: &membership::Model) -> Self {
        Self { role: row.role, is_active: row.is_active, expires_at: row.membership_expires_at }
    }
}

/// The bookings or places of these sessions: everybody's, or one member's.
pub(super) fn theirs(
    sessions: (impl ColumnTrait, &[SessionId]),
    member: (impl ColumnTrait, Option<UserId>),
) -> Condition {
    let of_member = member.1.map(|user| member.0.eq(user));
    Condition::all().add(sessions.0.is_in(sessions.1.iter().copied())).add_option(of_member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sch_74_access_ends_with_the_membership_and_staff_need_none() {
        let now: DateTime<Utc> = "2026-03-02T18:00:00Z".parse().unwrap();
        let at = |seconds| Some(now + chrono::TimeDelta::seconds(seconds));
        for (role, is_active, expires_at, may) in [
            (GymRole::Member, true, None, true),
            (GymRole::Member, true, at(1), true),
            (GymRole::Member, true, at(0), false),
            (GymRole::Member, true, at(-1), false),
            (GymRole::Member, false, None, false),
            (GymRole::Member, false, at(1), false),
            (GymRole::Trainer, false, at(-1), true),
            (GymRole::Owner, true, at(-1), true),
        ] {
            assert_eq!(
                Standing { role, is_active, expires_at }.may_book(now),
                may,
                "{role:?} {is_active} {expires_at:?}"
            );
        }
    }
}
