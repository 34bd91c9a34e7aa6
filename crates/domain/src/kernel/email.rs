//! E-mail addresses compare without regard to case, and are kept as they were written.

/// Domains of throw-away mailboxes, refused at registration (IDN-64).
pub const DISPOSABLE: [&str; 16] = [
    "mailinator.com",
    "temp-mail.org",
    "guerrillamail.com",
    "yopmail.com",
    "tempmail.com",
    "10minutemail.com",
    "throwawaymail.com",
    "trashmail.com",
    "tempinbox.com",
    "sharklasers.com",
    "getairmail.com",
    "dispostable.com",
    "mailnesia.com",
    "maildrop.cc",
    "getnada.com",
    "emailondeck.com",
];

pub fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

pub fn is_disposable(email: &str) -> bool {
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).trim().to_ascii_lowercase();
    DISPOSABLE.contains(&domain.as_str())
}
