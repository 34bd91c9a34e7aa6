//! The workspace that a caller sees: words, features, navigation, as rules of role and gym type (IDN-85 … IDN-87).
