//! Why no subnet was chosen.

use plimsoll_chain::ChainError;
use plimsoll_plugin::PluginError;

use super::Choice;

/// Why no subnet was chosen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// None looks like it.
    #[error("no subnet looks like one of {source_name}: {}; name one with --netuid", choice.in_short())]
    NoneFound {
        /// The plugin.
        source_name: String,
        /// What was looked at.
        choice: Box<Choice>,
    },
    /// More than one does.
    #[error("more than one subnet looks like one of {source_name}: {}; name one with --netuid", choice.in_short())]
    Ambiguous {
        /// The plugin.
        source_name: String,
        /// What was looked at.
        choice: Box<Choice>,
    },
    /// One or more could not be read, and may be the one.
    #[error(
        "{} could not be read and may be the one of {source_name}: {}; try again, or name one with --netuid",
        choice.unread_in_short(), choice.best_in_short()
    )]
    Unread {
        /// The plugin.
        source_name: String,
        /// What was looked at.
        choice: Box<Choice>,
    },
    /// No subnet could be read.
    #[error("no subnet could be read: {0}")]
    Chain(#[from] ChainError),
    /// The plugin cannot start.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}
