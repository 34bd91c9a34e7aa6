//! Inputs of the public registrations (IDN-67, IDN-71).
