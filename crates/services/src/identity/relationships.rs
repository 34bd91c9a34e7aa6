//! Trainers and members who work together (IDN-78 … IDN-84).
use super::{memberships::NOT_IN_GYM, profile::USER_NOT_FOUND};
use crate::{Actor, Core, Error, Ports, Refusal, Result, Settings, access::GYM_NOT_FOUND, error::UniqueMeans};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    GymId, RelationshipId, UserId,
    identity::{
        GymRole,
        relationship::{
            self, NewRelationship, Party, RelationshipPatch, RelationshipStatus, change, dates_on_creation, is_member,
            is_trainer, may_change, party, status_on_creation,
        },
        user,
    },
    kernel::validation::{Invalid, check},
};
use repository::{Page, StoreError, identity::relationship as related};
use serde::Serialize;
use utoipa::ToSchema;

pub const RELATIONSHIP_NOT_FOUND: Refusal =
    Refusal::not_found("relationship_not_found", "There is no such relationship.", "La relación no existe.");
pub const NOT_A_PARTY: Refusal = Refusal::forbidden(
    "not_a_party",
    "Only trainer, member and administrators see and change a relationship.",
    "Solo el entrenador, el miembro y los administradores ven y modifican una relación.",
);
pub const CREATION_FORBIDDEN: Refusal = Refusal::forbidden(
    "relationship_forbidden",
    "Trainers relate themselves to members, and members themselves to trainers.",
    "El entrenador solo puede relacionarse a sí mismo, y el miembro también.",
);
pub const MEMBER_CHANGE: Refusal = Refusal::forbidden(
    "change_forbidden",
    "A member can only pause an active relationship, or end it.",
    "El miembro solo puede pausar una relación activa o terminarla.",
);
pub const SAME_PERSON: Refusal = Refusal::bad_request(
    "same_person",
    "Trainer and member must be two people.",
    "El entrenador y el miembro deben ser dos personas.",
);
pub const NOT_A_TRAINER: Refusal =
    Refusal::bad_request("not_a_trainer", "This user is not a trainer.", "El usuario no es entrenador.");
pub const NOT_A_GYM_MEMBER: Refusal =
    Refusal::bad_request("not_a_gym_member", "This user is not a member.", "El usuario no es miembro.");
pub const RELATED_ALREADY: Refusal = Refusal::bad_request(
    "relationship_exists",
    "These two are related already.",
    "Ya existe una relación entre estas dos personas.",
);

/// What one sees of a relationship.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = TrainerMemberRelationship)]
pub struct Relationship {
    pub id: RelationshipId,
    pub trainer_id: UserId,
    pub member_id: UserId,
    pub status: RelationshipStatus,
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub start_date: Option<DateTime<Utc>>,
    pub end_date: Option<DateTime<Utc>>,
    pub created_by: Option<UserId>,
}

impl From<relationship::Model> for Relationship {
    fn from(r: relationship::Model) -> Self {
        Self {
            id: r.id,
            trainer_id: r.trainer_id,
            member_id: r.member_id,
            status: r.status,
            notes: r.notes,
            created_at: r.created_at,
            updated_at: Some(r.updated_at),
            start_date: r.start_date,
            end_date: r.end_date,
            created_by: r.created_by,
        }
    }
}

/// The other side of a relationship.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RelatedUser {
    pub id: UserId,
    pub full_name: String,
    #[schema(format = "email")]
    pub email: String,
    pub picture: Option<String>,
    pub relationship_id: RelationshipId,
    pub relationship_status: RelationshipStatus,
    pub relationship_start_date: Option<DateTime<Utc>>,
}

impl From<related::RelatedUser> for RelatedUser {
    fn from(r: related::RelatedUser) -> Self {
        Self {
            id: r.id,
            full_name: user::full_name(r.first_name.as_deref(), r.last_name.as_deref()),
            email: r.email,
            picture: r.picture,
            relationship_id: r.relationship_id,
            relationship_status: r.relationship_status,
            relationship_start_date: r.relationship_start_date,
        }
    }
}

#[async_trait]
pub trait Relationships: Send + Sync {
    /// Relates a trainer and a member of the gym. A member asks, and the relationship is pending whatever they asked
    /// for (IDN-78, IDN-79). Member guard.
    async fn create(&self, actor: &Actor, input: NewRelationship) -> Result<Relationship>;
    /// All of the gym, newest first (IDN-84). Admin guard.
    async fn list(&self, actor: &Actor, status: Option<RelationshipStatus>, page: Page) -> Result<Vec<Relationship>>;
    /// Whom a trainer works with, newest first: for themself and for administrators (IDN-83).
    async fn members_of(&self, actor: &Actor, trainer: UserId, page: Page) -> Result<Vec<RelatedUser>>;
    /// Who works with a member, newest first: for themself and for administrators (IDN-83).
    async fn trainers_of(&self, actor: &Actor, member: UserId, page: Page) -> Result<Vec<RelatedUser>>;
    /// Whom the caller works with as a trainer.
    async fn my_members(&self, actor: &Actor, page: Page) -> Result<Vec<RelatedUser>>;
    /// Who works with the caller as a member.
    async fn my_trainers(&self, actor: &Actor, page: Page) -> Result<Vec<RelatedUser>>;
    /// For its parties and for administrators (IDN-82).
    async fn get(&self, actor: &Actor, id: RelationshipId) -> Result<Relationship>;
    /// By the trainer or an administrator; the member pauses and ends (IDN-81).
    async fn update(&self, actor: &Actor, id: RelationshipId, patch: RelationshipPatch) -> Result<Relationship>;
    /// Removes the row and answers with it (IDN-82). Admin guard.
    async fn delete(&self, actor: &Actor, id: RelationshipId) -> Result<Relationship>;
}

pub struct RelationshipService {
    core: Core,
}

/// The role that decides; `None` for the platform's administrators, whatever they are in the gym.
fn power(actor: &Actor) -> Option<GymRole> {
    actor.role().filter(|_| !actor.is_super_admin())
}

fn party_of(actor: &Actor, row: &relationship::Model) -> Result<Party> {
    let administrator = actor.is_at_least(GymRole::Admin);
    let party = party(actor.user_id(), administrator, row.trainer_id, row.member_id);
    Ok(party.ok_or(NOT_A_PARTY)?)
}

fn must_be_self_or_admin(actor: &Actor, subject: UserId) -> Result<()> {
    if subject == actor.user_id() { Ok(()) } else { actor.must_be(GymRole::Admin) }
}

impl RelationshipService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    async fn members(&self, gym: GymId, trainer: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        let rows = self.core.stores.related.members_of(&self.core.db, gym, trainer, page).await?;
        Ok(rows.into_iter().map(RelatedUser::from).collect())
    }

    async fn trainers(&self, gym: GymId, member: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        let rows = self.core.stores.related.trainers_of(&self.core.db, gym, member, page).await?;
        Ok(rows.into_iter().map(RelatedUser::from).collect())
    }
}

#[async_trait]
impl Relationships for RelationshipService {
    async fn create(&self, actor: &Actor, input: NewRelationship) -> Result<Relationship> {
        actor.must_be(GymRole::Member)?;
        let status = status_on_creation(actor.user_id(), power(actor), &input).ok_or(CREATION_FORBIDDEN)?;
        check(&input)?;
        if input.trainer_id == input.member_id {
            return Err(SAME_PERSON.into());
        }
        let (stores, gym) = (&self.core.stores, actor.gym_id());
        let created = self
            .core
            .db
            .run(async |tx| {
                // whoever is removed from the gym meanwhile takes their relationships with them: one after the other
                let row = stores.gyms.by_id_for_update(&tx, gym).await?.ok_or(GYM_NOT_FOUND)?;
                let (trainer, as_trainer) =
                    stores.people.person(&tx, gym, input.trainer_id).await?.ok_or(NOT_IN_GYM)?;
                let (member, as_member) = stores.people.person(&tx, gym, input.member_id).await?.ok_or(NOT_IN_GYM)?;
                if !is_trainer(trainer.role, Some(as_trainer.role), row.kind) {
                    return Err(NOT_A_TRAINER.into());
                }
                if !is_member(member.role, Some(as_member.role)) {
                    return Err(NOT_A_GYM_MEMBER.into());
                }
                let (start_date, end_date) = dates_on_creation(status, self.core.clock.now());
                let new = relationship::Create {
                    trainer_id: input.trainer_id,
                    member_id: input.member_id,
                    status,
                    start_date,
                    end_date,
                    notes: input.notes.clone(),
                    created_by: Some(actor.user_id()),
                };
                stores.relationships.create(&tx, gym, new).await.unique_means(RELATED_ALREADY)
            })
            .await?;
        Ok(created.into())
    }

    async fn list(&self, actor: &Actor, status: Option<RelationshipStatus>, page: Page) -> Result<Vec<Relationship>> {
        actor.must_be(GymRole::Admin)?;
        let rows = self.core.stores.related.newest(&self.core.db, actor.gym_id(), status, page).await?;
        Ok(rows.into_iter().map(Relationship::from).collect())
    }

    async fn members_of(&self, actor: &Actor, trainer: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        must_be_self_or_admin(actor, trainer)?;
        let person = self.core.stores.people.person(&self.core.db, actor.gym_id(), trainer).await?;
        let (row, membership) = person.ok_or(USER_NOT_FOUND)?;
        if !is_trainer(row.role, Some(membership.role), actor.gym().kind) {
            return Err(NOT_A_TRAINER.into());
        }
        self.members(actor.gym_id(), trainer, page).await
    }

    async fn trainers_of(&self, actor: &Actor, member: UserId, page: Page) -> Result<Vec<RelatedUser>> {
        must_be_self_or_admin(actor, member)?;
        let person = self.core.stores.people.person(&self.core.db, actor.gym_id(), member).await?;
        let (row, membership) = person.ok_or(USER_NOT_FOUND)?;
        if !is_member(row.role, Some(membership.role)) {
            return Err(NOT_A_GYM_MEMBER.into());
        }
        self.trainers(actor.gym_id(), member, page).await
    }

    async fn my_members(&self, actor: &Actor, page: Page) -> Result<Vec<RelatedUser>> {
        actor.must_be(GymRole::Member)?;
        if !is_trainer(actor.caller().identity().role, actor.role(), actor.gym().kind) {
            return Err(NOT_A_TRAINER.into());
        }
        self.members(actor.gym_id(), actor.user_id(), page).await
    }

    async fn my_trainers(&self, actor: &Actor, page: Page) -> Result<Vec<RelatedUser>> {
        actor.must_be(GymRole::Member)?;
        if !is_member(actor.caller().identity().role, actor.role()) {
            return Err(NOT_A_GYM_MEMBER.into());
        }
        self.trainers(actor.gym_id(), actor.user_id(), page).await
    }

    async fn get(&self, actor: &Actor, id: RelationshipId) -> Result<Relationship> {
        actor.must_be(GymRole::Member)?;
        let found = self.core.stores.relationships.get(&self.core.db, actor.gym_id(), id).await?;
        let row = found.ok_or(RELATIONSHIP_NOT_FOUND)?;
        party_of(actor, &row)?;
        Ok(row.into())
    }

    async fn update(&self, actor: &Actor, id: RelationshipId, patch: RelationshipPatch) -> Result<Relationship> {
        actor.must_be(GymRole::Member)?;
        check(&patch)?;
        let (relationships, gym) = (&self.core.stores.relationships, actor.gym_id());
        let updated = self
            .core
            .db
            .run(async |tx| {
                let row = relationships.get_for_update(&tx, gym, id).await?.ok_or(RELATIONSHIP_NOT_FOUND)?;
                if !may_change(party_of(actor, &row)?, &row, &patch) {
                    return Err(MEMBER_CHANGE.into());
                }
                let patch = change(&row, patch.clone(), self.core.clock.now())
                    .map_err(|_| Invalid::field("end_date", "must not be before start_date"))?;
                Ok::<_, Error>(relationships.update(&tx, gym, id, patch).await?)
            })
            .await?;
        Ok(updated.into())
    }

    async fn delete(&self, actor: &Actor, id: RelationshipId) -> Result<Relationship> {
        actor.must_be(GymRole::Admin)?;
        match self.core.stores.relationships.remove(&self.core.db, actor.gym_id(), id).await {
            Ok(row) => Ok(row.into()),
            Err(StoreError::NotFound { .. }) => Err(RELATIONSHIP_NOT_FOUND.into()),
            Err(e) => Err(e.into()),
        }
    }
}
