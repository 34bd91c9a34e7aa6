use super::*;
use crate::kernel::validation::check;
use serde_json::{Value, json};

fn with(mut base: Value, extra: &Value) -> Value {
    base.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    base
}

fn owner(extra: &Value) -> GymOwner {
    let base = json!({
        "email": "ana@box.mx", "password": "Secreto123", "first_name": "Ana", "last_name": "López", "gym_name": "La Caja",
    });
    serde_json::from_value(with(base, extra)).unwrap()
}

fn trainer(extra: &Value) -> Trainer {
    let base = json!({"email": "leo@fit.mx", "first_name": "Leo", "last_name": "Núñez"});
    serde_json::from_value(with(base, extra)).unwrap()
}

#[test]
fn idn_67_passwords_have_8_to_128_characters_of_three_classes() {
    let long = |n: usize| format!("Aa1{}", "x".repeat(n - 3));
    for (password, good) in [
        (long(7), false),
        (long(8), true),
        (long(128), true),
        (long(129), false),
        ("secreto123".into(), false),
        ("SECRETO123".into(), false),
        ("SecretoSecreto".into(), false),
        ("ñandúÑ1234".into(), false),
        (format!("Aa1{}", "ñ".repeat(125)), true),
    ] {
        assert_eq!(check(&owner(&json!({"password": password}))).is_ok(), good, "{password}");
        assert_eq!(check(&trainer(&json!({"password": password}))).is_ok(), good, "{password}");
    }
    assert!(!format!("{:?}", owner(&json!({}))).contains("Secreto123"));
}

#[test]
fn idn_67_phones_are_numbers_once_spaces_and_hyphens_are_gone() {
    for (phone, want) in [
        ("+52 55 1234-5678", Some("+525512345678")),
        ("34600111222", Some("34600111222")),
        ("12", Some("12")),
        ("123456789012345", Some("123456789012345")),
        ("1", None),
        ("1234567890123456", None),
        ("+0123456", None),
        ("++34600", None),
        ("34+600", None),
        ("(55) 1234", None),
        ("٣٤٦٠٠", None),
        ("", None),
    ] {
        assert_eq!(phone_number(phone).as_deref(), want, "{phone}");
        assert_eq!(check(&owner(&json!({"phone": phone, "gym_phone": phone}))).is_ok(), want.is_some(), "{phone}");
    }
}

#[test]
fn idn_67_limits_of_a_gym_owner() {
    for good in [
        json!({}),
        json!({"first_name": "Al", "last_name": "x".repeat(50)}),
        json!({"gym_name": "Gym"}),
        json!({"gym_name": "x".repeat(255)}),
        json!({"gym_address": "x".repeat(255), "gym_email": "info@box.mx", "phone": null, "gym_phone": null}),
        json!({"timezone": "Europe/Madrid", "gym_type": "personal_trainer"}),
    ] {
        assert_eq!(check(&owner(&good)), Ok(()), "{good}");
    }
    for bad in [
        json!({"email": "ana"}),
        json!({"email": format!("{}@box.mx", "a".repeat(300))}),
        json!({"first_name": "A"}),
        json!({"first_name": " A "}),
        json!({"last_name": "x".repeat(51)}),
        json!({"last_name": "a\u{0}b"}),
        json!({"gym_name": "Gy"}),
        json!({"gym_name": "x".repeat(256)}),
        json!({"gym_address": "x".repeat(256)}),
        json!({"gym_email": "info"}),
        json!({"timezone": "Mars/Olympus"}),
        json!({"timezone": ""}),
    ] {
        assert!(check(&owner(&bad)).is_err(), "{bad}");
    }
}

#[test]
fn idn_64_throw_away_addresses_do_not_register() {
    for domain in email::DISPOSABLE {
        for address in [format!("x@{domain}"), format!("x@{}", domain.to_uppercase())] {
            assert!(check(&owner(&json!({"email": address}))).is_err(), "{address}");
            assert!(check(&trainer(&json!({"email": address}))).is_err(), "{address}");
            assert!(check(&Address { email: address.clone() }).is_err(), "{address}");
        }
    }
}

#[test]
fn idn_67_defaults_and_rows_of_a_gym_owner() {
    let input = owner(&json!({"phone": "+52 55-12", "gym_name": " La Caja Málaga "}));
    let (person, gym) = (input.person(Some("auth0|1".into())), input.gym());
    assert_eq!((person.role, person.auth0_id.as_deref()), (PlatformRole::Admin, Some("auth0|1")));
    assert_eq!(person.phone_number.as_deref(), Some("+525512"));
    assert_eq!(
        (gym.name.as_str(), gym.kind, gym.timezone.as_str()),
        ("La Caja Málaga", GymType::Gym, DEFAULT_TIMEZONE)
    );
    assert!(gym.subdomain.contains("la-caja-malaga") && gym.max_clients.is_none() && gym.trainer_specialties.is_none());
}

#[test]
fn idn_71_limits_of_a_trainer() {
    let many = |n: usize| vec!["Yoga"; n];
    for good in [
        json!({"specialties": many(10)}),
        json!({"specialties": null, "max_clients": null, "certifications": null, "bio": null, "password": null}),
        json!({"specialties": ["Ab", "x".repeat(50)]}),
        json!({"max_clients": 1}),
        json!({"max_clients": 200}),
        json!({"bio": "x".repeat(500)}),
        json!({"certifications": [{"name": "NSCA", "year": 1990}, {"name": "ACE", "year": 2030, "institution": "ACE"}]}),
    ] {
        assert_eq!(check(&trainer(&good)), Ok(()), "{good}");
    }
    for bad in [
        json!({"specialties": many(11)}),
        json!({"specialties": ["A"]}),
        json!({"specialties": ["x".repeat(51)]}),
        json!({"max_clients": 0}),
        json!({"max_clients": 201}),
        json!({"bio": "x".repeat(501)}),
        json!({"certifications": [{"name": ""}]}),
        json!({"certifications": [{"name": "a\u{0}"}]}),
        json!({"certifications": [{"name": "NSCA", "year": 1989}]}),
        json!({"certifications": [{"name": "NSCA", "year": 2031}]}),
        json!({"first_name": "L"}),
        json!({"timezone": "Nowhere"}),
    ] {
        assert!(check(&trainer(&bad)).is_err(), "{bad}");
    }
}

#[test]
fn idn_71_defaults_and_rows_of_a_trainer() {
    let gym = trainer(&json!({})).workspace();
    assert_eq!((gym.name.as_str(), gym.subdomain.as_str()), ("Entrenamiento Personal Leo Núñez", "leo-nunez"));
    assert_eq!((gym.kind, gym.max_clients), (GymType::PersonalTrainer, Some(30)));
    assert_eq!(gym.trainer_specialties, Some(vec![DEFAULT_SPECIALTY.to_owned()]));
    assert_eq!((gym.email.as_deref(), gym.timezone.as_str()), (Some("leo@fit.mx"), DEFAULT_TIMEZONE));
    assert!(gym.description.is_some_and(|d| d.contains("Leo Núñez")));

    let input = trainer(&json!({"bio": " Fuerza ", "specialties": [" Yoga "], "max_clients": 5}));
    let (person, gym) = (input.person(None), input.workspace());
    assert_eq!((person.role, person.auth0_id, person.bio.as_deref()), (PlatformRole::Trainer, None, Some("Fuerza")));
    assert_eq!((gym.description.as_deref(), gym.max_clients), (Some("Fuerza"), Some(5)));
    assert_eq!(gym.trainer_specialties, Some(vec!["Yoga".to_owned()]));

    let long = format!("{}@{}.example.mx", "a".repeat(60), "b".repeat(60));
    assert_eq!(trainer(&json!({"email": long})).workspace().email, None);
}

#[test]
fn idn_68_a_role_is_raised_and_never_lowered() {
    use PlatformRole as P;
    for (present, to, want) in [
        (P::Member, P::Admin, P::Admin),
        (P::Member, P::Trainer, P::Trainer),
        (P::Trainer, P::Admin, P::Admin),
        (P::Admin, P::Trainer, P::Admin),
        (P::SuperAdmin, P::Admin, P::SuperAdmin),
    ] {
        assert_eq!(raised(present, to), want);
    }
}

#[test]
fn a_subdomain_that_is_asked_for_has_3_to_50_plain_characters() {
    for (text, want) in [
        ("abc", true),
        (&*"x".repeat(50), true),
        (&*"x".repeat(51), false),
        ("ab", false),
        ("Abc", false),
        ("a.bc", false),
        ("mi-gym-2", true),
        ("ñandu", false),
    ] {
        assert_eq!(is_subdomain(text), want, "{text}");
    }
}
