//! What every service stands on.
use crate::{
    Result,
    kernel::{turns::Turns, underway::Underway},
};
use domain::{
    attendance::{achievement, goal, health_record, health_snapshot},
    billing::event_credit,
    chat::room,
    events::{event, participation as event_participation},
    identity::{membership, relationship},
    kernel::{installation::Mark, tenant::TenantEntity},
    notifications::{notification, preference, recipient, settings as notification_settings},
    schedule::{
        calendar_feed, cancellation, category, class, opening_hours, participation, review, session, settings,
        special_day, waitlist,
    },
};
use ports::{CacheFront, Clock, SystemClock};
use repository::{
    Db, Repo, Repository, SeaRepo, StoreError, TenantRow,
    attendance::{
        achievements::{Achievements, SeaEarned},
        attended_days::{AttendedDays, SeaAttendedDays},
        goals::{Goals, SeaGoals as SeaWanted},
        health::{Health, SeaHealth},
        scans::{Scans, SeaScans},
        snapshots::{SeaSnapshots, Snapshots},
        statistics::{SeaStatistics, Statistics},
    },
    chat::{SeaChatRooms, rooms::ChatRooms},
    events::{
        SeaEvents,
        accounts::{PaymentAccounts, SeaPaymentAccounts},
        claims::{EventClaims, SeaEventClaims},
        events::EventQueries,
        participations::{EventParticipations, SeaEventParticipations},
        refund_tasks::{RefundTasks, SeaRefundTasks},
        seats::{EventSeats, SeaEventSeats},
        upkeep::EventUpkeep,
    },
    identity::{
        gym::{Gyms, SeaGyms},
        membership::{MembershipQueries, SeaMemberships},
        module::{Modules, SeaModules},
        relationship::{RelationshipQueries, SeaRelationships},
        user::{SeaUsers, Users},
    },
    kernel::{
        idempotency::{IdempotencyKeys, SeaIdempotencyKeys},
        installation::{Installations, SeaInstallations},
        jobs::{Jobs, SeaJobs},
        outbox::{Outbox, SeaOutbox},
    },
    notifications::{
        addressed::{Addressed, SeaAddressed},
        dedupe::{Said, SeaSaid},
        devices::{Devices, SeaDevices},
        inbox::{Inbox, SeaInbox},
        preferences::{Preferences, SeaSaidPreferences},
        settings::{NotificationSettings, SeaSettings as SeaNotificationSettings},
        written::{SeaWritten, Written},
    },
    schedule::{
        SeaSessions,
        calendar::{Calendars, SeaCalendars},
        categories::CategoryQueries,
        classes::ClassQueries,
        figures::{ScheduleFigures, SeaScheduleFigures},
        hours::{Hours, SeaHours},
        participations::{Participations, SeaParticipationLists},
        reviews::ReviewQueries,
        seats::{SeaSeats, Seats},
        sessions::SessionQueries,
        settings::{ScheduleSettings, SeaSettings},
        upkeep::SessionUpkeep,
        waitlist::{SeaWaitlists, Waitlists},
    },
};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Database, repositories, cache and clock: cheap to clone, the same for all services.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub stores: Stores,
    pub cache: Arc<CacheFront>,
    pub clock: Arc<dyn Clock>,
    /// Whether mails are sent: without a mailer none are written (NTF-80).
    pub mail_enabled: bool,
    /// Requests that this process serves.
    pub underway: Underway,
    /// Of this process, at rows that many want at once.
    pub(crate) turns: Arc<Turns>,
    mark: Arc<OnceCell<Mark>>,
}

/// The repositories. A test replaces those that it mocks.
#[derive(Clone)]
pub struct Stores {
    pub users: Arc<dyn Users>,
    pub gyms: Arc<dyn Gyms>,
    pub memberships: Repo<membership::Model>,
    pub people: Arc<dyn MembershipQueries>,
    pub modules: Arc<dyn Modules>,
    pub relationships: Repo<relationship::Model>,
    pub related: Arc<dyn RelationshipQueries>,
    pub outbox: Arc<dyn Outbox>,
    pub jobs: Arc<dyn Jobs>,
    pub installation: Arc<dyn Installations>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    pub opening_hours: Repo<opening_hours::Model>,
    pub special_days: Repo<special_day::Model>,
    pub schedule_settings: Repo<settings::Model>,
    pub categories: Repo<category::Model>,
    pub classes: Repo<class::Model>,
    pub sessions: Repo<session::Model>,
    pub participations: Repo<participation::Model>,
    pub places: Repo<waitlist::Model>,
    pub cancellations: Repo<cancellation::Model>,
    pub reviews: Repo<review::Model>,
    pub calendar_feeds: Repo<calendar_feed::Model>,
    pub achievements: Repo<achievement::Model>,
    pub goals: Repo<goal::Model>,
    pub health_records: Repo<health_record::Model>,
    pub health_snapshots: Repo<health_snapshot::Model>,
    pub events: Repo<event::Model>,
    pub event_participations: Repo<event_participation::Model>,
    pub chat_rooms: Repo<room::Model>,
    pub event_queries: Arc<dyn EventQueries>,
    pub event_upkeep: Arc<dyn EventUpkeep>,
    pub rooms_of: Arc<dyn ChatRooms>,
    pub event_credits: Repo<event_credit::Model>,
    pub event_seats: Arc<dyn EventSeats>,
    pub event_claims: Arc<dyn EventClaims>,
    pub joined: Arc<dyn EventParticipations>,
    pub refund_tasks: Arc<dyn RefundTasks>,
    pub payment_accounts: Arc<dyn PaymentAccounts>,
    pub hours: Arc<dyn Hours>,
    pub gym_settings: Arc<dyn ScheduleSettings>,
    pub seats: Arc<dyn Seats>,
    pub waitlists: Arc<dyn Waitlists>,
    pub kinds: Arc<dyn CategoryQueries>,
    pub templates: Arc<dyn ClassQueries>,
    pub opinions: Arc<dyn ReviewQueries>,
    pub session_queries: Arc<dyn SessionQueries>,
    pub session_upkeep: Arc<dyn SessionUpkeep>,
    pub taking_part: Arc<dyn Participations>,
    pub attended_days: Arc<dyn AttendedDays>,
    pub earned: Arc<dyn Achievements>,
    pub scans: Arc<dyn Scans>,
    pub calendars: Arc<dyn Calendars>,
    pub statistics: Arc<dyn Statistics>,
    pub measured: Arc<dyn Health>,
    pub wanted: Arc<dyn Goals>,
    pub snapshots: Arc<dyn Snapshots>,
    pub schedule_figures: Arc<dyn ScheduleFigures>,
    pub devices: Arc<dyn Devices>,
    pub notifications: Repo<notification::Model>,
    pub recipients: Repo<recipient::Model>,
    pub notification_preferences: Repo<preference::Model>,
    pub notification_settings: Repo<notification_settings::Model>,
    pub written: Arc<dyn Written>,
    pub addressed: Arc<dyn Addressed>,
    pub said: Arc<dyn Said>,
    pub inbox: Arc<dyn Inbox>,
    pub preferences: Arc<dyn Preferences>,
    pub gym_notices: Arc<dyn NotificationSettings>,
}

impl Stores {
    pub fn sea() -> Self {
        Self {
            users: Arc::new(SeaUsers),
            gyms: Arc::new(SeaGyms),
            memberships: Arc::new(SeaMemberships::default()),
            people: Arc::new(SeaMemberships::default()),
            modules: Arc::new(SeaModules),
            relationships: Arc::new(SeaRelationships::default()),
            related: Arc::new(SeaRelationships::default()),
            outbox: Arc::new(SeaOutbox),
            jobs: Arc::new(SeaJobs),
            installation: Arc::new(SeaInstallations),
            idempotency: Arc::new(SeaIdempotencyKeys),
            opening_hours: repo::<opening_hours::Entity>(),
            special_days: repo::<special_day::Entity>(),
            schedule_settings: repo::<settings::Entity>(),
            categories: repo::<category::Entity>(),
            classes: repo::<class::Entity>(),
            sessions: repo::<session::Entity>(),
            participations: repo::<participation::Entity>(),
            places: repo::<waitlist::Entity>(),
            cancellations: repo::<cancellation::Entity>(),
            reviews: repo::<review::Entity>(),
            calendar_feeds: repo::<calendar_feed::Entity>(),
            achievements: repo::<achievement::Entity>(),
            goals: repo::<goal::Entity>(),
            health_records: repo::<health_record::Entity>(),
            health_snapshots: repo::<health_snapshot::Entity>(),
            events: repo::<event::Entity>(),
            event_participations: repo::<event_participation::Entity>(),
            chat_rooms: repo::<room::Entity>(),
            event_queries: Arc::new(SeaEvents::default()),
            event_upkeep: Arc::new(SeaEvents::default()),
            rooms_of: Arc::new(SeaChatRooms::default()),
            event_credits: repo::<event_credit::Entity>(),
            event_seats: Arc::new(SeaEventSeats),
            event_claims: Arc::new(SeaEventClaims),
            joined: Arc::new(SeaEventParticipations),
            refund_tasks: Arc::new(SeaRefundTasks),
            payment_accounts: Arc::new(SeaPaymentAccounts),
            hours: Arc::new(SeaHours),
            gym_settings: Arc::new(SeaSettings),
            seats: Arc::new(SeaSeats),
            waitlists: Arc::new(SeaWaitlists),
            kinds: Arc::new(SeaRepo::<category::Entity>::default()),
            templates: Arc::new(SeaRepo::<class::Entity>::default()),
            opinions: Arc::new(SeaRepo::<review::Entity>::default()),
            session_queries: Arc::new(SeaSessions::default()),
            session_upkeep: Arc::new(SeaSessions::default()),
            taking_part: Arc::new(SeaParticipationLists),
            attended_days: Arc::new(SeaAttendedDays),
            earned: Arc::new(SeaEarned),
            scans: Arc::new(SeaScans),
            calendars: Arc::new(SeaCalendars),
            statistics: Arc::new(SeaStatistics),
            measured: Arc::new(SeaHealth),
            wanted: Arc::new(SeaWanted),
            snapshots: Arc::new(SeaSnapshots),
            schedule_figures: Arc::new(SeaScheduleFigures),
            devices: Arc::new(SeaDevices),
            notifications: repo::<notification::Entity>(),
            recipients: repo::<recipient::Entity>(),
            notification_preferences: repo::<preference::Entity>(),
            notification_settings: repo::<notification_settings::Entity>(),
            written: Arc::new(SeaWritten),
            addressed: Arc::new(SeaAddressed),
            said: Arc::new(SeaSaid),
            inbox: Arc::new(SeaInbox),
            preferences: Arc::new(SeaSaidPreferences),
            gym_notices: Arc::new(SeaNotificationSettings),
        }
    }
}

/// The plain repository of a tenant's table.
fn repo<E>() -> Repo<E::Model>
where
    E: TenantEntity,
    SeaRepo<E>: Repository<E::Model, E::Create, E::Update>,
    E::Model: TenantRow<Create = E::Create, Update = E::Update>,
{
    Arc::new(SeaRepo::<E>::default())
}

impl Core {
    pub fn new(db: Db, cache: Arc<CacheFront>) -> Self {
        Self {
            db,
            stores: Stores::sea(),
            cache,
            clock: Arc::new(SystemClock),
            mail_enabled: false,
            underway: Underway::default(),
            turns: Arc::default(),
            mark: Arc::default(),
        }
    }

    /// The mark of this installation, which the database keeps: made at the first call ever, read once per process.
    pub async fn installation(&self) -> Result<Mark> {
        let read = async || {
            let installation = &self.stores.installation;
            if let Some(mark) = installation.mark(&self.db).await? {
                return Ok(mark);
            }
            installation.offer(&self.db, &Mark::random()).await?;
            let missing = || StoreError::NotFound { entity: "installation", id: "1".into() };
            installation.mark(&self.db).await?.ok_or_else(missing)
        };
        Ok(self.mark.get_or_try_init(read).await?.clone())
    }
}
