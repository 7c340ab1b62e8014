//! The command as its users and their scripts meet it: texts, JSON, exit codes.

mod check;
mod help;
mod home;
mod init;
mod show;
mod usage;
mod wallet;
