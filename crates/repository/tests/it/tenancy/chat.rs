use super::contract;
use domain::chat::room::{self, RoomKind, RoomStatus, StreamState};
use testkit::{both, world::World};

both! {
    async fn idn_118_chat_rooms_of_another_gym_are_not_found(t: TestDb) {
        let world = World::new(&t.db);
        let (mine, other) = (world.gym("mine").await.id, world.gym("other").await.id);
        let made = |n| room::Create {
            kind: RoomKind::Group,
            stream_channel_id: format!("gym_{mine}_room_{n}"),
            stream_channel_type: "messaging".into(),
            name: Some("Room".into()),
            event_id: None,
            creator_id: None,
            status: RoomStatus::Active,
            stream_state: StreamState::Ready,
        };
        let closed = || room::Update { status: Some(RoomStatus::Closed), ..Default::default() };
        contract::<room::Entity>(&t.db, mine, other, 3, made, closed).await;
    }
}
