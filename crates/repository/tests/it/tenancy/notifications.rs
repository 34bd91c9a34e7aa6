use super::contract;
use crate::rows::notifications::push;
use domain::{
    UserId,
    notifications::{
        notification::{self, Channel, NotificationStatus},
        preference, recipient, settings,
    },
};
use repository::notifications::written::{SeaWritten, Written};
use testkit::{both, world::World};

both! {
    async fn idn_118_notifications_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let mut people: Vec<UserId> = Vec::new();
        for n in 0..3 {
            people.push(world.user(&format!("p{n}")).await.id);
        }
        let sent = || notification::Update { status: Some(NotificationStatus::Sent), ..Default::default() };
        contract::<notification::Entity>(&t.db, mine, other, 3, |_| push("announcement"), sent).await;
        let row = SeaWritten.write(&t.db, mine, vec![push("announcement")]).await.unwrap().remove(0);
        let told = |n: u64| recipient::Create { notification_id: row.id, user_id: people[n as usize] };
        let read = || recipient::Update { read_at: Some(Some(row.created_at)) };
        contract::<recipient::Entity>(&t.db, mine, other, 3, told, read).await;
        let refused = |n: u64| preference::Create {
            user_id: people[n as usize],
            kind: preference::ALL.into(),
            channel: Channel::Push,
            enabled: false,
        };
        let wanted = || preference::Update { enabled: Some(true) };
        contract::<preference::Entity>(&t.db, mine, other, 3, refused, wanted).await;
        let announced = || settings::Update { announce_events: Some(true), ..Default::default() };
        contract::<settings::Entity>(&t.db, mine, other, 1, |_| settings::Create::default(), announced).await;
    }
}
