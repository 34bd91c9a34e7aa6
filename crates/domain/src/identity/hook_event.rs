//! What an event of the identity provider's hooks is about (IDN-115, IDN-116).

/// The provider's names vary with the kind of hook; what they have in common decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookEvent {
    UserCreated,
    UserUpdated,
    /// Nothing that we act on.
    Other,
}

impl HookEvent {
    /// Reads the event's `type`: it names a user, and what happened to them.
    pub fn from_type(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let says = |word| name.contains(word);
        match says("user") {
            true if says("update") => Self::UserUpdated,
            true if says("creat") || says("registration") => Self::UserCreated,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HookEvent::{self, *};

    #[test]
    fn idn_116_an_update_names_both_a_user_and_an_update() {
        for (name, want) in [
            ("user.updated", UserUpdated),
            ("user_update", UserUpdated),
            ("USER.UPDATED", UserUpdated),
            ("post-update", Other),
            ("user.deleted", Other),
            ("user_created", UserCreated),
            ("user.created", UserCreated),
            ("post-user-registration", UserCreated),
            ("client.created", Other),
            ("", Other),
        ] {
            assert_eq!(HookEvent::from_type(name), want, "{name}");
        }
    }
}
