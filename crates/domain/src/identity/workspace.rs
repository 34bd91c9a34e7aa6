//! What a workspace calls things, shows and offers, by its type and the role of whoever looks (specification of
//! identity, §4.6). Texts are those of the clients, in Spanish.
use super::{
    GymRole,
    gym::{self, GymType},
};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! terms {
    ($($term:ident: $gym:literal / $personal:literal),+ $(,)?) => {
        /// What the workspace calls its things and people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        pub struct Terminology {
            $(pub $term: &'static str,)+
        }

        impl Terminology {
            pub fn of(kind: GymType) -> Self {
                match kind {
                    GymType::Gym => Self { $($term: $gym,)+ },
                    GymType::PersonalTrainer => Self { $($term: $personal,)+ },
                }
            }
        }
    };
}

terms! {
    gym: "gimnasio" / "espacio de trabajo",
    gym_plural: "gimnasios" / "espacios de trabajo",
    member: "miembro" / "cliente",
    members: "miembros" / "clientes",
    trainer: "entrenador" / "asistente",
    trainers: "entrenadores" / "asistentes",
    class: "clase" / "sesión",
    classes: "clases" / "sesiones",
    schedule: "horario" / "agenda",
    membership: "membresía" / "plan de entrenamiento",
    memberships: "membresías" / "planes de entrenamiento",
    equipment: "equipamiento" / "material",
    event: "evento" / "cita",
    events: "eventos" / "citas",
    owner: "propietario" / "entrenador principal",
    admin: "administrador" / "administrador",
    dashboard: "dashboard" / "panel de control",
}

impl Terminology {
    pub fn role(&self, role: GymRole) -> &'static str {
        match role {
            GymRole::Owner => self.owner,
            GymRole::Admin => self.admin,
            GymRole::Trainer => self.trainer,
            GymRole::Member => self.member,
        }
    }
}

/// What the clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WorkspaceFeatures)]
#[allow(clippy::struct_excessive_bools)] // the wire's shape
pub struct Features {
    pub chat: bool,
    pub notifications: bool,
    pub profile: bool,
    pub health_tracking: bool,
    pub nutrition: bool,
    pub surveys: bool,
    pub payments: bool,
    pub show_multiple_trainers: bool,
    pub show_equipment_management: bool,
    pub show_class_schedule: bool,
    pub show_gym_hours: bool,
    pub show_appointments: bool,
    pub show_client_progress: bool,
    pub show_session_packages: bool,
    pub simplified_billing: bool,
    pub show_staff_management: bool,
    pub max_clients_limit: bool,
    pub personal_branding: bool,
    pub quick_client_add: bool,
    pub session_tracking: bool,
    pub client_notes: bool,
    /// Absent for personal trainers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_management: Option<bool>,
    /// Absent for personal trainers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_management: Option<bool>,
    /// Absent for personal trainers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equipment_booking: Option<bool>,
}

impl Features {
    pub fn of(kind: GymType, role: GymRole) -> Self {
        let gym = kind == GymType::Gym;
        let personal = !gym;
        let in_gyms = gym.then_some(true);
        Self {
            chat: true,
            notifications: true,
            profile: true,
            health_tracking: true,
            nutrition: true,
            surveys: true,
            payments: true,
            show_multiple_trainers: gym,
            show_equipment_management: gym,
            show_class_schedule: gym,
            show_gym_hours: gym,
            show_appointments: personal,
            show_client_progress: personal,
            show_session_packages: personal,
            simplified_billing: personal,
            show_staff_management: gym && role.at_least(GymRole::Admin),
            max_clients_limit: personal,
            personal_branding: personal,
            quick_client_add: personal,
            session_tracking: personal,
            client_notes: personal,
            event_management: in_gyms,
            capacity_management: in_gyms,
            equipment_booking: in_gyms,
        }
    }
}

/// A line of the clients' menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NavigationItem {
    pub id: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    pub path: &'static str,
}

const fn item(id: &'static str, label: &'static str, icon: &'static str, path: &'static str) -> NavigationItem {
    NavigationItem { id, label, icon, path }
}

const PERSONAL_NAVIGATION: [NavigationItem; 7] = [
    item("dashboard", "Dashboard", "home", "/"),
    item("clients", "Mis Clientes", "users", "/clients"),
    item("appointments", "Agenda", "calendar", "/appointments"),
    item("nutrition", "Planes Nutricionales", "apple", "/nutrition"),
    item("progress", "Progreso", "chart-line", "/progress"),
    item("payments", "Pagos", "credit-card", "/payments"),
    item("chat", "Mensajes", "message-circle", "/chat"),
];
const PERSONAL_OWNER_NAVIGATION: [NavigationItem; 2] = [
    item("analytics", "Estadísticas", "bar-chart", "/analytics"),
    item("settings", "Configuración", "settings", "/settings"),
];
const GYM_NAVIGATION: [NavigationItem; 7] = [
    item("dashboard", "Dashboard", "home", "/"),
    item("members", "Miembros", "users", "/members"),
    item("schedule", "Horarios", "clock", "/schedule"),
    item("classes", "Clases", "activity", "/classes"),
    item("events", "Eventos", "calendar", "/events"),
    item("billing", "Facturación", "credit-card", "/billing"),
    item("chat", "Chat", "message-circle", "/chat"),
];
const GYM_ADMIN_NAVIGATION: [NavigationItem; 4] = [
    item("trainers", "Entrenadores", "user-check", "/trainers"),
    item("equipment", "Equipamiento", "dumbbell", "/equipment"),
    item("analytics", "Analíticas", "bar-chart-2", "/analytics"),
    item("settings", "Configuración", "settings", "/settings"),
];
const GYM_TRAINER_NAVIGATION: [NavigationItem; 2] = [
    item("my-members", "Mis Miembros", "user-check", "/my-members"),
    item("my-classes", "Mis Clases", "activity", "/my-classes"),
];

pub fn navigation(kind: GymType, role: GymRole) -> Vec<NavigationItem> {
    let (all, more): (&[_], &[_]) = match (kind, role) {
        (GymType::PersonalTrainer, GymRole::Owner) => (&PERSONAL_NAVIGATION, &PERSONAL_OWNER_NAVIGATION),
        (GymType::PersonalTrainer, _) => (&PERSONAL_NAVIGATION, &[]),
        (GymType::Gym, GymRole::Owner | GymRole::Admin) => (&GYM_NAVIGATION, &GYM_ADMIN_NAVIGATION),
        (GymType::Gym, GymRole::Trainer) => (&GYM_NAVIGATION, &GYM_TRAINER_NAVIGATION),
        (GymType::Gym, GymRole::Member) => (&GYM_NAVIGATION, &[]),
    };
    [all, more].concat()
}

/// A button on the clients' first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuickAction {
    pub id: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    pub color: &'static str,
    /// `modal:…` or `navigate:…`
    pub action: &'static str,
}

const fn action(
    id: &'static str,
    label: &'static str,
    icon: &'static str,
    color: &'static str,
    action: &'static str,
) -> QuickAction {
    QuickAction { id, label, icon, color, action }
}

const PERSONAL_ACTIONS: [QuickAction; 4] = [
    action("add_client", "Nuevo Cliente", "user-plus", "primary", "modal:add-client"),
    action("schedule_session", "Agendar Sesión", "calendar-plus", "success", "modal:schedule-session"),
    action("create_nutrition_plan", "Plan Nutricional", "clipboard", "info", "navigate:/nutrition/new"),
    action("record_payment", "Registrar Pago", "dollar-sign", "warning", "modal:record-payment"),
];
const GYM_ACTIONS: [QuickAction; 2] = [
    action("add_member", "Nuevo Miembro", "user-plus", "primary", "modal:add-member"),
    action("create_event", "Crear Evento", "calendar-plus", "success", "navigate:/events/new"),
];
const GYM_ADMIN_ACTIONS: [QuickAction; 2] = [
    action("add_class", "Nueva Clase", "plus-circle", "info", "navigate:/classes/new"),
    action("send_notification", "Enviar Notificación", "bell", "warning", "modal:send-notification"),
];

/// Members manage nothing, and are offered nothing.
pub fn quick_actions(kind: GymType, role: GymRole) -> Vec<QuickAction> {
    let (all, more): (&[_], &[_]) = match (kind, role) {
        (_, GymRole::Member) => (&[], &[]),
        (GymType::PersonalTrainer, _) => (&PERSONAL_ACTIONS, &[]),
        (GymType::Gym, GymRole::Owner | GymRole::Admin) => (&GYM_ACTIONS, &GYM_ADMIN_ACTIONS),
        (GymType::Gym, GymRole::Trainer) => (&GYM_ACTIONS, &[]),
    };
    [all, more].concat()
}

/// How the workspace looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WorkspaceBranding)]
pub struct Branding {
    pub logo_url: Option<String>,
    pub primary_color: &'static str,
    pub secondary_color: &'static str,
    pub accent_color: &'static str,
    pub app_title: String,
    pub app_subtitle: &'static str,
    pub theme: &'static str,
    pub show_logo: bool,
    pub compact_mode: bool,
}

impl Branding {
    pub fn of(gym: &gym::Model) -> Self {
        let (primary_color, accent_color, app_subtitle, theme) = match gym.kind {
            GymType::Gym => ("#007bff", "#28a745", "Sistema de Gestión", "gym"),
            GymType::PersonalTrainer => ("#28a745", "#ffc107", "Entrenamiento Personalizado", "trainer"),
        };
        Self {
            logo_url: gym.logo_url.clone(),
            primary_color,
            secondary_color: "#6c757d",
            accent_color,
            app_title: gym.display_name().to_owned(),
            app_subtitle,
            theme,
            show_logo: true,
            compact_mode: gym.is_personal_trainer(),
        }
    }
}

/// Hints for the clients' interface; they open nothing.
pub fn permissions(role: GymRole) -> &'static [&'static str] {
    match role {
        GymRole::Owner => &[
            "gym:read",
            "gym:write",
            "gym:delete",
            "members:read",
            "members:write",
            "members:delete",
            "billing:read",
            "billing:write",
            "settings:read",
            "settings:write",
            "analytics:read",
            "staff:read",
            "staff:write",
            "all:*",
        ],
        GymRole::Admin => &[
            "gym:read",
            "gym:write",
            "members:read",
            "members:write",
            "billing:read",
            "settings:read",
            "settings:write",
            "analytics:read",
            "staff:read",
        ],
        GymRole::Trainer => &[
            "gym:read",
            "members:read",
            "members:write:assigned",
            "classes:read",
            "classes:write:assigned",
            "chat:read",
            "chat:write",
            "nutrition:read",
            "nutrition:write",
        ],
        GymRole::Member => &[
            "gym:read:basic",
            "profile:read",
            "profile:write:own",
            "classes:read",
            "classes:book",
            "chat:read",
            "chat:write:limited",
            "nutrition:read:own",
        ],
    }
}

/// Clients that a personal trainer takes when no limit is set.
pub const DEFAULT_MAX_CLIENTS: i32 = 30;

/// `100 · part / whole`; of nothing there is no share (IDN-87).
pub fn percentage(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| 100.0 * part as f64 / whole as f64)
}

#[cfg(test)]
#[path = "workspace_tests.rs"]
mod tests;
