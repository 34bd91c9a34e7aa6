//! Repositories of devices, of what people are told, and of what they do not want to be told.
pub mod addressed;
pub mod dedupe;
pub mod devices;
pub mod inbox;
pub mod preferences;
pub mod settings;
pub mod written;

use crate::SeaRepo;
use domain::notifications::{notification, preference, recipient, settings as decisions};

pub type SeaNotifications = SeaRepo<notification::Entity>;
pub type SeaRecipients = SeaRepo<recipient::Entity>;
pub type SeaPreferences = SeaRepo<preference::Entity>;
pub type SeaNotificationSettings = SeaRepo<decisions::Entity>;
