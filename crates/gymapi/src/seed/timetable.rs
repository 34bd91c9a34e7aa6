//! Weeks of classes with bookings: those that are over have been attended, those to come fill up.
use super::{Size, names, pick};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::{
    CategoryId, ClassId, GymId, SessionId, UserId,
    kernel::timezone,
    schedule::{
        category,
        class::{self, ClassCategory, Difficulty},
        opening_hours,
        participation::{self, ParticipationStatus},
        review,
        session::{self, SessionStatus},
        waitlist::{self, WaitlistStatus},
    },
};
use fastrand::Rng;
use sea_orm::ActiveValue::{NotSet, Set};

/// Rows of the timetables of some gyms.
#[derive(Default)]
pub(super) struct Rows {
    pub hours: Vec<opening_hours::ActiveModel>,
    pub categories: Vec<category::ActiveModel>,
    pub classes: Vec<class::ActiveModel>,
    pub sessions: Vec<session::ActiveModel>,
    pub bookings: Vec<participation::ActiveModel>,
    pub places: Vec<waitlist::ActiveModel>,
    pub reviews: Vec<review::ActiveModel>,
}

impl Rows {
    pub fn count(&self) -> u64 {
        let parts = [
            self.hours.len(),
            self.categories.len(),
            self.classes.len(),
            self.sessions.len(),
            self.bookings.len(),
            self.places.len(),
            self.reviews.len(),
        ];
        parts.iter().sum::<usize>() as u64
    }
}

/// The ids that the next rows get: children name their parents before either is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    pub category: i64,
    pub class: i64,
    pub session: i64,
}

/// A gym, as far as its timetable goes.
pub(super) struct Venue<'a> {
    pub gym: GymId,
    pub zone: Tz,
    pub trainers: &'a [UserId],
    pub members: &'a [UserId],
}

/// Name, kind, minutes, seats, level.
const CLASSES: [(&str, ClassCategory, i32, i32, Difficulty); 6] = [
    ("Spinning", ClassCategory::Cardio, 50, 12, Difficulty::Intermediate),
    ("Yoga suave", ClassCategory::Yoga, 60, 10, Difficulty::Beginner),
    ("HIIT 30", ClassCategory::Hiit, 30, 14, Difficulty::Advanced),
    ("Pilates", ClassCategory::Pilates, 55, 8, Difficulty::Beginner),
    ("Fuerza total", ClassCategory::Strength, 60, 12, Difficulty::Intermediate),
    ("Funcional", ClassCategory::Functional, 45, 16, Difficulty::Intermediate),
];

/// Every class of a gym begins at a full hour from this one on, so that nobody teaches two at once.
const FIRST_HOUR: u32 = 7;
const HOURS: u32 = 14;

pub(super) struct Timetable<'a> {
    pub size: Size,
    pub now: DateTime<Utc>,
    pub next: &'a mut Next,
    pub rng: &'a mut Rng,
    pub rows: &'a mut Rows,
}

impl Timetable<'_> {
    /// The gym's hours, its classes, and the weeks before and after today.
    pub fn fill(&mut self, venue: &Venue<'_>) {
        self.hours(venue.gym);
        let classes = self.classes(venue);
        let today = self.now.with_timezone(&venue.zone).date_naive();
        let monday = today - Days::new(today.weekday().num_days_from_monday().into());
        for week in 0..=2 * self.size.weeks {
            let first = monday + Days::new(u64::from(week) * 7) - Days::new(u64::from(self.size.weeks) * 7);
            for n in 0..self.size.sessions_a_week {
                self.session(venue, &classes, first, n);
            }
        }
    }

    /// Open from Monday to Saturday, closed on Sunday, as a gym begins with (SCH-20).
    fn hours(&mut self, gym: GymId) {
        for day in 0..7 {
            let open = (day < 6).then_some(());
            self.rows.hours.push(opening_hours::ActiveModel {
                id: NotSet,
                gym_id: Set(gym),
                day_of_week: Set(day),
                open_time: Set(open.and_then(|()| NaiveTime::from_hms_opt(9, 0, 0))),
                close_time: Set(open.and_then(|()| NaiveTime::from_hms_opt(21, 0, 0))),
                is_closed: Set(open.is_none()),
                created_at: Set(self.now),
                updated_at: Set(self.now),
            });
        }
    }

    fn classes(&mut self, venue: &Venue<'_>) -> Vec<(ClassId, i32, i32)> {
        let category = CategoryId(self.next.category);
        self.next.category += 1;
        let creator = venue.trainers.first().copied();
        self.rows.categories.push(category::ActiveModel {
            id: Set(category),
            gym_id: Set(venue.gym),
            name: Set("Cuerpo y mente".into()),
            description: Set(None),
            color: Set(Some("#3B82F6".into())),
            icon: Set(Some("lotus".into())),
            is_active: Set(true),
            created_by: Set(creator),
            created_at: Set(self.now),
            updated_at: Set(self.now),
        });
        let mut made = Vec::new();
        for (name, kind, minutes, seats, level) in CLASSES {
            let id = ClassId(self.next.class);
            self.next.class += 1;
            let mindful = matches!(kind, ClassCategory::Yoga | ClassCategory::Pilates);
            self.rows.classes.push(class::ActiveModel {
                id: Set(id),
                gym_id: Set(venue.gym),
                name: Set(name.into()),
                description: Set(Some(pick(&names::CLASS_NOTES, made.len()).into())),
                duration: Set(minutes),
                max_capacity: Set(seats),
                difficulty_level: Set(level),
                category_id: Set(mindful.then_some(category)),
                category_enum: Set(Some(kind)),
                is_active: Set(true),
                created_by: Set(creator),
                created_at: Set(self.now),
                updated_at: Set(self.now),
            });
            made.push((id, minutes, seats));
        }
        made
    }

    fn session(&mut self, venue: &Venue<'_>, classes: &[(ClassId, i32, i32)], monday: NaiveDate, n: u32) {
        let (day, slot) = (n % 7, n / 7);
        let (hour, room) = (FIRST_HOUR + slot % HOURS, slot / HOURS);
        let Some(time) = NaiveTime::from_hms_opt(hour, 0, 0) else { return };
        let (class, minutes, seats) = pick(classes, (n + day) as usize);
        let start = timezone::resolve((monday + Days::new(day.into())).and_time(time), venue.zone);
        let end = start + TimeDelta::minutes(minutes.into());
        let status = match (start <= self.now, end <= self.now) {
            (_, true) => SessionStatus::Completed,
            (true, false) => SessionStatus::InProgress,
            (false, false) => SessionStatus::Scheduled,
        };
        let id = SessionId(self.next.session);
        self.next.session += 1;
        let trainer = pick(venue.trainers, (slot % HOURS + room) as usize);
        let taken = self.book(venue, id, status, start, seats);
        self.rows.sessions.push(session::ActiveModel {
            id: Set(id),
            gym_id: Set(venue.gym),
            class_id: Set(class),
            trainer_id: Set(trainer),
            start_time: Set(start),
            end_time: Set(end),
            room: Set(Some(format!("Sala {}", room + 1))),
            is_recurring: Set(false),
            recurrence_pattern: Set(None),
            series_id: Set(None),
            status: Set(status),
            current_participants: Set(taken),
            override_capacity: Set(None),
            notes: Set(None),
            reminder_sent_at: Set(None),
            created_by: Set(Some(trainer)),
            created_at: Set(start - TimeDelta::days(30)),
            updated_at: Set(start - TimeDelta::days(30)),
        });
    }

    /// Bookings of a session; some that are to come are full, with people who wait. Returns the seats taken.
    fn book(
        &mut self,
        venue: &Venue<'_>,
        session: SessionId,
        status: SessionStatus,
        start: DateTime<Utc>,
        seats: i32,
    ) -> i32 {
        let most = i32::try_from(venue.members.len()).unwrap_or(i32::MAX).min(seats);
        let full = status == SessionStatus::Scheduled && self.rng.u8(0..6) == 0;
        let wanted = if full { most } else { most.min(self.rng.i32(0..=2 * self.size.bookings)) };
        let first = self.rng.usize(..venue.members.len().max(1));
        let mut who = venue.members.iter().cycle().skip(first).take(venue.members.len()).copied();
        let mut taken = 0;
        for member in who.by_ref().take(usize::try_from(wanted).unwrap_or(0)) {
            let came = match status {
                SessionStatus::Completed if self.rng.u8(0..10) == 0 => ParticipationStatus::NoShow,
                SessionStatus::Completed | SessionStatus::InProgress => ParticipationStatus::Attended,
                SessionStatus::Scheduled | SessionStatus::Cancelled => ParticipationStatus::Registered,
            };
            taken += i32::from(came.takes_seat());
            // what is to come was booked in the last days
            let booked = start.min(self.now) - TimeDelta::hours(self.rng.i64(1..72));
            let attended = (came == ParticipationStatus::Attended).then_some(start);
            self.rows.bookings.push(participation::ActiveModel {
                id: NotSet,
                gym_id: Set(venue.gym),
                session_id: Set(session),
                member_id: Set(member),
                status: Set(came),
                registration_time: Set(booked),
                attendance_time: Set(attended),
                cancellation_time: Set(None),
                cancellation_reason: Set(None),
                created_at: Set(booked),
                updated_at: Set(attended.unwrap_or(booked)),
            });
            if attended.is_some() && status == SessionStatus::Completed && self.rng.u8(0..12) == 0 {
                self.review(venue.gym, session, member, start + TimeDelta::hours(2));
            }
        }
        if full && taken == seats {
            for member in who.take(2) {
                self.wait(venue.gym, session, member);
            }
        }
        taken
    }

    fn wait(&mut self, gym: GymId, session: SessionId, member: UserId) {
        let joined = self.now - TimeDelta::minutes(self.rng.i64(1..60));
        self.rows.places.push(waitlist::ActiveModel {
            id: NotSet,
            gym_id: Set(gym),
            session_id: Set(session),
            member_id: Set(member),
            status: Set(WaitlistStatus::Waiting),
            joined_at: Set(joined),
            resolved_at: Set(None),
            created_at: Set(joined),
            updated_at: Set(joined),
        });
    }

    fn review(&mut self, gym: GymId, session: SessionId, member: UserId, at: DateTime<Utc>) {
        self.rows.reviews.push(review::ActiveModel {
            id: NotSet,
            gym_id: Set(gym),
            session_id: Set(session),
            member_id: Set(member),
            rating: Set(self.rng.i16(3..=5)),
            comment: Set(None),
            created_at: Set(at.min(self.now)),
            updated_at: Set(at.min(self.now)),
        });
    }
}
