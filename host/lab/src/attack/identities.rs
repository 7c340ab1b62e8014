//! One copy for many identities, and plots that are cheaper to keep than they claim.

use std::collections::HashSet;
use std::sync::Arc;

use plimsoll_core::{Identity, RegionSpace};

use super::plot::{Plot, fill, room};
use super::report::{Finding, Point, Property};
use super::subject::{Subject, statement};
use crate::LabError;

/// Units of another identity's plot that are filled to be compared.
const COMPARED_UNITS: u64 = 16;
/// A saving that is not worth a claim: 1 %.
const WORTH: f64 = 0.01;
const BLOCK_BYTES: usize = 4096;

/// `alias`: answers for several identities from the plot of one.
pub(super) fn alias(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 2] = [Property::Space, Property::Replication];
    let ours = subject.statement.identity;
    let others = aliases(subject, ours);
    let (mut points, mut identical) = (Vec::new(), 0.0f64);
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for (name, other) in &others {
        let same = identical_share(subject, other)?;
        identical = identical.max(same.unwrap_or(0.0));
        // Our bytes, registered once more under the other name.
        let disk: Arc<dyn RegionSpace> = subject.plot.disk();
        let Some(commitment) = subject.commit_if(Arc::clone(&disk), other)? else {
            refused.push(*name);
            continue;
        };
        let theirs = statement(*other, &subject.plot, commitment);
        let passed = subject.rate_under(&format!("alias, {name}"), &theirs, &disk)?;
        if passed.low > 0.0 || same.is_some_and(|same| same > WORTH) {
            served.push(*name);
        }
        points.push(Point::new(format!("{name} answers from our plot"), passed, Some(0.0), "0"));
    }
    let text = match (served.is_empty(), refused.is_empty()) {
        (false, _) => format!("one plot also serves {}", served.join(", ")),
        (true, true) => format!("no other identity is answered for from one plot ({} tried)", others.len()),
        (true, false) => {
            format!("no other identity is answered for; committing as {} is refused", refused.join(", "))
        }
    };
    Ok(subject
        .finding("alias", &AGAINST, !served.is_empty(), text)
        .points(points)
        .figure("identities", others.len() as f64 + 1.0)
        .figure("identical_fraction", identical))
}

/// Identities beside ours: each differs in one part, and further ones in their owner.
fn aliases(subject: &Subject, ours: Identity) -> Vec<(&'static str, Identity)> {
    let mut numbers = subject.numbers("alias, identities");
    let wanted = subject.options.identities.saturating_sub(1).max(1);
    (0..wanted)
        .map(|at| {
            let mut other = ours;
            match at {
                1 => other.validator = numbers.identity().validator,
                2 => other.netuid.0 = other.netuid.0.wrapping_add(1),
                _ => other.owner = numbers.identity().owner,
            }
            let name = ["another owner", "another validator", "another subnet"];
            (name.get(at as usize).copied().unwrap_or("a further owner"), other)
        })
        .collect()
}

/// The share of the first units of `other`'s plot that are, byte for byte, those of ours; `None` where they could
/// not be filled alone.
fn identical_share(subject: &Subject, other: &Identity) -> Result<Option<f64>, LabError> {
    let mut instance = subject.scheme.instance()?;
    let layout = &subject.plot.layout;
    let theirs = room(layout, instance.name())?;
    let compared = layout.units.min(COMPARED_UNITS);
    if fill(&mut instance, &theirs, other, layout, compared).is_err() {
        return Ok(None);
    }
    let (theirs, unit) = (theirs.to_vec(), layout.unit_bytes as usize);
    let pairs = theirs.chunks(unit).zip(subject.plot.bytes.chunks(unit));
    let same = pairs.take(usize::try_from(compared).unwrap_or(usize::MAX)).filter(|(a, b)| a == b).count();
    Ok(Some(same as f64 / compared.max(1) as f64))
}

/// `compress`: what a file system that compresses or finds duplicates saves.
pub(super) fn compress(subject: &mut Subject) -> Result<Finding, LabError> {
    const AGAINST: [Property; 1] = [Property::Space];
    let Plot { bytes, layout, .. } = &subject.plot;
    let bytes = &bytes[..subject.plot.units_bytes()];
    // Level 6 of DEFLATE, as gzip takes it.
    let packed = miniz_oxide::deflate::compress_to_vec(bytes, 6).len();
    let saved = 1.0 - packed as f64 / bytes.len().max(1) as f64;
    let units = duplicates(bytes, layout.unit_bytes as usize);
    let blocks = duplicates(bytes, BLOCK_BYTES);
    let best = saved.max(units).max(blocks);
    let percent = |share: f64| 100.0 * share.max(0.0);
    let text = format!(
        "compression saves {:.1} % and duplicates {:.1} % of the units",
        percent(saved),
        percent(units.max(blocks))
    );
    Ok(subject
        .finding("compress", &AGAINST, best > WORTH, text)
        .figure("compression_saves_fraction", saved)
        .figure("duplicate_units_fraction", units)
        .figure("duplicate_4_kib_blocks_fraction", blocks))
}

/// The share of pieces of `len` bytes that are there before.
fn duplicates(bytes: &[u8], len: usize) -> f64 {
    let mut seen = HashSet::new();
    let pieces = bytes.chunks_exact(len.max(1));
    let all = pieces.len();
    // By digest: pieces may be large, and there may be many.
    let again = pieces.filter(|piece| !seen.insert(*blake3::hash(piece).as_bytes())).count();
    again as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_counted_from_the_second_on() {
        assert_eq!(duplicates(b"aabbaaccaa", 2), 0.4);
        assert_eq!(duplicates(b"abcd", 1), 0.0);
        assert_eq!(duplicates(b"", 8), 0.0);
    }
}
