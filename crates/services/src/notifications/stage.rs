//! What other contexts tell, by itself, for tests of how it arrives.
use super::notify::{MailNotice, Notice};
use crate::{Core, Error, Result};
use domain::GymId;

impl Core {
    pub async fn stage_notice(&self, notice: Notice<'_>) -> Result<usize> {
        self.db.run(async |tx| Ok::<_, Error>(self.notify(&tx, notice.clone()).await?)).await
    }

    pub async fn stage_mail(&self, notice: MailNotice<'_>) -> Result<usize> {
        self.db.run(async |tx| Ok::<_, Error>(self.mail(&tx, notice.clone()).await?)).await
    }

    pub async fn stage_withdrawal(&self, gym: GymId, correlation: &str) -> Result<u64> {
        let correlations = [correlation.to_owned()];
        self.db.run(async |tx| Ok::<_, Error>(self.withdraw(&tx, gym, &correlations).await?)).await
    }
}
