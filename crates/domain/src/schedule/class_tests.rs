use super::*;
use crate::kernel::{time, validation::check};
use serde_json::json;

const OWN: Option<CategoryId> = Some(CategoryId(7));

fn new(extra: Json) -> Result<NewClass, serde_json::Error> {
    let mut body = json!({"name": " Spin ", "duration": 45, "max_capacity": 12, "difficulty_level": "advanced"});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(body)
}

fn row(category_id: Option<CategoryId>, category_enum: Option<ClassCategory>) -> Model {
    let Create { name, description, duration, max_capacity, difficulty_level, is_active, created_by, .. } =
        new(json!({})).unwrap().row(UserId(3));
    Model {
        id: ClassId(1),
        gym_id: GymId(2),
        name,
        description,
        duration,
        max_capacity,
        difficulty_level,
        category_id,
        category_enum,
        is_active,
        created_by,
        created_at: time::now(),
        updated_at: time::now(),
    }
}

#[test]
fn sch_39_what_a_new_class_is_of() {
    use ClassCategory::{Hiit, Other, Yoga};
    for (body, expected) in [
        (json!({}), Some(Other)),
        (json!({"category_enum": null, "category": null, "category_id": null}), Some(Other)),
        (json!({"category_enum": "YOGA"}), Some(Yoga)),
        (json!({"category_enum": "Hiit", "category": "yoga"}), Some(Hiit)),
        (json!({"category": "Yoga"}), Some(Yoga)),
        (json!({"category_enum": null, "category": "yoga"}), Some(Yoga)),
        (json!({"category_id": 7}), None),
        (json!({"category_id": 7, "category_enum": "yoga"}), Some(Yoga)),
    ] {
        assert_eq!(new(body.clone()).unwrap().row(UserId(3)).category_enum, expected, "{body}");
    }
    for unknown in [json!({"category_enum": "boxing"}), json!({"category": ""}), json!({"category_enum": 3})] {
        assert!(new(unknown.clone()).is_err(), "{unknown}");
    }
}

#[test]
fn sch_39_what_a_changed_class_is_of() {
    use ClassCategory::{Cardio, Other, Yoga};
    for (category, kind, body, expected) in [
        (None, Some(Cardio), json!({}), None),
        (None, Some(Cardio), json!({"category": null}), None),
        (None, Some(Cardio), json!({"category_enum": "cardio"}), None),
        (None, Some(Cardio), json!({"category_enum": "yoga"}), Some(Some(Yoga))),
        (None, Some(Cardio), json!({"category": "YOGA"}), Some(Some(Yoga))),
        (None, Some(Cardio), json!({"category_enum": null, "category": "yoga"}), Some(Some(Yoga))),
        (None, Some(Cardio), json!({"category_enum": null}), Some(Some(Other))),
        (OWN, Some(Cardio), json!({"category_enum": null}), Some(None)),
        (OWN, None, json!({"category_id": null}), Some(Some(Other))),
        (OWN, Some(Cardio), json!({"category_id": null}), None),
        (None, Some(Other), json!({"category_id": 7, "category_enum": null}), Some(None)),
        (OWN, None, json!({"name": "x"}), None),
    ] {
        let patch: ClassPatch = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(patch.onto(&row(category, kind)).category_enum, expected, "{category:?} {kind:?} {body}");
    }
}

#[test]
fn sch_39_bounds_of_a_class() {
    assert_eq!(new(json!({})).unwrap().row(UserId(3)).name, "Spin");
    assert!(check(&new(json!({"duration": 1440, "max_capacity": 1, "name": "x".repeat(255)})).unwrap()).is_ok());
    for body in [
        json!({"name": " "}),
        json!({"name": "x".repeat(256)}),
        json!({"duration": 0}),
        json!({"duration": 1441}),
        json!({"max_capacity": 0}),
        json!({"max_capacity": -3}),
        json!({"description": "x".repeat(2001)}),
    ] {
        assert!(check(&new(body.clone()).unwrap()).is_err(), "{body}");
        let patch: ClassPatch = serde_json::from_value(body.clone()).unwrap();
        assert!(check(&patch).is_err(), "{body}");
    }
    let nothing: ClassPatch = serde_json::from_value(json!({"name": null, "max_capacity": null})).unwrap();
    assert!(check(&nothing).is_ok());
    assert_eq!(nothing.onto(&row(None, Some(ClassCategory::Yoga))), Update::default());
}
