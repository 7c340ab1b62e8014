//! Who gets how much: the policy's shares, planned by the scheme, until all files stay within the cap.

use std::collections::BTreeMap;

use plimsoll_chain::Snapshot;
use plimsoll_core::{AllocationSpace, ByteSize, Hotkey, Identity, Layout, Neuron, Share};
use plimsoll_plugin::{AllocationInstance, PluginError, SchemeInstance};
use plimsoll_store::Geometry;

use super::allocate::{AllocateRequest, Skipped};
use super::keep::Kept;
use super::orphans::{Orphan, bytes_of, in_the_way, orphans};
use crate::NodeError;

/// How often the cap may be lowered until files fit; a plot's overhead is a tenth of a percent, so that the
/// second plan fits.
const MOST_PLANS: usize = 8;

/// A share that holds a plot.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) share: Share,
    pub(super) layout: Layout,
    pub(super) file_bytes: u64,
}

/// The plugins that divide and plan.
pub(super) struct Hands {
    pub(super) policy: AllocationInstance,
    pub(super) scheme: SchemeInstance,
}

pub(super) type Division = (Vec<Planned>, Vec<Skipped>);

/// What is divided, and for whom.
pub(super) struct Whole<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) request: &'a AllocateRequest,
    pub(super) space: AllocationSpace,
    pub(super) neurons: &'a [Neuron],
    pub(super) wanted: &'a [Share],
}

/// Divides what is left beside kept plots and orphans. Who gets nothing of it leaves another orphan, so that it is
/// done again until all that then lies in the folder stays within the cap.
pub(super) fn divide_beside(
    Whole { snapshot, request, space, neurons, wanted }: &Whole<'_>,
    kept: &BTreeMap<Hotkey, Kept>,
    kept_bytes: u64,
    hands: &mut Hands,
) -> Result<(Division, Vec<Orphan>), NodeError> {
    let (folder, cap_bytes) = (request.folder(), space.cap_bytes);
    let hotkey = |share: &Share| snapshot.at(share.uid).map(|neuron| &neuron.hotkey);
    let wanting = wanted.iter().filter(|share| share.bytes > 0).filter_map(hotkey);
    let mut found = orphans(&folder, wanting);
    for _ in 0..MOST_PLANS {
        let orphan_bytes = bytes_of(&found);
        let taken_bytes = orphan_bytes.saturating_add(kept_bytes);
        let by_hand = request.max_bytes.is_some_and(|max_bytes| taken_bytes > max_bytes);
        if orphan_bytes > 0 && (by_hand || (kept.is_empty() && orphan_bytes >= cap_bytes)) {
            return Err(in_the_way(&found, kept_bytes, cap_bytes));
        }
        let rest = AllocationSpace { cap_bytes: cap_bytes.saturating_sub(taken_bytes), ..*space };
        let division = if kept.is_empty() {
            divide(snapshot, request, &rest, neurons, hands)?
        } else {
            let new: Vec<Neuron> =
                neurons.iter().filter(|n| !kept.contains_key(&n.hotkey)).cloned().collect();
            divide_rest(snapshot, request, &rest, &new, wanted, hands)?
        };
        let planned = division.0.iter().filter_map(|plan| hotkey(&plan.share));
        let now = orphans(&folder, planned.chain(kept.keys()));
        if bytes_of(&now) <= orphan_bytes {
            return Ok((division, now));
        }
        found = now;
    }
    Err(in_the_way(&found, kept_bytes, cap_bytes))
}

/// Divides `space` among `neurons` so that all files stay within it.
fn divide(
    snapshot: &Snapshot,
    request: &AllocateRequest,
    space: &AllocationSpace,
    neurons: &[Neuron],
    hands: &mut Hands,
) -> Result<Division, NodeError> {
    let cap_bytes = space.cap_bytes;
    let mut offered = cap_bytes;
    for _ in 0..MOST_PLANS {
        let shares = hands.policy.allocate(&AllocationSpace { cap_bytes: offered, ..*space }, neurons)?;
        let (planned, skipped) = plan(&shares, snapshot, request, &mut hands.scheme)?;
        let file_bytes: u64 = planned.iter().map(|plan| plan.file_bytes).sum();
        if file_bytes <= cap_bytes {
            return Ok((planned, skipped));
        }
        let over = file_bytes - cap_bytes;
        // A share loses whole chunks: give back what is over, and a chunk a plot for the rounding.
        let rounding = request.chunk_bytes.saturating_mul(planned.len() as u64);
        offered = offered.saturating_sub(over.max(rounding.min(offered / 100)).max(1));
    }
    Err(NodeError::Unsupported(format!(
        "no division of {cap_bytes} bytes stays within them once headers and integrity trees are counted: \
         offer more space, or fewer validators"
    )))
}

/// Divides what the kept plots leave. Whoever is new and gets nothing of it is told, and is no reason to refuse.
fn divide_rest(
    snapshot: &Snapshot,
    request: &AllocateRequest,
    rest: &AllocationSpace,
    new: &[Neuron],
    wanted: &[Share],
    hands: &mut Hands,
) -> Result<Division, NodeError> {
    let is_new = |share: &&Share| share.bytes > 0 && new.iter().any(|neuron| neuron.uid == share.uid);
    let wanting: Vec<Share> = wanted.iter().filter(is_new).copied().collect();
    if wanting.is_empty() {
        return Ok(Division::default());
    }
    let (planned, mut skipped) = match divide(snapshot, request, rest, new, hands) {
        Ok(division) => division,
        // Too little for anybody, or for the policy to divide at all.
        Err(NodeError::Unsupported(_) | NodeError::Plugin(PluginError::Refused { .. })) => {
            Division::default()
        }
        Err(other) => return Err(other),
    };
    skipped.clear();
    let left_out = wanting.iter().filter(|share| !planned.iter().any(|plan| plan.share.uid == share.uid));
    skipped.extend(left_out.map(|share| Skipped {
        uid: share.uid,
        bytes: share.bytes,
        why: format!(
            "the plots that are there leave {}: offer more space, or divide anew with --rebalance and fill again",
            ByteSize(rest.cap_bytes)
        ),
    }));
    Ok((planned, skipped))
}

fn plan(
    shares: &[Share],
    snapshot: &Snapshot,
    request: &AllocateRequest,
    hand: &mut SchemeInstance,
) -> Result<(Vec<Planned>, Vec<Skipped>), NodeError> {
    let (mut planned, mut skipped) = (Vec::new(), Vec::new());
    for &share in shares.iter().filter(|share| share.bytes > 0) {
        let Some(record) = snapshot.at(share.uid) else { continue };
        let identity = Identity { netuid: snapshot.netuid, owner: request.owner, validator: record.hotkey };
        match hand.plan(&identity, share.bytes) {
            Ok(layout) => {
                let file_bytes = Geometry::of(layout.region_bytes).file_bytes;
                planned.push(Planned { share, layout, file_bytes });
            }
            // Too small for one unit: the scheme's answer, and no reason to refuse the others.
            Err(error @ (PluginError::Refused { .. } | PluginError::Promise { .. })) => {
                skipped.push(Skipped { uid: share.uid, bytes: share.bytes, why: error.to_string() });
            }
            Err(other) => return Err(other.into()),
        }
    }
    if planned.is_empty() {
        return Err(NodeError::Unsupported(nobody(snapshot, request, &skipped)));
    }
    Ok((planned, skipped))
}

/// Why no share holds a plot, and what to do.
fn nobody(snapshot: &Snapshot, request: &AllocateRequest, skipped: &[Skipped]) -> String {
    let others = snapshot.neurons.iter().filter(|neuron| neuron.hotkey != request.owner).count();
    let (netuid, endpoint) = (snapshot.netuid, &request.endpoint);
    match skipped.first() {
        Some(first) => format!("no share holds a plot: {}; offer more space", first.why),
        None if others == 0 => format!(
            "subnet {netuid} on {endpoint} has no validators to keep plots for: check the subnet and the endpoint, \
             or wait until validators have registered"
        ),
        None => format!(
            "the policy gives none of the {others} other neurons of subnet {netuid} on {endpoint} any space: wait \
             until validators have stake or a permit, or configure another allocation policy"
        ),
    }
}
