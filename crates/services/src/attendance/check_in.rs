//! The code at the door (ATT-2 … ATT-18).
//!
//! A check-in is one transaction: membership and code, then the session and its seats, then the row. It goes through
//! the same engine as bookings do, and holds the session before it looks at its seats.
use crate::{
    Actor, Core, Error, Ports, Refusal, Result, Settings,
    schedule::seating::{Held, SESSION_NOT_FOUND as SESSION_GONE, stale},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    SessionId, UserId,
    attendance::check_in::{Admission, CheckInRefusal, Near, admit, nearest, window},
    identity::{GymRole, qr_code},
    kernel::locale::Locale,
    schedule::{
        participation::{self, ParticipationStatus},
        waitlist::WaitlistStatus,
    },
};
use repository::{
    Tx,
    attendance::scans::{Scan, Wanted},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub const INVALID_QR: Refusal =
    Refusal::bad_request("invalid_qr", "This code is not known.", "Este código no es válido.");
pub const NOT_ALLOWED: Refusal =
    Refusal::forbidden("not_allowed", "You can only check in yourself.", "Solo puedes registrar tu propia asistencia.");
pub const NOT_A_MEMBER: Refusal = Refusal::bad_request(
    "not_a_member",
    "This person does not belong to the gym.",
    "Esta persona no pertenece al gimnasio.",
);
pub const LAPSED: Refusal =
    Refusal::bad_request("membership_inactive", "The membership is not active.", "La membresía no está activa.");
pub const NO_SESSION: Refusal = Refusal::bad_request(
    "no_session",
    "No class starts at about this time.",
    "No hay ninguna clase que empiece alrededor de esta hora.",
);
pub const SESSION_NOT_FOUND: Refusal =
    Refusal::bad_request("session_not_found", "There is no such session.", "La sesión no existe.");
pub const OUT_OF_WINDOW: Refusal = Refusal::bad_request(
    "out_of_window",
    "Check-in is open from half an hour before the start until half an hour after it.",
    "El registro está abierto desde media hora antes del inicio hasta media hora después.",
);
pub const SESSION_CANCELLED: Refusal =
    Refusal::bad_request("session_cancelled", "The session is cancelled.", "La sesión está cancelada.");
pub const ALREADY_CHECKED_IN: Refusal =
    Refusal::bad_request("already_checked_in", "Checked in already.", "La asistencia ya estaba registrada.");
pub const SESSION_FULL: Refusal =
    Refusal::bad_request("session_full", "Every seat of this session is taken.", "La sesión está completa.");

impl From<CheckInRefusal> for Error {
    fn from(refusal: CheckInRefusal) -> Self {
        match refusal {
            CheckInRefusal::OutOfWindow => OUT_OF_WINDOW,
            CheckInRefusal::SessionCancelled => SESSION_CANCELLED,
            CheckInRefusal::AlreadyCheckedIn => ALREADY_CHECKED_IN,
            CheckInRefusal::SessionFull => SESSION_FULL,
        }
        .into()
    }
}

/// A code that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = QRCheckInRequest)]
pub struct ShownCode {
    /// `U{user_id}_{hash}`
    pub qr_code: String,
    /// The session; without it the nearest.
    #[serde(default)]
    pub session_id: Option<SessionId>,
}

/// That somebody is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CheckInResult)]
pub struct CheckedIn {
    /// Always true.
    pub success: bool,
    /// For people.
    pub message: &'static str,
    pub session: CheckInSession,
    /// Who it is.
    pub member: CheckInMember,
    pub class_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckInSession {
    pub id: SessionId,
    pub start_time: DateTime<Utc>,
    pub end_time: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckInMember {
    pub id: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub picture: Option<String>,
}

/// The door.
#[async_trait]
pub trait CheckIns: Send + Sync {
    /// Checks the owner of a code in, for a session or for the nearest: staff whomever, a member themself. Member
    /// guard.
    ///
    /// # Errors
    /// [`INVALID_QR`], [`NOT_ALLOWED`], [`NOT_A_MEMBER`], [`LAPSED`], then [`SESSION_NOT_FOUND`] or [`NO_SESSION`], then
    /// in this order [`OUT_OF_WINDOW`], [`SESSION_CANCELLED`], [`ALREADY_CHECKED_IN`], [`SESSION_FULL`].
    async fn check_in(&self, actor: &Actor, shown: ShownCode, locale: Locale) -> Result<CheckedIn>;
}

pub struct CheckInService {
    core: Core,
}

/// Staff check anybody in, a member only themself (ATT-5).
fn may_check_in(actor: &Actor, user: UserId) -> Result<()> {
    if user == actor.user_id() || actor.is_at_least(GymRole::Trainer) { Ok(()) } else { Err(NOT_ALLOWED.into()) }
}

/// The session that is meant, with its class's name.
fn chosen(found: Vec<Scan>, one: bool, now: DateTime<Utc>) -> Result<(SessionId, Scan)> {
    let candidates = found.iter().filter_map(|scan| {
        let registered = scan.own == Some(ParticipationStatus::Registered);
        Some(Near { session: scan.session_id?, start: scan.start_time?, registered })
    });
    let near = nearest(candidates, now).ok_or(if one { SESSION_NOT_FOUND } else { NO_SESSION })?;
    let scan = found.into_iter().find(|scan| scan.session_id == Some(near.session)).ok_or(NO_SESSION)?;
    Ok((near.session, scan))
}

impl CheckInService {
    pub fn new(core: &Core, _: &Ports, _: &Settings) -> Self {
        Self { core: core.clone() }
    }

    /// Why a code names no member of this gym: nobody's, or somebody's from elsewhere (ATT-3, ATT-6).
    async fn not_here(&self, tx: &Tx, actor: &Actor, code: &str) -> Result<Error> {
        let Some(user) = self.core.stores.users.by_qr_code(tx, code).await? else { return Ok(INVALID_QR.into()) };
        may_check_in(actor, user)?;
        Ok(NOT_A_MEMBER.into())
    }

    /// At most six statements; one more for who waited in the session's queue.
    async fn attempt(&self, tx: &Tx, actor: &Actor, shown: &ShownCode) -> Result<(Held, Scan)> {
        let (core, gym) = (&self.core, actor.gym_id());
        let now = core.clock.now();
        let wanted = shown.session_id.map_or_else(|| Wanted::Starting(window(now)), Wanted::One);
        let found = core.stores.scans.scan(tx, gym, &shown.qr_code, wanted).await?;
        let Some(person) = found.first() else { return Err(self.not_here(tx, actor, &shown.qr_code).await?) };
        let user = person.user_id;
        may_check_in(actor, user)?;
        if !person.is_active(now) {
            return Err(LAPSED.into());
        }
        let (session, scan) = chosen(found, shown.session_id.is_some(), now)?;
        let held = core.hold_session(tx, gym, session, Some(user)).await.map_err(|e| match e {
            Error::Refused(SESSION_GONE) => SESSION_NOT_FOUND.into(),
            e => e,
        })?;
        match admit(&held.seats(), held.state.own, now)? {
            Admission::Booked => self.confirm(tx, &held, user, now).await?,
            Admission::WalkIn => self.seat(tx, &held, user, now).await?,
        }
        core.attendance_changed(tx, gym, &[user]).await?;
        Ok((held, scan))
    }

    /// ATT-11: the seat is theirs already, and no count changes.
    async fn confirm(&self, tx: &Tx, held: &Held, user: UserId, now: DateTime<Utc>) -> Result<()> {
        let change = participation::Update {
            status: Some(ParticipationStatus::Attended),
            attendance_time: Some(Some(now)),
            ..Default::default()
        };
        let of = (held.session.id, user);
        let registered = [ParticipationStatus::Registered];
        let row = self.core.stores.seats.change(tx, held.session.gym_id, of, &registered, change).await?;
        row.map(|_| ()).ok_or_else(|| ALREADY_CHECKED_IN.into())
    }

    /// ATT-12 … ATT-14: a seat that was free is taken.
    async fn seat(&self, tx: &Tx, held: &Held, user: UserId, now: DateTime<Utc>) -> Result<()> {
        let (stores, gym, session) = (&self.core.stores, held.session.gym_id, held.session.id);
        stores.seats.seat(tx, gym, &[(session, user)], ParticipationStatus::Attended, now).await?;
        if held.state.own_place.is_some() {
            // SCH-71: who has a seat waits for none
            stores.waitlists.leave(tx, gym, &[session], Some(user), WaitlistStatus::Promoted, now).await?;
        }
        Ok(stores.seats.recount(tx, gym, &[session]).await?)
    }
}

#[async_trait]
impl CheckIns for CheckInService {
    async fn check_in(&self, actor: &Actor, shown: ShownCode, locale: Locale) -> Result<CheckedIn> {
        actor.must_be(GymRole::Member)?;
        if !qr_code::is_well_formed(&shown.qr_code) {
            return Err(INVALID_QR.into());
        }
        let (held, scan) = self.core.db.run(async |tx| self.attempt(&tx, actor, &shown).await).await?;
        self.core.committed(&stale(actor.gym_id(), [scan.user_id])).await;
        let session = CheckInSession {
            id: held.session.id,
            start_time: held.session.start_time,
            end_time: held.session.end_time,
        };
        Ok(CheckedIn {
            success: true,
            message: match locale {
                Locale::En => "Checked in.",
                Locale::Es => "Asistencia registrada.",
            },
            session,
            member: CheckInMember {
                id: scan.user_id,
                first_name: scan.first_name,
                last_name: scan.last_name,
                picture: scan.picture,
            },
            class_name: scan.class_name.unwrap_or_default(),
        })
    }
}
