//! What a member is advised, by stable codes and in the language of whoever asks (ATT-46, ATT-47).
use crate::kernel::locale::Locale;
use serde::{Deserialize, Serialize};

macro_rules! recommendations {
    ($($(#[$doc:meta])* $name:ident: $en:literal / $es:literal),+ $(,)?) => {
        /// An advice; its name in `snake_case` is its code, which never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Recommendation {
            $($(#[$doc])* $name,)+
        }

        impl Recommendation {
            /// For people.
            pub fn text(self, locale: Locale) -> &'static str {
                match (self, locale) {
                    $((Self::$name, Locale::En) => $en, (Self::$name, Locale::Es) => $es,)+
                }
            }
        }
    };
}

recommendations! {
    AttendMoreOften: "Come to class more often to get the most out of your membership."
        / "Asiste a clase más a menudo para aprovechar tu membresía.",
    FixRegularTimes: "Set yourself regular times to train."
        / "Establece un horario fijo de entrenamiento.",
    AddWeeklyClasses: "Add one or two more classes to your week."
        / "Añade una o dos clases más a tu semana.",
    VaryClassTypes: "Try new types of classes to vary your training."
        / "Prueba nuevos tipos de clases para variar tu entrenamiento.",
    MembershipWellUsed: "Excellent: you make full use of your membership."
        / "Excelente: aprovechas tu membresía al máximo.",
    BookFirstClass: "Book your first class."
        / "Reserva tu primera clase.",
    BeConsistent: "Be consistent: two or three classes a week."
        / "Sé constante: dos o tres clases por semana.",
    ConsiderUpgrade: "Consider a plan with more benefits."
        / "Considera un plan con más beneficios.",
    ScheduleInAdvance: "Plan your classes in advance, so that you keep your bookings."
        / "Programa tus clases con antelación para cumplir tus reservas.",
    TryNewClassType: "Try a type of class that you do not know yet."
        / "Prueba un tipo de clase que aún no conozcas.",
    JoinChats: "Join the chats of your gym and meet other members."
        / "Participa en los chats del gimnasio y conoce a otros miembros.",
    AttendEvents: "Take part in events: they help you to reach your fitness goals."
        / "Participa en eventos: te ayudarán a alcanzar tus objetivos de fitness.",
    KeepItUp: "Keep up your great rhythm of training."
        / "Mantén tu excelente ritmo de entrenamiento.",
    SetNewGoals: "Set yourself new goals to keep making progress."
        / "Márcate nuevos objetivos para seguir progresando.",
    ShareProgress: "Share your progress with the people of your gym."
        / "Comparte tus progresos con la gente de tu gimnasio.",
}

use Recommendation::*;

impl Recommendation {
    /// Whether it is about health, weight, goals or nutrition.
    pub fn is_about_health(self) -> bool {
        matches!(self, AttendEvents | SetNewGoals)
    }
}

/// How to make more of a membership: at most three (ATT-46). `rate` is the percentage that is used, `basic` whether
/// there is no plan beyond the basic one.
pub fn of_membership(rate: f64, attended: i64, basic: bool) -> Vec<Recommendation> {
    let by_rate: &[Recommendation] = match rate {
        rate if rate < 30.0 => &[AttendMoreOften, FixRegularTimes],
        rate if rate < 60.0 => &[AddWeeklyClasses],
        rate if rate < 90.0 => &[VaryClassTypes],
        _ => &[MembershipWellUsed],
    };
    let by_count = match attended {
        0 => Some(BookFirstClass),
        1..5 => Some(BeConsistent),
        _ => None,
    };
    by_rate.iter().copied().chain(by_count).chain(basic.then_some(ConsiderUpgrade)).take(3).collect()
}

/// What general advice is made of. What nobody counts (chats, events) is `None`, and no reason for advice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    pub attendance_rate: f64,
    pub favourite_classes: usize,
    pub social_score: Option<f64>,
    pub event_rate: Option<f64>,
}

/// General advice; three encouragements where there is nothing to say (ATT-47).
pub fn general(seen: Seen) -> Vec<Recommendation> {
    let advice: Vec<_> = [
        (seen.attendance_rate < 70.0, ScheduleInAdvance),
        (seen.favourite_classes < 3, TryNewClassType),
        (seen.social_score.is_some_and(|score| score < 5.0), JoinChats),
        (seen.event_rate.is_some_and(|rate| rate < 50.0), AttendEvents),
    ]
    .into_iter()
    .filter_map(|(holds, advice)| holds.then_some(advice))
    .collect();
    if advice.is_empty() { vec![KeepItUp, SetNewGoals, ShareProgress] } else { advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn att_46_at_most_three_hints_by_rate_then_count_then_plan() {
        for (rate, attended, basic, hints) in [
            (0.0, 0, true, &[AttendMoreOften, FixRegularTimes, BookFirstClass][..]),
            (29.9, 4, false, &[AttendMoreOften, FixRegularTimes, BeConsistent]),
            (29.9, 5, true, &[AttendMoreOften, FixRegularTimes, ConsiderUpgrade]),
            (30.0, 4, true, &[AddWeeklyClasses, BeConsistent, ConsiderUpgrade]),
            (59.9, 9, false, &[AddWeeklyClasses]),
            (60.0, 9, false, &[VaryClassTypes]),
            (89.9, 9, true, &[VaryClassTypes, ConsiderUpgrade]),
            (90.0, 9, false, &[MembershipWellUsed]),
            (100.0, 1, true, &[MembershipWellUsed, BeConsistent, ConsiderUpgrade]),
        ] {
            assert_eq!(of_membership(rate, attended, basic), hints, "{rate} {attended} {basic}");
        }
    }

    #[test]
    fn att_47_advice_where_something_lacks_and_encouragement_where_nothing_does() {
        let fine =
            Seen { attendance_rate: 70.0, favourite_classes: 3, social_score: Some(5.0), event_rate: Some(50.0) };
        assert_eq!(general(fine), [KeepItUp, SetNewGoals, ShareProgress]);
        assert_eq!(general(Seen { attendance_rate: 69.9, ..fine }), [ScheduleInAdvance]);
        assert_eq!(general(Seen { favourite_classes: 2, ..fine }), [TryNewClassType]);
        assert_eq!(general(Seen { social_score: Some(4.9), ..fine }), [JoinChats]);
        assert_eq!(general(Seen { event_rate: Some(49.9), ..fine }), [AttendEvents]);
        let unknown = Seen { attendance_rate: 0.0, favourite_classes: 0, social_score: None, event_rate: None };
        assert_eq!(general(unknown), [ScheduleInAdvance, TryNewClassType]);
    }

    #[test]
    fn att_47_texts_follow_the_language_and_codes_do_not() {
        let code = serde_json::to_value(SetNewGoals).unwrap();
        assert_eq!(code, "set_new_goals");
        assert!(SetNewGoals.text(Locale::En).contains("goals") && SetNewGoals.text(Locale::Es).contains("objetivos"));
        assert!(SetNewGoals.is_about_health() && !KeepItUp.is_about_health());
    }
}
