use domain::{
    GymId, UserId,
    kernel::{text::Text, time},
    notifications::{
        device::Platform,
        notification::{self, Channel, NotificationStatus},
        preference, settings,
    },
};
use repository::{
    Db, Repository,
    notifications::{
        SeaNotificationSettings, SeaPreferences,
        dedupe::{Said, SeaSaid},
        devices::{Devices, Registered, SeaDevices},
        written::{SeaWritten, Written},
    },
};

pub fn push(kind: &str) -> notification::Create {
    notification::Create {
        uuid: uuid::Uuid::new_v4().to_string(),
        kind: kind.to_owned(),
        channel: Channel::Push,
        status: NotificationStatus::Pending,
        titles: Text::same("ñ"),
        bodies: Text { en: "day".into(), es: "día".into() },
        data: serde_json::json!({ "type": kind }),
        mail: None,
        collapse_id: None,
        members_only: true,
        send_after: None,
        expires_at: time::now(),
        recipients: 1,
        correlation: "c".into(),
        created_by: None,
    }
}

pub async fn fill(db: &Db, gym: GymId, user: UserId, name: &str) {
    let device = Registered { user, token: format!("token-{name}"), platform: Platform::Ios, at: time::now() };
    SeaDevices.register(db, device).await.expect("a device");
    let written = SeaWritten.write(db, gym, vec![push("announcement")]).await.expect("a notification");
    SeaWritten.address(db, gym, &[(written[0].id, user)]).await.expect("a recipient");
    SeaSaid.claim(db, vec![format!("said:{name}")]).await.expect("a key");
    let refused =
        preference::Create { user_id: user, kind: "announcement".into(), channel: Channel::Email, enabled: false };
    SeaPreferences::default().create(db, gym, refused).await.expect("a preference");
    SeaNotificationSettings::default().create(db, gym, settings::Create::default()).await.expect("settings");
}
