//! The columns that name a picture: whose they are, and where their objects lie.
use crate::{
    Core, Refusal,
    access::GYM_NOT_FOUND,
    identity::profile::{USER_NOT_FOUND, stale},
    kernel::{cache_key::CacheKey, effect},
};
use async_trait::async_trait;
use domain::{
    GymId, UserId,
    identity::{gym, user},
    kernel::media::{PicturePlace, UploadKind},
};
use repository::{Conn, StoreError};

/// One column of one row.
#[async_trait]
pub(super) trait Slot: Copy + Send + Sync + 'static {
    type Row: Clone + Send + Sync + 'static;
    const UPLOAD: UploadKind;
    const NOT_FOUND: Refusal;

    /// Where its objects lie.
    fn place(self) -> PicturePlace;
    fn picture(row: &Self::Row) -> Option<&str>;
    /// The row, held until the transaction ends.
    async fn hold(self, core: &Core, tx: &Conn) -> Result<Option<Self::Row>, StoreError>;
    /// Names another picture where `expected` still stands (MED-28).
    async fn swap(
        self,
        core: &Core,
        tx: &Conn,
        expected: Option<String>,
        new: Option<String>,
    ) -> Result<bool, StoreError>;
    /// Who else is told.
    async fn tell(self, core: &Core, tx: &Conn) -> Result<(), StoreError>;
    /// What a change makes stale.
    async fn stale(self, core: &Core, conn: &Conn, row: &Self::Row) -> Result<Vec<CacheKey>, StoreError>;
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ProfileImage(pub UserId);

#[async_trait]
impl Slot for ProfileImage {
    type Row = user::Model;
    const UPLOAD: UploadKind = UploadKind::ProfileImage;
    const NOT_FOUND: Refusal = USER_NOT_FOUND;

    fn place(self) -> PicturePlace {
        PicturePlace::of_user(self.0)
    }
    fn picture(row: &user::Model) -> Option<&str> {
        row.picture.as_deref()
    }
    async fn hold(self, core: &Core, tx: &Conn) -> Result<Option<user::Model>, StoreError> {
        core.stores.users.by_id_for_update(tx, self.0).await
    }
    async fn swap(
        self,
        core: &Core,
        tx: &Conn,
        expected: Option<String>,
        new: Option<String>,
    ) -> Result<bool, StoreError> {
        core.stores.users.swap_picture(tx, self.0, expected, new).await
    }
    async fn tell(self, core: &Core, tx: &Conn) -> Result<(), StoreError> {
        core.effect(tx, effect::picture_sync(self.0)).await
    }
    async fn stale(self, core: &Core, conn: &Conn, row: &user::Model) -> Result<Vec<CacheKey>, StoreError> {
        let gyms = core.stores.people.gyms_of(conn, self.0).await?;
        Ok(stale(row, gyms.into_iter().map(|(gym, _)| gym)))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Logo(pub GymId);

#[async_trait]
impl Slot for Logo {
    type Row = gym::Model;
    const UPLOAD: UploadKind = UploadKind::Logo;
    const NOT_FOUND: Refusal = GYM_NOT_FOUND;

    fn place(self) -> PicturePlace {
        PicturePlace::of_logo(self.0)
    }
    fn picture(row: &gym::Model) -> Option<&str> {
        row.logo_url.as_deref()
    }
    async fn hold(self, core: &Core, tx: &Conn) -> Result<Option<gym::Model>, StoreError> {
        core.stores.gyms.by_id_for_update(tx, self.0).await
    }
    async fn swap(
        self,
        core: &Core,
        tx: &Conn,
        expected: Option<String>,
        new: Option<String>,
    ) -> Result<bool, StoreError> {
        core.stores.gyms.swap_logo(tx, self.0, expected, new).await
    }
    async fn tell(self, _: &Core, _: &Conn) -> Result<(), StoreError> {
        Ok(())
    }
    async fn stale(self, _: &Core, _: &Conn, _: &gym::Model) -> Result<Vec<CacheKey>, StoreError> {
        Ok(vec![CacheKey::GymDetails(self.0)])
    }
}
