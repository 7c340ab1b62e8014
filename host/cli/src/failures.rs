//! Which code the errors of the libraries end with. Their messages say what to do, so no hint is added but for names
//! that were probably mistyped.

use plimsoll_chain::{ChainError, Fault};
use plimsoll_core::SpaceError;
use plimsoll_lab::LabError;
use plimsoll_node::NodeError;
use plimsoll_plugin::PluginError;
use plimsoll_store::StoreError;
use plimsoll_wire::{EvidenceError, WireError};

use crate::config::nearest;
use crate::exit::{Exit, Failure};

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let exit = match error {
            NodeError::Plugin(error) => return error.into(),
            NodeError::Chain(error) => return error.into(),
            NodeError::Wire(error) => return error.into(),
            NodeError::Evidence(error) => return error.into(),
            NodeError::Store(error) => return error.into(),
            NodeError::UnknownBuiltin { ref name, ref shipped } => {
                let failure = Self::of(Exit::PluginRejected, &error);
                return match meant(name, shipped) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure,
                };
            }
            NodeError::PluginFile { .. } | NodeError::Pinned { .. } | NodeError::Unwritten { .. } => {
                Exit::PluginRejected
            }
            NodeError::NoPlot { .. } => Exit::NotInitialised,
            NodeError::OtherScheme { .. } => Exit::Config,
            NodeError::Cancelled => Exit::Interrupted,
            NodeError::Disk { .. } => Exit::DiskMissing,
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

/// The shipped plugin that was probably meant: one of its kind, where the name says which.
fn meant<'a>(name: &str, shipped: &'a str) -> Option<&'a str> {
    fn kind(name: &str) -> Option<&str> {
        name.split_once('-').map(|(kind, _)| kind)
    }
    let all: Vec<&str> = shipped.split(", ").collect();
    let of_kind: Vec<&str> = all.iter().copied().filter(|word| kind(word) == kind(name)).collect();
    nearest(name, if of_kind.is_empty() { all } else { of_kind }.into_iter())
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let exit = match error {
            LabError::Plugin(error) => return error.into(),
            LabError::Node(error) => return (*error).into(),
            LabError::Store(error) => return error.into(),
            LabError::Space(ref space) => space_exit(space),
            LabError::Disk { .. } => Exit::DiskMissing,
            LabError::Choice(_) | LabError::Replay { .. } => Exit::Usage,
            LabError::Figures(_) => Exit::Config,
            LabError::KeptInUse { .. } => Exit::Locked,
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        let exit = match error.fault() {
            _ if matches!(error, ChainError::StateInUse { .. }) => Exit::Locked,
            Fault::Caller => Exit::Config,
            Fault::Wallet => Exit::Wallet,
            Fault::Network => Exit::ChainUnreachable,
            Fault::Disk => Exit::DiskMissing,
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        let exit = match &error {
            PluginError::Rejected { .. }
            | PluginError::Refused { .. }
            | PluginError::Fault { .. }
            | PluginError::Promise { .. } => Exit::PluginRejected,
            PluginError::BadConfig { .. } => Exit::Config,
            PluginError::Space(space) => space_exit(space),
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::BadSample { .. } => Exit::Usage,
            StoreError::NotSealed { .. } => Exit::NotInitialised,
            StoreError::Locked { .. } => Exit::Locked,
            StoreError::NotAPlot { .. }
            | StoreError::BadJournal { .. }
            | StoreError::CutShort { .. }
            | StoreError::RefillDiffers { .. } => Exit::CorruptPlot,
            StoreError::NoSpace { .. }
            | StoreError::MissingFolder { .. }
            | StoreError::OtherDisk { .. }
            | StoreError::BadKnownDisk { .. }
            | StoreError::FullDisk { .. }
            | StoreError::Io { .. }
            | StoreError::Poisoned { .. } => Exit::DiskMissing,
            StoreError::Space(space) => space_exit(space),
            StoreError::Cancelled => Exit::Interrupted,
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::of(Exit::Error, &error)
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        let exit = match &error {
            EvidenceError::Locked(_) => Exit::Locked,
            EvidenceError::Io { .. } | EvidenceError::Poisoned(_) => Exit::DiskMissing,
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

fn space_exit(error: &SpaceError) -> Exit {
    match error {
        SpaceError::Device { .. } => Exit::DiskMissing,
        SpaceError::Cancelled => Exit::Interrupted,
        _ => Exit::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(failure: impl Into<Failure>) -> u8 {
        failure.into().exit as u8
    }

    #[test]
    fn an_error_ends_with_the_code_of_its_own_floor_however_deep_it_lies() {
        let path = std::path::PathBuf::from("/p");
        let locked = || StoreError::Locked { path: path.clone(), holder: "process 7".into() };
        assert_eq!(code(locked()), 11);
        assert_eq!(code(NodeError::from(locked())), 11);
        let device =
            SpaceError::Device { path: "/p".into(), offset: 0, len: 1, reason: "input/output error".into() };
        assert_eq!(code(NodeError::from(StoreError::from(device.clone()))), 21);
        assert_eq!(code(NodeError::from(PluginError::from(device))), 21);
        assert_eq!(code(NodeError::Cancelled), 130);
        assert_eq!(code(EvidenceError::Locked(path.clone())), 11);
        assert_eq!(code(EvidenceError::Poisoned(path.clone())), 21);
        assert_eq!(code(EvidenceError::Empty), 1);
        assert_eq!(code(StoreError::from(SpaceError::Cancelled)), 130);
        assert_eq!(code(StoreError::NotAPlot { path: path.clone(), why: "x".into() }), 20);
        assert_eq!(code(StoreError::CutShort { path: path.clone(), missing_bytes: 1 }), 20);
        assert_eq!(code(StoreError::OtherDisk { path: path.clone(), why: "x".into() }), 21);
        let far = ChainError::Unreachable { endpoint: "local://[::1]:1".into(), why: "refused".into() };
        assert_eq!(code(NodeError::from(far)), 30);
        assert_eq!(code(NodeError::UnknownBuiltin { name: "x".into(), shipped: "y".into() }), 40);
        assert_eq!(code(NodeError::NoPlot { folder: path, reason: "it is empty".into() }), 10);
    }

    #[test]
    fn a_plugin_that_is_not_shipped_is_told_with_the_nearest_of_its_kind() {
        let shipped = "challenge-uniform, incentive-ema, incentive-beta, proof-stream, proof-sdr".to_owned();
        let hint = |name: &str| {
            let unknown = NodeError::UnknownBuiltin { name: name.into(), shipped: shipped.clone() };
            Failure::from(unknown).hint
        };
        assert_eq!(hint("incentive-emma").as_deref(), Some("did you mean `incentive-ema`?"));
        assert_eq!(hint("proof_stream").as_deref(), Some("did you mean `proof-stream`?"));
        assert_eq!(hint("prof-sdr").as_deref(), Some("did you mean `proof-sdr`?"));
        assert_eq!(hint("something else"), None);
    }
}
