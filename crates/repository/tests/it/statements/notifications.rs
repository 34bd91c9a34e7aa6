//! What people were told, what they refused, and the devices that they have.
use crate::rows::notifications::push;
use domain::{
    GymId, UserId,
    identity::user,
    kernel::time,
    notifications::{
        device::Platform,
        notification::{self, Channel},
        preference,
    },
};
use repository::{
    Db,
    notifications::{
        devices::{Devices, Registered, SeaDevices},
        preferences::{Preferences, SeaSaidPreferences},
        written::{SeaWritten, Written},
    },
};

/// Thirty devices and preferences of the person, and as many notifications by staff: the one that it returns is for the
/// people, the others are for the person.
pub async fn tell(db: &Db, gym: GymId, staff: UserId, person: UserId, people: &[user::Model]) -> notification::Model {
    for n in 0..30 {
        let device = Registered { user: person, token: format!("phone-{n}"), platform: Platform::Ios, at: time::now() };
        SeaDevices.register(db, device).await.unwrap();
    }
    let refused = (0..30).map(|n| preference::Create {
        user_id: person,
        kind: format!("kind-{n}"),
        channel: Channel::Push,
        enabled: false,
    });
    SeaSaidPreferences.save(db, gym, refused.collect()).await.unwrap();
    let sent = (0..30).map(|n| notification::Create {
        correlation: format!("staff:{n}"),
        created_by: Some(staff),
        ..push("announcement")
    });
    let mut sent = SeaWritten.write(db, gym, sent.collect()).await.unwrap();
    let told = sent.remove(0);
    let mut to: Vec<_> = sent.iter().map(|row| (row.id, person)).collect();
    to.extend(people.iter().map(|one| (told.id, one.id)));
    SeaWritten.address(db, gym, &to).await.unwrap();
    told
}
