//! All services, put together once.
use crate::{
    Core, Gatekeeper,
    attendance::{
        achievements::{AchievementService, Achievements},
        check_in::{CheckInService, CheckIns},
        dashboard::{DashboardService, Dashboards},
        goals::{GoalService, Goals},
        health::{Health, HealthService},
        last_attendance::{LastAttendanceService, LastAttendances},
        outside::Outside,
        qr_code::{QrCodeService, QrCodes},
        statistics::{Statistics, StatisticsService},
    },
    events::{
        administration::{EventAdministration, EventAdministrationService},
        audience::EventParticipants,
        consumer::EventConsumer,
        departure::LeaveEvents,
        event_lists::{EventListService, EventLists},
        event_payments::{EventPayments, EventPaymentsService},
        events::{EventService, Events},
        participations::{EventParticipationService, EventParticipations},
        payments::{EventPaying, EventPayingService},
        queue::{EventQueue, EventQueueService},
        workers::{WorkerService, Workers},
    },
    identity::{
        email::{EmailService, Emails},
        gatekeeper::GatekeeperService,
        gyms::{GymService, Gyms},
        hooks::{HookService, Hooks},
        login::{Login, LoginService},
        memberships::{MembershipService, Memberships},
        modules::{ModuleService, Modules},
        people::{People, PeopleService},
        pictures::{PictureService, Pictures},
        platform::{PlatformUserService, PlatformUsers},
        profile::{ProfileService, Profiles},
        registration::{Registration, RegistrationService},
        relationships::{RelationshipService, Relationships},
        role_sync::{RoleSync, RoleSyncService},
        workspace::{WorkspaceService, Workspaces},
    },
    kernel::{
        cache_key::CacheTtl,
        departure::Departures,
        idempotency::{Idempotency, IdempotencyService},
        limit::Limits,
        operators::{OperatorService, Operators},
        relay::{EffectHandler, Relay},
        scheduler::{Job, Scheduler},
        spool::Spool,
    },
    notifications::{
        announcements::{AnnouncementService, Announcements},
        audiences::Audiences,
        devices::{DeviceService, Devices},
        inbox::{Inbox, InboxService},
        preferences::{PreferenceService, Preferences},
        segments::{SegmentService, Segments},
        settings::{NotificationSettings, NotificationSettingsService},
    },
    schedule::{
        attendance_marks::{AttendanceMarkService, AttendanceMarks},
        audience::SessionParticipants,
        bookings::{BookingService, Bookings, LeaveClasses},
        calendar::{CalendarService, Calendars, CloseCalendar},
        categories::{Categories, CategoryService},
        classes::{ClassService, Classes},
        figures::GymSchedule,
        hours::{Hours, HoursService},
        participation_views::{ParticipationViewService, ParticipationViews},
        reviews::{ReviewService, Reviews, UnnameTrainer},
        session_lists::{SessionListService, SessionLists},
        sessions::{SessionService, Sessions},
        settings::{ScheduleSettings, ScheduleSettingsService},
        special_days::{SpecialDayService, SpecialDays},
        waitlist::{Waitlist, WaitlistService},
    },
};
use ports::{
    Chat, Counter, IdentityProvider, Mailer, OAuthProxy, ObjectStore, OneTimeStore, Payments, Push, Queue,
    TokenVerifier, image::ImageProcessor,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// What the services need from outside.
#[derive(Clone)]
pub struct Ports {
    pub verifier: Arc<dyn TokenVerifier>,
    pub accounts: Arc<dyn IdentityProvider>,
    /// The provider's login flow; `None` when clients log in elsewhere.
    pub login: Option<Arc<dyn OAuthProxy>>,
    pub objects: Arc<dyn ObjectStore>,
    pub images: Arc<dyn ImageProcessor>,
    pub counter: Arc<dyn Counter>,
    pub one_time: Arc<dyn OneTimeStore>,
    pub push: Arc<dyn Push>,
    pub payments: Arc<dyn Payments>,
    pub mailer: Arc<dyn Mailer>,
    pub chat: Arc<dyn Chat>,
    /// Carries the work that events cause; without one the relay does it itself (EVT-70).
    pub queue: Option<Arc<dyn Queue>>,
}

/// Configuration that changes behaviour.
#[derive(Clone)]
pub struct Settings {
    pub cache_ttl: CacheTtl,
    /// Whether classes of operations are limited (IDN-104).
    pub rate_limits: bool,
    /// What the identity provider proves itself with; `None` closes its operations (IDN-114).
    pub webhook_secret: Option<String>,
    /// Opens the address check to registration pages; `None` closes it.
    pub public_api_key: Option<String>,
    /// Opens the making of the first administrator; `None` closes it (IDN-117).
    pub admin_secret_key: Option<String>,
    /// Opens the workers' operations; `None` closes them (EVT-80).
    pub worker_api_key: Option<String>,
    pub profile_image_bucket: String,
    pub gym_logo_bucket: String,
    /// Whether the orphan sweep only tells what it would delete.
    pub orphan_sweep_dry_run: bool,
    /// Where uploads wait that are too large for memory: a folder of this instance's own.
    pub spool_folder: PathBuf,
    /// `development` or `production`, as the workspace context shows it.
    pub environment: String,
    /// The address under which clients reach the API, for `apiBaseUrl`.
    pub public_url: String,
    /// How long the migration of roles waits between two people (IDN-92: at most two per second).
    pub role_migration_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache_ttl: CacheTtl::default(),
            rate_limits: true,
            webhook_secret: None,
            public_api_key: None,
            admin_secret_key: None,
            worker_api_key: None,
            profile_image_bucket: "profile-images".into(),
            gym_logo_bucket: "gym_logo".into(),
            orphan_sweep_dry_run: false,
            spool_folder: std::env::temp_dir().join("gymapi-uploads"),
            environment: "development".into(),
            public_url: "http://127.0.0.1:8000".into(),
            role_migration_pause: Duration::from_millis(500),
        }
    }
}

/// Every service, as an embedding application or the HTTP layer holds them.
#[derive(Clone)]
pub struct Services {
    pub core: Core,
    pub gate: Arc<dyn Gatekeeper>,
    pub limits: Limits,
    pub idempotency: Arc<dyn Idempotency>,
    pub profiles: Arc<dyn Profiles>,
    pub people: Arc<dyn People>,
    pub gyms: Arc<dyn Gyms>,
    pub memberships: Arc<dyn Memberships>,
    pub modules: Arc<dyn Modules>,
    pub relationships: Arc<dyn Relationships>,
    pub workspaces: Arc<dyn Workspaces>,
    pub login: Arc<dyn Login>,
    pub hooks: Arc<dyn Hooks>,
    pub registration: Arc<dyn Registration>,
    pub platform_users: Arc<dyn PlatformUsers>,
    pub emails: Arc<dyn Emails>,
    pub pictures: Arc<dyn Pictures>,
    pub role_sync: Arc<dyn RoleSync>,
    pub bookings: Arc<dyn Bookings>,
    pub hours: Arc<dyn Hours>,
    pub special_days: Arc<dyn SpecialDays>,
    pub schedule_settings: Arc<dyn ScheduleSettings>,
    pub categories: Arc<dyn Categories>,
    pub classes: Arc<dyn Classes>,
    pub reviews: Arc<dyn Reviews>,
    pub sessions: Arc<dyn Sessions>,
    pub session_lists: Arc<dyn SessionLists>,
    pub waitlist: Arc<dyn Waitlist>,
    pub attendance_marks: Arc<dyn AttendanceMarks>,
    pub participation_views: Arc<dyn ParticipationViews>,
    pub calendars: Arc<dyn Calendars>,
    pub qr_codes: Arc<dyn QrCodes>,
    pub check_ins: Arc<dyn CheckIns>,
    pub last_attendances: Arc<dyn LastAttendances>,
    pub achievements: Arc<dyn Achievements>,
    pub dashboards: Arc<dyn Dashboards>,
    pub statistics: Arc<dyn Statistics>,
    pub health: Arc<dyn Health>,
    pub goals: Arc<dyn Goals>,
    pub events: Arc<dyn Events>,
    pub event_lists: Arc<dyn EventLists>,
    pub event_queue: Arc<dyn EventQueue>,
    pub workers: Arc<dyn Workers>,
    pub operators: Arc<dyn Operators>,
    pub event_participations: Arc<dyn EventParticipations>,
    pub event_paying: Arc<dyn EventPaying>,
    pub event_payments: Arc<dyn EventPayments>,
    pub event_administration: Arc<dyn EventAdministration>,
    pub devices: Arc<dyn Devices>,
    pub announcements: Arc<dyn Announcements>,
    pub segments: Arc<dyn Segments>,
    pub inbox: Arc<dyn Inbox>,
    pub preferences: Arc<dyn Preferences>,
    pub notification_settings: Arc<dyn NotificationSettings>,
    outside: Outside,
    ports: Ports,
    settings: Settings,
}

impl Services {
    pub fn new(mut core: Core, ports: Ports, settings: Settings) -> Self {
        core.mail_enabled = ports.mailer.is_enabled();
        let (c, p, s) = (&core, &ports, &settings);
        let departures = Departures::new(vec![
            Arc::new(LeaveClasses::new(c)),
            Arc::new(UnnameTrainer),
            Arc::new(CloseCalendar::new(c)),
            Arc::new(LeaveEvents::new(c)),
        ]);
        let modules: Arc<dyn Modules> = Arc::new(ModuleService::new(c, p, s));
        let outside = Outside::unknown();
        let audiences =
            Audiences { events: Arc::new(EventParticipants::new(c)), sessions: Arc::new(SessionParticipants::new(c)) };
        Self {
            gate: Arc::new(GatekeeperService::new(c, p.verifier.clone(), s.cache_ttl)),
            limits: Limits::new(p.counter.clone(), s.rate_limits),
            idempotency: Arc::new(IdempotencyService::new(c)),
            profiles: Arc::new(ProfileService::new(c)),
            people: Arc::new(PeopleService::new(c)),
            gyms: Arc::new(GymService::new(c, p, s)),
            memberships: Arc::new(MembershipService::new(c, &departures)),
            modules: modules.clone(),
            relationships: Arc::new(RelationshipService::new(c, p, s)),
            workspaces: Arc::new(WorkspaceService::new(c, Arc::new(GymSchedule::new(c)), s)),
            login: Arc::new(LoginService::new(c, p, s)),
            hooks: Arc::new(HookService::new(c, p, s)),
            registration: Arc::new(RegistrationService::new(c, p, s)),
            platform_users: Arc::new(PlatformUserService::new(c, p, s, &departures)),
            emails: Arc::new(EmailService::new(c, p, s)),
            pictures: Arc::new(PictureService::new(c, p, s)),
            role_sync: Arc::new(RoleSyncService::new(c, p, s)),
            bookings: Arc::new(BookingService::new(c, p, s)),
            hours: Arc::new(HoursService::new(c, p, s)),
            special_days: Arc::new(SpecialDayService::new(c, p, s)),
            schedule_settings: Arc::new(ScheduleSettingsService::new(c, p, s)),
            categories: Arc::new(CategoryService::new(c, p, s)),
            classes: Arc::new(ClassService::new(c, p, s)),
            reviews: Arc::new(ReviewService::new(c, p, s)),
            sessions: Arc::new(SessionService::new(c)),
            session_lists: Arc::new(SessionListService::new(c)),
            waitlist: Arc::new(WaitlistService::new(c, p, s)),
            attendance_marks: Arc::new(AttendanceMarkService::new(c, p, s)),
            participation_views: Arc::new(ParticipationViewService::new(c, p, s)),
            calendars: Arc::new(CalendarService::new(c, p, s)),
            qr_codes: Arc::new(QrCodeService::new(c, p, s)),
            check_ins: Arc::new(CheckInService::new(c, p, s)),
            last_attendances: Arc::new(LastAttendanceService::new(c, p, s)),
            achievements: Arc::new(AchievementService::new(c, p, s)),
            dashboards: Arc::new(DashboardService::new(c, outside.clone())),
            statistics: Arc::new(StatisticsService::new(c, modules, outside.clone())),
            health: Arc::new(HealthService::new(c)),
            goals: Arc::new(GoalService::new(c)),
            events: Arc::new(EventService::new(c, p)),
            event_lists: Arc::new(EventListService::new(c)),
            event_queue: Arc::new(EventQueueService::new(c, p)),
            workers: Arc::new(WorkerService::new(c, p, s)),
            operators: Arc::new(OperatorService::new(c, p)),
            event_participations: Arc::new(EventParticipationService::new(c, p)),
            event_paying: Arc::new(EventPayingService::new(c, p)),
            event_payments: Arc::new(EventPaymentsService::new(c)),
            event_administration: Arc::new(EventAdministrationService::new(c, p)),
            devices: Arc::new(DeviceService::new(c)),
            announcements: Arc::new(AnnouncementService::new(c, p, audiences)),
            segments: Arc::new(SegmentService::new(c)),
            inbox: Arc::new(InboxService::new(c)),
            preferences: Arc::new(PreferenceService::new(c)),
            notification_settings: Arc::new(NotificationSettingsService::new(c)),
            outside,
            core,
            ports,
            settings,
        }
    }

    /// What delivers the outbox.
    pub fn relay(&self) -> Relay {
        Relay::new(&self.core, self.effect_handlers())
    }

    /// What works on the queue; `None` when there is none (EVT-70).
    pub fn consumer(&self) -> Option<EventConsumer> {
        EventConsumer::new(&self.core, &self.ports)
    }

    /// What runs by the clock.
    pub fn scheduler(&self) -> Scheduler {
        Scheduler::new(&self.core, self.jobs())
    }

    /// Where large uploads wait; it must be kept clean on every instance.
    pub fn spool(&self) -> Spool {
        Spool::new(&self.settings.spool_folder)
    }

    fn effect_handlers(&self) -> Vec<Arc<dyn EffectHandler>> {
        let (c, p, s) = (&self.core, &self.ports, &self.settings);
        let handlers = [
            crate::identity::effect_handlers(c, p, s),
            crate::notifications::effect_handlers(c, p, s),
            crate::schedule::effect_handlers(c),
            crate::attendance::effect_handlers(c),
            crate::chat::effect_handlers(c, p),
            crate::events::effect_handlers(c, p),
        ];
        handlers.into_iter().flatten().collect()
    }

    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        let (c, p, s) = (&self.core, &self.ports, &self.settings);
        let jobs = [
            crate::kernel::upkeep::jobs(c),
            crate::identity::jobs(c, p, s),
            crate::notifications::jobs(c),
            crate::schedule::jobs(c),
            crate::attendance::jobs(c, &self.modules, &self.outside),
            crate::events::jobs(c, p),
        ];
        jobs.into_iter().flatten().collect()
    }
}
