use super::*;
use GymRole::{Admin, Member, Owner, Trainer};
use GymType::{Gym, PersonalTrainer};
use serde_json::{Value, json};

const ROLES: [GymRole; 4] = [Owner, Admin, Trainer, Member];

fn json_of(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn ids<T: Serialize>(items: Vec<T>) -> Vec<String> {
    items.into_iter().map(|item| json_of(item)["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn idn_86_every_term_of_both_types() {
    let want = [
        ("gym", "gimnasio", "espacio de trabajo"),
        ("gym_plural", "gimnasios", "espacios de trabajo"),
        ("member", "miembro", "cliente"),
        ("members", "miembros", "clientes"),
        ("trainer", "entrenador", "asistente"),
        ("trainers", "entrenadores", "asistentes"),
        ("class", "clase", "sesión"),
        ("classes", "clases", "sesiones"),
        ("schedule", "horario", "agenda"),
        ("membership", "membresía", "plan de entrenamiento"),
        ("memberships", "membresías", "planes de entrenamiento"),
        ("equipment", "equipamiento", "material"),
        ("event", "evento", "cita"),
        ("events", "eventos", "citas"),
        ("owner", "propietario", "entrenador principal"),
        ("admin", "administrador", "administrador"),
        ("dashboard", "dashboard", "panel de control"),
    ];
    let (gym, personal) = (json_of(Terminology::of(Gym)), json_of(Terminology::of(PersonalTrainer)));
    for (term, in_gym, in_personal) in want {
        assert_eq!((&gym[term], &personal[term]), (&json!(in_gym), &json!(in_personal)), "{term}");
    }
    assert_eq!((gym.as_object().unwrap().len(), personal.as_object().unwrap().len()), (17, 17));
}

#[test]
fn idn_86_features_follow_type_and_role() {
    let always = ["chat", "notifications", "profile", "health_tracking", "nutrition", "surveys", "payments"];
    let of_gyms = ["show_multiple_trainers", "show_equipment_management", "show_class_schedule", "show_gym_hours"];
    let of_trainers = [
        "show_appointments",
        "show_client_progress",
        "show_session_packages",
        "simplified_billing",
        "max_clients_limit",
        "personal_branding",
        "quick_client_add",
        "session_tracking",
        "client_notes",
    ];
    let only_gyms = ["event_management", "capacity_management", "equipment_booking"];
    for role in ROLES {
        let (gym, personal) = (json_of(Features::of(Gym, role)), json_of(Features::of(PersonalTrainer, role)));
        assert!(always.iter().all(|f| gym[f] == true && personal[f] == true));
        assert!(of_gyms.iter().all(|f| gym[f] == true && personal[f] == false));
        assert!(of_trainers.iter().all(|f| gym[f] == false && personal[f] == true));
        assert!(only_gyms.iter().all(|f| gym[f] == true && personal.get(f).is_none()));
        assert_eq!(gym["show_staff_management"], matches!(role, Owner | Admin), "{role:?}");
        assert_eq!(personal["show_staff_management"], false);
        assert_eq!((gym.as_object().unwrap().len(), personal.as_object().unwrap().len()), (24, 21));
    }
}

#[test]
fn idn_86_navigation_follows_type_and_role() {
    let gym = ["dashboard", "members", "schedule", "classes", "events", "billing", "chat"];
    let personal = ["dashboard", "clients", "appointments", "nutrition", "progress", "payments", "chat"];
    let cases: [(GymType, GymRole, &[&str], &[&str]); 8] = [
        (Gym, Owner, &gym, &["trainers", "equipment", "analytics", "settings"]),
        (Gym, Admin, &gym, &["trainers", "equipment", "analytics", "settings"]),
        (Gym, Trainer, &gym, &["my-members", "my-classes"]),
        (Gym, Member, &gym, &[]),
        (PersonalTrainer, Owner, &personal, &["analytics", "settings"]),
        (PersonalTrainer, Admin, &personal, &[]),
        (PersonalTrainer, Trainer, &personal, &[]),
        (PersonalTrainer, Member, &personal, &[]),
    ];
    for (kind, role, all, more) in cases {
        assert_eq!(ids(navigation(kind, role)), [all, more].concat(), "{kind:?} {role:?}");
    }
    let settings = navigation(Gym, Owner).pop().map(json_of).unwrap();
    assert_eq!(settings, json!({"id": "settings", "label": "Configuración", "icon": "settings", "path": "/settings"}));
    let of =
        |kind, id: &str| navigation(kind, Owner).into_iter().find(|i| i.id == id).map(|i| (i.label, i.icon)).unwrap();
    assert_eq!(of(Gym, "analytics"), ("Analíticas", "bar-chart-2"));
    assert_eq!(of(PersonalTrainer, "analytics"), ("Estadísticas", "bar-chart"));
    assert_eq!(of(PersonalTrainer, "chat"), ("Mensajes", "message-circle"));
}

#[test]
fn idn_86_quick_actions_follow_type_and_role() {
    let personal = ["add_client", "schedule_session", "create_nutrition_plan", "record_payment"];
    let admin = ["add_member", "create_event", "add_class", "send_notification"];
    for role in ROLES {
        let (in_gym, in_personal): (&[&str], &[&str]) = match role {
            Owner | Admin => (&admin, &personal),
            Trainer => (&["add_member", "create_event"], &personal),
            Member => (&[], &[]),
        };
        assert_eq!(ids(quick_actions(Gym, role)), in_gym, "{role:?}");
        assert_eq!(ids(quick_actions(PersonalTrainer, role)), in_personal, "{role:?}");
    }
    assert_eq!(
        quick_actions(Gym, Owner).pop().map(json_of).unwrap(),
        json!({"id": "send_notification", "label": "Enviar Notificación", "icon": "bell", "color": "warning",
            "action": "modal:send-notification"})
    );
}

#[test]
fn idn_86_hints_of_permissions_by_role() {
    let counts = ROLES.map(|role| permissions(role).len());
    assert_eq!(counts, [14, 9, 9, 8]);
    assert!(permissions(Owner).contains(&"all:*"));
    for role in [Admin, Trainer, Member] {
        let lacks = ["all:*", "gym:delete", "billing:write", "staff:write", "members:delete"];
        assert!(lacks.iter().all(|p| !permissions(role).contains(p)), "{role:?}");
    }
    assert!(permissions(Member).contains(&"gym:read:basic") && !permissions(Member).contains(&"members:read"));
}

#[test]
fn idn_87_a_share_of_nothing_is_not_known() {
    for (part, whole, want) in [(0, 0, None), (3, 0, None), (0, 4, Some(0.0)), (1, 4, Some(25.0)), (6, 4, Some(150.0))]
    {
        assert_eq!(percentage(part, whole), want);
    }
}
