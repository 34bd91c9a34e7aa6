//! Platform roles, gym roles, and which is the highest (IDN-18 … IDN-22).
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The role inside one gym.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum, utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = GymRoleType)]
pub enum GymRole {
    Owner,
    Admin,
    Trainer,
    Member,
}

impl GymRole {
    /// OWNER 4 > ADMIN 3 > TRAINER 2 > MEMBER 1 (IDN-18).
    pub fn rank(self) -> u8 {
        match self {
            Self::Owner => 4,
            Self::Admin => 3,
            Self::Trainer => 2,
            Self::Member => 1,
        }
    }
    pub fn at_least(self, other: Self) -> bool {
        self.rank() >= other.rank()
    }
    pub fn is_staff(self) -> bool {
        self != Self::Member
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Admin => "ADMIN",
            Self::Trainer => "TRAINER",
            Self::Member => "MEMBER",
        }
    }
    /// The role as the reference's user shapes name it: an owner is an ADMIN there (IDN-57).
    pub fn as_platform(self) -> PlatformRole {
        match self {
            Self::Owner | Self::Admin => PlatformRole::Admin,
            Self::Trainer => PlatformRole::Trainer,
            Self::Member => PlatformRole::Member,
        }
    }
}

/// The role on the whole platform, on the user's row.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumIter,
    DeriveActiveEnum,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = UserRole)]
pub enum PlatformRole {
    SuperAdmin,
    Admin,
    Trainer,
    #[default]
    Member,
}

impl PlatformRole {
    /// The roles inside a gym that [`GymRole::as_platform`] shows as this one.
    pub fn in_gym(self) -> &'static [GymRole] {
        match self {
            Self::SuperAdmin => &[],
            Self::Admin => &[GymRole::Owner, GymRole::Admin],
            Self::Trainer => &[GymRole::Trainer],
            Self::Member => &[GymRole::Member],
        }
    }
}

/// What the identity provider is told: the highest role over the platform and every gym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighestRole {
    SuperAdmin,
    Owner,
    Admin,
    Trainer,
    Member,
}

impl HighestRole {
    pub const ALL: [Self; 5] = [Self::SuperAdmin, Self::Owner, Self::Admin, Self::Trainer, Self::Member];

    /// The larger priority wins, the platform role on a tie, MEMBER when there is nothing (IDN-19).
    ///
    /// `gym_roles` are those of active memberships in active gyms.
    pub fn of(platform: Option<PlatformRole>, gym_roles: impl IntoIterator<Item = GymRole>) -> Self {
        let platform = platform.map_or((0, Self::Member), |role| match role {
            PlatformRole::SuperAdmin => (100, Self::SuperAdmin),
            PlatformRole::Admin => (80, Self::Admin),
            PlatformRole::Trainer => (60, Self::Trainer),
            PlatformRole::Member => (40, Self::Member),
        });
        let gym = gym_roles.into_iter().map(|role| match role {
            GymRole::Owner => (90, Self::Owner),
            GymRole::Admin => (70, Self::Admin),
            GymRole::Trainer => (50, Self::Trainer),
            GymRole::Member => (30, Self::Member),
        });
        gym.fold(platform, |best, next| if next.0 > best.0 { next } else { best }).1
    }

    /// The role's name at the identity provider (IDN-20).
    pub fn provider_name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SuperAdmin",
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Trainer => "Trainer",
            Self::Member => "Member",
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::Owner => "OWNER",
            Self::Admin => "ADMIN",
            Self::Trainer => "TRAINER",
            Self::Member => "MEMBER",
        }
    }

    /// The scopes that tokens of this role carry (IDN-20).
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::SuperAdmin => &[
                "tenant:admin",
                "tenant:read",
                "user:admin",
                "user:write",
                "user:read",
                "resource:admin",
                "resource:write",
                "resource:read",
            ],
            Self::Owner => &[
                "tenant:admin",
                "tenant:read",
                "user:write",
                "user:read",
                "resource:admin",
                "resource:write",
                "resource:read",
            ],
            Self::Admin => {
                &["tenant:read", "user:write", "user:read", "resource:admin", "resource:write", "resource:read"]
            }
            Self::Trainer | Self::Member => &["tenant:read", "user:read", "resource:write", "resource:read"],
        }
    }
}

/// What brings an account's roles at the identity provider to the wanted one (IDN-89).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDifference {
    pub add: Option<&'static str>,
    /// Managed roles that the account should not hold; foreign ones stay.
    pub remove: Vec<String>,
}

impl RoleDifference {
    pub fn between(held: &[String], wanted: HighestRole) -> Self {
        let wanted = wanted.provider_name();
        let managed = |name: &str| HighestRole::ALL.iter().any(|role| role.provider_name() == name);
        Self {
            add: (!held.iter().any(|name| name == wanted)).then_some(wanted),
            remove: held.iter().filter(|name| managed(name) && *name != wanted).cloned().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.add.is_none() && self.remove.is_empty()
    }
}

/// Why a role may not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleChangeRefusal {
    /// The caller does not rank strictly above the target's role.
    TargetRank,
    /// The caller may grant at most their own rank.
    GrantRank,
    /// Granting OWNER is a transfer, and only the OWNER or the platform transfers a gym (IDN-52).
    NotOwner,
}

/// The rank rule of role changes (IDN-22). `caller` is `None` for the platform's own administrators, who pass.
/// An OWNER granting OWNER hands the gym over.
pub fn may_change_role(caller: Option<GymRole>, current: GymRole, new: GymRole) -> Result<(), RoleChangeRefusal> {
    let Some(caller) = caller else { return Ok(()) };
    if new == GymRole::Owner && caller != GymRole::Owner {
        return Err(RoleChangeRefusal::NotOwner);
    }
    if caller.rank() <= current.rank() {
        return Err(RoleChangeRefusal::TargetRank);
    }
    if new.rank() > caller.rank() {
        return Err(RoleChangeRefusal::GrantRank);
    }
    Ok(())
}

/// Why a membership may not be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalRefusal {
    /// Members and trainers remove nobody but themselves.
    Others,
    /// Administrators do not remove themselves.
    Own,
    /// The caller does not rank strictly above the target.
    Rank,
    /// The gym would be without an owner (IDN-53).
    LastOwner,
}

/// Who may end a membership (IDN-48, IDN-53). `caller` is `None` for the platform's own administrators; `own` says
/// that the membership is the caller's. A gym has one OWNER, so an OWNER is always the last.
pub fn may_remove(caller: Option<GymRole>, target: GymRole, own: bool) -> Result<(), RemovalRefusal> {
    if target == GymRole::Owner && (own || caller.is_none()) {
        return Err(RemovalRefusal::LastOwner);
    }
    let Some(caller) = caller else { return Ok(()) };
    match (caller.at_least(GymRole::Admin), own) {
        (false, true) => Ok(()),
        (false, false) => Err(RemovalRefusal::Others),
        (true, true) => Err(RemovalRefusal::Own),
        (true, false) if caller.rank() <= target.rank() => Err(RemovalRefusal::Rank),
        (true, false) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use GymRole as G;
    use PlatformRole as P;

    #[test]
    fn idn_19_the_highest_role_over_every_mix() {
        let cases: [(Option<P>, &[G], HighestRole); 11] = [
            (None, &[], HighestRole::Member),
            (Some(P::Member), &[], HighestRole::Member),
            (Some(P::SuperAdmin), &[G::Owner], HighestRole::SuperAdmin),
            (Some(P::Admin), &[G::Admin], HighestRole::Admin),
            (Some(P::Admin), &[G::Owner], HighestRole::Owner),
            (Some(P::Trainer), &[G::Admin], HighestRole::Admin),
            (Some(P::Trainer), &[G::Trainer], HighestRole::Trainer),
            (Some(P::Member), &[G::Trainer], HighestRole::Trainer),
            (Some(P::Member), &[G::Member, G::Owner, G::Admin], HighestRole::Owner),
            (None, &[G::Member], HighestRole::Member),
            (Some(P::Member), &[G::Member], HighestRole::Member),
        ];
        for (platform, gyms, want) in cases {
            assert_eq!(HighestRole::of(platform, gyms.iter().copied()), want, "{platform:?} {gyms:?}");
        }
    }

    #[test]
    fn idn_18_ranks_and_guards() {
        assert!(G::Owner.at_least(G::Admin) && G::Admin.at_least(G::Trainer) && G::Trainer.at_least(G::Member));
        assert!(!G::Member.at_least(G::Trainer) && !G::Trainer.at_least(G::Admin) && !G::Admin.at_least(G::Owner));
    }

    #[test]
    fn idn_57_a_gym_is_searched_for_the_roles_that_its_answers_show() {
        for role in [P::SuperAdmin, P::Admin, P::Trainer, P::Member] {
            let shown_as: Vec<_> =
                [G::Owner, G::Admin, G::Trainer, G::Member].into_iter().filter(|g| g.as_platform() == role).collect();
            assert_eq!(role.in_gym(), shown_as);
        }
    }

    /// Edge case 8: caller × target × new role.
    #[test]
    fn idn_22_the_rank_rule_over_the_whole_matrix() {
        let roles = [G::Owner, G::Admin, G::Trainer, G::Member];
        for caller in roles {
            for current in roles {
                for new in roles {
                    let allowed = may_change_role(Some(caller), current, new).is_ok();
                    let want = caller.rank() > current.rank()
                        && new.rank() <= caller.rank()
                        && (new != G::Owner || caller == G::Owner);
                    assert_eq!(allowed, want, "{caller:?} changes {current:?} to {new:?}");
                    assert!(may_change_role(None, current, new).is_ok());
                }
            }
        }
    }

    #[test]
    fn idn_48_members_remove_themselves_and_administrators_whom_they_outrank() {
        let roles = [G::Owner, G::Admin, G::Trainer, G::Member];
        for caller in roles {
            for target in roles {
                let want = match caller {
                    G::Member | G::Trainer => Err(RemovalRefusal::Others),
                    _ if caller.rank() > target.rank() => Ok(()),
                    _ => Err(RemovalRefusal::Rank),
                };
                assert_eq!(may_remove(Some(caller), target, false), want, "{caller:?} removes {target:?}");
            }
        }
        assert_eq!(may_remove(Some(G::Member), G::Member, true), Ok(()));
        assert_eq!(may_remove(Some(G::Trainer), G::Trainer, true), Ok(()));
        assert_eq!(may_remove(Some(G::Admin), G::Admin, true), Err(RemovalRefusal::Own));
        for target in [G::Admin, G::Trainer, G::Member] {
            assert_eq!(may_remove(None, target, false), Ok(()));
        }
    }

    #[test]
    fn idn_89_the_difference_leaves_foreign_roles_alone() {
        for (held, wanted, add, remove) in [
            (&[][..], HighestRole::Owner, Some("Owner"), &[][..]),
            (&["Owner"], HighestRole::Owner, None, &[]),
            (&["Owner", "Billing"], HighestRole::Member, Some("Member"), &["Owner"]),
            (&["Admin", "Trainer", "Member"], HighestRole::Admin, None, &["Trainer", "Member"]),
            (&["admin", "Auditor"], HighestRole::Admin, Some("Admin"), &[]),
        ] {
            let held: Vec<String> = held.iter().map(ToString::to_string).collect();
            let got = RoleDifference::between(&held, wanted);
            assert_eq!((got.add, got.remove.iter().map(String::as_str).collect::<Vec<_>>()), (add, remove.to_vec()));
            assert_eq!(got.is_empty(), add.is_none() && remove.is_empty());
        }
    }

    #[test]
    fn idn_53_nobody_removes_the_last_owner() {
        assert_eq!(may_remove(Some(G::Owner), G::Owner, true), Err(RemovalRefusal::LastOwner));
        assert_eq!(may_remove(None, G::Owner, false), Err(RemovalRefusal::LastOwner));
        assert!(may_remove(Some(G::Admin), G::Owner, false).is_err());
    }

    #[test]
    fn idn_20_every_role_below_the_platform_lacks_the_platform_scopes() {
        assert_eq!(HighestRole::SuperAdmin.scopes().len(), 8);
        assert!(!HighestRole::Owner.scopes().contains(&"user:admin"));
        assert!(HighestRole::Member.scopes().contains(&"resource:write"));
        for role in HighestRole::ALL {
            assert!(!role.scopes().contains(&"admin:modules"));
        }
    }
}
