//! Who may change whose role, and how a gym changes hands (IDN-22, IDN-50 … IDN-53).
use super::{Asker, LAST_OWNER, MembershipService, SUPER_ADMIN_TARGET, ids};
use crate::{Error, Refusal, Result};
use domain::{
    GymId,
    identity::{
        GymRole, PlatformRole, gym,
        membership::{self, MembershipType},
        role::{RoleChangeRefusal, may_change_role},
        user,
    },
};
use repository::Conn;

pub const OWN_ROLE: Refusal =
    Refusal::bad_request("own_role", "You cannot change your own role.", "No puedes cambiar tu propio rol.");
pub const ROLE_RANK: Refusal = Refusal::forbidden(
    "role_rank",
    "Only roles below your own can be changed.",
    "Solo puedes modificar roles inferiores al tuyo.",
);
pub const OWNERSHIP: Refusal = Refusal::forbidden(
    "ownership_transfer_forbidden",
    "Only the owner can hand the gym over.",
    "Solo el propietario puede traspasar el gimnasio.",
);
pub const OWNER_INACTIVE: Refusal = Refusal::conflict(
    "owner_inactive",
    "A deactivated account cannot own a gym.",
    "Una cuenta desactivada no puede ser propietaria de un gimnasio.",
);

impl From<RoleChangeRefusal> for Error {
    fn from(refusal: RoleChangeRefusal) -> Self {
        match refusal {
            RoleChangeRefusal::NotOwner => OWNERSHIP.into(),
            RoleChangeRefusal::TargetRank | RoleChangeRefusal::GrantRank => ROLE_RANK.into(),
        }
    }
}

impl MembershipService {
    /// Moves the ownership to `heir` and answers with everybody whose role changed, the heir first. The gym's row must
    /// be held; the old owner steps down first, for there is never more than one.
    pub(super) async fn hand_over(
        &self,
        tx: &Conn,
        gym: GymId,
        heir: &membership::Model,
    ) -> Result<Vec<membership::Model>> {
        let memberships = &self.core.stores.memberships;
        let mut changed = Vec::new();
        if let Some(owner) = self.core.stores.people.owner(tx, gym).await? {
            let step_down = membership::Update {
                role: Some(GymRole::Admin),
                membership_type: (owner.membership_type == MembershipType::Owner).then_some(MembershipType::Free),
                ..Default::default()
            };
            changed.push(memberships.update(tx, gym, owner.id, step_down).await?);
        }
        // an owner whose access is suspended could not open the door of their own gym
        let take_over = membership::Update {
            role: Some(GymRole::Owner),
            is_active: Some(true),
            membership_type: Some(MembershipType::Owner),
        };
        changed.insert(0, memberships.update(tx, gym, heir.id, take_over).await?);
        Ok(changed)
    }

    /// Answers with everybody whose standing changed, the target first; with the target alone and unchanged when the
    /// role was that already.
    pub(super) async fn set_role(
        &self,
        tx: &Conn,
        asker: Asker,
        gym: &gym::Model,
        (person, target): (user::Model, membership::Model),
        role: GymRole,
    ) -> Result<Vec<membership::Model>> {
        if person.role == PlatformRole::SuperAdmin {
            return Err(SUPER_ADMIN_TARGET.into());
        }
        if person.id == asker.id {
            return Err(OWN_ROLE.into());
        }
        may_change_role(self.present_role(tx, gym.id, asker).await?, target.role, role)?;
        if target.role == role {
            return Ok(vec![target]);
        }
        let changed = match role {
            GymRole::Owner if !person.is_active => return Err(OWNER_INACTIVE.into()),
            GymRole::Owner => self.hand_over(tx, gym.id, &target).await?,
            _ if target.role == GymRole::Owner => return Err(LAST_OWNER.into()),
            _ => {
                if role == GymRole::Member && target.is_active {
                    self.must_have_place(tx, gym).await?;
                }
                let patch = membership::Update { role: Some(role), ..Default::default() };
                vec![self.core.stores.memberships.update(tx, gym.id, target.id, patch).await?]
            }
        };
        self.power_changed(tx, gym.id, &ids(&changed)).await?;
        Ok(changed)
    }
}
