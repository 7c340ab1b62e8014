//! Which scenarios an exact run can live through.

use plimsoll_core::{ByteSize, Hotkey, Identity};
use plimsoll_plugin::{PluginError, Scheme};

use super::super::place::NETUID;
use super::super::scenario::{Miners, Scenario, Strategy};
use crate::LabError;

/// Plots of one run that are in memory at the same time.
pub(super) const MOST_BYTES: u64 = 256 << 20;
/// Memory that filling one plot may take beside it.
const MOST_FILLING_BYTES: u64 = 128 << 20;

/// Whether all plots that the miners ever have at once fit into memory.
///
/// # Errors
/// What they claim, how much there may be, and what to change.
pub(in crate::simulate) fn within_memory(scenario: &Scenario) -> Result<(), String> {
    let claimed: u64 = scenario.miners.iter().map(plots_bytes).fold(0, u64::saturating_add);
    let largest = scenario.miners.iter().max_by_key(|group| plots_bytes(group));
    match largest {
        Some(group) if claimed > MOST_BYTES => Err(format!(
            "an exact run fills every plot in memory, {} in all, and the plots of this scenario have {}, those of `{}` \
             {}: give them fewer `bytes`, or be fewer, as `--scenario exact-small` does, or say `fidelity = \
             \"sampled\"`",
            ByteSize(MOST_BYTES),
            ByteSize(claimed),
            group.name,
            ByteSize(plots_bytes(group)),
        )),
        _ => Ok(()),
    }
}

/// What a group's plots take at most: what each miner claims, unless one copy is all that there is.
fn plots_bytes(group: &Miners) -> u64 {
    let each = match group.strategy {
        Strategy::Growing { up_to, .. } => up_to.0,
        _ => group.bytes.0,
    };
    let is_one = matches!(group.strategy, Strategy::Outsourcer { .. }) && group.hotkeys() == 1;
    let copies = if is_one { 1 } else { group.count };
    each.saturating_mul(copies.into())
}

/// Whether the scheme has a plan for what each group claims, in units of the size that its figures are for, and within
/// memory.
///
/// # Errors
/// Which group's claim does not, and what to change.
pub(in crate::simulate) fn every_claim_fits(
    scenario: &Scenario,
    scheme: &Scheme,
    unit_bytes: u32,
) -> Result<(), LabError> {
    let name = &scheme.descriptor().name;
    let setup = |why: String| LabError::Setup { scheme: name.clone(), why };
    let identity = Identity { netuid: NETUID, owner: Hotkey([0; 32]), validator: Hotkey([0; 32]) };
    let mut instance = scheme.instance()?;
    for group in &scenario.miners {
        let layout = match instance.plan(&identity, group.bytes.0) {
            Err(error @ PluginError::Refused { .. }) => {
                return Err(setup(format!(
                    "it has no plan for the {} of `{}`: {error}; give them more `bytes`",
                    group.bytes, group.name
                )));
            }
            planned => planned?,
        };
        if layout.unit_bytes != unit_bytes {
            return Err(setup(format!(
                "its units have {} bytes under these parameters, those of its figures {unit_bytes}: measure it with \
                 `plimsoll compare --json` and name the file with --figures",
                layout.unit_bytes
            )));
        }
        if layout.memory_bytes > MOST_FILLING_BYTES {
            return Err(setup(format!(
                "filling a plot of `{}` takes {} of memory, an exact run has {}: give them fewer `bytes`, or the scheme \
                 other parameters, or say `fidelity = \"sampled\"`",
                group.name,
                ByteSize(layout.memory_bytes),
                ByteSize(MOST_FILLING_BYTES),
            )));
        }
    }
    Ok(())
}
