//! A run's summary: the first tools' lines, then what they did not tell.

use plimsoll_core::ByteSize;
use plimsoll_datasets::collect::{MinerOutcome, Summary};

use crate::screen::duration;

const RULE: &str = "================================================================================";

pub(super) fn human(summary: &Summary) -> String {
    let Summary { subnet, total_miners, downloaded, fetched, failed, skipped, .. } = summary;
    let mut lines = vec![
        RULE.to_owned(),
        "DOWNLOAD SUMMARY".to_owned(),
        RULE.to_owned(),
        format!("Total miners: {total_miners}"),
        format!("Successfully downloaded: {downloaded}"),
        format!("Failed: {failed}"),
        format!("Skipped (no metadata): {skipped}"),
        RULE.to_owned(),
        format!("subnet {} at block {}", subnet.netuid, subnet.block),
        format!("fetched {fetched}, held already {}", downloaded - fetched),
    ];
    let outcomes = summary
        .outcomes
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "fetched" | "held" | "too-few-rows"));
    lines.extend(outcomes.map(|(name, count)| format!("  {name}: {count}")));
    for (count, what) in [
        (summary.not_asked, "not asked for by this run"),
        (summary.unpinned, "of a branch or tag, which may mean other bytes tomorrow"),
        (summary.below_min_rows, "kept with fewer valid rows than asked for (too-few-rows)"),
        (summary.left_behind, "commitments of hotkeys that have left the subnet"),
    ] {
        if count > 0 {
            lines.push(format!("{count} {what}"));
        }
    }
    if let Some(behind_ms) = summary.clock_behind_ms {
        let behind = duration(std::time::Duration::from_millis(behind_ms));
        lines.push(format!(
            "the clock is {behind} behind the snapshot before: one of the two is wrong; snapshots go by their blocks"
        ));
    }
    lines.push(format!(
        "{} requests for files and {} of the API, {} over the network, {} new in the archive, {}",
        summary.resolver_requests,
        summary.api_requests,
        ByteSize(summary.network_bytes),
        ByteSize(summary.new_bytes),
        took(summary.seconds)
    ));
    if let Some(manifest) = &summary.manifest {
        let signed =
            summary.signer.map_or_else(|| "unsigned".to_owned(), |signer| format!("signed by {signer}"));
        lines.push(format!("snapshot {manifest}, {signed}"));
    }
    lines.join("\n")
}

fn took(seconds: f64) -> String {
    match seconds {
        few if few < 10.0 => format!("{few:.1} s"),
        many => duration(std::time::Duration::from_secs_f64(many)),
    }
}

pub(super) fn why(outcome: &MinerOutcome) -> String {
    outcome.why().unwrap_or_else(|| outcome.name().to_owned())
}
