//! A person, on the whole platform.
use super::{Claims, PlatformRole};
use crate::{
    UserId,
    kernel::{
        patch,
        validation::{Invalid, check},
    },
};
use chrono::{DateTime, Utc};
use garde::Validate;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: UserId,
    /// Unique without regard to case.
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub is_active: bool,
    /// Always says whether `role` is SUPER_ADMIN.
    pub is_superuser: bool,
    pub role: PlatformRole,
    /// The `sub` of the person's tokens.
    pub auth0_id: Option<String>,
    pub picture: Option<String>,
    pub locale: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub auth0_metadata: Option<Json>,
    pub phone_number: Option<String>,
    pub birth_date: Option<DateTime<Utc>>,
    /// Centimetres.
    pub height: Option<f64>,
    /// Kilograms.
    pub weight: Option<f64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub bio: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub goals: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub health_conditions: Option<String>,
    pub color: Option<String>,
    pub qr_code: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

crate::stamped!();

impl Model {
    /// First and last name, as far as they are known.
    pub fn full_name(&self) -> String {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }
    pub fn is_super_admin(&self) -> bool {
        self.role == PlatformRole::SuperAdmin
    }
}

pub fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    [first, last].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A row to insert.
#[derive(Clone, Debug, PartialEq)]
pub struct Create {
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: PlatformRole,
    pub auth0_id: Option<String>,
    pub picture: Option<String>,
    pub locale: Option<String>,
    pub auth0_metadata: Option<Json>,
    pub phone_number: Option<String>,
    pub bio: Option<String>,
}

impl Create {
    /// The row of somebody who was never seen before (IDN-13).
    pub fn from_claims(claims: &Claims) -> Self {
        let name = claims.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let (first, last) = match name.and_then(|name| name.split_once(' ')) {
            Some((first, rest)) => (Some(first.to_owned()), Some(rest.trim().to_owned())),
            None => (name.map(str::to_owned).or_else(|| claims.nickname.clone()), None),
        };
        Self {
            email: claims.email.clone().unwrap_or_else(|| placeholder_email(&claims.sub)),
            first_name: first,
            last_name: last,
            role: PlatformRole::Member,
            auth0_id: Some(claims.sub.clone()),
            picture: claims.picture.clone(),
            locale: claims.locale.as_ref().map(|l| l.chars().take(5).collect()),
            auth0_metadata: Some(Json::Object(claims.raw.clone())),
            phone_number: None,
            bio: None,
        }
    }
}

/// `temp_{sub with | replaced by _}@example.com`
pub fn placeholder_email(sub: &str) -> String {
    format!("temp_{}@example.com", sub.replace('|', "_"))
}

/// What a person may change of themself (IDN-54). Only fields that are present change.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = UserProfileUpdate)]
#[serde(default)]
pub struct ProfilePatch {
    #[garde(inner(inner(length(chars, min = 1, max = 100))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    pub first_name: Option<Option<String>>,
    #[garde(inner(inner(length(chars, min = 1, max = 100))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    pub last_name: Option<Option<String>>,
    #[garde(skip)]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub birth_date: Option<Option<DateTime<Utc>>>,
    /// Centimetres.
    #[garde(inner(inner(range(min = 0.0))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub height: Option<Option<f64>>,
    /// Kilograms.
    #[garde(inner(inner(range(min = 0.0))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    pub weight: Option<Option<f64>>,
    #[garde(inner(inner(length(chars, max = 500))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub bio: Option<Option<String>>,
    #[garde(inner(inner(length(chars, max = 1000))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub goals: Option<Option<String>>,
    #[garde(inner(inner(pattern(r"^#[0-9A-Fa-f]{6}$"))))]
    #[serde(deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, pattern = "^#[0-9A-Fa-f]{6}$")]
    pub color: Option<Option<String>>,
}

/// What the platform's administrators may change of anybody (IDN-65). `gym_role` and `qr_code` in a body are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = UserUpdate)]
pub struct PlatformPatch {
    /// Flat in the body, so checked apart from the rest: see [`Self::check`].
    #[serde(flatten)]
    #[garde(skip)]
    pub profile: ProfilePatch,
    #[garde(inner(email))]
    #[schema(format = "email")]
    pub email: Option<String>,
    #[garde(skip)]
    pub is_active: Option<bool>,
    /// Follows the role, so what a body says of it is ignored.
    #[garde(skip)]
    pub is_superuser: Option<bool>,
    #[garde(skip)]
    pub role: Option<PlatformRole>,
    #[garde(inner(inner(length(chars, max = 50))))]
    #[serde(default, deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub phone_number: Option<Option<String>>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "patch::present")]
    #[schema(value_type = Option<String>)]
    pub health_conditions: Option<Option<String>>,
}

impl PlatformPatch {
    /// Checks every field, each under the name that it has in the body.
    pub fn check(&self) -> Result<(), Invalid> {
        let broken = [check(&self.profile), check(self)].into_iter().filter_map(Result::err);
        let fields: Vec<_> = broken.flat_map(|invalid| invalid.0).collect();
        if fields.is_empty() { Ok(()) } else { Err(Invalid(fields)) }
    }

    /// Whether a SUPER_ADMIN whom this is done to is one no longer, or no longer an active one (IDN-65).
    pub fn ends_super_admin(&self) -> bool {
        self.is_active == Some(false) || self.role.is_some_and(|role| role != PlatformRole::SuperAdmin)
    }
}

/// The platform is never without an active administrator (IDN-65). `active` are all of them now.
pub fn is_last_super_admin(active: &[UserId], person: UserId) -> bool {
    active == [person]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(extra: Json) -> Claims {
        let mut raw = json!({"sub": "auth0|7"});
        raw.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Claims::from_payload(raw.as_object().unwrap().clone()).unwrap().unwrap()
    }

    #[test]
    fn idn_13_a_new_user_takes_names_from_the_token() {
        let row = Create::from_claims(&claims(json!({"name": "Ana de la Torre", "email": "Ana@x.es"})));
        assert_eq!((row.first_name.as_deref(), row.last_name.as_deref()), (Some("Ana"), Some("de la Torre")));
        assert_eq!((row.email.as_str(), row.role), ("Ana@x.es", PlatformRole::Member));
        let row = Create::from_claims(&claims(json!({"name": "Cher"})));
        assert_eq!((row.first_name.as_deref(), row.last_name), (Some("Cher"), None));
        assert_eq!(row.email, "temp_auth0_7@example.com");
        let row = Create::from_claims(&claims(json!({"nickname": "bob"})));
        assert_eq!(row.first_name.as_deref(), Some("bob"));
    }

    #[test]
    fn idn_54_profile_limits() {
        let patch = |v| serde_json::from_value::<ProfilePatch>(v).unwrap();
        for good in
            [json!({}), json!({"bio": null}), json!({"first_name": "x".repeat(100)}), json!({"color": "#00fFaa"})]
        {
            assert!(check(&patch(good.clone())).is_ok(), "{good}");
        }
        for bad in [
            json!({"first_name": ""}),
            json!({"last_name": "x".repeat(101)}),
            json!({"height": -0.1}),
            json!({"weight": -1}),
            json!({"bio": "x".repeat(501)}),
            json!({"goals": "x".repeat(1001)}),
            json!({"color": "#12345"}),
            json!({"color": "123456"}),
        ] {
            assert!(check(&patch(bad.clone())).is_err(), "{bad}");
        }
        assert_eq!(patch(json!({"bio": null})).bio, Some(None));
        assert_eq!(patch(json!({})).bio, None);
    }

    fn platform(body: Json) -> PlatformPatch {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn idn_65_every_broken_field_is_named_as_in_the_body() {
        let patch = platform(json!({"first_name": "", "email": "nobody", "height": 180, "bio": null}));
        assert_eq!((patch.profile.height, &patch.profile.bio), (Some(Some(180.0)), &Some(None)));
        let fields: Vec<_> = patch.check().unwrap_err().0.into_iter().map(|e| e.loc).collect();
        assert_eq!(fields, [["body", "first_name"], ["body", "email"]]);
        assert!(platform(json!({"email": null, "gym_role": "OWNER", "qr_code": "x"})).check().is_ok());
    }

    #[test]
    fn idn_65_what_ends_a_super_admin() {
        for (body, ends) in [
            (json!({}), false),
            (json!({"role": "SUPER_ADMIN", "is_active": true}), false),
            (json!({"is_superuser": false}), false),
            (json!({"role": null, "is_active": null}), false),
            (json!({"role": "ADMIN"}), true),
            (json!({"is_active": false}), true),
            (json!({"role": "SUPER_ADMIN", "is_active": false}), true),
        ] {
            assert_eq!(platform(body.clone()).ends_super_admin(), ends, "{body}");
        }
        let (a, b) = (UserId(1), UserId(2));
        assert!(is_last_super_admin(&[a], a));
        assert!(!is_last_super_admin(&[a, b], a) && !is_last_super_admin(&[b], a) && !is_last_super_admin(&[], a));
    }
}
