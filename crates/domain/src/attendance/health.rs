//! Weight, height, and what follows from them (ATT-52 … ATT-54).
use super::health_record::MeasurementType;
use crate::kernel::validation::{Invalid, check};
use chrono::{DateTime, TimeDelta, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Kilograms and centimetres that can be a person's.
const WEIGHTS: std::ops::RangeInclusive<f64> = 20.0..=500.0;
const HEIGHTS: std::ops::RangeInclusive<f64> = 50.0..=250.0;
const INDICES: std::ops::RangeInclusive<f64> = 10.0..=50.0;

/// Changes of weight are told over so many days (ATT-54).
pub const CHANGE_OVER: TimeDelta = TimeDelta::days(30);

/// How far a client's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What a body mass index is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BMICategory)]
pub enum BmiCategory {
    Underweight,
    Normal,
    Overweight,
    Obese,
}

/// What is known of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Body {
    /// Kilograms.
    pub weight: Option<f64>,
    /// Centimetres.
    pub height: Option<f64>,
    pub bmi: Option<f64>,
    pub bmi_category: Option<BmiCategory>,
}

impl Body {
    /// What cannot be a person's is not known (ATT-52, ATT-53).
    pub fn of(weight: Option<f64>, height: Option<f64>) -> Self {
        let weight = weight.filter(|kg| WEIGHTS.contains(kg));
        let height = height.filter(|cm| HEIGHTS.contains(cm));
        let bmi = weight.zip(height).map(|(kg, cm)| one_decimal(kg / (cm / 100.0).powi(2)));
        let bmi = bmi.filter(|bmi| INDICES.contains(bmi));
        Self { weight, height, bmi, bmi_category: bmi.map(category) }
    }
}

fn category(bmi: f64) -> BmiCategory {
    match bmi {
        bmi if bmi < 18.5 => BmiCategory::Underweight,
        bmi if bmi < 25.0 => BmiCategory::Normal,
        bmi if bmi < 30.0 => BmiCategory::Overweight,
        _ => BmiCategory::Obese,
    }
}

/// By how much the last of so many weights differs from the first; of fewer than two there is no change (ATT-54).
pub fn weight_change(first: Option<f64>, last: Option<f64>, records: i64) -> Option<f64> {
    let (first, last) = first.zip(last).filter(|_| records >= 2)?;
    Some(one_decimal(last - first))
}

/// Half away from zero.
pub fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A measurement as it is sent: at least one value.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = HealthRecordCreate, example = json!({"weight": 71.4, "body_fat_percentage": 18.2}))]
#[serde(default)]
pub struct Measurement {
    /// Kilograms.
    #[garde(inner(range(min = 20.0, max = 500.0)))]
    #[schema(minimum = 20, maximum = 500)]
    pub weight: Option<f64>,
    #[garde(inner(range(min = 0.0, max = 100.0)))]
    #[schema(minimum = 0, maximum = 100)]
    pub body_fat_percentage: Option<f64>,
    /// Kilograms.
    #[garde(inner(range(min = 0.0, max = 500.0)))]
    #[schema(minimum = 0, maximum = 500)]
    pub muscle_mass: Option<f64>,
    /// The scale's own rating.
    #[garde(inner(range(min = 0.0, max = 100.0)))]
    #[schema(minimum = 0, maximum = 100)]
    pub visceral_fat: Option<f64>,
    /// Kilograms.
    #[garde(inner(range(min = 0.0, max = 500.0)))]
    #[schema(minimum = 0, maximum = 500)]
    pub bone_mass: Option<f64>,
    #[garde(inner(range(min = 0.0, max = 100.0)))]
    #[schema(minimum = 0, maximum = 100)]
    pub water_percentage: Option<f64>,
    #[garde(skip)]
    pub measurement_type: MeasurementType,
    #[garde(inner(length(chars, max = 1000)))]
    #[schema(max_length = 1000)]
    pub notes: Option<String>,
    /// When it was taken; now, if it is not said. Not in the future.
    #[garde(skip)]
    pub recorded_at: Option<DateTime<Utc>>,
}

impl Measurement {
    /// # Errors
    /// The fields that break a rule, or that there is no value.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Invalid> {
        check(self)?;
        let values = [
            self.weight,
            self.body_fat_percentage,
            self.muscle_mass,
            self.visceral_fat,
            self.bone_mass,
            self.water_percentage,
        ];
        if values.iter().all(Option::is_none) {
            return Err(Invalid::field("weight", "at least one value is needed"));
        }
        let first = DateTime::<Utc>::UNIX_EPOCH;
        match self.recorded_at {
            Some(at) if at > now + AHEAD => Err(Invalid::field("recorded_at", "is in the future")),
            Some(at) if at < first => Err(Invalid::field("recorded_at", "is too long ago")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edge case 20.
    #[test]
    fn att_52_what_cannot_be_a_persons_is_not_known() {
        for (weight, known) in [(19.9, false), (20.0, true), (500.0, true), (500.1, false)] {
            assert_eq!(Body::of(Some(weight), Some(180.0)).weight.is_some(), known, "{weight}");
        }
        for (height, known) in [(49.0, false), (50.0, true), (250.0, true), (251.0, false)] {
            let body = Body::of(Some(70.0), Some(height));
            assert_eq!((body.height.is_some(), body.weight), (known, Some(70.0)), "{height}");
        }
        assert_eq!(Body::of(Some(70.0), None), Body { weight: Some(70.0), ..Body::default() });
        assert_eq!(Body::of(None, Some(180.0)).bmi, None);
    }

    /// Edge case 20.
    #[test]
    fn att_53_the_index_and_what_it_is_called() {
        use BmiCategory::*;
        // at two metres a kilogram is a quarter of the index
        for (weight, bmi, category) in [
            (39.6, None, None), // 9.9
            (40.0, Some(10.0), Some(Underweight)),
            (73.6, Some(18.4), Some(Underweight)),
            (74.0, Some(18.5), Some(Normal)),
            (99.6, Some(24.9), Some(Normal)),
            (100.0, Some(25.0), Some(Overweight)),
            (119.6, Some(29.9), Some(Overweight)),
            (120.0, Some(30.0), Some(Obese)),
            (200.0, Some(50.0), Some(Obese)),
            (200.4, None, None), // 50.1
        ] {
            let body = Body::of(Some(weight), Some(200.0));
            assert_eq!((body.bmi, body.bmi_category), (bmi, category), "{weight}");
        }
    }

    #[test]
    fn att_54_a_change_needs_two() {
        for (first, last, records, change) in [
            (None, None, 0, None),
            (Some(80.0), Some(80.0), 1, None),
            (Some(80.0), Some(78.46), 2, Some(-1.5)),
            (Some(80.0), Some(80.0), 2, Some(0.0)),
        ] {
            assert_eq!(weight_change(first, last, records), change, "{first:?} {last:?}");
        }
    }

    #[test]
    fn a_measurement_has_a_value_within_bounds_and_is_not_of_the_future() {
        let now: DateTime<Utc> = "2026-03-10T12:00:00Z".parse().unwrap();
        let fine = |value: serde_json::Value| serde_json::from_value::<Measurement>(value).unwrap().check(now).is_ok();
        for good in [
            serde_json::json!({"weight": 20}),
            serde_json::json!({"weight": 500, "recorded_at": "2026-03-10T12:05:00Z"}),
            serde_json::json!({"water_percentage": 0}),
            serde_json::json!({"bone_mass": 3.1, "notes": "x".repeat(1000)}),
        ] {
            assert!(fine(good.clone()), "{good}");
        }
        for bad in [
            serde_json::json!({}),
            serde_json::json!({"notes": "nothing else"}),
            serde_json::json!({"weight": 19.9}),
            serde_json::json!({"weight": 500.1}),
            serde_json::json!({"body_fat_percentage": 100.1}),
            serde_json::json!({"weight": 70, "notes": "x".repeat(1001)}),
            serde_json::json!({"weight": 70, "recorded_at": "2026-03-10T12:05:01Z"}),
            serde_json::json!({"weight": 70, "recorded_at": "1969-03-10T12:05:01Z"}),
        ] {
            assert!(!fine(bad.clone()), "{bad}");
        }
    }
}
