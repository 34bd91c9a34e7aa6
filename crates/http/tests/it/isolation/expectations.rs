//! Who may call what: one line for every operation of the OpenAPI document.
use domain::identity::GymRole;

/// What stands between a stranger and an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A shared secret instead of a token.
    Secret,
    /// A token of anybody, and a shared secret.
    TokenAndSecret,
    /// A token of anybody.
    Authenticated,
    /// A role in the gym that the header names.
    Gym(GymRole),
    /// A role in the gym that the header names; without the header a default is looked for.
    GymOrDefault(GymRole),
    /// Whoever belongs to the gym of the header, and is SUPER_ADMIN besides.
    GymPlatform,
    /// A role in the gym that the path names.
    PathGym(GymRole),
    /// SUPER_ADMIN.
    Platform,
}

/// Whether the path names a row that must be one of the caller's gym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A row of another gym is not found (IDN-33).
    OfGym,
    /// There is none, or it may be anybody's.
    Any,
}

/// `{gym_id}`, `{user_id}`, `{relationship_id}` and so on are filled in by the test, in paths and in bodies.
#[derive(Debug)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub row: Row,
    pub query: &'static str,
    pub body: &'static str,
}

const fn op(method: &'static str, path: &'static str, access: Access) -> Operation {
    Operation { method, path, access, row: Row::Any, query: "", body: "" }
}

impl Operation {
    const fn row(mut self) -> Self {
        self.row = Row::OfGym;
        self
    }
    const fn query(mut self, query: &'static str) -> Self {
        self.query = query;
        self
    }
    const fn body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }
}

use Access::{Authenticated, Gym, GymOrDefault, GymPlatform, PathGym, Platform, Public, Secret, TokenAndSecret};
use GymRole::{Admin, Member, Owner, Trainer};

const NEW_EVENT: &str =
    r#"{"title": "Another", "start_time": "2031-05-04T10:00:00Z", "end_time": "2031-05-04T12:00:00Z"}"#;
const PAIR: &str = r#"{"trainer_id": "{trainer_id}", "member_id": "{member_id}"}"#;
const HOOK: &str = r#"{"event": "user.created", "user": {"user_id": "test|new", "email": "new@example.test"}}"#;
const NEW_GYM: &str = r#"{"name": "Another", "subdomain": "another"}"#;
const NEW_CLASS: &str = r#"{"name": "Another", "duration": 60, "max_capacity": 9, "difficulty_level": "beginner"}"#;
const NEW_SESSION: &str =
    r#"{"class_id": "{class_id}", "trainer_id": "{trainer_id}", "start_time": "2100-03-02T18:30:00"}"#;
const NEW_SERIES: &str = r#"{"base_session_data": {"class_id": "{class_id}", "trainer_id": "{trainer_id}",
    "start_time": "2100-03-01T18:30:00"}, "start_date": "2100-03-01", "end_date": "2100-03-07", "days_of_week": [0]}"#;
const GOAL: &str = r#"{"goal_type": "strength", "title": "more", "target_value": 9, "unit": "kg"}"#;
const REFUSAL: &str = r#"{"preferences": [{"type": "announcement", "push": false}]}"#;
const TO_EVENT: &str = r#"{"title": "t", "message": "m", "audience": "event_participants", "event_id": "{event_id}"}"#;
const TO_SEGMENT: &str = r#"{"segment": "Subscribed Users", "title": "t", "message": "m"}"#;
const BIO: &str = r#"{"bio": "changed by somebody"}"#;

#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    op("get", "/", Public),
    op("get", "/health/live", Public),
    op("get", "/health/ready", Public),
    op("get", "/metrics", Secret),

    op("get", "/api/v1/auth/login", Public),
    op("get", "/api/v1/auth/login-redirect", Public),
    op("get", "/api/v1/auth/callback", Public),
    op("get", "/api/v1/auth/config", Public),
    op("get", "/api/v1/auth/logout", Public),
    op("post", "/api/v1/auth/token", Public),
    op("options", "/api/v1/auth/token", Public),
    op("get", "/api/v1/auth/me", Authenticated),
    op("get", "/api/v1/auth/test-email", Authenticated),
    op("get", "/api/v1/auth/get-user-email", Authenticated),
    op("get", "/api/v1/auth/check-permissions", Authenticated),
    op("post", "/api/v1/auth/create-platform-admin", TokenAndSecret).body(r#"{"secret_key": "guess"}"#),
    op("post", "/api/v1/auth/sync-roles-to-auth0", Platform),
    op("post", "/api/v1/auth/webhook/user-created", Secret).body(HOOK),
    op("post", "/api/v1/auth/webhook/user-updated", Secret).body(HOOK),
    op("post", "/api/v1/auth/register-gym-owner", Public),
    op("post", "/api/v1/auth/register-trainer", Public),
    op("get", "/api/v1/auth/trainer/check-email/{email}", Public),
    op("get", "/api/v1/auth/trainer/validate-subdomain/{subdomain}", Public),

    op("get", "/api/v1/users/profile", Authenticated),
    op("put", "/api/v1/users/profile", Authenticated).body(BIO),
    op("post", "/api/v1/users/profile/data", Authenticated).body(BIO),
    op("get", "/api/v1/users/profile/me", Authenticated),
    op("post", "/api/v1/users/profile/image", Authenticated),
    op("delete", "/api/v1/users/profile/image", Authenticated),
    op("get", "/api/v1/users/profile/{user_id}", Gym(Member)).row(),
    op("post", "/api/v1/users/initiate-email-change", Authenticated).body(r#"{"new_email": "new@example.test"}"#),
    op("post", "/api/v1/users/me/resend-verification", Authenticated),
    op("post", "/api/v1/users/check-email-availability", Secret).body(r#"{"email": "new@example.test"}"#),
    op("post", "/api/v1/users/sync/email-status", Secret).body(r#"{"auth0_id": "test|member", "email": "new@example.test"}"#),
    op("get", "/api/v1/users/gym-participants", Gym(Admin)),
    op("get", "/api/v1/users/gym-participants/{user_id}", Gym(Admin)).row(),
    op("get", "/api/v1/users/p/gym-participants", Gym(Member)),
    op("get", "/api/v1/users/p/gym-participants/{user_id}", Gym(Member)).row(),
    op("get", "/api/v1/users/p/public-profile/{user_id}", Gym(Member)).row(),
    op("get", "/api/v1/users/search-by-email", Gym(Admin)).query("email=free@example.test"),
    op("get", "/api/v1/users/gym-users", Gym(Admin)),
    op("get", "/api/v1/users/search", Gym(Trainer)),
    op("get", "/api/v1/users/{user_id}", Gym(Admin)).row(),
    op("put", "/api/v1/users/{user_id}", Platform).body(BIO),
    op("get", "/api/v1/users/", Platform),
    op("get", "/api/v1/users/by-role/{role}", Platform),
    op("get", "/api/v1/users/auth0/{auth0_id}", Authenticated).row(),
    op("put", "/api/v1/users/auth0/{auth0_id}", Platform).body(BIO),
    op("delete", "/api/v1/users/admin/users/{user_id}", Platform),
    op("delete", "/api/v1/users/users/{user_id}", Gym(Admin)).row(),

    op("post", "/api/v1/gyms/", Platform).body(NEW_GYM),
    op("get", "/api/v1/gyms/", Public),
    op("get", "/api/v1/gyms/by-subdomain/{subdomain}", Public),
    op("get", "/api/v1/gyms/my", Authenticated),
    op("get", "/api/v1/gyms/{gym_id}/details", Public),
    op("get", "/api/v1/gyms/{gym_id}", PathGym(Member)),
    op("put", "/api/v1/gyms/{gym_id}", PathGym(Owner)).body(r#"{"name": "Taken over"}"#),
    op("patch", "/api/v1/gyms/{gym_id}/status", PathGym(Owner)).body(r#"{"is_active": false}"#),
    op("get", "/api/v1/gyms/users", Gym(Member)),
    op("post", "/api/v1/gyms/users/by-email", Gym(Admin)).body(r#"{"email": "free@example.test"}"#),
    op("post", "/api/v1/gyms/users/{user_id}", Gym(Admin)),
    op("delete", "/api/v1/gyms/users/{user_id}", Gym(Member)).row(),
    op("put", "/api/v1/gyms/users/{user_id}/role", Gym(Admin)).row().body(r#"{"role": "TRAINER"}"#),
    op("post", "/api/v1/gyms/{gym_id}/logo", Gym(Admin)),
    op("delete", "/api/v1/gyms/{gym_id}/logo", Gym(Admin)),
    op("get", "/api/v1/gyms/{gym_id}/users", Platform),
    op("delete", "/api/v1/gyms/{gym_id}/users/{user_id}", Platform),
    op("put", "/api/v1/gyms/{gym_id}/owner", Platform).query("user_id={user_id}").body(r#"{"user_id": "{user_id}"}"#),

    op("get", "/api/v1/modules", Gym(Member)),
    op("patch", "/api/v1/modules/{module_code}/activate", GymPlatform),
    op("patch", "/api/v1/modules/{module_code}/deactivate", GymPlatform),
    op("post", "/api/v1/modules/billing/activate", Gym(Admin)),
    op("patch", "/api/v1/modules/billing/activate", GymPlatform),
    op("post", "/api/v1/modules/billing/deactivate", Gym(Admin)),
    op("patch", "/api/v1/modules/billing/deactivate", GymPlatform),
    op("get", "/api/v1/modules/billing/status", Gym(Member)),

    op("post", "/api/v1/relationships/", Gym(Member)).row().body(PAIR),
    op("get", "/api/v1/relationships/", GymOrDefault(Admin)),
    op("get", "/api/v1/relationships/trainer/{trainer_id}/members", Gym(Member)).row(),
    op("get", "/api/v1/relationships/member/{member_id}/trainers", GymOrDefault(Member)).row(),
    op("get", "/api/v1/relationships/my-trainers", GymOrDefault(Member)),
    op("get", "/api/v1/relationships/my-members", GymOrDefault(Member)),
    op("get", "/api/v1/relationships/{relationship_id}", Gym(Member)).row(),
    op("put", "/api/v1/relationships/{relationship_id}", GymOrDefault(Member)).row().body(r#"{"notes": "changed"}"#),
    op("delete", "/api/v1/relationships/{relationship_id}", GymOrDefault(Admin)).row(),

    op("get", "/api/v1/schedule/sessions/sessions", Gym(Member)),
    op("get", "/api/v1/schedule/sessions/sessions-with-timezone", Gym(Member)),
    op("get", "/api/v1/schedule/sessions/sessions/{session_id}", Gym(Member)).row(),
    op("post", "/api/v1/schedule/sessions/sessions", Gym(Trainer)).row().body(NEW_SESSION),
    op("post", "/api/v1/schedule/sessions/sessions/recurring", Gym(Trainer)).row().body(NEW_SERIES),
    op("put", "/api/v1/schedule/sessions/sessions/{session_id}", Gym(Trainer)).row().body(r#"{"notes": "changed"}"#),
    op("post", "/api/v1/schedule/sessions/sessions/{session_id}/cancel", Gym(Trainer)).row(),
    op("delete", "/api/v1/schedule/sessions/sessions/{session_id}", Gym(Admin)).row(),
    op("get", "/api/v1/schedule/sessions/sessions/{session_id}/cancellations", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/sessions/date-range", Gym(Member)).query("start_date=2026-03-02&end_date=2026-03-08"),
    op("get", "/api/v1/schedule/sessions/date-range-with-timezone", Gym(Member)).query("start_date=2026-03-02&end_date=2026-03-08"),
    op("get", "/api/v1/schedule/sessions/trainer/{trainer_id}", Gym(Member)).row(),
    op("get", "/api/v1/schedule/sessions/my-sessions", Gym(Member)),
    op("post", "/api/v1/schedule/participation/register/{session_id}", Gym(Member)).row(),
    op("post", "/api/v1/schedule/participation/register/{session_id}/{member_id}", Gym(Trainer)).row(),
    op("post", "/api/v1/schedule/participation/cancel-registration/{session_id}", Gym(Member)).row(),
    op("post", "/api/v1/schedule/participation/cancel-registration/{session_id}/{member_id}", Gym(Trainer)).row(),
    op("post", "/api/v1/schedule/participation/waitlist/{session_id}", Gym(Member)).row(),
    op("delete", "/api/v1/schedule/participation/waitlist/{session_id}", Gym(Member)).row(),
    op("get", "/api/v1/schedule/participation/waitlist/{session_id}", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/participation/my-waitlist", Gym(Member)),
    op("post", "/api/v1/schedule/participation/attendance/{session_id}/{member_id}", Gym(Trainer)).row(),
    op("post", "/api/v1/schedule/participation/mark-no-show/{session_id}/{member_id}", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/participation/participants/{session_id}", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/participation/my-classes", Gym(Member)),
    op("get", "/api/v1/schedule/participation/my-classes-simple", Gym(Member)),
    op("get", "/api/v1/schedule/participation/member-classes/{member_id}", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/participation/member/{member_id}/history", Gym(Trainer)).row(),
    op("get", "/api/v1/schedule/participation/my-history", Gym(Member)),
    op("get", "/api/v1/schedule/participation/my-participation-status", Gym(Member))
        .query("start_date=2026-03-01&end_date=2026-03-31"),

    op("get", "/api/v1/schedule/gym-hours/regular", Gym(Member)),
    op("get", "/api/v1/schedule/gym-hours/regular/{day}", Gym(Member)),
    op("put", "/api/v1/schedule/gym-hours/regular/{day}", Gym(Admin)).body(r#"{"is_closed": true}"#),
    op("get", "/api/v1/schedule/gym-hours/date/{date}", Gym(Member)),
    op("get", "/api/v1/schedule/gym-hours/date-range", Gym(Member)).query("start_date=2031-01-01&end_date=2031-01-31"),
    op("post", "/api/v1/schedule/gym-hours/apply-defaults", Gym(Admin)).body(r#"{"start_date": "2031-01-01", "end_date": "2031-01-31"}"#),
    op("get", "/api/v1/schedule/special-days/", Gym(Member)),
    op("post", "/api/v1/schedule/special-days/", Gym(Admin)).query("overwrite=true&cancel_sessions=true").body(r#"{"date": "2031-05-01", "is_closed": true}"#),
    op("get", "/api/v1/schedule/special-days/{special_day_id}", Gym(Member)).row(),
    op("put", "/api/v1/schedule/special-days/{special_day_id}", Gym(Admin)).row().body(r#"{"description": "changed"}"#),
    op("delete", "/api/v1/schedule/special-days/{special_day_id}", Gym(Admin)).row(),
    op("get", "/api/v1/schedule/special-days/date/{date}", Gym(Member)).row(),
    op("put", "/api/v1/schedule/special-days/date/{date}", Gym(Admin)).row().body(r#"{"description": "changed"}"#),
    op("get", "/api/v1/schedule/settings", Gym(Member)),
    op("put", "/api/v1/schedule/settings", Gym(Admin)).body(r#"{"waitlist_enabled": false}"#),
    op("get", "/api/v1/schedule/categories/categories", Gym(Member)),
    op("post", "/api/v1/schedule/categories/categories", Gym(Trainer)).body(r#"{"name": "Another"}"#),
    op("get", "/api/v1/schedule/categories/categories/{category_id}", Gym(Member)).row(),
    op("put", "/api/v1/schedule/categories/categories/{category_id}", Gym(Trainer)).row().body(r#"{"name": "Taken over"}"#),
    op("delete", "/api/v1/schedule/categories/categories/{category_id}", Gym(Admin)).row(),

    op("get", "/api/v1/schedule/classes/classes", Gym(Member)),
    op("post", "/api/v1/schedule/classes/classes", Gym(Trainer)).body(NEW_CLASS),
    op("get", "/api/v1/schedule/classes/classes/search", Gym(Member)).query("query=spin"),
    op("get", "/api/v1/schedule/classes/classes/category/{category}", Gym(Member)),
    op("get", "/api/v1/schedule/classes/classes/difficulty/{difficulty}", Gym(Member)),
    op("get", "/api/v1/schedule/classes/classes/{class_id}", Gym(Member)).row(),
    op("put", "/api/v1/schedule/classes/classes/{class_id}", Gym(Trainer)).row().body(r#"{"name": "Taken over"}"#),
    op("delete", "/api/v1/schedule/classes/classes/{class_id}", Gym(Admin)).row(),

    op("post", "/api/v1/reviews/", Gym(Member)).row().body(r#"{"session_id": "{session_id}", "rating": 1}"#),
    op("get", "/api/v1/reviews/my", Gym(Member)),
    op("get", "/api/v1/reviews/session/{session_id}", Gym(Member)),
    op("get", "/api/v1/reviews/session/{session_id}/my", Gym(Member)),
    op("get", "/api/v1/reviews/session/{session_id}/can-review", Gym(Member)),
    op("put", "/api/v1/reviews/{review_id}", Gym(Member)).row().body(r#"{"rating": 1}"#),
    op("delete", "/api/v1/reviews/{review_id}", Gym(Member)).row(),
    op("get", "/api/v1/reviews/stats/class/{class_id}", Gym(Member)),
    op("get", "/api/v1/reviews/stats/session/{session_id}", Gym(Member)),
    op("get", "/api/v1/reviews/stats/trainer/{trainer_id}", Gym(Member)),

    op("get", "/api/v1/notifications/", Gym(Member)),
    op("get", "/api/v1/notifications/unread-count", Gym(Member)),
    op("post", "/api/v1/notifications/read-all", Gym(Member)),
    op("post", "/api/v1/notifications/{notification_id}/read", Gym(Member)).row(),
    op("get", "/api/v1/notifications/preferences", Gym(Member)),
    op("put", "/api/v1/notifications/preferences", Gym(Member)).body(REFUSAL),
    op("get", "/api/v1/notifications/settings", Gym(Admin)),
    op("put", "/api/v1/notifications/settings", Gym(Admin)).body(r#"{"locale": "en"}"#),
    op("post", "/api/v1/notifications/devices", Gym(Member)).body(r#"{"device_token": "t", "platform": "ios"}"#),
    op("get", "/api/v1/notifications/devices", Gym(Member)),
    op("delete", "/api/v1/notifications/devices", Gym(Member)),
    op("post", "/api/v1/notifications/send", Gym(Admin)).body(r#"{"user_ids": ["1"], "title": "t", "message": "m"}"#),
    op("post", "/api/v1/notifications/send-to-gym", Gym(Admin)).row().body(TO_EVENT),
    op("post", "/api/v1/notifications/test", Gym(Member)),
    op("get", "/api/v1/notifications/history", Gym(Admin)),
    op("delete", "/api/v1/notifications/scheduled/{correlation}", Gym(Admin)).row(),
    op("get", "/api/v1/notifications/unsubscribe/{notification_id}", Public).query("key=k"),
    op("post", "/api/v1/notifications/unsubscribe/{notification_id}", Public).query("key=k"),

    op("post", "/api/v1/events/", Gym(Trainer)).body(NEW_EVENT),
    op("get", "/api/v1/events/", Gym(Member)),
    op("get", "/api/v1/events/me", Gym(Member)),
    op("get", "/api/v1/events/{event_id}", Gym(Member)).row(),
    op("put", "/api/v1/events/{event_id}", Gym(Trainer)).row().body(r#"{"title": "Taken over"}"#),
    op("delete", "/api/v1/events/{event_id}", Gym(Trainer)).row(),
    op("delete", "/api/v1/events/admin/{event_id}", Gym(Trainer)).row(),
    op("post", "/api/v1/worker/event-chat", Secret).body(r#"{"event_id": "{event_id}", "creator_id": 1, "gym_id": "{gym_id}"}"#),
    op("post", "/api/v1/worker/event-completion", Secret).body(r#"{"event_id": "{event_id}", "gym_id": "{gym_id}"}"#),
    op("get", "/api/v1/worker/events/due-completion", Secret),
    op("post", "/api/v1/worker/events/{event_id}/complete", Secret),

    op("get", "/api/v1/platform/queue/dead-letters", Platform),
    op("post", "/api/v1/platform/queue/dead-letters/{letter_id}/replay", Platform),
    op("get", "/api/v1/platform/outbox/dead", Platform),
    op("post", "/api/v1/platform/outbox/dead/replay", Platform),
    op("post", "/api/v1/platform/outbox/dead/{effect_id}/replay", Platform),
    op("get", "/api/v1/platform/jobs", Platform),
    op("post", "/api/v1/platform/notifications/send-to-segment", Platform).body(TO_SEGMENT),

    op("post", "/api/v1/schedule/calendar-feeds/me", Gym(Member)),
    op("delete", "/api/v1/schedule/calendar-feeds/me", Gym(Member)),
    op("post", "/api/v1/schedule/calendar-feeds/gym", Gym(Admin)),
    op("delete", "/api/v1/schedule/calendar-feeds/gym", Gym(Admin)),
    op("get", "/api/v1/schedule/calendar/{file}", Public),

    op("post", "/api/v1/attendance/check-in", Gym(Member)).body(r#"{"qr_code": "U1_0123456789abcdef"}"#),
    op("get", "/api/v1/users/last-attendance", Gym(Member)),
    op("get", "/api/v1/users/me/achievements", Gym(Member)),
    op("get", "/api/v1/users/me/achievements/next-milestones", Gym(Member)),
    op("get", "/api/v1/users/me/qr-code", Authenticated),
    op("get", "/api/v1/users/me/qr-code.svg", Authenticated),
    op("get", "/api/v1/users/me/qr-code.png", Authenticated),
    op("post", "/api/v1/users/me/qr-code/regenerate", Authenticated),

    op("get", "/api/v1/users/dashboard/summary", Gym(Member)),
    op("get", "/api/v1/users/dashboard/health", Public),
    op("get", "/api/v1/users/stats/comprehensive", Gym(Member)),
    op("get", "/api/v1/users/stats/fitness", Gym(Member)),
    op("get", "/api/v1/users/stats/social", Gym(Member)),
    op("get", "/api/v1/users/stats/health", Gym(Member)),
    op("post", "/api/v1/users/stats/refresh", Gym(Member)),
    op("post", "/api/v1/users/me/health/records", Gym(Member)).body(r#"{"weight": 70}"#),
    op("get", "/api/v1/users/me/health/records", Gym(Member)),
    op("post", "/api/v1/users/me/goals", Gym(Member)).body(GOAL),
    op("get", "/api/v1/users/me/goals", Gym(Member)),
    op("patch", "/api/v1/users/me/goals/{goal_id}", Gym(Member)).row().body(r#"{"title": "changed"}"#),

    op("post", "/api/v1/events/participation", Gym(Member)).row().body(r#"{"event_id": "{event_id}"}"#),
    op("get", "/api/v1/events/participation/me", Gym(Member)),
    op("post", "/api/v1/events/participation/bulk", Gym(Admin)).row().body(r#"{"event_id": "{event_id}", "user_ids": ["{member_id}"]}"#),
    op("get", "/api/v1/events/participation/event/{event_id}", Gym(Trainer)).row(),
    op("put", "/api/v1/events/participation/event/{event_id}/user/{user_id}", Gym(Trainer)).row().body(r#"{"attended": true}"#),
    op("get", "/api/v1/events/participation/{id}", Gym(Member)).row(),
    op("delete", "/api/v1/events/participation/{id}", Gym(Member)).row(),
    op("post", "/api/v1/events/participation/{participation_id}/confirm-payment", Gym(Member)).row().body("{}"),
    op("post", "/api/v1/events/participation/{participation_id}/payment-intent", Gym(Member)).row(),
    op("get", "/api/v1/events/admin/payments/events", Gym(Admin)),
    op("get", "/api/v1/events/admin/events/{event_id}/payments", Gym(Admin)).row(),
    op("post", "/api/v1/events/admin/participation/{participation_id}/refund", Gym(Admin)).row().body(r#"{"reason": "mine"}"#),
    op("put", "/api/v1/events/admin/participation/{participation_id}/payment-status", Gym(Admin)).row().body(r#"{"new_status": "EXPIRED"}"#),

    op("get", "/api/v1/context/workspace", GymOrDefault(Member)),
    op("get", "/api/v1/context/workspace/stats", GymOrDefault(Trainer)),
];
