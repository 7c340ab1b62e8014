//! The partitions of a miner's folder, as far as serving them needs it.

use std::path::{Path, PathBuf};

use plimsoll_core::{Hotkey, NetUid};
use plimsoll_store::partition::{Partition, read_partitions};
use plimsoll_store::plot_path;

use crate::NodeError;
use crate::space::PARTITION_FILE;

/// For whom, and in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) validator: Hotkey,
    pub(super) path: PathBuf,
}

/// Reads `partition.json`. A folder may have been moved: its plots are looked for where the file is.
///
/// # Errors
/// [`NodeError::Store`] for a file that is missing or malformed, [`NodeError::NoPlot`] for one of another
/// miner or subnet.
pub(super) fn read(folder: &Path, netuid: NetUid, owner: Hotkey) -> Result<Vec<Kept>, NodeError> {
    let partitions = read_partitions(&folder.join(PARTITION_FILE))?;
    for partition in &partitions {
        if partition.owner != owner || partition.netuid != netuid {
            let Partition { owner: whose, netuid: on, .. } = partition;
            let reason = format!(
                "{PARTITION_FILE} is of {whose} on subnet {on}, this miner is {owner} on subnet {netuid}: \
                 run `plimsoll allocate` for this wallet and subnet"
            );
            return Err(NodeError::NoPlot { folder: folder.into(), reason });
        }
    }
    Ok(partitions.iter().map(|partition| kept(folder, partition)).collect())
}

fn kept(folder: &Path, partition: &Partition) -> Kept {
    let path = match &partition.plimsoll {
        // Only a name: a partition file never leads out of its folder.
        Some(plot) if !plot.file.contains(['/', '\\']) => folder.join(&plot.file),
        _ => plot_path(folder, &partition.validator),
    };
    Kept { validator: partition.validator, path }
}
