//! Adversaries against proof schemes.
